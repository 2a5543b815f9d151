import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countLabels } from '../../src/array/class-counts.js';
import { cutBatches, epochOrder } from '../../src/head/batches.js';

const counts = [1600, 400, 100, 0, 25];
const labels = Int32Array.from(counts.flatMap((count, k) => new Array<number>(count).fill(k)));
const order = (sampling: 'plain' | 'class-balanced' | 'square-root', seed: number, epoch = 0) =>
  epochOrder(labels, counts.length, { sampling, seed, epoch });

describe('order of an epoch', () => {
  it('plain: every sample once, in an order of seed and epoch', () => {
    const first = order('plain', 3);
    expect(first.slice().sort()).toEqual(Int32Array.from(labels.keys()));
    expect(order('plain', 3)).toEqual(first);
    expect(order('plain', 4)).not.toEqual(first);
    expect(order('plain', 3, 1)).not.toEqual(first);
  });

  it.each([
    ['class-balanced', (n: number) => Math.sign(n)],
    ['square-root', (n: number) => Math.sqrt(n)],
  ] as const)('%s: classes in their shares, all samples of a class alike', (sampling, share) => {
    const total = counts.reduce((sum, n) => sum + share(n), 0);
    const drawn = new Float64Array(labels.length);
    const epochs = 20;
    for (let epoch = 0; epoch < epochs; epoch++) for (const i of order(sampling, 1, epoch)) drawn[i]++;
    const ofClass = new Float64Array(counts.length);
    for (const [i, times] of drawn.entries()) ofClass[labels[i]] += times;
    const draws = epochs * labels.length;
    for (const [k, n] of counts.entries()) {
      const p = share(n) / total;
      // Five standard deviations of a binomial count.
      expect(Math.abs(ofClass[k] - draws * p)).toBeLessThanOrEqual(5 * Math.sqrt(draws * p * (1 - p)));
    }
    // The 25 samples of the last class: each near its class's mean.
    const rare = drawn.slice(-25);
    const mean = ofClass[4] / 25;
    for (const times of rare) expect(Math.abs(times - mean)).toBeLessThan(5 * Math.sqrt(mean));
  });

  it('draws as many samples as there are, with any counts', () => {
    const anyLabels = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(anyLabels, fc.integer(), (list, seed) => {
        const some = Int32Array.from(list);
        for (const sampling of ['class-balanced', 'square-root'] as const) {
          const drawn = epochOrder(some, 7, { sampling, seed, epoch: 0 });
          expect(drawn).toHaveLength(some.length);
          const found = countLabels(
            Int32Array.from(drawn, (i) => some[i]),
            7,
          );
          expect(found.reduce((sum, n) => sum + n, 0)).toBe(some.length);
        }
      }),
    );
  });
});

describe('batches', () => {
  it('keep every sample with its weight over the true size of its batch, and fill up with weight 0', () => {
    const lengths = fc.record({
      length: fc.integer({ min: 1, max: 50 }),
      batch: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(lengths, ({ length, batch }) => {
        const samples = Int32Array.from({ length }, (_, i) => length - 1 - i);
        const weights = Float32Array.from({ length }, (_, i) => i + 1);
        const cut = cutBatches(samples, batch, weights);
        expect(cut.steps).toBe(Math.ceil(length / batch));
        expect(cut.order.subarray(0, length)).toEqual(samples);
        for (let at = 0; at < cut.steps * batch; at++) {
          const size = Math.min(batch, length - (at - (at % batch)));
          expect(cut.share[at]).toBe(at < length ? weights[samples[at]] / size : 0);
        }
      }),
    );
  });
});
