/** The cosine matrix put together into blocks of classes, straight from sums of unit vectors: for more classes than a matrix is made for. */
import { byCount, cutIntoBins } from '../evaluation/class-order.js';
import type { CosineBlocks } from './diagnostics.js';
import type { FeatureStatistics } from './statistics.js';

/** Blocks along each side: 3,600 cells can be looked at. */
const BLOCKS = 60;

/**
 * Means of K_kl over the pairs of different classes of two blocks. With a_k = s_k / n_k (cosine.ts) they follow from
 * A = Σ a_k of each block: Σ_{k≠l} a_k·a_l = A_i·A_j, less Σ_k ‖a_k‖² where i = j. Cost: C·D and 3,600·D.
 *
 * @param trainCounts - [C]; classes are taken in their order, largest first.
 */
export function cosineBlocks(
  { dimensions, unitSums, unitCounts }: FeatureStatistics,
  trainCounts: ArrayLike<number>,
): CosineBlocks {
  const blocks = cutIntoBins(byCount(trainCounts), BLOCKS);
  const sums = blocks.map((members) => {
    const sum = new Float64Array(dimensions);
    let squares = 0;
    let present = 0;
    let same = 0;
    let pairs = 0;
    for (const k of members) {
      const n = unitCounts[k];
      if (n === 0) continue;
      let square = 0;
      for (let d = 0; d < dimensions; d++) {
        const s = unitSums[k * dimensions + d];
        sum[d] += s / n;
        square += s * s;
      }
      squares += square / (n * n);
      present++;
      if (n < 2) continue;
      same += (square - n) / (n * (n - 1));
      pairs++;
    }
    return { sum, squares, present, same: pairs > 0 ? bounded(same / pairs) : null };
  });
  const cell = (i: number, j: number) => {
    const [a, b] = [sums[i], sums[j]];
    const pairs = a.present * b.present - (i === j ? a.present : 0);
    if (pairs === 0) return null;
    let product = i === j ? -a.squares : 0;
    for (let d = 0; d < dimensions; d++) product += a.sum[d] * b.sum[d];
    return bounded(product / pairs);
  };
  return {
    blocks,
    differentClass: blocks.map((_, i) => blocks.map((_unused, j) => (j < i ? cell(j, i) : cell(i, j)))),
    sameClass: sums.map(({ same }) => same),
  };
}

/** Rounding does not carry a cosine out of −1 … 1. */
export function bounded(cosine: number): number {
  return Math.min(1, Math.max(-1, cosine));
}
