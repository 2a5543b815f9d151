import fc from 'fast-check';
import ndarray from 'ndarray';
import { describe, expect, it } from 'vitest';
import { type LinearHead, linearHead } from '../../src/array/linear-head.js';
import { denseData, type Matrix, matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { headLogits, headLogitsReference } from '../../src/compute/head-logits.js';

function randomNumbers(length: number, seed: number): Float64Array {
  const random = createRandom(seed);
  return Float64Array.from({ length }, () => 4 * random() - 2);
}

function randomHead(classes: number, dimensions: number, seed: number, double: boolean): LinearHead {
  const weight = randomNumbers(classes * dimensions, seed);
  const bias = randomNumbers(classes, seed + 1);
  return double
    ? linearHead(weight, bias, classes, dimensions)
    : linearHead(Float32Array.from(weight), Float32Array.from(bias), classes, dimensions);
}

function largestDifference(a: Matrix, b: Matrix): number {
  expect(a.shape).toEqual(b.shape);
  const [x, y] = [denseData(a), denseData(b)];
  let worst = 0;
  for (let i = 0; i < x.length; i++) worst = Math.max(worst, Math.abs(x[i] - y[i]));
  return worst;
}

describe('headLogits', () => {
  it('is W f + b', async () => {
    const head = linearHead(Float32Array.of(1, 0, 0, 1, 1, 1), Float32Array.of(0.5, 0, -1), 3, 2);
    const logits = await headLogits(head, matrix(Float32Array.of(2, 3, -1, 4), 2, 2), { device: 'cpu' });
    expect(logits.shape).toEqual([2, 3]);
    expect(denseData(logits)).toEqual(Float32Array.of(2.5, 3, 4, -0.5, 4, 2));
  });

  it('agrees with the float64 reference for any shape and number type', async () => {
    const sizes = fc.record({
      samples: fc.integer({ min: 1, max: 40 }),
      classes: fc.integer({ min: 1, max: 30 }),
      dimensions: fc.integer({ min: 1, max: 70 }),
      seed: fc.nat(),
      double: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ samples, classes, dimensions, seed, double }) => {
        const head = randomHead(classes, dimensions, seed, double);
        const features = matrix(
          Float32Array.from(randomNumbers(samples * dimensions, seed + 2)),
          samples,
          dimensions,
        );
        const logits = await headLogits(head, features, { device: 'cpu', threads: 1 });
        const allowed = double ? 1e-12 : 4 * (dimensions + 1) * 2 ** -23;
        expect(largestDifference(logits, headLogitsReference(head, features))).toBeLessThanOrEqual(allowed);
        expect(denseData(logits)).toBeInstanceOf(double ? Float64Array : Float32Array);
      }),
      { numRuns: 40 },
    );
  });

  it('crosses chunk borders without a seam', async () => {
    const [samples, classes, dimensions] = [9000, 500, 40];
    const head = randomHead(classes, dimensions, 7, false);
    const features = matrix(Float32Array.from(randomNumbers(samples * dimensions, 9)), samples, dimensions);
    const logits = await headLogits(head, features, { device: 'cpu' });
    expect(largestDifference(logits, headLogitsReference(head, features))).toBeLessThan(1e-4);
  });

  it('takes views that are not row-major', async () => {
    const head = randomHead(3, 4, 1, false);
    const columns = ndarray(Float32Array.from(randomNumbers(20, 2)), [5, 4], [1, 5]);
    const rows = matrix(denseData(columns), 5, 4);
    const logits = await headLogits(head, columns as Matrix, { device: 'cpu' });
    expect(largestDifference(logits, headLogitsReference(head, rows))).toBeLessThan(1e-5);
  });

  it('refuses features of another width, naming both', async () => {
    const attempt = headLogits(randomHead(3, 4, 1, false), matrix(new Float32Array(10), 2, 5));
    await expect(attempt).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
    await expect(attempt).rejects.toThrow(/features have 5 dimensions, the head takes 4/);
  });

  it('stops when the caller aborts', async () => {
    const attempt = headLogits(randomHead(3, 4, 1, false), matrix(new Float32Array(8), 2, 4), {
      signal: AbortSignal.abort(),
    });
    await expect(attempt).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
