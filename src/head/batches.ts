/** Which samples an epoch uses, in which order, and how they fill its batches. */
import { countLabels } from '../array/class-counts.js';
import { createRandom, type Random, shuffledIndices, shuffleKey } from '../array/random.js';
import type { Sampling } from './fit-options.js';

/**
 * The samples of an epoch in the order of training, [N]. The same seed and epoch give the same order, whatever went
 * before. `plain`: a permutation. `class-balanced`, `square-root`: N draws with replacement: a class with probability
 * 1/C or in proportion to √N_k (over the classes that have samples), then one of its samples.
 */
export function epochOrder(
  labels: Int32Array,
  classes: number,
  { sampling, seed, epoch }: { sampling: Sampling; seed: number; epoch: number },
): Int32Array {
  const random = createRandom(shuffleKey(seed, epoch));
  if (sampling === 'plain') return shuffledIndices(labels.length, random);
  return drawByClass(labels, classes, random, sampling === 'square-root' ? Math.sqrt : () => 1);
}

function drawByClass(
  labels: Int32Array,
  classes: number,
  random: Random,
  share: (count: number) => number,
): Int32Array {
  const counts = countLabels(labels, classes);
  const starts = new Int32Array(classes + 1);
  for (let k = 0; k < classes; k++) starts[k + 1] = starts[k] + counts[k];
  // Samples class by class: those of class k from starts[k] to starts[k + 1].
  const byClass = new Int32Array(labels.length);
  const next = starts.slice();
  for (let i = 0; i < labels.length; i++) byClass[next[labels[i]]++] = i;

  const present = counts.flatMap((count, k) => (count > 0 ? [k] : []));
  const upTo = new Float64Array(present.length);
  let total = 0;
  for (const [j, k] of present.entries()) upTo[j] = total += share(counts[k]);
  return Int32Array.from({ length: labels.length }, () => {
    const point = random() * total;
    let low = 0;
    let high = present.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (upTo[middle] > point) high = middle;
      else low = middle + 1;
    }
    const k = present[low];
    return byClass[starts[k] + Math.floor(random() * counts[k])];
  });
}

/** An epoch cut into steps of equal size. */
export interface Batches {
  readonly steps: number;
  /** [S, batch]; the last step is filled up with sample 0. */
  readonly order: Int32Array;
  /** Weight of each sample in its batch's mean, [S, batch]: its own weight / the true size of its batch; 0 for filling. */
  readonly share: Float64Array;
}

/** Cuts the order of an epoch into batches. `sampleWeights` is [N], default ones. */
export function cutBatches(order: Int32Array, batch: number, sampleWeights?: ArrayLike<number>): Batches {
  const steps = Math.ceil(order.length / batch);
  const filled = new Int32Array(steps * batch);
  filled.set(order);
  const share = new Float64Array(steps * batch);
  for (let i = 0; i < order.length; i++) {
    const from = i - (i % batch);
    const size = Math.min(batch, order.length - from);
    share[i] = (sampleWeights ? sampleWeights[order[i]] : 1) / size;
  }
  return { steps, order: filled, share };
}
