/** Solving with a pivoted Cholesky factor, many right-hand sides at once, and how well that can be done. */
import { TailorError } from '../array/errors.js';
import type { SessionOptions } from '../runtime/session.js';
import type { PivotedCholesky } from './pivoted-cholesky.js';
import { type TransposedProducts, transposedProducts } from './transposed-product.js';

/** Rows of the triangle solved in place between two products. */
const BLOCK = 64;

/**
 * Y = U₁₁⁻ᵀ (P D⁻¹ B) on the kept dimensions, row-major [r, k], of right-hand sides B, row-major [n, k] with D = diag(s): then
 * bᵀ S⁻¹ b = ‖y‖² for every column where S has full rank. Throws SHAPE_MISMATCH, DEVICE_UNAVAILABLE.
 */
export async function whiten(
  f: PivotedCholesky,
  rightSides: Float64Array,
  k: number,
  where: SessionOptions = {},
): Promise<Float64Array> {
  assertSides(f, rightSides, k);
  const y = new Float64Array(f.rank * k);
  for (let i = 0; i < f.rank; i++) {
    const from = f.pivots[i] * k;
    const scale = f.scale[f.pivots[i]];
    for (let c = 0; c < k; c++) y[i * k + c] = rightSides[from + c] / scale;
  }
  return withProducts(where, (products) => forward(f, y, k, products));
}

/**
 * X with S X = B, row-major [n, k], where S has full rank; where not, the basic solution: S X = B on the kept dimensions, and
 * X zero on the dropped ones. Throws SHAPE_MISMATCH, DEVICE_UNAVAILABLE.
 */
export async function solveBasic(
  f: PivotedCholesky,
  rightSides: Float64Array,
  k: number,
  where: SessionOptions = {},
): Promise<Float64Array> {
  const y = await whiten(f, rightSides, k, where);
  const z = await withProducts(where, (products) => backward(f, y, k, products));
  const x = new Float64Array(f.size * k);
  for (let i = 0; i < f.rank; i++) {
    const to = f.pivots[i] * k;
    const scale = f.scale[f.pivots[i]];
    for (let c = 0; c < k; c++) x[to + c] = z[i * k + c] / scale;
  }
  return x;
}

/**
 * An estimate of ‖A‖₁ ‖A⁻¹‖₁ for A the kept r × r part of S, scaled to a unit diagonal: the estimator of LAPACK's dpocon
 * (Hager 1984; Higham 1988), never above the true number and seldom below a third of it. `matrix` is S itself. 1 for rank 0.
 */
export function conditionEstimate(f: PivotedCholesky, matrix: Float64Array): number {
  const r = f.rank;
  if (r === 0) return 1;
  let x = new Float64Array(r).fill(1 / r);
  let inverseNorm = 0;
  for (let round = 0; round < 5; round++) {
    const y = solveVector(f, x);
    const norm = sumOfSizes(y);
    if (round > 0 && norm <= inverseNorm) break;
    inverseNorm = norm;
    const gradient = solveVector(
      f,
      y.map((value) => (value < 0 ? -1 : 1)),
    );
    const steepest = largestAt(gradient);
    if (round > 0 && Math.abs(gradient[steepest]) <= dot(gradient, x)) break;
    x = new Float64Array(r);
    x[steepest] = 1;
  }
  // Higham's guard against a start that the steepest directions leave out.
  const alternating = Float64Array.from(
    { length: r },
    (_, i) => (i % 2 ? -1 : 1) * (1 + i / Math.max(1, r - 1)),
  );
  const guard = (2 * sumOfSizes(solveVector(f, alternating))) / (3 * r);
  return Math.max(1, Math.max(inverseNorm, guard) * keptNorm(f, matrix));
}

/** Y ← U₁₁⁻ᵀ Y, from the first row on. */
async function forward(
  { factor, size, rank }: PivotedCholesky,
  y: Float64Array,
  k: number,
  products: TransposedProducts,
): Promise<Float64Array> {
  for (let top = 0; top < rank; top += BLOCK) {
    const height = Math.min(BLOCK, rank - top);
    const part = y.subarray(top * k, (top + height) * k);
    if (top > 0) {
      // The columns of this block in the rows above it.
      const above = new Float64Array(top * height);
      for (let i = 0; i < top; i++) {
        above.set(factor.subarray(i * size + top, i * size + top + height), i * height);
      }
      subtractFrom(part, await products.multiply(above, y.subarray(0, top * k), top, height, k));
    }
    for (let i = 0; i < height; i++) {
      subtractRows(part, i, 0, i, (j) => factor[(top + j) * size + top + i], k);
      divideRow(part, i, factor[(top + i) * size + top + i], k);
    }
  }
  return y;
}

