/** Which figures of a class with few samples should not be read: one table of thresholds with the reason for each. */
import type { SmallClass } from './diagnostics.js';
import type { FeatureStatistics } from './statistics.js';

/** What is known of one class. */
interface ClassSize {
  /** N_k in this set. */
  readonly samples: number;
  /** (1/N_k) Σ ‖f‖² − ‖μ_k‖² = trace of the covariance of the class (biased), ≥ 0. */
  readonly spread: number;
  /** ‖μ_k‖². */
  readonly meanSquare: number;
  /** Whether there are answers of a head. */
  readonly judged: boolean;
}

/** A reason not to read figures. */
export interface SmallClassRule {
  /** Paths in Diagnostics; of a list, the entry of the class. */
  readonly figures: readonly string[];
  readonly when: (size: ClassSize) => boolean;
  readonly reason: string;
}

/**
 * E‖μ̂_k‖² = ‖μ_k‖² + tr Σ_k / N_k: with few samples a class mean looks longer than it is. Above this share of ‖μ̂_k‖² the norm is
 * more than 5 % too long in expectation.
 */
export const MEAN_NORM_BIAS = 0.1;

/** The rules, in the order in which figures are listed. */
export const SMALL_CLASS_RULES: readonly SmallClassRule[] = [
  {
    figures: ['classMeanNorms', 'featureNorms', 'sparsity.perClass'],
    when: ({ samples }) => samples === 0,
    reason: 'a class without samples has no features',
  },
  {
    figures: ['cosine.matrix'],
    when: ({ samples }) => samples < 2,
    reason: 'the cosine within a class needs a pair: two samples',
  },
  {
    figures: ['classMeanNorms'],
    // The unbiased trace of the covariance, spread · N/(N−1), over N; one sample tells nothing of its spread.
    when: ({ samples, spread, meanSquare }) =>
      samples === 1 || (samples > 1 && spread / (samples - 1) > MEAN_NORM_BIAS * meanSquare),
    reason:
      'E‖μ̂‖² = ‖μ‖² + trace of the covariance / N_k: the class mean is more than 5 % too long by chance alone',
  },
  {
    figures: ['accuracy.perClass'],
    when: ({ samples, judged }) => judged && samples < 5,
    reason: 'with n samples the accuracy moves in steps of 1/n: below 5 one sample is more than 20 points',
  },
];

/**
 * The classes for which a rule holds, in class order. Class means of few samples bias more than their own norm: each adds
 * tr Σ_k / N_k to the spread of class means, which makes FDR too high, NC1 too low and angles too wide. Intervals tell.
 */
export function smallClasses(
  { classes, dimensions, counts, means, normSquareSums }: FeatureStatistics,
  judged: boolean,
  names: readonly string[] | null,
): SmallClass[] {
  const found: SmallClass[] = [];
  for (let k = 0; k < classes; k++) {
    const samples = counts[k];
    let meanSquare = 0;
    for (let d = k * dimensions; d < (k + 1) * dimensions; d++) meanSquare += means[d] * means[d];
    const spread = samples > 0 ? Math.max(0, normSquareSums[k] / samples - meanSquare) : 0;
    const size = { samples, spread, meanSquare, judged };
    const figures = new Set(
      SMALL_CLASS_RULES.filter(({ when }) => when(size)).flatMap((rule) => rule.figures),
    );
    if (figures.size === 0) continue;
    found.push({ class: k, ...(names && { name: names[k] }), samples, figures: [...figures] });
  }
  return found;
}
