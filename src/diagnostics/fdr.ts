/** Fisher's discriminant ratio, trace(S_W⁺ S_B). */
import { TailorError } from '../array/errors.js';
import { conditionEstimate, solveBasic, whiten } from '../compute/cholesky-solve.js';
import { type PivotedCholesky, pivotedCholesky } from '../compute/pivoted-cholesky.js';
import { type TransposedProducts, transposedProducts } from '../compute/transposed-product.js';
import type { SessionOptions } from '../runtime/session.js';
import { centreOf, type FeatureStatistics, sampleCount } from './statistics.js';

/**
 * Dependent dimensions count as consistent with the kept ones when what the class means differ in beyond that is at most this
 * share: then every generalised inverse gives the same ratio, and the well-conditioned one is taken.
 */
const CONSISTENT = 1e-10;

/** The centre c of S_B = Σ_k N_k (μ_k − c)(μ_k − c)ᵀ: the mean over samples m, or the mean of the class means μ. */
export type FdrCenter = 'samples' | 'classes';

/** Fisher's discriminant ratio and how sure it is. JSON-able. */
export interface Fdr {
  /**
   * For `center`. null where S_W is 0 (no class has two samples that differ), since then there is nothing to divide by. 0 where
   * only one class has samples.
   */
  readonly value: number | null;
  /** What `value` takes as the centre of S_B. */
  readonly center: FdrCenter;
  /** The ratio about either centre; null as `value` is. */
  readonly byCenter: {
    /** About the mean over samples. */
    readonly samples: number | null;
    /** About the mean of the class means. */
    readonly classes: number | null;
  };
  /** Dimensions of the span of S_W. */
  readonly rank: number;
  /** Dimensions without a pivot, ascending: those that never vary within a class, or depend linearly on others. */
  readonly dropped: number[];
  /** Dimensions that have the same value in all samples, ascending; a part of `dropped`. */
  readonly constant: number[];
  /**
   * Condition number in the 1-norm, ‖A‖₁ ‖A⁻¹‖₁, of A = S_W on the kept dimensions scaled to a unit diagonal (an estimate that
   * is never too large, and seldom below a third of the truth). About 16 − log₁₀ of it is how many digits of the ratio are sure.
   * null where the rank is 0.
   */
  readonly condition: number | null;
  /**
   * Share of trace(S_B), for `center`, that lies outside of the span of S_W, 0 … 1: there the classes differ and their samples do
   * not, which no finite ratio says; it is left out of the value. 0 where S_B is 0.
   */
  readonly outside: number;
}

/** Options of `fisherRatio`. The device is cpu unless another is named. */
export interface FisherOptions extends SessionOptions {
  /** Which value is given as `value`. Default 'samples': the authors' code and published figures; their text says 'classes'. */
  readonly center?: FdrCenter;
  /**
   * A dimension is dropped when the others explain all but this share of its within-class scatter: a number without unit, so
   * that the scale of a dimension does not matter. Default 8 (D + √N) ε with ε = 2⁻⁵², what rounding of sums over N samples and D
   * steps may have added: 4e−12 at D = 2048, N = 115,846.
   */
  readonly tolerance?: number;
  /** Stops with ABORTED. */
  readonly signal?: AbortSignal;
}

/**
 * trace(S_W⁺ S_B) with the Moore–Penrose inverse of S_W: trace(solve(S_W, S_B)) where S_W has full rank. S_W is factored once, by a
 * pivoted Cholesky factorisation that tells the rank, and solved for one right-hand side per class.
 *
 * Where dimensions are dropped but the class means depend on the kept ones as the features do (a duplicated column, a dimension
 * without variation), the ratio is that without these dimensions. Where the class means leave the span of S_W (fewer samples
 * than dimensions), they are projected onto it, and `outside` says how much was left out; only then the value depends on the
 * units of the dimensions.
 *
 * Throws INVALID_ARGUMENT (center, tolerance, statistics without samples), NOT_FINITE, DEVICE_UNAVAILABLE, ABORTED.
 */
export async function fisherRatio(
  statistics: FeatureStatistics,
  { center = 'samples', tolerance, signal, ...where }: FisherOptions = {},
): Promise<Fdr> {
  const { dimensions, scatter, minimum, maximum } = statistics;
  const samples = sampleCount(statistics);
  assertOptions(center, samples);
  const limit = tolerance ?? Math.min(0.5, 8 * (dimensions + Math.sqrt(samples)) * Number.EPSILON);
  const f = await pivotedCholesky(scatter, dimensions, { tolerance: limit, signal, ...where });
  const dropped = [...f.pivots.subarray(f.rank)];
  const constant = dropped.filter((d) => minimum[d] === maximum[d]);
  const means = centredMeans(statistics);
  const products = transposedProducts(where);
  try {
    const { norms, residual } = await project(f, means, products, where);
    const byCenter =
      f.rank === 0
        ? { samples: null, classes: null }
        : { samples: spreadOf(norms, means, 'samples'), classes: spreadOf(norms, means, 'classes') };
    const total = spreadOf(means.rows, means, center);
    return {
      value: byCenter[center],
      center,
      byCenter,
      rank: f.rank,
      dropped,
      constant,
      condition: f.rank === 0 ? null : conditionEstimate(f, scatter),
      outside: total > 0 ? Math.min(1, spreadOf(residual, means, center) / total) : 0,
    };
  } finally {
    await products.release();
  }
}

function assertOptions(center: FdrCenter, samples: number): void {
  const doing = 'Computing the Fisher ratio';
  if (center !== 'samples' && center !== 'classes') {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the centre is '${String(center)}'; allowed are 'samples' (mean over samples) and 'classes' (mean of class means).`,
    );
  }
  if (samples === 0) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the statistics are those of no samples. Collect some.`,
    );
  }
}