/** X ← U₁₁⁻¹ X, from the last row on. */
async function backward(
  { factor, size, rank }: PivotedCholesky,
  x: Float64Array,
  k: number,
  products: TransposedProducts,
): Promise<Float64Array> {
  for (let top = BLOCK * Math.floor(Math.max(0, rank - 1) / BLOCK); top >= 0; top -= BLOCK) {
    const height = Math.min(BLOCK, rank - top);
    const end = top + height;
    const part = x.subarray(top * k, end * k);
    if (end < rank) {
      const behind = new Float64Array((rank - end) * height);
      for (let i = 0; i < height; i++) {
        for (let j = end; j < rank; j++) behind[(j - end) * height + i] = factor[(top + i) * size + j];
      }
      subtractFrom(
        part,
        await products.multiply(behind, x.subarray(end * k, rank * k), rank - end, height, k),
      );
    }
    for (let i = height - 1; i >= 0; i--) {
      subtractRows(part, i, i + 1, height, (j) => factor[(top + i) * size + top + j], k);
      divideRow(part, i, factor[(top + i) * size + top + i], k);
    }
  }
  return x;
}

/** A⁻¹ b for one vector of length r, in the order of the pivots and in scaled units. */
function solveVector({ factor, size, rank }: PivotedCholesky, b: Float64Array): Float64Array {
  const x = b.slice();
  for (let i = 0; i < rank; i++) {
    const row = i * size;
    x[i] /= factor[row + i];
    for (let j = i + 1; j < rank; j++) x[j] -= factor[row + j] * x[i];
  }
  for (let i = rank - 1; i >= 0; i--) {
    const row = i * size;
    for (let j = i + 1; j < rank; j++) x[i] -= factor[row + j] * x[j];
    x[i] /= factor[row + i];
  }
  return x;
}

/** ‖A‖₁: the largest sum of sizes in a row. */
function keptNorm({ size, rank, pivots, scale }: PivotedCholesky, matrix: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < rank; i++) {
    const p = pivots[i];
    let sum = 0;
    for (let j = 0; j < rank; j++)
      sum += Math.abs(matrix[p * size + pivots[j]]) / scale[p] / scale[pivots[j]];
    if (sum > largest) largest = sum;
  }
  return largest;
}

async function withProducts<T>(
  where: SessionOptions,
  use: (products: TransposedProducts) => Promise<T>,
): Promise<T> {
  const products = transposedProducts(where);
  try {
    return await use(products);
  } finally {
    await products.release();
  }
}

function assertSides(f: PivotedCholesky, rightSides: Float64Array, k: number): void {
  if (rightSides.length === f.size * k) return;
  throw new TailorError(
    'SHAPE_MISMATCH',
    `Solving with a matrix of ${f.size} × ${f.size}: ${k} right-hand sides need ${f.size * k} numbers, got ${rightSides.length}.`,
  );
}

/** Row i −= Σ_j factor(j) · row j for j from `start` up to `end`, four rows at a time: what is read and written is used four times. */
function subtractRows(
  rows: Float64Array,
  i: number,
  start: number,
  end: number,
  factor: (j: number) => number,
  k: number,
): void {
  const to = i * k;
  let j = start;
  for (; j + 4 <= end; j += 4) {
    const [a, b, c, d] = [j * k, (j + 1) * k, (j + 2) * k, (j + 3) * k];
    const [x, y, z, w] = [factor(j), factor(j + 1), factor(j + 2), factor(j + 3)];
    for (let at = 0; at < k; at++) {
      rows[to + at] -= x * rows[a + at] + y * rows[b + at] + (z * rows[c + at] + w * rows[d + at]);
    }
  }
  for (; j < end; j++) {
    const x = factor(j);
    for (let at = 0; at < k; at++) rows[to + at] -= x * rows[j * k + at];
  }
}

function divideRow(rows: Float64Array, i: number, by: number, k: number): void {
  for (let at = i * k; at < (i + 1) * k; at++) rows[at] /= by;
}

function subtractFrom(to: Float64Array, what: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i] -= what[i];
}

function sumOfSizes(x: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.abs(x[i]);
  return sum;
}

function largestAt(x: Float64Array): number {
  let at = 0;
  for (let i = 1; i < x.length; i++) if (Math.abs(x[i]) > Math.abs(x[at])) at = i;
  return at;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
