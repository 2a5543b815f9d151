/** Stratified folds for cross-validation. */
import { createRandom, shuffledIndices } from '../array/random.js';

/**
 * Deals the samples of each class, in a seeded random order, round robin into the folds, so that a class is in each
 * fold as often as in any other, give or take one. The dealing goes on where the class before stopped, so that classes
 * with few samples do not all end up in the first folds.
 *
 * @returns the fold of each sample, [N], 0 … folds−1
 */
export function stratifiedFolds(
  labels: ArrayLike<number>,
  classes: number,
  folds: number,
  seed: number,
): Int32Array {
  const order = shuffledIndices(labels.length, createRandom(seed));
  const members: number[][] = Array.from({ length: classes }, () => []);
  for (const i of order) members[labels[i]].push(i);
  const fold = new Int32Array(labels.length);
  let next = 0;
  for (const samples of members) {
    for (const i of samples) fold[i] = next++ % folds;
  }
  return fold;
}
