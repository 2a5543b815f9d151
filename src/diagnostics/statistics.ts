/**
 * What one pass over features tells, in float64, and can be merged: shards computed apart and merged equal the whole.
 * collect-statistics.ts makes it, merge-statistics.ts merges it, statistics-file.ts keeps it in an .npz.
 */
import { TailorError } from '../array/errors.js';
import { DOUBT_BINS, histogramLength, NORM_BINS } from './log-histogram.js';

/**
 * Sums over the features f_i [D] of N samples with labels y_i in 0 … C−1. Means and scatter are those of Chan, Golub and
 * LeVeque (1979): nothing is a difference of large sums, so that a large offset costs no digits.
 */
export interface FeatureStatistics {
  /** C. */
  readonly classes: number;
  /** D. */
  readonly dimensions: number;
  /** N_k, [C]; 0 for a class without samples. */
  readonly counts: Float64Array;
  /** μ_k, row-major [C, D]; zeros for a class without samples. */
  readonly means: Float64Array;
  /** S_W = Σ_k Σ_{i in k} (f_i − μ_k)(f_i − μ_k)ᵀ, row-major [D, D], both triangles, symmetric bit for bit. */
  readonly scatter: Float64Array;
  /** Σ f_i/‖f_i‖ over the features of a class that are not zero, row-major [C, D]. */
  readonly unitSums: Float64Array;
  /** Features of a class that are not zero, [C]. */
  readonly unitCounts: Float64Array;
  /** Σ ‖f_i‖ by class, [C]. */
  readonly normSums: Float64Array;
  /** Σ ‖f_i‖² by class, [C]. */
  readonly normSquareSums: Float64Array;
  /** Largest ‖f_i‖; 0 without samples. */
  readonly normMax: number;
  /** How many ‖f_i‖ lie in each of NORM_BINS (log-histogram.ts). */
  readonly normHistogram: Float64Array;
  /**
   * Σ of Hoyer's sparsity (√D − ‖f‖₁/‖f‖₂) / (√D − 1) by class over features that are not zero, [C]: 0 where all entries have one size, 1
   * for a single entry. Zeros where D = 1.
   */
  readonly sparsitySums: Float64Array;
  /** Smallest value of each dimension, [D]; +∞ without samples. Equal to `maximum` where a dimension never varies. */
  readonly minimum: Float64Array;
  /** Largest value of each dimension, [D]; −∞ without samples. */
  readonly maximum: Float64Array;
  /** With a head or logits only. */
  readonly head?: HeadStatistics;
}

/** What a head makes of the samples. */
export interface HeadStatistics {
  /** sha256 of the head's float64 weight and bias; '' where only logits were given. Those of two heads do not merge. */
  readonly fingerprint: string;
  /** Samples of each class whose largest logit (the first of several) is that of their class, [C]. */
  readonly correct: Float64Array;
  /** How many 1 − p_y (softmax of the logits) lie in each of DOUBT_BINS (log-histogram.ts). */
  readonly doubtHistogram: Float64Array;
  /** Largest 1 − p_y; 0 without samples. */
  readonly doubtMax: number;
}

/** N. */
export function sampleCount({ counts }: FeatureStatistics): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The mean over samples m ('samples') or the mean of the means of classes that have samples μ ('classes'), [D]; zeros without samples. */
export function centreOf(
  { classes, dimensions, counts, means }: FeatureStatistics,
  of: 'samples' | 'classes',
): Float64Array {
  const centre = new Float64Array(dimensions);
  let total = 0;
  for (let k = 0; k < classes; k++) {
    if (counts[k] === 0) continue;
    const weight = of === 'samples' ? counts[k] : 1;
    total += weight;
    // A running mean: with a large offset the differences are small, and so is what is rounded.
    const share = weight / total;
    for (let d = 0; d < dimensions; d++) centre[d] += share * (means[k * dimensions + d] - centre[d]);
  }
  return centre;
}

/** Some of the `rows` of numbers [C, width], less a centre: [present.length, width]. */
export function centredRows(
  rows: ArrayLike<number>,
  width: number,
  present: readonly number[],
  centre: Float64Array,
): Float64Array {
  const result = new Float64Array(present.length * width);
  for (const [i, k] of present.entries()) {
    for (let d = 0; d < width; d++) result[i * width + d] = rows[k * width + d] - centre[d];
  }
  return result;
}

/** Statistics of no sample at all: what merging starts from. INVALID_ARGUMENT for a size that is not a whole number above 0. */
export function emptyStatistics(
  classes: number,
  dimensions: number,
  head?: { fingerprint: string },
): FeatureStatistics {
  for (const [what, size] of Object.entries({ classes, dimensions })) {
    if (Number.isSafeInteger(size) && size > 0) continue;
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Making statistics of features: ${size} ${what}; a whole number of at least 1 is needed.`,
    );
  }
  return {
    classes,
    dimensions,
    counts: new Float64Array(classes),
    means: new Float64Array(classes * dimensions),
    scatter: new Float64Array(dimensions * dimensions),
    unitSums: new Float64Array(classes * dimensions),
    unitCounts: new Float64Array(classes),
    normSums: new Float64Array(classes),
    normSquareSums: new Float64Array(classes),
    normMax: 0,
    normHistogram: new Float64Array(histogramLength(NORM_BINS)),
    sparsitySums: new Float64Array(classes),
    minimum: new Float64Array(dimensions).fill(Number.POSITIVE_INFINITY),
    maximum: new Float64Array(dimensions).fill(Number.NEGATIVE_INFINITY),
    head: head && {
      fingerprint: head.fingerprint,
      correct: new Float64Array(classes),
      doubtHistogram: new Float64Array(histogramLength(DOUBT_BINS)),
      doubtMax: 0,
    },
  };
}

/** Up to this length the products of two features, their sums and differences are numbers of float32: 2⁶⁰, about 10¹⁸. */
const MOST_NORM = 2 ** 60;

/** Whether products of features can be computed in float32. */
export function productsFit({ normMax }: FeatureStatistics): boolean {
  return normMax <= MOST_NORM;
}

/** Why a figure is missing where they cannot. */
export const TOO_LARGE = 'the features are so large that their products do not fit float32: scale them down';
