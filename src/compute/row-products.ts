/** Dot products of every row of a float64 matrix with every row, by onnxruntime, without keeping all of them. */
import { throwIfAborted } from '../array/errors.js';
import type { SessionOptions } from '../runtime/session.js';
import { transposedProducts } from './transposed-product.js';

/** Products in one run: 32 MB. */
const BLOCK_NUMBERS = 2 ** 22;

/** Options of `eachRowProduct`. */
export interface RowProductOptions extends SessionOptions {
  /** Stops between blocks with ABORTED. */
  readonly signal?: AbortSignal;
}

/**
 * Calls `visit(i, products)` for each row i of `rows`, row-major [n, width], in ascending order; products[j] = row i · row j, [n],
 * a view that holds only during the call. Memory O(n · width), whatever n². DEVICE_UNAVAILABLE, ABORTED.
 */
export async function eachRowProduct(
  rows: Float64Array,
  width: number,
  visit: (i: number, products: Float64Array) => void,
  { signal, ...where }: RowProductOptions = {},
): Promise<void> {
  const n = rows.length / width;
  const all = transposed(rows, n, width);
  const perRun = Math.max(1, Math.floor(BLOCK_NUMBERS / n));
  const engine = transposedProducts(where);
  try {
    for (let from = 0; from < n; from += perRun) {
      throwIfAborted(signal, 'multiplying rows');
      const count = Math.min(perRun, n - from);
      const some =
        count === n ? all : transposed(rows.subarray(from * width, (from + count) * width), count, width);
      const products = await engine.multiply(some, all, width, count, n);
      for (let i = 0; i < count; i++) visit(from + i, products.subarray(i * n, (i + 1) * n));
    }
  } finally {
    await engine.release();
  }
}

/** Aᵀ, row-major [columns, rows], of A [rows, columns]. */
export function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(a.length);
  // By tiles: a whole column at a time would miss the cache with every number.
  const tile = 32;
  for (let top = 0; top < rows; top += tile) {
    for (let left = 0; left < columns; left += tile) {
      const right = Math.min(columns, left + tile);
      for (let i = top; i < Math.min(rows, top + tile); i++) {
        for (let j = left; j < right; j++) result[j * rows + i] = a[i * columns + j];
      }
    }
  }
  return result;
}
