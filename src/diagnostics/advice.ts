/** From findings to sentences: the rules of advice-rules.ts, asked of one set, and rules for a training set beside a test set. */
import type { Evaluation } from '../evaluation/evaluate.js';
import { isLongTailed, meanOf, show } from './advice-figures.js';
import { ADVICE_RULES } from './advice-rules.js';
import type { Advice, Diagnostics } from './diagnostics.js';

const KINDS: readonly Advice['kind'][] = ['problem', 'caution', 'good'];

/**
 * The findings of one set: problems first, then cautions, then what is good. With an `evaluation` of the head on a set that it was not
 * trained on, accuracies are taken from there. Ask again after adding layers or random layers to `diagnostics`.
 */
export function advise(diagnostics: Diagnostics, { evaluation }: { evaluation?: Evaluation } = {}): Advice[] {
  const found = { diagnostics, evaluation };
  return inOrder(
    ADVICE_RULES.map(({ rule, kind, thresholds, evidence, action, source }) => {
      const sentence = evidence(found, thresholds);
      return sentence === null ? null : { rule, kind, evidence: sentence, action, source };
    }),
  );
}

/** A rule for a training set beside a test set of the same features. */
export interface ComparisonRule {
  readonly rule: string;
  readonly kind: Advice['kind'];
  readonly thresholds: Readonly<Record<string, number>>;
  /** As in AdviceRule. */
  readonly evidence: (
    train: Diagnostics,
    test: Diagnostics,
    thresholds: Readonly<Record<string, number>>,
    /** The second set in a sentence, e.g. 'the test set'. */
    other: string,
  ) => string | null;
  readonly action: string;
  readonly source: string;
}

const PAPER = 'Hasegawa & Sato 2024';
const THUMB = 'threshold: rule of thumb of this project';

