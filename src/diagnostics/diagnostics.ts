/**
 * What `diagnose` tells: plain numbers, arrays, strings and null, so that `JSON.stringify` writes all of it.
 *
 * A figure that means nothing for the data at hand is null, never 0 and never NaN, and `missing` says why. Formulas and
 * sources stand where the figures are computed: one file per metric, named in the comments here.
 */
import type { Interval } from '../evaluation/bootstrap.js';
import type { Group, GroupThresholds } from '../evaluation/groups.js';
import type { BatchNormDiagnostics } from './batch-norm.js';
import type { Fdr } from './fdr.js';
import type { LayerDiagnostics } from './layers.js';
import type { RandomLayerDiagnostics } from './random-layers.js';

/** Why a figure is null. */
export interface MissingFigure {
  /** Its path in {@link Diagnostics}, e.g. 'collapse.nc4'. */
  readonly figure: string;
  /** In words, a sentence without its full stop. */
  readonly reason: string;
}

/** The cosine matrix in blocks of classes, most training samples first. */
export interface CosineBlocks {
  /** Class indices of each block, B ≤ 60 blocks whose sizes differ by one at most. */
  readonly blocks: number[][];
  /** Mean K_kl, k ≠ l, of the classes of two blocks, [B][B]; null where there is no such pair. */
  readonly differentClass: (number | null)[][];
  /** Mean K_kk of the classes of a block, [B]; null where none has one. */
  readonly sameClass: (number | null)[];
}

/** Cosine similarities of features, −1 … 1 (cosine.ts). */
export interface CosineFigures {
  /** Mean of K_kk over the classes that have one: every class weighs the same. */
  readonly sameClass: number | null;
  /** Mean over all pairs of samples of the same class: large classes weigh by their number of pairs. */
  readonly sameClassByPair: number | null;
  /** Mean of K_kl, k ≠ l, over pairs of classes. High: the cone effect. */
  readonly differentClass: number | null;
  /** Mean over all pairs of samples of different classes. */
  readonly differentClassByPair: number | null;
  /**
   * K, [C][C], symmetric. Off the diagonal null where one of the classes has no feature with a direction, on it where the
   * class has fewer than two. Null for more than 4096 classes: nobody reads 16 million numbers.
   */
  readonly matrix: (number | null)[][] | null;
  /** In place of a matrix that is too large (cosine-blocks.ts). */
  readonly blocks?: CosineBlocks;
  /** Features that are zero: they have no direction and are left out of all of these. */
  readonly zeroFeatures: number;
}

/** Spearman's rank correlations with the training counts, −1 … 1 (rank-correlation.ts). */
export interface CountCorrelations {
  /** Of ‖μ_k‖. Negative: the tail classes have the longer class means. */
  readonly classMeanNorms: number | null;
  /** Of the mean ‖f‖ of each class. */
  readonly featureNorms: number | null;
  /** Of ‖w_k‖. Positive: the head leans towards the classes with many samples. */
  readonly weightNorms: number | null;
}

/** Hoyer's sparsity of features, 0 (all numbers alike) … 1 (one number only) (sparsity.ts). */
export interface SparsityFigures {
  /** Mean over all features that are not zero. */
  readonly hoyer: number | null;
  /** The same by class, [C]. */
  readonly perClass: (number | null)[];
}

/** Distances from neural collapse, 0 = collapsed, over the classes that have samples (collapse.ts, agreement.ts). */
export interface CollapseFigures {
  /** Spread within classes against the spread of class means, ≥ 0. */
  readonly nc1: number | null;
  /** How far the centred class means are from a simplex equiangular tight frame. */
  readonly nc2: {
    /** Coefficient of variation of ‖μ_k − μ‖, ≥ 0. */
    readonly equinorm: number | null;
    /** Mean deviation of the cosines of centred class means from −1/(C−1), ≥ 0. */
    readonly equiangularity: number | null;
  };
  /** Distance between the head's weight and the centred class means, both at length 1: 0 … 2. */
  readonly nc3: number | null;
  /** Share of samples whose nearest class mean is another class than the head's answer, 0 … 1. */
  readonly nc4: number | null;
}

