/** Temperature scaling (Guo et al. 2017): the one number that makes confidences honest and changes no prediction. */
import { TailorError } from '../array/errors.js';
import { denseData, type Matrix } from '../array/matrix.js';
import { assertLabelledLogits } from '../evaluation/evaluate.js';
import { largestOf } from '../evaluation/softmax.js';

/** Options of `fitTemperature`. */
export interface FitTemperatureOptions {
  /**
   * Weight v_k ≥ 0 of the samples of each class, [C], at least one of the labels' above 0. For the likelihood under a
   * target prior q take q_k / n_k with n_k the samples of class k in this set. Default: every sample counts the same.
   */
  readonly weights?: ArrayLike<number>;
  /** Range of the answer, 0 < low < high, default [0.001, 1000]. */
  readonly range?: readonly [low: number, high: number];
}

/**
 * The T that minimises Σ_i v_{y_i} · −log softmax(z_i / T)_{y_i}, to 1e−10 relative, in float64.
 *
 * The sum is convex in β = 1/T with derivative Σ_i v (Σ_k p_k z_k − z_{y_i}), so its only root is bracketed and found by
 * Newton's method on log β, bisecting where a step would leave the bracket. An end of `range` comes back when the
 * minimum lies beyond it: the low end when every sample is right (the surer the better), the high end when the
 * logits know nothing of the labels.
 *
 * Errors: INVALID_ARGUMENT, SHAPE_MISMATCH, LABELS_INVALID, NOT_FINITE.
 */
export function fitTemperature(
  logits: Matrix,
  labels: ArrayLike<number>,
  { weights, range = [1e-3, 1e3] }: FitTemperatureOptions = {},
): number {
  const doing = 'Fitting a temperature';
  const [, classes] = assertLabelledLogits(logits, labels, doing);
  assertOptions(labels, classes, weights, range, doing);
  const slope = (logBeta: number) => slopeOfLoss(logits, labels, weights, Math.exp(logBeta));

  let low = -Math.log(range[1]);
  let high = -Math.log(range[0]);
  if (slope(low).first >= 0) return range[1];
  if (slope(high).first <= 0) return range[0];
  let x = Math.min(Math.max(0, low), high);
  // Bisection alone needs about 40 halvings of the default range; Newton's steps only make it fewer.
  for (let step = 0; step < 100 && high - low > 1e-10; step++) {
    const { first, second } = slope(x);
    if (first === 0) break;
    if (first < 0) low = x;
    else high = x;
    // In x = log β: dL/dx = β L', d²L/dx² = β² L'' + β L'.
    const beta = Math.exp(x);
    const curvature = beta * second + first;
    const next = curvature > 0 ? x - first / curvature : Number.NaN;
    const inside = next > low && next < high;
    if (inside && Math.abs(next - x) < 1e-11) {
      x = next;
      break;
    }
    x = inside ? next : (low + high) / 2;
  }
  return Math.exp(-x);
}

/** First and second derivative by β of the summed loss at β: Σ v (E_p z − z_y) and Σ v Var_p z. */
function slopeOfLoss(
  logits: Matrix,
  labels: ArrayLike<number>,
  weights: ArrayLike<number> | undefined,
  beta: number,
): { first: number; second: number } {
  const [samples, classes] = logits.shape;
  const data = denseData(logits);
  let first = 0;
  let second = 0;
  for (let i = 0; i < samples; i++) {
    const v = weights ? weights[labels[i]] : 1;
    if (v === 0) continue;
    const from = i * classes;
    const largest = largestOf(data, from, classes);
    let sum = 0;
    let sumZ = 0;
    let sumZZ = 0;
    // Moments of z − max z: small where the probability is not.
    for (let k = 0; k < classes; k++) {
      const z = data[from + k] - largest;
      const e = Math.exp(beta * z);
      // At ±1e30 e is 0, and 0 · z² must not become 0 · ∞.
      if (e === 0) continue;
      sum += e;
      sumZ += e * z;
      sumZZ += e * z * z;
    }
    const mean = sumZ / sum;
    first += v * (mean - (data[from + labels[i]] - largest));
    second += v * (sumZZ / sum - mean * mean);
  }
  return { first, second };
}

function assertOptions(
  labels: ArrayLike<number>,
  classes: number,
  weights: ArrayLike<number> | undefined,
  range: readonly [number, number],
  doing: string,
): void {
  if (!(range[0] > 0 && range[1] > range[0] && Number.isFinite(range[1]))) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the range is [${range.join(', ')}]; it must be two finite numbers with 0 < low < high.`,
    );
  }
  if (!weights) return;
  const valid = weights.length === classes && Array.from(weights).every((v) => Number.isFinite(v) && v >= 0);
  if (!valid || Array.from(labels).every((label) => weights[label] === 0)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the weights must be ${classes} finite numbers of at least 0, one per class, and above 0 for a class that has samples.`,
    );
  }
}
