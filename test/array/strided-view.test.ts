import fc from 'fast-check';
import ndarray, { type NdArray } from 'ndarray';
import { describe, expect, it } from 'vitest';
import { matrix, vector } from '../../src/array/matrix.js';

type View = NdArray<Float64Array>;

/** One thing that can be done to a view. */
const change = fc.oneof(
  fc.record({ do: fc.constant('lo' as const), at: fc.tuple(fc.nat(2), fc.nat(2)) }),
  fc.record({ do: fc.constant('hi' as const), at: fc.tuple(fc.nat(4), fc.nat(4)) }),
  fc.record({
    do: fc.constant('step' as const),
    at: fc.tuple(fc.constantFrom(1, 2, -1, -2), fc.constantFrom(1, 3, -1)),
  }),
  fc.record({ do: fc.constant('transpose' as const), at: fc.constant([1, 0] as [number, number]) }),
);

/** Everything that can be read of a view of one or two axes. */
function contentOf(view: View): unknown {
  const { shape, stride, offset, size, dimension, order, dtype } = view;
  const [rows, columns = 1] = shape;
  const numbers = Array.from({ length: Math.max(0, rows * columns) }, (_, i) => {
    const at = dimension === 1 ? [i] : [Math.floor(i / columns), i % columns];
    return [view.get(...at), view.index(...at)];
  });
  return { shape, stride, offset, size, dimension, order, dtype, numbers };
}

describe('views', () => {
  it('are those of the package ndarray', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(change, { maxLength: 4 }),
        fc.option(fc.nat(1)),
        (rows, columns, changes, picked) => {
          const data = Float64Array.from({ length: rows * columns }, (_, i) => i);
          let ours: View = matrix(data, rows, columns);
          let theirs: View = ndarray(data, [rows, columns]);
          for (const { do: what, at } of changes) {
            // Beyond the end there is nothing to compare.
            const inside = at.map((n, axis) => (what === 'step' ? n : Math.min(n, ours.shape[axis])));
            const args = what === 'transpose' ? at : inside;
            ours = ours[what](...args);
            theirs = theirs[what](...args);
          }
          expect(contentOf(ours)).toEqual(contentOf(theirs));
          if (picked !== null && ours.size > 0) {
            const args = picked === 0 ? [0, null] : [null, 0];
            expect(contentOf(ours.pick(...args))).toEqual(contentOf(theirs.pick(...args)));
          }
        },
      ),
    );
  });

  it('write through to the numbers', () => {
    const data = new Float32Array(6);
    const view = matrix(data, 2, 3).transpose(1, 0);
    expect(view.set(2, 1, 7)).toBe(7);
    expect(data[5]).toBe(7);
    expect(view.get(2, 1)).toBe(7);
    expect(matrix(data, 2, 3).T.shape).toEqual([3, 2]);
    expect(vector(data).dtype).toBe('float32');
  });

  it('are made where no code may be written at run time', () => {
    const { Function: real } = globalThis;
    globalThis.Function = class {
      constructor() {
        throw new EvalError('unsafe-eval');
      }
    } as unknown as FunctionConstructor;
    try {
      expect(matrix(Float64Array.of(1, 2), 1, 2).lo(0, 1).get(0, 0)).toBe(2);
      expect(() => ndarray(new Uint8Array(1), [1, 1, 1, 1, 1])).toThrow('unsafe-eval');
    } finally {
      globalThis.Function = real;
    }
  });
});
