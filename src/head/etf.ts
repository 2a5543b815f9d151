/**
 * The simplex equiangular tight frame as a head (Yang et al. 2022; Hasegawa & Sato 2024): C directions of length 1 with
 * the same, widest possible angle between any two, w_k·w_l = −1/(C−1), without a bias and without training.
 *
 * W = √(C/(C−1)) (I − 11ᵀ/C) Uᵀ with U, [D, C], orthonormal. Since I − 11ᵀ/C = B Bᵀ with an orthonormal basis B, [C, C−1],
 * of the vectors whose sum is 0, this is W = √(C/(C−1)) B Qᵀ with Q = U B, [D, C−1], orthonormal: the same frames, with
 * the same probabilities, and D = C−1 needs no case of its own. B is Helmert's matrix.
 */
import { Matrix as DenseMatrix, SingularValueDecomposition } from 'ml-matrix';
import { TailorError } from '../array/errors.js';
import { type LinearHead, linearHead } from '../array/linear-head.js';
import { createRandom, type Random } from '../array/random.js';
import { classMeans } from './class-means.js';
import { assertFitData } from './fit-checks.js';
import type { FitData } from './fit-options.js';
import { normalNumbers, orthonormalize } from './orthonormal.js';

/** Options of `etfHead`. */
export interface EtfOptions {
  /** C, 2 or more. */
  readonly classes: number;
  /** D, at least C−1. */
  readonly dimensions: number;
  /** Whole number that the rotation is drawn by. Default 0. */
  readonly seed?: number;
}

const DOING = 'Making an ETF head';

/** A head with a random rotation. Same seed, same bytes. Errors: INVALID_ARGUMENT (also for D < C−1). */
export function etfHead({ classes, dimensions, seed = 0 }: EtfOptions): LinearHead<Float32Array> {
  assertRoom(classes, dimensions);
  const random = createRandom(seed);
  const q = normalNumbers((classes - 1) * dimensions, random);
  orthonormalize(q, classes - 1, dimensions, random);
  return toHead(q, classes, dimensions);
}

/**
 * A head turned towards the data (ours, not of the paper): the rotation that makes Σ_k w_k·(μ_k − μ) largest, where μ_k are
 * the class means and μ is the mean of these. That is the orthogonal Procrustes problem; its answer is the
 * orthonormal factor of the centred class means in the basis B, by singular values. Directions that the means leave open
 * (they span less than C−1 dimensions) are drawn by `seed`.
 *
 * Errors: INVALID_ARGUMENT (also for D < C−1), CLASS_MISSING, SHAPE_MISMATCH, LABELS_INVALID, COUNTS_INVALID, NOT_FINITE, ABORTED.
 */
export async function alignedEtfHead(
  data: FitData,
  { seed = 0, signal }: { seed?: number; signal?: AbortSignal } = {},
): Promise<LinearHead<Float32Array>> {
  const shape = assertFitData(data, DOING);
  const { classes, dimensions } = shape;
  assertRoom(classes, dimensions);
  const means = await classMeans(data, shape, DOING, signal);
  const q = nearestOrthonormal(
    helmertTransposed(means, classes, dimensions),
    classes - 1,
    dimensions,
    createRandom(seed),
  );
  return toHead(q, classes, dimensions);
}

function assertRoom(classes: number, dimensions: number): void {
  if (!(Number.isInteger(classes) && classes >= 2 && Number.isInteger(dimensions) && dimensions >= 1)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${DOING}: ${classes} classes × ${dimensions} dimensions were asked for; give whole numbers, at least 2 classes and 1 dimension.`,
    );
  }
  if (dimensions < classes - 1) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${DOING}: ${classes} equal angles need ${classes - 1} dimensions or more, and the features have ${dimensions}. ` +
        'Use another method, or a network with wider features.',
    );
  }
}

/**
 * √(C/(C−1)) B Qᵀ of Qᵀ, [C−1, D]. Column j = 1 … C−1 of Helmert's B is 1 in the rows before j, −j in row j and 0 after,
 * divided by √(j (j+1)); so one sum from the last row up makes all rows.
 */
function toHead(q: Float64Array, classes: number, dimensions: number): LinearHead<Float32Array> {
  const scale = Math.sqrt(classes / (classes - 1));
  const weight = new Float32Array(classes * dimensions);
  const after = new Float64Array(dimensions);
  for (let k = classes - 1; k >= 0; k--) {
    const from = (k - 1) * dimensions;
    const norm = Math.sqrt(k * (k + 1));
    for (let d = 0; d < dimensions; d++) {
      const own = k > 0 ? q[from + d] / norm : 0;
      weight[k * dimensions + d] = scale * (after[d] - k * own);
      after[d] += own;
    }
  }
  return linearHead(weight, new Float32Array(classes), classes, dimensions);
}

/** Bᵀ M of the class means M, [C, D]: [C−1, D]. It does not see the mean of the rows of M. */
function helmertTransposed(means: Float64Array, classes: number, dimensions: number): Float64Array {
  const result = new Float64Array((classes - 1) * dimensions);
  const before = new Float64Array(dimensions);
  for (let j = 1; j < classes; j++) {
    const norm = Math.sqrt(j * (j + 1));
    for (let d = 0; d < dimensions; d++) {
      before[d] += means[(j - 1) * dimensions + d];
      result[(j - 1) * dimensions + d] = (before[d] - j * means[j * dimensions + d]) / norm;
    }
  }
  return result;
}

/**
 * The orthonormal rows nearest to those of A, [n, D]: V Uᵀ of A = V S Uᵀ. A is split first into L Q with orthonormal Q, so
 * that the singular values are those of a matrix [n, n] only.
 */
function nearestOrthonormal(a: Float64Array, n: number, dimensions: number, random: Random): Float64Array {
  const q = a.slice();
  orthonormalize(q, n, dimensions, random);
  const l = new DenseMatrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) l.set(i, j, dotRows(a, i, q, j, dimensions));
  }
  const svd = new SingularValueDecomposition(l);
  const turn = svd.leftSingularVectors.mmul(svd.rightSingularVectors.transpose());
  const result = new Float64Array(n * dimensions);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const t = turn.get(i, j);
      for (let d = 0; d < dimensions; d++) result[i * dimensions + d] += t * q[j * dimensions + d];
    }
  }
  return result;
}

function dotRows(a: Float64Array, i: number, b: Float64Array, j: number, width: number): number {
  let sum = 0;
  for (let d = 0; d < width; d++) sum += a[i * width + d] * b[j * width + d];
  return sum;
}