/** Rules for two sets side by side. */
export const COMPARISON_RULES: readonly ComparisonRule[] = [
  {
    rule: 'fdr-drop',
    kind: 'problem',
    thresholds: { ratio: 0.1 },
    evidence: ({ fdr: train }, { fdr: test }, { ratio }, other) =>
      train.value !== null && test.value !== null && test.value < ratio * train.value
        ? `FDR falls from ${show(train.value)} on the training set to ${show(test.value)} on ${other}: classes that separate in training overlap on new data.`
        : null,
    action:
      'A new head cannot mend this: train the extractor with more regularisation (weight decay, feature regularisation, augmentation), and choose it by the FDR on held-out data.',
    source: `${PAPER}, Tables 1 and 5 (both FDRs side by side); ${THUMB}`,
  },
  {
    rule: 'tail-overfit',
    kind: 'problem',
    thresholds: { gap: 0.2 },
    evidence: (train, test, { gap }, other) => {
      const drop = (group: 'many' | 'few') => {
        const before = meanOf(train, group, train.accuracy?.perClass);
        const after = meanOf(test, group, test.accuracy?.perClass);
        return before !== null && after !== null ? before - after : null;
      };
      const many = drop('many');
      const few = drop('few');
      return many !== null && few !== null && few - many > gap
        ? `From training to ${other}, accuracy falls by ${points(many)} points for classes with many samples and by ${points(few)} for those with few: what was learned of the tail does not carry over.`
        : null;
    },
    action:
      'Adjust the logits with parameters from validation, never from the training set, where the tail looks solved; augment or collect samples of rare classes.',
    source: `${PAPER}, section 1; ${THUMB}`,
  },
  {
    rule: 'cone-on-test',
    kind: 'caution',
    thresholds: { gap: 0.1 },
    evidence: ({ cosine: train }, { cosine: test }, { gap }, other) =>
      train.differentClass !== null &&
      test.differentClass !== null &&
      test.differentClass - train.differentClass > gap
        ? `Features of different classes are more alike on ${other} (cosine ${show(test.differentClass)}) than in training (${show(train.differentClass)}).`
        : null,
    action:
      'Check that preprocessing is the same for both; else the extractor overfits: more weight decay or feature regularisation.',
    source: `${PAPER}, section 4.2; ${THUMB}`,
  },
  {
    rule: 'collapse-ends-at-training',
    kind: 'caution',
    thresholds: { ratio: 10 },
    evidence: ({ collapse: train }, { collapse: test }, { ratio }, other) =>
      train.nc1 !== null && test.nc1 !== null && test.nc1 > ratio * train.nc1
        ? `Features lie much closer to their class means in training (NC1 = ${show(train.nc1)}) than on ${other} (${show(test.nc1)}).`
        : null,
    action:
      'Do not fit a head on training features alone and trust its confidence: choose and calibrate on validation.',
    source: `Papyan et al. 2020 (NC1, on training features); ${THUMB}`,
  },
  {
    rule: 'tail-norms-training-only',
    kind: 'caution',
    thresholds: { shrinkage: 0.8 },
    evidence: (train, test, { shrinkage }, other) => {
      if (!isLongTailed(train)) return null;
      const ratio = (diagnostics: Diagnostics) => {
        const few = meanOf(diagnostics, 'few', diagnostics.classMeanNorms);
        const many = meanOf(diagnostics, 'many', diagnostics.classMeanNorms);
        return few !== null && many !== null && many > 0 ? few / many : null;
      };
      const inTraining = ratio(train);
      const onTest = ratio(test);
      return inTraining !== null && onTest !== null && inTraining > 1 && onTest < shrinkage * inTraining
        ? `The class means of rare classes are ${show(inTraining)} times as long as those of frequent classes in training, and ${show(onTest)} times on ${other}.`
        : null;
    },
    action:
      'As the paper found: this is a property of training features. Rare classes lose this head start on new data, which is why logits need adjusting.',
    source: `${PAPER}, section 4.5 ("does not occur with test features"); ${THUMB}`,
  },
  {
    rule: 'features-carry-over',
    kind: 'good',
    thresholds: { ratio: 0.5, cosine: 0.05 },
    evidence: (train, test, { ratio, cosine }, other) =>
      train.fdr.value !== null &&
      test.fdr.value !== null &&
      test.fdr.value > ratio * train.fdr.value &&
      train.cosine.differentClass !== null &&
      test.cosine.differentClass !== null &&
      Math.abs(train.cosine.differentClass - test.cosine.differentClass) < cosine
        ? `FDR (${show(train.fdr.value)} and ${show(test.fdr.value)}) and the cosine of different classes (${show(train.cosine.differentClass)} and ${show(test.cosine.differentClass)}) are much the same in training and on ${other}.`
        : null,
    action: 'The extractor generalises: what is fitted on its training features holds on new data.',
    source: `${PAPER}, Tables 1 and 5; ${THUMB}`,
  },
];

/**
 * What a training set and a test (or validation) set of the same model tell together; what each tells alone is in its `advice`. Groups
 * are those of the training set. Pass the training counts to both diagnoses. `name` is what sentences call the second set.
 */
export function adviseTogether(
  train: Diagnostics,
  test: Diagnostics,
  { name = 'the test set' }: { name?: string } = {},
): Advice[] {
  return inOrder(
    COMPARISON_RULES.map(({ rule, kind, thresholds, evidence, action, source }) => {
      const sentence = evidence(train, { ...test, groups: train.groups }, thresholds, name);
      return sentence === null ? null : { rule, kind, evidence: sentence, action, source };
    }),
  );
}

/** A difference of shares in percentage points. */
function points(difference: number): string {
  return (100 * difference).toFixed(0);
}

/** Without gaps, by kind, else as they were. */
function inOrder(found: readonly (Advice | null)[]): Advice[] {
  const advice = found.filter((entry) => entry !== null);
  return KINDS.flatMap((kind) => advice.filter((entry) => entry.kind === kind));
}