/** μ_k − m of the classes with samples, one column each. */
interface CentredMeans {
  /** Row-major [D, k]. */
  readonly rows: Float64Array;
  /** N_k, [k]. */
  readonly weights: readonly number[];
}

function centredMeans(statistics: FeatureStatistics): CentredMeans {
  const { dimensions, counts, means, classes } = statistics;
  const present = Array.from({ length: classes }, (_, k) => k).filter((k) => counts[k] > 0);
  const centre = centreOf(statistics, 'samples');
  const rows = new Float64Array(dimensions * present.length);
  for (let d = 0; d < dimensions; d++) {
    for (let c = 0; c < present.length; c++) {
      rows[d * present.length + c] = means[present[c] * dimensions + d] - centre[d];
    }
  }
  return { rows, weights: present.map((k) => counts[k]) };
}

/**
 * Columns v_k with ‖v_k‖² = b_kᵀ S_W⁺ b_k, linear in b_k, and what of b_k is outside of the span of S_W; both row-major, with a column
 * per class.
 */
async function project(
  f: PivotedCholesky,
  { rows, weights }: CentredMeans,
  products: TransposedProducts,
  where: SessionOptions,
): Promise<{ norms: Float64Array; residual: Float64Array }> {
  const k = weights.length;
  const kept = [...f.pivots.subarray(0, f.rank)];
  const dependent = [...f.pivots.subarray(f.rank)].filter((d) => f.scale[d] > 0);
  const still = [...f.pivots.subarray(f.rank)].filter((d) => f.scale[d] === 0);
  const residual = new Float64Array(rows.length);
  for (const d of still) residual.set(rows.subarray(d * k, (d + 1) * k), d * k);
  const y = await whiten(f, rows, k, where);
  if (dependent.length === 0 || (await consistent(f, y, rows, dependent, k, products))) {
    return { norms: y, residual };
  }
  // S_W = Gᵀ G with G = U D of full row rank r: S_W⁺ = Gᵀ (G Gᵀ)⁻² G, and x = (G Gᵀ)⁻¹ G b is the least-squares solution of Gᵀ x = b.
  const columns = [...kept, ...dependent];
  const { g, transposed } = scaledFactor(f, columns);
  const b = new Float64Array(columns.length * k);
  for (const [j, d] of columns.entries()) b.set(rows.subarray(d * k, (d + 1) * k), j * k);
  const gram = await products.multiply(transposed, transposed, columns.length, f.rank, f.rank);
  const projected = await products.multiply(transposed, b, columns.length, f.rank, k);
  const inner = await pivotedCholesky(symmetric(gram, f.rank), f.rank, { ...where, tolerance: 0 });
  const x = await solveBasic(inner, projected, k, where);
  const inside = await products.multiply(g, x, f.rank, columns.length, k);
  for (const [j, d] of columns.entries()) {
    for (let c = 0; c < k; c++) residual[d * k + c] = b[j * k + c] - inside[j * k + c];
  }
  return { norms: x, residual };
}

/** Whether the class means of the dependent dimensions are what the kept ones say: b = Uᵀ y there too, in scaled units. */
async function consistent(
  f: PivotedCholesky,
  y: Float64Array,
  rows: Float64Array,
  dependent: readonly number[],
  k: number,
  products: TransposedProducts,
): Promise<boolean> {
  const position = new Map(Array.from(f.pivots, (d, at) => [d, at]));
  const columns = new Float64Array(f.rank * dependent.length);
  for (const [j, d] of dependent.entries()) {
    const at = position.get(d) as number;
    for (let i = 0; i < f.rank; i++) columns[i * dependent.length + j] = f.factor[i * f.size + at];
  }
  const expected = await products.multiply(columns, y, f.rank, dependent.length, k);
  for (const [j, d] of dependent.entries()) {
    let difference = 0;
    let size = 0;
    for (let c = 0; c < k; c++) {
      const found = rows[d * k + c] / f.scale[d];
      difference += (found - expected[j * k + c]) ** 2;
      size += found * found + expected[j * k + c] ** 2;
    }
    if (difference > CONSISTENT * CONSISTENT * size) return false;
  }
  return true;
}

/** G = U D on some dimensions, [r, n], and its transpose [n, r]. */
function scaledFactor(
  f: PivotedCholesky,
  columns: readonly number[],
): { g: Float64Array; transposed: Float64Array } {
  const n = columns.length;
  const position = new Map(Array.from(f.pivots, (d, at) => [d, at]));
  const g = new Float64Array(f.rank * n);
  const transposed = new Float64Array(f.rank * n);
  for (const [j, d] of columns.entries()) {
    const at = position.get(d) as number;
    for (let i = 0; i < f.rank; i++) {
      const value = f.factor[i * f.size + at] * f.scale[d];
      g[i * n + j] = value;
      transposed[j * f.rank + i] = value;
    }
  }
  return { g, transposed };
}

function symmetric(matrix: Float64Array, n: number): Float64Array {
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) matrix[j * n + i] = matrix[i * n + j];
  return matrix;
}

/** Σ_k N_k ‖v_k − v‖² over columns that are linear in μ_k − m: v = 0 for the centre m, their mean for the mean of class means. */
function spreadOf(vectors: Float64Array, { weights }: CentredMeans, center: FdrCenter): number {
  const k = weights.length;
  let total = 0;
  for (let row = 0; row < vectors.length; row += k) {
    let middle = 0;
    if (center === 'classes') {
      for (let c = 0; c < k; c++) middle += vectors[row + c];
      middle /= k;
    }
    for (let c = 0; c < k; c++) total += weights[c] * (vectors[row + c] - middle) ** 2;
  }
  return total;
}
