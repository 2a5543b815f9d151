/**
 * What findings lead to: one table of rules. A threshold is the paper's where it gives one; 'rule of thumb of this project' says
 * that it does not, and that the number only sorts what is worth a sentence from what is not.
 */
import type { Evaluation } from '../evaluation/evaluate.js';
import { cosineAmong, isLongTailed, meanOf, nameSome, percent, show } from './advice-figures.js';
import type { Advice, Diagnostics } from './diagnostics.js';

/** One line of the table. */
export interface AdviceRule {
  /** Stable name. */
  readonly rule: string;
  readonly kind: Advice['kind'];
  /** The numbers that `when` compares with, by what they are compared to. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** The finding in words with its numbers; null where it is not there or not known. */
  readonly evidence: (found: Findings, thresholds: Readonly<Record<string, number>>) => string | null;
  readonly action: string;
  readonly source: string;
}

/** What rules look at. */
export interface Findings {
  readonly diagnostics: Diagnostics;
  /** Of the head on a set that it was not trained on. */
  readonly evaluation?: Evaluation;
}

const PAPER = 'Hasegawa & Sato 2024';
const THUMB = 'threshold: rule of thumb of this project';

/** Rules for one set, in the order in which findings of a kind are told. */
export const ADVICE_RULES: readonly AdviceRule[] = [
  {
    rule: 'cone-effect',
    kind: 'problem',
    thresholds: { differentClass: 0.5 },
    evidence: ({ diagnostics: { cosine } }, { differentClass }) =>
      cosine.differentClass !== null && cosine.differentClass > differentClass
        ? `Features of different classes have a cosine of ${show(cosine.differentClass)} on average (same class: ${show(cosine.sameClass)}): they crowd into a cone.`
        : null,
    action:
      'Train the extractor with cross entropy and weight decay, best with feature regularisation and a fixed ETF head: this is what widens the cone. A new head can only use the angles that are left.',
    source: `${PAPER}, section 4.2, theorem 1; Liang et al. 2022; ${THUMB}`,
  },
  {
    rule: 'classes-overlap',
    kind: 'problem',
    thresholds: { gap: 0.1 },
    evidence: ({ diagnostics: { cosine } }, { gap }) =>
      cosine.sameClass !== null &&
      cosine.differentClass !== null &&
      cosine.sameClass - cosine.differentClass < gap
        ? `Features of the same class (cosine ${show(cosine.sameClass)}) are hardly more alike than those of different classes (${show(cosine.differentClass)}).`
        : null,
    action:
      'Check that features, labels and preprocessing belong together, and that the features are those before the head. If they do, the extractor needs training: no head separates these.',
    source: `${PAPER}, section 4.2; ${THUMB}`,
  },
  {
    rule: 'minority-collapse',
    kind: 'problem',
    thresholds: { gap: 0.15 },
    evidence: ({ diagnostics }, { gap }) => {
      const few = cosineAmong(diagnostics, 'few');
      const many = cosineAmong(diagnostics, 'many');
      return few !== null && many !== null && few - many > gap
        ? `Two classes with few training samples have a cosine of ${show(few)}, two with many ${show(many)}: the rare classes are drawn together.`
        : null;
    },
    action:
      'Train with more weight decay or a fixed ETF head, which keeps the directions of rare classes apart; logit adjustment shifts the border to the frequent classes, not the one among rare classes.',
    source: `Fang et al. 2021 and Thrampoulidis et al. 2022, as in ${PAPER}, section 2; ${THUMB}`,
  },
  {
    rule: 'tail-left-behind',
    kind: 'problem',
    thresholds: { gap: 0.2 },
    evidence: ({ diagnostics, evaluation }, { gap }) => {
      const many = evaluation?.many ?? meanOf(diagnostics, 'many', diagnostics.accuracy?.perClass);
      const few = evaluation?.few ?? meanOf(diagnostics, 'few', diagnostics.accuracy?.perClass);
      return many !== null && few !== null && many - few > gap
        ? `Classes with many training samples are right in ${percent(many)} of cases, classes with few in ${percent(few)}.`
        : null;
    },
    action:
      'Recalibrate the head: logit adjustment (additive or multiplicative), chosen on validation by average per-class accuracy (`recalibrate`).',
    source: `${PAPER}, section 5.2; Menon et al. 2020; ${THUMB}`,
  },
  {
    rule: 'head-follows-counts',
    kind: 'problem',
    thresholds: { correlation: 0.5 },
    evidence: ({ diagnostics: { correlations } }, { correlation }) =>
      correlations.weightNorms !== null && correlations.weightNorms >= correlation
        ? `The norms of the head's rows rise with the number of training samples (rank correlation ${show(correlations.weightNorms)}): the head leans towards frequent classes.`
        : null,
    action:
      'Even the norms out: `recalibrate` with tau-norm or multiplicative adjustment, chosen on validation.',
    source: `Kang et al. 2020; Kim & Kim 2020; ${PAPER}, section 5.1; ${THUMB}`,
  },
  {
    rule: 'spread-outside',
    kind: 'problem',
    thresholds: { outside: 0.01 },
    evidence: ({ diagnostics: { fdr } }, { outside }) =>
      fdr.outside > outside
        ? `${percent(fdr.outside)} of the spread between classes lies where no class varies at all: there the discriminant ratio is infinite${fdr.value === null ? '' : `, and ${show(fdr.value)} tells of the rest only`}.`
        : null,
    action:
      'Use more samples than dimensions, or read the figure as a lower bound; compare only with sets of the same size.',
    source: `${PAPER}, section 3 (FDR); ${THUMB}`,
  },
  {
    rule: 'imbalance',
    kind: 'caution',
    thresholds: { factor: 10 },
    evidence: ({ diagnostics: { imbalanceFactor, classes } }, { factor }) =>
      imbalanceFactor !== null && imbalanceFactor >= factor
        ? `The most frequent of ${classes} classes has ${show(imbalanceFactor)} times the training samples of the rarest.`
        : null,
    action:
      'Judge and choose by average per-class accuracy on a balanced or reweighted validation set; overall accuracy hides the tail.',
    source: `${PAPER}, section 3 (its sets: 100); ${THUMB}`,
  },
  {
    rule: 'tail-norms-flat',
    kind: 'caution',
    thresholds: { correlation: -0.5 },
    evidence: ({ diagnostics }, { correlation }) => {
      const found = diagnostics.correlations.classMeanNorms;
      return isLongTailed(diagnostics) && found !== null && found > correlation
        ? `The class means of rare classes are hardly longer than those of frequent ones (rank correlation of ‖μ_k‖ with counts ${show(found)}), as in training without weight decay.`
        : null;
    },
    action:
      "Do not count on weight balancing's second stage: it raises the head's norms by those of the class means. Adjust the logits explicitly (additive or multiplicative), or train with weight decay.",
    source: `${PAPER}, section 4.5, Figure 2; ${THUMB}`,
  },
  {
    rule: 'few-classes',
    kind: 'caution',
    thresholds: { classes: 10, correlation: -0.5 },
    evidence: ({ diagnostics }, { classes, correlation }) => {
      const found = diagnostics.correlations.classMeanNorms;
      return isLongTailed(diagnostics) &&
        diagnostics.classes <= classes &&
        found !== null &&
        found <= correlation
        ? `The class means of rare classes are longer (rank correlation ${show(found)}), but there are only ${diagnostics.classes} classes.`
        : null;
    },
    action:
      "With so few classes weight balancing's second stage did not raise the norms of rare classes in the paper's experiments (CIFAR10-LT): use logit adjustment instead.",
    source: `${PAPER}, section 5.1 and appendix A.5.4, Figure 5; threshold: the paper's CIFAR10-LT`,
  },
  {
    rule: 'not-centred',
    kind: 'caution',
    thresholds: { centring: 0.5 },
    evidence: ({ diagnostics: { theorem2 } }, { centring }) =>
      theorem2 && theorem2.centring !== null && theorem2.centring > centring
        ? `The class means have a mean of ${percent(theorem2.centring)} of their length: they do not sum to zero, which theorem 2 presumes.`
        : null,
    action:
      'Do not expect a fitted head to follow the class means; fit with a bias, or take the mean off the features first, and adjust the logits explicitly.',
    source: `${PAPER}, section 5.1, theorem 2; ${THUMB}`,
  },
  {
    rule: 'nearest-mean-disagrees',
    kind: 'caution',
    thresholds: { nc4: 0.1 },
    evidence: ({ diagnostics: { collapse } }, { nc4 }) =>
      collapse.nc4 !== null && collapse.nc4 > nc4
        ? `For ${percent(collapse.nc4)} of the samples the head does not answer with the class of the nearest mean.`
        : null,
    action:
      "Try a head that is not bound by the training prior: `fit` with method 'ncm' or 'linear', and compare on validation.",
    source: `Papyan et al. 2020 (NC4); ${THUMB}`,
  },
  {
    rule: 'far-from-collapse',
    kind: 'caution',
    thresholds: { nc1: 1 },
    evidence: ({ diagnostics: { collapse } }, { nc1 }) =>
      collapse.nc1 !== null && collapse.nc1 > nc1
        ? `Features spread within classes by more than class means do (NC1 = ${show(collapse.nc1)}).`
        : null,
    action:
      'On the training set: train longer or with more weight decay. On a test set: features generalise badly, see its training set.',
    source: `Papyan et al. 2020 (NC1); ${PAPER}, section 2; ${THUMB}`,
  },
  {
    rule: 'unequal-angles',
    kind: 'caution',
    thresholds: { equiangularity: 0.2 },
    evidence: ({ diagnostics: { collapse, classes } }, { equiangularity }) =>
      collapse.nc2.equiangularity !== null && collapse.nc2.equiangularity > equiangularity
        ? `The angles between class means are off the widest equal ones (cosine ${show(-1 / (classes - 1))}) by ${show(collapse.nc2.equiangularity)} on average: some classes lie close together.`
        : null,
    action:
      'Look at the cosine matrix for the pairs. An ETF head fixed in training makes the angles equal, where the classes are not alike by nature.',
    source: `Papyan et al. 2020 (NC2); ${PAPER}, sections 3 and 5.2; ${THUMB}`,
  },
  {
    rule: 'random-layer-degrades',
    kind: 'caution',
    thresholds: { ratio: 1 },
    evidence: ({ diagnostics: { randomLayers } }, { ratio }) => {
      const [before, after] = randomLayers?.steps ?? [];
      return before?.mean && after?.mean && after.mean / before.mean < ratio
        ? `A random layer lowers FDR from ${show(before.mean)} to ${show(after.mean)}.`
        : null;
    },
    action:
      'Features of models trained with weight decay keep or raise theirs: weight decay on the whole model is worth a try.',
    source: `${PAPER}, section 4.4, Table 4`,
  },
  {
    rule: 'unsure-or-long',
    kind: 'caution',
    thresholds: {},
    evidence: ({ diagnostics: { theorem1 } }) => {
      const median = theorem1?.quantiles[0];
      return theorem1?.applies && median && !median.holds && median.delta !== null
        ? `The head is an ETF, but half of the samples are not both sure and short enough for theorem 1 (ε = ${show(median.epsilon)}, ‖f‖ ≤ ${show(median.length)}, δ = ${show(median.delta)}, above 0.707 needed).`
        : null;
    },
    action:
      'Feature regularisation or more weight decay in training shortens features; training longer makes them surer.',
    source: `${PAPER}, theorem 1 and section 5.2`,
  },
  {
    rule: 'constant-dimensions',
    kind: 'caution',
    thresholds: { dimensions: 0 },
    evidence: ({ diagnostics: { fdr, dimensions } }, { dimensions: most }) =>
      fdr.constant.length > most
        ? `${fdr.constant.length} of ${dimensions} dimensions have the same value for every sample.`
        : null,
    action:
      'They carry nothing: look for units that are never on, or for channels that were pruned. Figures leave them out.',
    source: `${PAPER}, published code (drops such dimensions)`,
  },
  {
    rule: 'rank-deficient',
    kind: 'caution',
    thresholds: { dimensions: 0 },
    evidence: ({ diagnostics: { fdr, dimensions, samples, classes } }, { dimensions: most }) => {
      const dependent = fdr.dropped.length - fdr.constant.length;
      if (dependent <= most || fdr.rank === 0) return null;
      const why =
        samples - classes < dimensions
          ? `${samples} samples of ${classes} classes are too few for ${dimensions} dimensions`
          : 'they depend on other dimensions linearly, or do not vary within classes';
      return `The spread within classes has rank ${fdr.rank} of ${dimensions}: ${dependent} dimensions add nothing (${why}).`;
    },
    action:
      'FDR is that of the dimensions that are left; give more samples where there are too few, and compare only sets of the same rank.',
    source: `${PAPER}, section 3 (FDR)`,
  },
  {
    rule: 'small-classes',
    kind: 'caution',
    thresholds: { classes: 0 },
    evidence: ({ diagnostics: { smallClasses, classes } }, { classes: most }) =>
      smallClasses.length > most
        ? `${smallClasses.length} of ${classes} classes have too few samples for some of their figures (${nameSome(smallClasses.map((small) => `${small.name ?? small.class}: ${show(small.samples)}`))}).`
        : null,
    action:
      'Do not read the figures that `smallClasses` lists for them; ask for intervals, or collect samples.',
    source: 'thresholds and reasons: small-classes.ts',
  },
  {
    rule: 'tail-norms-large',
    kind: 'good',
    thresholds: { correlation: -0.5 },
    evidence: ({ diagnostics }, { correlation }) => {
      const found = diagnostics.correlations.classMeanNorms;
      if (!isLongTailed(diagnostics) || found === null || found > correlation) return null;
      const many = meanOf(diagnostics, 'many', diagnostics.classMeanNorms);
      const few = meanOf(diagnostics, 'few', diagnostics.classMeanNorms);
      const groups =
        many !== null && few !== null ? `; ‖μ_k‖ is ${show(many)} for many and ${show(few)} for few` : '';
      return `The class means of rare classes are longer than those of frequent ones (rank correlation of ‖μ_k‖ with counts ${show(found)}${groups}), as weight decay does in training.`;
    },
    action:
      "Class means hold a logit adjustment: with many classes weight balancing's second stage (`fit` with method 'wb') makes the head follow them, and a multiplicative adjustment does the same directly.",
    source: `${PAPER}, sections 4.5 and 5.1, Figure 2; ${THUMB}`,
  },
  {
    rule: 'implicit-adjustment',
    kind: 'good',
    thresholds: { gamma: 0.1, r2: 0.5 },
    evidence: ({ diagnostics: { theorem2 } }, { gamma, r2 }) =>
      theorem2?.implicitGamma && theorem2.r2 && theorem2.implicitGamma > gamma && theorem2.r2 > r2
        ? `The norms of the head's rows make up for rare classes as a multiplicative adjustment with γ = ${show(theorem2.implicitGamma)} would (R² = ${show(theorem2.r2)}).`
        : null,
    action:
      'Part of the adjustment is in the head already: choose a further one on validation, not from the literature.',
    source: `${PAPER}, section 5.1, theorem 2; Kim & Kim 2020; ${THUMB}`,
  },
  {
    rule: 'collapsed',
    kind: 'good',
    thresholds: { nc1: 0.1 },
    evidence: ({ diagnostics: { collapse } }, { nc1 }) =>
      collapse.nc1 !== null && collapse.nc1 < nc1
        ? `Features lie close to their class means (NC1 = ${show(collapse.nc1)}).`
        : null,
    action: 'A linear head is all that is needed here: adjust it rather than train it anew.',
    source: `Papyan et al. 2020 (NC1); ${THUMB}`,
  },
  {
    rule: 'well-spread',
    kind: 'good',
    thresholds: { differentClass: 0.2, sameClass: 0.5 },
    evidence: ({ diagnostics: { cosine } }, { differentClass, sameClass }) =>
      cosine.differentClass !== null &&
      cosine.sameClass !== null &&
      cosine.differentClass < differentClass &&
      cosine.sameClass > sameClass
        ? `Features of different classes point apart (cosine ${show(cosine.differentClass)}), those of one class together (${show(cosine.sameClass)}).`
        : null,
    action: 'No cone effect: what is left to gain is in the head.',
    source: `${PAPER}, section 4.2; ${THUMB}`,
  },
  {
    rule: 'theorem-1-holds',
    kind: 'good',
    thresholds: {},
    evidence: ({ diagnostics: { theorem1 } }) => {
      const best = theorem1?.quantiles.findLast(({ holds }) => holds);
      return best && best.bound !== null
        ? `Theorem 1 holds at quantile ${best.quantile}: samples of different classes have a cosine of at most ${show(best.bound)} (δ = ${show(best.delta)}).`
        : null;
    },
    action: 'The ETF head keeps these features out of a cone.',
    source: `${PAPER}, section 4.2, theorem 1`,
  },
];
