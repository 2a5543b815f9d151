/**
 * Rank-revealing Cholesky factorisation of a symmetric positive semidefinite matrix: the pivoted, blocked algorithm of
 * LAPACK's dpstrf (Higham 2009; Hammarling, Higham and Lucas 2007), on the matrix scaled to a unit diagonal.
 *
 * Own code: ml-matrix has neither pivots nor blocks, and its plain Cholesky of 2048 × 2048 takes 5.5 s.
 */
import { TailorError, throwIfAborted } from '../array/errors.js';
import { firstNonFinite } from '../array/matrix.js';
import type { SessionOptions } from '../runtime/session.js';
import { transposedProducts } from './transposed-product.js';

/** Steps between two products. */
const PANEL = 128;

/** Up to this size everything is one panel: there is nothing to gain from products. */
const ONE_PANEL = 256;

/** Pᵀ T P = Uᵀ U with T_ij = S_ij / (s_i s_j), for the first `rank` steps. */
export interface PivotedCholesky {
  /** n. */
  readonly size: number;
  /** r, steps with a pivot above the tolerance. */
  readonly rank: number;
  /** Dimension of each step, [n]: the first r are kept, in order of their pivots; the others follow, ascending. */
  readonly pivots: Int32Array;
  /** s_j = √S_jj, [n]; 0 where the diagonal is 0. */
  readonly scale: Float64Array;
  /** U, row-major [r, n], columns in the order of `pivots`: upper triangular in the first r columns, zeros below. */
  readonly factor: Float64Array;
  /** What the pivots were compared with: a share of a dimension's own S_jj. */
  readonly tolerance: number;
}

/** Options of `pivotedCholesky`. */
export interface PivotedCholeskyOptions extends SessionOptions {
  /**
   * A dimension j is dropped when what is left of S_jj after the kept dimensions have explained their part is at most this share
   * of S_jj: no unit of any dimension matters. Default 4 n ε with ε = 2⁻⁵² (dpstrf's n ε/2, with room for how the matrix was made).
   */
  readonly tolerance?: number;
  /** Stops between panels with ABORTED. */
  readonly signal?: AbortSignal;
}

/**
 * Factors a row-major symmetric matrix [n, n], reading both triangles. Of equal pivots the first dimension is taken.
 *
 * Throws SHAPE_MISMATCH, NOT_FINITE, INVALID_ARGUMENT (a negative diagonal, a tolerance that is not in 0 … 1),
 * DEVICE_UNAVAILABLE, ABORTED.
 */
export async function pivotedCholesky(
  matrix: Float64Array,
  n: number,
  { tolerance = 4 * n * Number.EPSILON, signal, ...where }: PivotedCholeskyOptions = {},
): Promise<PivotedCholesky> {
  assertMatrix(matrix, n, tolerance);
  const scale = Float64Array.from({ length: n }, (_, j) => Math.sqrt(matrix[j * n + j]));
  let left = Array.from(scale.keys()).filter((j) => scale[j] > 0);
  const rest = scaled(matrix, n, scale, left);
  const kept: number[] = [];
  // Rows of U, each with its columns by dimension: later pivots do not move them.
  const rows: Float64Array[] = [];
  const products = transposedProducts(where);
  try {
    while (left.length > 0) {
      throwIfAborted(signal, 'factoring a matrix');
      const m = left.length;
      const steps = n <= ONE_PANEL ? m : Math.min(PANEL, m);
      const { panel, taken } = factorPanel(rest, m, steps, tolerance);
      for (let k = 0; k < taken.length; k++) {
        const row = new Float64Array(n);
        for (let j = 0; j < m; j++) row[left[j]] = panel[k * m + j];
        rows.push(row);
        kept.push(left[taken[k]]);
      }
      if (taken.length < steps || taken.length === m) break;
      const staying = withoutIndices(m, taken);
      const columns = selectColumns(panel, steps, m, staying);
      const product = await products.multiply(columns, columns, steps, staying.length, staying.length);
      subtract(rest, m, staying, product);
      left = staying.map((j) => left[j]);
    }
  } finally {
    await products.release();
  }
  const pivots = Int32Array.from([...kept, ...withoutIndices(n, kept)]);
  return { size: n, rank: kept.length, pivots, scale, factor: byPivot(rows, pivots), tolerance };
}

