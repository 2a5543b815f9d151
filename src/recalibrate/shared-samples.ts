/** Samples that two sets have in common, told by their features. */
import { denseData, type Matrix } from '../array/matrix.js';

/** How many rows of `b` are, bit for bit, rows of `a`. Both [·, D], float32. */
export function sharedSamples(a: Matrix<Float32Array>, b: Matrix<Float32Array>): number {
  const known = new Set(rowHashes(a));
  return rowHashes(b).filter((hash) => known.has(hash)).length;
}

/** 52 bits of each row, from two FNV-1a hashes over its words: with 10⁵ rows on either side, chance makes a pair in 2 of 10⁶ cases. */
function rowHashes(rows: Matrix<Float32Array>): number[] {
  const [samples, columns] = rows.shape;
  const { buffer, byteOffset, length } = denseData(rows);
  const words = new Uint32Array(buffer, byteOffset, length);
  return Array.from({ length: samples }, (_, i) => {
    let low = 0x811c9dc5;
    let high = 0xcbf29ce4;
    for (let j = i * columns; j < (i + 1) * columns; j++) {
      low = Math.imul(low ^ words[j], 0x01000193);
      high = Math.imul(high ^ (words[j] >>> 16) ^ (words[j] << 16), 0x01000193);
    }
    return (low >>> 0) + ((high >>> 0) & 0xfffff) * 2 ** 32;
  });
}
