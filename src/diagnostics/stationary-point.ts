/** W* of theorem 2, w*_k = (N̄/(λN)) μ_k, and the gradient there against that at 0. */
import { listNames } from '../array/text.js';
import type { Miss } from './missing.js';
import { norm } from './norms.js';
import { centreOf, type FeatureStatistics, productsFit, TOO_LARGE } from './statistics.js';

/** Why there is no W*. */
export const NO_FACTOR =
  'a class has no training samples, and the harmonic mean of the counts needs them all';

/** What W* is made of. */
export interface StationaryInput {
  readonly statistics: FeatureStatistics;
  /** N_k of training, [C]. */
  readonly trainCounts: readonly number[];
  /** λ > 0. */
  readonly weightDecay: number;
}

/** N̄/(λN); null where a class has no training samples. */
export function stationaryFactor(trainCounts: readonly number[], weightDecay: number): number | null {
  if (trainCounts.some((n) => !(n > 0))) return null;
  const inverses = trainCounts.reduce((sum, n) => sum + 1 / n, 0);
  const total = trainCounts.reduce((sum, n) => sum + n, 0);
  return trainCounts.length / inverses / (weightDecay * total);
}

/** The factor with which a pass over the features tells the gradient at W*; undefined where that means nothing. */
export function gradientFactor({
  statistics,
  trainCounts,
  weightDecay,
}: StationaryInput): number | undefined {
  const factor = stationaryFactor(trainCounts, weightDecay);
  const { counts } = statistics;
  const means = factor !== null && !counts.includes(0) && gradientAtZero(statistics) > 0;
  return means && productsFit(statistics) ? factor : undefined;
}

/**
 * ‖Σ_l ⟨p_k f⟩_l‖ at W*, which is `expected`, over ‖μ − μ_k‖, that at 0; null with the reason.
 */
export function gradientRatio(
  { statistics, trainCounts, weightDecay, expected }: StationaryInput & { expected?: Float64Array | null },
  miss: Miss,
): number | null {
  const figure = 'theorem2.gradientRatio';
  const { counts } = statistics;
  if (stationaryFactor(trainCounts, weightDecay) === null) return miss(figure, NO_FACTOR);
  const empty = [...counts.keys()].filter((k) => counts[k] === 0);
  if (empty.length > 0) {
    return miss(figure, `W* needs the mean of every class, and class ${listNames(empty)} has no sample`);
  }
  const atZero = gradientAtZero(statistics);
  if (atZero === 0) return miss(figure, 'all class means are the same: the gradient at 0 is 0');
  if (!productsFit(statistics)) return miss(figure, TOO_LARGE);
  if (!expected) return miss(figure, 'only statistics were given: the gradient needs the features');
  const ratio = norm(expected) / atZero;
  return Number.isFinite(ratio)
    ? ratio
    : miss(
        figure,
        'the logits at W* do not fit float32: use a larger weight decay, or scale the features down',
      );
}

/** ‖μ − μ_k‖ over all numbers of all classes. */
function gradientAtZero(statistics: FeatureStatistics): number {
  const { classes, dimensions, means } = statistics;
  const centre = centreOf(statistics, 'classes');
  const gradient = new Float64Array(means.length);
  for (let k = 0; k < classes; k++) {
    for (let d = 0; d < dimensions; d++) gradient[k * dimensions + d] = centre[d] - means[k * dimensions + d];
  }
  return norm(gradient);
}