function assertMatrix(matrix: Float64Array, n: number, tolerance: number): void {
  const doing = 'Factoring a matrix';
  if (matrix.length !== n * n) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: ${n} × ${n} needs ${n * n} numbers, got ${matrix.length}.`,
    );
  }
  if (!(tolerance >= 0 && tolerance < 1)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the tolerance is ${tolerance}; a share of the diagonal from 0 to below 1 is needed.`,
    );
  }
  const at = firstNonFinite(matrix);
  if (at >= 0) {
    throw new TailorError(
      'NOT_FINITE',
      `${doing}: row ${Math.floor(at / n)}, column ${at % n} is ${matrix[at]}; every number must be finite.`,
    );
  }
  for (let j = 0; j < n; j++) {
    if (matrix[j * n + j] >= 0) continue;
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: diagonal number ${j} is ${matrix[j * n + j]}; a positive semidefinite matrix has none below 0.`,
    );
  }
}

/** T of the dimensions that have a diagonal, row-major [m, m]. */
function scaled(matrix: Float64Array, n: number, scale: Float64Array, left: readonly number[]): Float64Array {
  const m = left.length;
  const result = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    const row = left[i] * n;
    // One after the other: the product of two tiny scales may underflow.
    for (let j = 0; j < m; j++) result[i * m + j] = matrix[row + left[j]] / scale[left[i]] / scale[left[j]];
    result[i * m + i] = 1;
  }
  return result;
}

/**
 * Up to `steps` steps on what is left of the matrix, [m, m]: rows of U [steps, m], and the columns that were taken as pivots.
 * The matrix stays as it is; each step takes the panel's own rows off the one row that it needs.
 */
function factorPanel(
  rest: Float64Array,
  m: number,
  steps: number,
  tolerance: number,
): { panel: Float64Array; taken: number[] } {
  const panel = new Float64Array(steps * m);
  const diagonal = Float64Array.from({ length: m }, (_, j) => rest[j * m + j]);
  const taken: number[] = [];
  for (let k = 0; k < steps; k++) {
    let p = 0;
    for (let j = 1; j < m; j++) if (diagonal[j] > diagonal[p]) p = j;
    if (!(diagonal[p] > tolerance)) break;
    const row = panel.subarray(k * m, (k + 1) * m);
    row.set(rest.subarray(p * m, (p + 1) * m));
    subtractRows(row, panel, m, k, p);
    const pivot = Math.sqrt(diagonal[p]);
    for (let j = 0; j < m; j++) {
      row[j] /= pivot;
      diagonal[j] -= row[j] * row[j];
    }
    taken.push(p);
    // Exactly, and columns that were taken are never chosen again.
    row[p] = pivot;
    for (const j of taken) diagonal[j] = Number.NEGATIVE_INFINITY;
    for (let t = 0; t < k; t++) row[taken[t]] = 0;
  }
  return { panel, taken };
}

/** row −= Σ_{t<k} U_tp U_t, four rows at a time, so that what is read and written once is used four times. */
function subtractRows(row: Float64Array, panel: Float64Array, m: number, k: number, p: number): void {
  let t = 0;
  for (; t + 4 <= k; t += 4) {
    const [a, b, c, d] = [t * m, (t + 1) * m, (t + 2) * m, (t + 3) * m];
    const [x, y, z, w] = [panel[a + p], panel[b + p], panel[c + p], panel[d + p]];
    for (let j = 0; j < m; j++) {
      row[j] -= x * panel[a + j] + y * panel[b + j] + (z * panel[c + j] + w * panel[d + j]);
    }
  }
  for (; t < k; t++) {
    const x = panel[t * m + p];
    for (let j = 0; j < m; j++) row[j] -= x * panel[t * m + j];
  }
}

/** rest ← rest − product on the columns that stay, closing the gaps: a number only moves towards the front. */
function subtract(rest: Float64Array, m: number, staying: readonly number[], product: Float64Array): void {
  const size = staying.length;
  for (let i = 0; i < size; i++) {
    const from = staying[i] * m;
    const to = i * size;
    for (let j = 0; j < size; j++) rest[to + j] = rest[from + staying[j]] - product[to + j];
  }
}

function selectColumns(
  panel: Float64Array,
  steps: number,
  m: number,
  columns: readonly number[],
): Float64Array {
  const size = columns.length;
  const result = new Float64Array(steps * size);
  for (let k = 0; k < steps; k++) {
    for (let j = 0; j < size; j++) result[k * size + j] = panel[k * m + columns[j]];
  }
  return result;
}

/** 0 … m−1 without some of them, ascending. */
function withoutIndices(m: number, without: readonly number[]): number[] {
  const gone = new Uint8Array(m);
  for (const j of without) gone[j] = 1;
  const result: number[] = [];
  for (let j = 0; j < m; j++) if (gone[j] === 0) result.push(j);
  return result;
}

function byPivot(rows: readonly Float64Array[], pivots: Int32Array): Float64Array {
  const n = pivots.length;
  const factor = new Float64Array(rows.length * n);
  for (let k = 0; k < rows.length; k++) {
    for (let j = k; j < n; j++) factor[k * n + j] = rows[k][pivots[j]];
  }
  return factor;
}
