import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/array/random.js';
import { type ScatterOptions, scatterSum } from '../../src/compute/scatter.js';
import { multiplyPlainly, transposedProducts } from '../../src/compute/transposed-product.js';

async function scatterOf(rows: Float64Array, d: number, options: ScatterOptions = {}): Promise<Float64Array> {
  const samples = rows.length / d;
  const sum = scatterSum(d, samples, options);
  try {
    for (let start = 0; start < samples; start += sum.capacity) {
      const count = Math.min(sum.capacity, samples - start);
      for (const { from, width, data } of sum.blocks) {
        for (let r = 0; r < count; r++) {
          data.set(rows.subarray((start + r) * d + from, (start + r) * d + from + width), r * width);
        }
      }
      await sum.add(count);
    }
    return sum.total();
  } finally {
    await sum.release();
  }
}

const numbers = (length: number, seed: number) => {
  const random = createRandom(seed);
  return Float64Array.from({ length }, () => random() - 0.5);
};

describe('scatterSum', () => {
  it('sums outer products, in chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        async (d, samples, chunk) => {
          const rows = numbers(samples * d, d);
          const found = await scatterOf(rows, d, { chunk });
          const wanted = multiplyPlainly(rows, rows, samples, d, d);
          for (let at = 0; at < wanted.length; at++) expect(found[at]).toBeCloseTo(wanted[at], 13);
        },
      ),
    );
  });

  // One block; blocks of unlike widths; more dimensions than the last block would fill.
  it.each([
    [100, 700, undefined],
    [401, 60, 25],
    [2049, 3, 2],
  ])('of %s dimensions and %s rows in onnxruntime', async (d, samples, chunk) => {
    const rows = numbers(samples * d, 1);
    const found = await scatterOf(rows, d, { chunk });
    const wanted = multiplyPlainly(rows, rows, samples, d, d);
    let worst = 0;
    let uneven = 0;
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) {
        worst = Math.max(worst, Math.abs(found[i * d + j] - wanted[i * d + j]));
        if (found[i * d + j] !== found[j * d + i]) uneven++;
      }
    }
    expect(worst).toBeLessThan(1e-13 * samples);
    expect(uneven).toBe(0);
  });
});

describe('transposedProducts', () => {
  it.each([
    [3, 4, 5],
    [120, 110, 130],
  ])('multiplies %s × %s and %s', async (m, p, q) => {
    const [a, b] = [numbers(m * p, 1), numbers(m * q, 2)];
    const products = transposedProducts();
    const found = await products.multiply(a, b, m, p, q);
    await products.release();
    expect(found).toHaveLength(p * q);
    for (const [i, j] of [
      [0, 0],
      [p - 1, q - 1],
      [1, 2],
      [2, 1],
    ]) {
      let sum = 0;
      for (let r = 0; r < m; r++) sum += a[r * p + i] * b[r * q + j];
      expect(found[i * q + j]).toBeCloseTo(sum, 12);
    }
  });
});
