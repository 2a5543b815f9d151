import { describe, expect, it } from 'vitest';
import { eachRowProduct, transposed } from '../../src/compute/row-products.js';
import { expectRefusal } from '../array/expect-refusal.js';

const cpu = { device: 'cpu', threads: 1 } as const;

describe('eachRowProduct', () => {
  it.each([
    [3, 5],
    [2500, 3],
  ])('visits the products of each of %i rows of %i numbers, in order', async (n, width) => {
    const rows = Float64Array.from({ length: n * width }, (_, at) => Math.sin(at * at));
    let next = 0;
    await eachRowProduct(
      rows,
      width,
      (i, products) => {
        expect(i).toBe(next++);
        expect(products).toHaveLength(n);
        for (const j of [0, i, n - 1]) {
          let wanted = 0;
          for (let d = 0; d < width; d++) wanted += rows[i * width + d] * rows[j * width + d];
          expect(Math.abs(products[j] - wanted)).toBeLessThan(1e-14);
        }
      },
      cpu,
    );
    expect(next).toBe(n);
  });

  it('stops when asked to', async () => {
    const signal = AbortSignal.abort('no');
    await expectRefusal(
      () => eachRowProduct(new Float64Array(4), 2, () => {}, { ...cpu, signal }),
      'ABORTED',
      /no/,
    );
  });
});

it('transposed swaps rows and columns, beyond a tile', () => {
  const a = Float64Array.from({ length: 70 * 33 }, (_, at) => at);
  const t = transposed(a, 70, 33);
  for (let i = 0; i < 70; i++) for (let j = 0; j < 33; j++) expect(t[j * 70 + i]).toBe(a[i * 33 + j]);
});
