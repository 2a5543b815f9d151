/**
 * Orthonormal vectors by Gram–Schmidt, applied twice to each (which is enough: Giraud et al. 2005). Own code, since
 * ml-matrix's QR takes 15 s for 999 vectors of 1280 numbers, and vectors that depend on each other need replacing.
 */
import type { Random } from '../array/random.js';

/** What a vector keeps of its length at least, if it does not depend on those before. */
const DEPENDENT = 1e-10;

/** Normal deviates by Box and Muller's transform, [n]. */
export function normalNumbers(n: number, random: Random): Float64Array {
  return Float64Array.from({ length: n }, () => {
    // 1 − u: never the logarithm of 0.
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    return radius * Math.cos(2 * Math.PI * random());
  });
}

/**
 * Makes the rows of `vectors`, [count, width] with count ≤ width, orthonormal in place, in their order: the new row i lies
 * in the span of the old rows 0 … i. Rows that depend on those before (or are 0) are replaced by random directions.
 * With normal deviates the result is a random orthonormal frame, every one as likely as any other.
 */
export function orthonormalize(vectors: Float64Array, count: number, width: number, random: Random): void {
  for (let i = 0; i < count; i++) {
    const row = vectors.subarray(i * width, (i + 1) * width);
    let before = length(row);
    removeFrom(row, vectors, i, width);
    while (!(length(row) > DEPENDENT * before)) {
      row.set(normalNumbers(width, random));
      before = length(row);
      removeFrom(row, vectors, i, width);
    }
    removeFrom(row, vectors, i, width);
    const norm = length(row);
    for (let d = 0; d < width; d++) row[d] /= norm;
  }
}

/** Takes the components along the first `count` rows out of `vector`. */
function removeFrom(vector: Float64Array, rows: Float64Array, count: number, width: number): void {
  for (let j = 0; j < count; j++) {
    const from = j * width;
    let dot = 0;
    for (let d = 0; d < width; d++) dot += vector[d] * rows[from + d];
    for (let d = 0; d < width; d++) vector[d] -= dot * rows[from + d];
  }
}

function length(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
}
