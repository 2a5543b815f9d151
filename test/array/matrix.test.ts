import fc from 'fast-check';
import ndarray from 'ndarray';
import { describe, expect, it } from 'vitest';
import { assertFiniteRows, denseData, matrix } from '../../src/array/matrix.js';
import { expectRefusal } from './expect-refusal.js';

describe('denseData', () => {
  it('is the row-major order of any view', () => {
    const views = fc.record({
      rows: fc.integer({ min: 0, max: 5 }),
      columns: fc.integer({ min: 0, max: 5 }),
      transposed: fc.boolean(),
      step: fc.constantFrom(1, 2, -1),
      from: fc.nat(2),
    });
    fc.assert(
      fc.property(views, ({ rows, columns, transposed, step, from }) => {
        const data = Float32Array.from({ length: rows * columns }, (_, i) => i);
        let view = ndarray(data, [rows, columns]).lo(Math.min(from, rows), 0).step(step, 1);
        if (transposed) view = view.transpose(1, 0);
        const expected: number[] = [];
        for (let i = 0; i < view.shape[0]; i++) {
          for (let j = 0; j < view.shape[1]; j++) expected.push(view.get(i, j));
        }
        expect([...denseData(view)]).toEqual(expected);
      }),
    );
  });

  it('does not copy what is dense', () => {
    const data = Float64Array.of(1, 2, 3, 4);
    expect(denseData(matrix(data, 2, 2))).toBe(data);
    expect(denseData(matrix(data, 4, 1).transpose(1, 0))).toBe(data);
  });
});

describe('assertFiniteRows', () => {
  it('names sample and column of the first number that is not finite', async () => {
    const rows = matrix(Float32Array.of(1, 2, 3, 4, Number.POSITIVE_INFINITY, Number.NaN), 2, 3);
    await expectRefusal(
      () => assertFiniteRows(rows, 'Testing', 'feature', 'dimension', 40),
      'NOT_FINITE',
      /Testing: the feature of sample 41, dimension 1 is Infinity/,
    );
    assertFiniteRows(rows.hi(1, 3), 'Testing', 'feature', 'dimension');
  });
});
