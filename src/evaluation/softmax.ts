/** The softmax of one row, safe for logits of any finite size. */
import type { FloatArray } from '../array/matrix.js';

/**
 * Writes softmax(scale · z) of the `classes` logits from `from` into `probabilities` (float64, at 0 … classes−1) and
 * returns log Σ_k exp(scale · z_k − m), where m = max_k scale · z_k: so −log p_y = result − (scale · z_y − m).
 *
 * The largest logit is taken off before the exponential, so ±1e30 neither overflows nor makes NaN, and m is kept out
 * of the result because adding it would round the small log-sum away. Needs scale > 0.
 */
export function softmaxRow(
  logits: FloatArray,
  from: number,
  classes: number,
  probabilities: Float64Array,
  scale = 1,
): number {
  const largest = largestOf(logits, from, classes);
  let sum = 0;
  for (let k = 0; k < classes; k++) {
    const e = Math.exp(scale * (logits[from + k] - largest));
    probabilities[k] = e;
    sum += e;
  }
  const inverse = 1 / sum;
  for (let k = 0; k < classes; k++) probabilities[k] *= inverse;
  return Math.log(sum);
}

/** The largest of `length` numbers from `from`. */
export function largestOf(data: FloatArray, from: number, length: number): number {
  let largest = data[from];
  for (let k = 1; k < length; k++) if (data[from + k] > largest) largest = data[from + k];
  return largest;
}
