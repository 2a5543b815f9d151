import { describe, expect, it } from 'vitest';
import { float32Head, float64Head, linearHead } from '../../src/array/linear-head.js';
import { denseData } from '../../src/array/matrix.js';
import { expectRefusal } from './expect-refusal.js';

describe('number types of a head', () => {
  const double = linearHead(Float64Array.of(0.1, 1, -3, 1e-3, 2, 1 / 3), Float64Array.of(0.7, -1), 2, 3);

  it('rounds to float32 and widens to float64, in numbers of its own', () => {
    const single = float32Head(double);
    expect(denseData(single.weight)).toEqual(Float32Array.from(denseData(double.weight)));
    expect(denseData(single.bias)).toEqual(Float32Array.of(0.7, -1));
    expect(single.weight.shape).toEqual([2, 3]);
    const wide = float64Head(single);
    expect(denseData(wide.weight)).toEqual(Float64Array.from(denseData(single.weight)));
    expect(denseData(float64Head(double).weight)).not.toBe(denseData(double.weight));
    expect(denseData(float32Head(single).bias)).not.toBe(denseData(single.bias));
  });

  it('refuses what does not fit', async () => {
    const large = linearHead(Float64Array.of(1, 1e40), Float64Array.of(0, 0), 2, 1);
    await expectRefusal(() => float32Head(large), 'NOT_FINITE', /class 1, dimension 0/);
  });
});
