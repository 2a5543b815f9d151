/**
 * Theorem 2 (Hasegawa & Sato 2024, section 5.1, proof A.3.2) as a diagnostic: weight balancing's second stage makes the head's
 * norms follow the norms of the class means, an implicit multiplicative logit adjustment.
 *
 * The objective is F(W) = (1/N) Σ_i (N̄/N_{y_i}) ℓ(W f_i, y_i) + (λ/2)‖W‖² with cross entropy ℓ, the training counts N_k, N = Σ N_k and
 * their harmonic mean N̄ = C / Σ_k 1/N_k. Where the class means sum to zero, W* with w*_k = (N̄/(λN)) μ_k is nearly
 * stationary. With ⟨·⟩_l the mean over the samples of class l and p the softmax of W f,
 *
 *     ∂F/∂w_k = (N̄/N) (Σ_l ⟨p_k f⟩_l − μ_k) + λ w_k:    at W* (N̄/N) Σ_l ⟨p_k f⟩_l,    at 0 (N̄/N) (μ − μ_k).
 */
import { headShape, type LinearHead, rowNorms } from '../array/linear-head.js';
import { denseData } from '../array/matrix.js';
import { listNames } from '../array/text.js';
import type { Theorem2Figures } from './diagnostics.js';
import { implicitGamma } from './implicit-gamma.js';
import type { Miss } from './missing.js';
import { norm } from './norms.js';
import { gradientRatio, NO_FACTOR, stationaryFactor } from './stationary-point.js';
import { centreOf, type FeatureStatistics } from './statistics.js';

/** λ of weight balancing's published second stage (METHOD: weight decay 0.1 on the head). */
export const STAGE_TWO_WEIGHT_DECAY = 0.1;

/** What `theorem2Figures` looks at. */
export interface Theorem2Input {
  readonly head: LinearHead;
  readonly statistics: FeatureStatistics;
  /** N_k of training, [C]. */
  readonly trainCounts: readonly number[];
  /** λ > 0. */
  readonly weightDecay: number;
  /** Σ_l ⟨p_k f⟩_l at W*, [C, D], of a pass over the features (mean-pass.ts): without, there is no gradient. */
  readonly expected?: Float64Array | null;
}

/** The figures; those of the theorem speak of training features, on a test set they tell how far they carry. */
export function theorem2Figures(
  { head, statistics, trainCounts, weightDecay, expected }: Theorem2Input,
  miss: Miss,
): Theorem2Figures {
  const { dimensions, counts, means } = statistics;
  const centre = norm(centreOf(statistics, 'classes'));
  const lengths = Array.from(counts, (_, k) => norm(means.subarray(k * dimensions, (k + 1) * dimensions)));
  const present = [...counts.keys()].filter((k) => counts[k] > 0);
  const average = present.reduce((sum, k) => sum + lengths[k], 0) / present.length;
  const factor = stationaryFactor(trainCounts, weightDecay);
  return {
    weightDecay,
    centring: average > 0 ? centre / average : miss('theorem2.centring', 'every class mean is zero'),
    ...compareRows(head, statistics, lengths, factor, miss),
    gradientRatio: gradientRatio({ statistics, trainCounts, weightDecay, expected }, miss),
    ...implicitGamma(rowNorms(head), trainCounts, miss),
  };
}

function compareRows(
  head: LinearHead,
  { dimensions, means }: FeatureStatistics,
  lengths: readonly number[],
  factor: number | null,
  miss: Miss,
): Pick<Theorem2Figures, 'cosines' | 'distances'> {
  const [classes] = headShape(head);
  const weight = denseData(head.weight);
  const norms = rowNorms(head);
  const cosines: (number | null)[] = [];
  const distances: (number | null)[] = [];
  const difference = new Float64Array(dimensions);
  for (let k = 0; k < classes; k++) {
    let product = 0;
    for (let d = 0; d < dimensions; d++) {
      const at = k * dimensions + d;
      product += weight[at] * means[at];
      difference[d] = weight[at] - (factor ?? 0) * means[at];
    }
    const known = norms[k] > 0 && lengths[k] > 0;
    cosines.push(known ? Math.min(1, Math.max(-1, product / norms[k] / lengths[k])) : null);
    distances.push(known && factor !== null ? norm(difference) / norms[k] : null);
  }
  const unknown = cosines.flatMap((cosine, k) => (cosine === null ? [k] : []));
  if (unknown.length > 0) {
    const reason = `no sample, or a mean or weight of zero, in class ${listNames(unknown)}: null there`;
    miss('theorem2.cosines', reason);
    miss('theorem2.distances', reason);
  }
  if (factor === null) miss('theorem2.distances', NO_FACTOR);
  return { cosines, distances };
}
