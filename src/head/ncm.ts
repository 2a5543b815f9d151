/** The nearest class mean as a linear head: no training, no parameters. */
import { TailorError } from '../array/errors.js';
import { type LinearHead, linearHead } from '../array/linear-head.js';
import { firstNonFinite } from '../array/matrix.js';
import { classMeans } from './class-means.js';
import { assertFitData } from './fit-checks.js';
import type { FitData } from './fit-options.js';

/** What 'nearest' means. */
export type NcmDistance = 'euclidean' | 'cosine';

/** Options of `nearestClassMean`. */
export interface NcmOptions {
  /**
   * `euclidean` (default): w_k = μ_k, b_k = −½‖μ_k‖², since ‖f − μ_k‖² = ‖f‖² − 2 (w_k·f + b_k) with ‖f‖² the same for all
   * classes. `cosine`: w_k = μ_k/‖μ_k‖ and no bias; a logit is the cosine times ‖f‖.
   */
  readonly distance?: NcmDistance;
  /** Stops with ABORTED between pieces of features that are read from a file. */
  readonly signal?: AbortSignal;
}

/**
 * The head whose largest logit belongs to the class with the nearest mean. Logits differ by half differences of squared
 * distances: fit a temperature or `fitScale` where probabilities matter. `counts` is not looked at; sample weights
 * weigh in the means.
 *
 * Errors: CLASS_MISSING, INVALID_ARGUMENT (also for a mean of 0, which has no direction), SHAPE_MISMATCH, LABELS_INVALID,
 * NOT_FINITE, HEAD_OVERFLOW, ABORTED.
 */
export async function nearestClassMean(
  data: FitData,
  { distance = 'euclidean', signal }: NcmOptions = {},
): Promise<LinearHead<Float32Array>> {
  const doing = 'Making the nearest-class-mean head';
  if (distance !== 'euclidean' && distance !== 'cosine') {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the distance is '${String(distance)}'; allowed are 'euclidean' and 'cosine'.`,
    );
  }
  const shape = assertFitData(data, doing);
  const { classes, dimensions } = shape;
  const means = await classMeans(data, shape, doing, signal);
  // The bias is made from the rounded means: then the head is exactly that of the means which it holds.
  const weight = Float32Array.from(distance === 'cosine' ? directions(means, dimensions, doing) : means);
  const bias = new Float32Array(classes);
  if (distance === 'euclidean') {
    for (let k = 0; k < classes; k++) bias[k] = -squaredNorm(weight, k, dimensions) / 2;
    const at = firstNonFinite(bias);
    if (at >= 0) {
      throw new TailorError(
        'HEAD_OVERFLOW',
        `${doing}: half the squared norm of the mean of class ${at}, which is its bias, does not fit float32. ` +
          "Scale the features down, or use the distance 'cosine'.",
      );
    }
  }
  return linearHead(weight, bias, classes, dimensions);
}

function directions(means: Float64Array, dimensions: number, doing: string): Float64Array {
  const result = means.slice();
  for (let k = 0; k * dimensions < means.length; k++) {
    const norm = Math.sqrt(squaredNorm(means, k, dimensions));
    if (!(norm > 0)) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `${doing}: the mean of class ${k} is 0, which has no direction. Use the distance 'euclidean'.`,
      );
    }
    for (let at = k * dimensions; at < (k + 1) * dimensions; at++) result[at] /= norm;
  }
  return result;
}

function squaredNorm(rows: ArrayLike<number>, row: number, width: number): number {
  let sum = 0;
  for (let at = row * width; at < (row + 1) * width; at++) sum += rows[at] * rows[at];
  return sum;
}
