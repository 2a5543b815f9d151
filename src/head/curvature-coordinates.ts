/**
 * Coordinates x = θ L of a head θ = [W b], [C, D+1], in which a quadratic function of θ with the curvature M = L Lᵀ for every
 * class is a round bowl.
 */
import { TailorError } from '../array/errors.js';
import { featureRows } from '../array/feature-rows.js';
import { headShape, type LinearHead, linearHead } from '../array/linear-head.js';
import { denseData } from '../array/matrix.js';
import { type GramOptions, gramMatrix } from '../compute/gram.js';
import type { CrossEntropyProblem } from '../compute/objective-graph.js';
import { inverseCholesky } from './inverse-cholesky.js';

/** A lower triangular change of coordinates. */
export interface Coordinates {
  /** R = L⁻¹, row-major [D+1, D+1]: θ = x R. */
  readonly inverseFactor: Float64Array;
  /** θ of x, both [C, D+1]. */
  toTheta(x: Float64Array): Float64Array;
  /** x of θ. */
  fromTheta(theta: Float64Array): Float64Array;
}

/**
 * Coordinates for M = (1/N) Σ_i u_i x_i x_iᵀ + λI with x = (f, 1) and sample curvatures u, [N]; λ counts for the bias if
 * `decayBias`. Throws FIT_DIVERGED where products of features overflow float32, DEVICE_UNAVAILABLE, ABORTED.
 */
export async function curvatureCoordinates(
  { features, weightDecay, decayBias }: CrossEntropyProblem,
  curvatures: ArrayLike<number>,
  where: GramOptions,
): Promise<Coordinates> {
  const { samples, dimensions } = featureRows(features);
  const n = dimensions + 1;
  const m = (await gramMatrix(features, curvatures, where)).map((sum) => sum / samples);
  let trace = 0;
  for (let i = 0; i < n; i++) trace += m[i * (n + 1)];
  if (!Number.isFinite(trace)) {
    throw new TailorError(
      'FIT_DIVERGED',
      'Fitting a head: the features or sample weights are so large that their products overflow float32. Scale them down.',
    );
  }
  // The Gram matrix is rounded to float32, and features may depend on each other: as much is added to the diagonal as it
  // takes to have a factor. That changes the coordinates, not the function.
  for (let ridge = (1e-7 * trace) / n + 1e-30, before = 0; ; before = ridge, ridge *= 10) {
    for (let i = 0; i < n; i++) {
      const decay = before > 0 || (i === dimensions && !decayBias) ? 0 : weightDecay;
      m[i * (n + 1)] += decay + ridge - before;
    }
    const inverse = inverseCholesky(m, n);
    if (inverse) return triangular(inverse, n);
  }
}

function triangular(inverse: Float64Array, n: number): Coordinates {
  return {
    inverseFactor: inverse,
    toTheta(x) {
      const theta = new Float64Array(x.length);
      for (let row = 0; row < x.length; row += n) {
        for (let j = 0; j < n; j++) {
          const xj = x[row + j];
          for (let i = 0; i <= j; i++) theta[row + i] += xj * inverse[j * n + i];
        }
      }
      return theta;
    },
    fromTheta(theta) {
      const x = theta.slice();
      for (let row = 0; row < x.length; row += n) {
        for (let j = n - 1; j >= 0; j--) {
          x[row + j] /= inverse[j * (n + 1)];
          for (let i = 0; i < j; i++) x[row + i] -= x[row + j] * inverse[j * n + i];
        }
      }
      return x;
    },
  };
}

/** W and b side by side, [C, D+1], in float64. */
export function thetaOf(head: LinearHead): Float64Array {
  const [classes, dimensions] = headShape(head);
  const weight = denseData(head.weight);
  const bias = denseData(head.bias);
  const theta = new Float64Array(classes * (dimensions + 1));
  for (let k = 0; k < classes; k++) {
    const at = k * (dimensions + 1);
    theta.set(weight.subarray(k * dimensions, (k + 1) * dimensions), at);
    theta[at + dimensions] = bias[k];
  }
  return theta;
}

/** The head of θ, rounded to float32. NOT_FINITE where it does not fit. */
export function headOf(theta: Float64Array, classes: number): LinearHead<Float32Array> {
  const n = theta.length / classes;
  const weight = new Float32Array(classes * (n - 1));
  const bias = new Float32Array(classes);
  for (let k = 0; k < classes; k++) {
    weight.set(theta.subarray(k * n, (k + 1) * n - 1), k * (n - 1));
    bias[k] = theta[(k + 1) * n - 1];
  }
  return linearHead(weight, bias, classes, n - 1);
}
