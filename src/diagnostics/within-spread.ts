/** NC1, how far features spread within classes against their class means, without inverting anything (collapse.ts). */
import { whiten } from '../compute/cholesky-solve.js';
import { type PivotedCholesky, pivotedCholesky } from '../compute/pivoted-cholesky.js';
import { type RowProductOptions, transposed } from '../compute/row-products.js';
import { transposedProducts } from '../compute/transposed-product.js';
import type { Miss } from './missing.js';
import { type FeatureStatistics, sampleCount } from './statistics.js';

/**
 * A class mean of which the others explain all but this share of its squared length adds no direction: 10⁻⁶ of its length is
 * what float32 features keep.
 */
export const MEANS_TOLERANCE = 1e-12;

/**
 * NC1 = trace(S_W (MᵀM)⁺) / N. With H of fewest rows such that HᵀH = MᵀM, an orthonormal basis Q of its rows and F = Q HᵀH Qᵀ
 * this is trace(Z S_W Zᵀ) / N for ZᵀZ = Qᵀ F⁻¹ Q: nothing larger than the smaller of C and D is factored, nothing is inverted.
 */
export async function spreadWithin(
  statistics: FeatureStatistics,
  centred: Float64Array,
  classes: number,
  miss: Miss,
  { signal, ...where }: RowProductOptions,
): Promise<number | null> {
  const { dimensions, scatter } = statistics;
  if (sampleCount(statistics) === classes) {
    return miss('collapse.nc1', 'no class has two samples: there is no spread within classes to speak of');
  }
  const engine = transposedProducts(where);
  const options = { ...where, signal };
  try {
    const h =
      dimensions < classes - 1
        ? await triangularRows(
            await engine.multiply(centred, centred, classes, dimensions, dimensions),
            dimensions,
          )
        : helmertRows(centred, classes, dimensions);
    const rows = h.length / dimensions;
    const hT = transposed(h, rows, dimensions);
    const gram = await engine.multiply(hT, hT, dimensions, rows, rows);
    const f = await pivotedCholesky(gram, rows, { ...options, tolerance: MEANS_TOLERANCE });
    const q = await whiten(f, h, dimensions, where);
    const inner = unscaledRows(f);
    const innerT = transposed(inner, f.rank, rows);
    const f2 = await pivotedCholesky(await engine.multiply(innerT, innerT, rows, f.rank, f.rank), f.rank, {
      ...options,
      tolerance: 0,
    });
    if (f2.rank < f.rank) {
      return miss('collapse.nc1', 'the class means depend on each other too nearly for a pseudo-inverse');
    }
    const z = await whiten(f2, q, dimensions, where);
    const product = await engine.multiply(
      transposed(z, f.rank, dimensions),
      scatter,
      dimensions,
      f.rank,
      dimensions,
    );
    let trace = 0;
    for (let i = 0; i < z.length; i++) trace += z[i] * product[i];
    return trace / sampleCount(statistics);
  } finally {
    await engine.release();
  }

  /** R of MᵀM = RᵀR, [rank, D]. */
  async function triangularRows(square: Float64Array, n: number): Promise<Float64Array> {
    return unscaledRows(await pivotedCholesky(square, n, { ...options, tolerance: MEANS_TOLERANCE }));
  }
}

/** U with its scale and its columns in their own order: rows R, [rank, n], with RᵀR the factored matrix. */
function unscaledRows({ factor, pivots, rank, scale, size }: PivotedCholesky): Float64Array {
  const rows = new Float64Array(rank * size);
  for (let i = 0; i < rank; i++) {
    for (let j = i; j < size; j++) rows[i * size + pivots[j]] = factor[i * size + j] * scale[pivots[j]];
  }
  return rows;
}

/**
 * BᵀM, [C−1, D], with Helmert's orthonormal basis B of the vectors whose sum is 0: MᵀM = (BᵀM)ᵀ(BᵀM), without the direction in
 * which the rows of M cancel, which rounding would fill with noise.
 */
function helmertRows(centred: Float64Array, classes: number, dimensions: number): Float64Array {
  const rows = new Float64Array((classes - 1) * dimensions);
  const before = new Float64Array(dimensions);
  for (let j = 1; j < classes; j++) {
    const length = Math.sqrt(j * (j + 1));
    const to = (j - 1) * dimensions;
    for (let d = 0; d < dimensions; d++) {
      before[d] += centred[to + d];
      rows[to + d] = (before[d] - j * centred[j * dimensions + d]) / length;
    }
  }
  return rows;
}
