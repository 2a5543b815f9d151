/** Weights of classes in an average when not every class has samples. */

/** `weights` v, [C], normalised to sum 1 over the classes with total_k > 0; 0 for the others. One class must have some. */
export function classShares(total: ArrayLike<number>, weights: ArrayLike<number>): Float64Array {
  let sum = 0;
  for (let k = 0; k < total.length; k++) if (total[k] > 0) sum += weights[k];
  return Float64Array.from(total, (n, k) => (n > 0 ? weights[k] / sum : 0));
}

/** Equal scores can differ by the order in which they were summed; this is far below one sample's worth. */
export const ROUNDING = 1e-12;

/** Σ_k v_k a_k over the classes that have samples. `correct` is [N] of 0 or 1. */
export function weightedAccuracy(
  correct: Uint8Array,
  labels: ArrayLike<number>,
  weights: ArrayLike<number>,
): number {
  const total = new Float64Array(weights.length);
  const hits = new Float64Array(weights.length);
  for (let i = 0; i < labels.length; i++) {
    total[labels[i]]++;
    hits[labels[i]] += correct[i];
  }
  const share = classShares(total, weights);
  return share.reduce((sum, v, k) => (total[k] > 0 ? sum + (v * hits[k]) / total[k] : sum), 0);
}