/** Accuracy of the head on this set, 0 … 1. */
export interface HeadAccuracy {
  /** Share of all samples that are right. */
  readonly overall: number;
  /** Mean of the per-class accuracies over the classes that have samples. */
  readonly average: number;
  /** [C]; null for a class without a sample. */
  readonly perClass: (number | null)[];
}

/** How far a head is from the one that theorem 1 presumes (theorem1.ts). Its rows are centred first: no softmax sees that. */
export interface HeadDistance {
  /** Mean ‖w_k‖ of the centred rows. The theorem's head has 1; another scale is the same as longer features. */
  readonly scale: number;
  /** max_k |‖w_k‖ / scale − 1|. */
  readonly norms: number;
  /** max_{k≠l} |cos(w_k, w_l) + 1/(C−1)|. */
  readonly cosines: number;
  /** max_k |b_k − mean b| / scale: in the length of a feature along w_k that would make up for it. */
  readonly bias: number;
  /** Each of the three may be so much at most for the theorem to be applied. */
  readonly tolerance: number;
}

/** Theorem 1 for the samples that are as sure and as short as a share of all samples (theorem1.ts). */
export interface Theorem1Quantile {
  /** q, 0 … 1. */
  readonly quantile: number;
  /** ε: at least a share q of the samples has p_y ≥ 1 − ε. */
  readonly epsilon: number;
  /** L: at least a share q of the samples has ‖f‖ ≤ L. */
  readonly length: number;
  /** Lower bound of cos(f, w_y) for samples within ε and L; null where the head is not the theorem's. */
  readonly delta: number | null;
  /** Whether the head is an ETF and δ ∈ (1/√2, 1]. */
  readonly holds: boolean;
  /** Upper bound of the cosine of two samples of different classes, both within ε and L; null unless `holds`. */
  readonly bound: number | null;
  /** The largest such cosine among the samples that were looked at; null without two of them, or unless `holds`. */
  readonly largestCosine: number | null;
}

/** Theorem 1: how similar features of different classes can be under an ETF head (theorem1.ts). */
export interface Theorem1Figures {
  /** Whether the head is an ETF of equal norms without a bias, to the tolerance in `head`. */
  readonly applies: boolean;
  /** How far the head is from the ETF that the theorem presumes. */
  readonly head: HeadDistance;
  /** In ascending order of q. */
  readonly quantiles: Theorem1Quantile[];
  /**
   * The largest cosine of two samples of different classes among those looked at: of all up to 8192, a random part of more. Where the
   * theorem does not apply and there is no bound to compare it with, up to 4096, fewer above 512 dimensions. Null without
   * features.
   */
  readonly largestCosine: number | null;
  /** Whether `largestCosine` is over all samples or over a random part of them; null without features. */
  readonly pairs: 'all' | 'sampled' | null;
  /** Number of samples whose pairs were looked at. */
  readonly pairSamples: number;
}

/** Theorem 2: how far the head is the implicit logit adjustment of weight balancing's second stage (theorem2.ts). */
export interface Theorem2Figures {
  /** λ, which W* = N̄/(λN)·μ_k is made with. */
  readonly weightDecay: number;
  /** ‖μ‖ / mean_k ‖μ_k‖, 0 … 1: the theorem presumes 0. */
  readonly centring: number | null;
  /** cos(w_k, μ_k), [C]. */
  readonly cosines: (number | null)[];
  /** ‖w_k − w*_k‖ / ‖w_k‖, [C]. */
  readonly distances: (number | null)[];
  /** Norm of the gradient of stage 2's objective at W* over that at 0: small where W* is close to stationary. */
  readonly gradientRatio: number | null;
  /** γ of the line log‖w_k‖ = a − γ log π_k: positive where the head makes up for rare classes. */
  readonly implicitGamma: number | null;
  /** Share of the variance of log‖w_k‖ that this line explains, 0 … 1. */
  readonly r2: number | null;
}

/** A class with too few samples for some of its figures to mean anything (small-classes.ts). */
export interface SmallClass {
  /** Index of the class, 0 … C − 1. */
  readonly class: number;
  /** Its name, where names are known. */
  readonly name?: string;
  /** Samples of the class in this set. */
  readonly samples: number;
  /** What should not be read, e.g. 'accuracy.perClass', each a path in {@link Diagnostics}. */
  readonly figures: string[];
}

/** One finding with what to do about it (advice.ts). */
export interface Advice {
  /** Stable name of the rule, e.g. 'cone-effect'. */
  readonly rule: string;
  /** `problem`: something to be mended; `caution`: figures to be read with care; `good`: as it should be. */
  readonly kind: 'problem' | 'caution' | 'good';
  /** What was found, with the numbers. */
  readonly evidence: string;
  /** What to do, or what it allows. */
  readonly action: string;
  /** Where rule and threshold come from. */
  readonly source: string;
}

/** Everything that `diagnose` tells of one set of features. */
export interface Diagnostics {
  /** Of the set. */
  readonly name: string;
  /** N. */
  readonly samples: number;
  /** C. */
  readonly classes: number;
  /** D. */
  readonly dimensions: number;
  /** [C]. */
  readonly classNames: string[] | null;
  /** Samples of each class in this set, [C]. */
  readonly counts: number[];
  /** Training samples of each class, [C]: what groups, correlations and theorem 2 refer to. Default: those of this set. */
  readonly trainCounts: number[];
  /** max N_k / min N_k of `trainCounts`; null where a class has none. */
  readonly imbalanceFactor: number | null;
  /** Of each class, by `trainCounts`, [C]. */
  readonly groups: Group[];
  /** Where many, medium and few were cut. */
  readonly thresholds: GroupThresholds;
  /** Fisher's discriminant ratio (fdr.ts). */
  readonly fdr: Fdr;
  /** How alike the directions of features are. */
  readonly cosine: CosineFigures;
  /** ‖μ_k‖, [C] (norms.ts). */
  readonly classMeanNorms: (number | null)[];
  /** Mean ‖f‖ of each class, [C] (norms.ts). */
  readonly featureNorms: (number | null)[];
  /** ‖w_k‖, [C] (norms.ts); null without a head. */
  readonly weightNorms: number[] | null;
  /** What follows the number of training samples. */
  readonly correlations: CountCorrelations;
  /** How few numbers of a feature hold its length. */
  readonly sparsity: SparsityFigures;
  /** How far the features are from neural collapse. */
  readonly collapse: CollapseFigures;
  /** Null without a head or logits. */
  readonly accuracy: HeadAccuracy | null;
  /** Null without a head. */
  readonly theorem1: Theorem1Figures | null;
  /** Null without a head. */
  readonly theorem2: Theorem2Figures | null;
  /** Classes with too few samples for some figure, in class order. */
  readonly smallClasses: SmallClass[];
  /** 95 % intervals by path, e.g. 'fdr.value' (resample.ts); null where none were asked for. */
  readonly intervals: Record<string, Interval> | null;
  /** FDR of each layer, where `probeLayers` was asked as well (layers.ts): `diagnose` itself sees no model. */
  readonly layers?: LayerDiagnostics;
  /** FDR behind random layers, where `probeRandomLayers` was asked as well (random-layers.ts). */
  readonly randomLayers?: RandomLayerDiagnostics;
  /** The model's batch normalisations, where `batchNormDiagnostics` was asked as well (batch-norm.ts). */
  readonly batchNorm?: BatchNormDiagnostics;
  /** Why figures are null. */
  readonly missing: MissingFigure[];
  /** Problems first, then cautions, then what is good. */
  readonly advice: Advice[];
}
