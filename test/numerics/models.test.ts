/** Files whose head is at the ends of its type, and heads that nothing changes: what is written is right, refused, or the same. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { denseData, matrix } from '../../src/array/matrix.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { openModel } from '../../src/features/model.js';
import { adjust } from '../../src/head/adjust.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import type { HeadDtype } from '../../src/onnx/dtypes.js';
import { roundTo } from '../../src/onnx/dtypes.js';
import { graftHead } from '../../src/onnx/graft.js';
import { recalibrate } from '../../src/recalibrate/recalibrate.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { type SmallProblem, setOf, smallProblems } from './small-problem.js';

const cpu = { device: 'cpu', threads: 1 } as const;

/** x → head, in the head's own type. */
function modelOf(
  weight: readonly number[],
  bias: readonly number[],
  dimensions: number,
  type: HeadDtype = 'float32',
) {
  const g = new GraphBuilder();
  const x = g.op('Identity', [g.input('x', type, ['n', dimensions])]);
  const wide = type === 'float64' ? Float64Array : Float32Array;
  const w = g.constant(wide.from(weight), [bias.length, dimensions], { type });
  const b = g.constant(wide.from(bias), [bias.length], { type });
  g.output(g.gemm(x, w, b, { transB: 1 }), 'z', type, ['n', bias.length]);
  return openModel(g.build());
}
const modelOfProblem = ({ head, dimensions }: SmallProblem) =>
  modelOf([...denseData(head.weight)], [...denseData(head.bias)], dimensions);

describe('recalibrating', () => {
  it('with uniform counts for a uniform target is a no-op: the head in the file has the same bytes, and the graph too', async () => {
    await fc.assert(
      fc.asyncProperty(
        smallProblems,
        fc.constantFrom(
          {},
          { method: 'additive' as const, parameter: 1 },
          { method: 'additive' as const, apply: 'always' as const },
        ),
        async (problem, how) => {
          const model = await modelOfProblem(problem);
          const counts = new Array<number>(problem.classes).fill(123);
          // tau-norm and factors may be better by chance: what uses the prior alone is looked at.
          const options = {
            validation: setOf(problem),
            counts,
            folds: 2,
            bootstrap: 100,
            method: 'additive' as const,
            ...cpu,
          };
          const { head, changed } = await recalibrate(model, { ...options, ...how });
          expect(denseData(head.weight)).toEqual(denseData(model.head.weight));
          expect(denseData(head.bias)).toEqual(denseData(model.head.bias));
          const again = await openModel(changed.bytes);
          expect(denseData(again.head.weight)).toEqual(denseData(model.head.weight));
          expect(denseData(again.head.bias)).toEqual(denseData(model.head.bias));
          const { graph } = again.file.proto;
          expect(graph).toEqual(model.file.proto.graph);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('for a target like the counts is a no-op as well', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblems, fc.constantFrom(0.5, 1, 2), async (problem, parameter) => {
        const model = await modelOfProblem(problem);
        const { counts } = problem;
        const options = {
          validation: setOf(problem),
          counts,
          targetPrior: counts.slice(),
          bootstrap: 100,
          ...cpu,
        };
        const { head } = await recalibrate(model, { ...options, method: 'additive', parameter });
        expect(denseData(head.bias)).toEqual(denseData(model.head.bias));
      }),
      { numRuns: 8 },
    );
  });

  it('writes the head that it says: what the file holds after folding equals what is promised', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblems, async (problem) => {
        const model = await modelOfProblem(problem);
        const options = { validation: setOf(problem), counts: problem.counts, bootstrap: 100, ...cpu };
        const { head, changed } = await recalibrate(model, { ...options, method: 'additive', parameter: 1 });
        const expected = adjust(model.head, { method: 'additive', tau: 1, counts: problem.counts });
        const again = await openModel(changed.bytes);
        expect(denseData(again.head.bias)).toEqual(denseData(expected.bias));
        expect(denseData(head.bias)).toEqual(denseData(expected.bias));
      }),
      { numRuns: 8 },
    );
  });
});

/** One number too large for a type, and one that is lost in it. */
const ENDS: [HeadDtype, number, number][] = [
  ['float16', 70000, 1e-9],
  ['bfloat16', 3.4e38, 1e-42],
  ['float32', 1e39, 1e-46],
];

describe('a head of a narrow type', () => {
  const classes = 3;
  const weight = [1, -2, 0.5, 4, 8, -0.25];
  const double = (values: readonly number[]) =>
    linearHead(Float64Array.from(values), Float64Array.of(0, 1, 2), classes, 2);

  it.each(ENDS)(
    '%s: a weight or bias of %d is refused, naming it and offering what to do',
    async (type, large) => {
      const { file, location } = await modelOf(weight, [0, 1, 2], 2, type);
      expect(location.dtype).toBe(type);
      for (const sign of [1, -1]) {
        const head = double(weight.map((w, at) => (at === 3 ? sign * large : w)));
        await expectRefusal(
          () => graftHead(file, location, head),
          'HEAD_OVERFLOW',
          /weight of class 1, dimension 1 is .* ends at .*(float32|wider) export/,
        );
      }
    },
  );

  it.each(ENDS)('%s: a class whose weights vanish at %#d is named in a note', async (type, _, small) => {
    const { file, location } = await modelOf(weight, [0, 1, 2], 2, type);
    const vanishing = double(weight.map((w, at) => (at === 2 || at === 3 ? small : w)));
    const grafted = await graftHead(file, location, vanishing);
    expect(grafted.notes.join('\n')).toMatch(/weights of class 1 are so small that all of them are 0/);
    // One weight that is lost beside others is rounding.
    const partly = await graftHead(file, location, double(weight.map((w, at) => (at === 2 ? small : w))));
    expect(partly.notes.join('\n')).not.toMatch(/so small/);
  });

  it.each(['float16', 'float32', 'float64'] as const)(
    '%s: the largest and the smallest numbers are kept',
    async (type) => {
      const largest = { float16: 65504, float32: 3.4028234663852886e38, float64: 1.7e308 }[type];
      const smallest = { float16: 2 ** -24, float32: 2 ** -149, float64: 5e-324 }[type];
      const { file, location } = await modelOf(weight, [0, 1, 2], 2, type);
      const head = double([largest, smallest, -largest, -smallest, 0, 1]);
      const grafted = await graftHead(file, location, head);
      expect([...denseData(grafted.head.weight)]).toEqual([...roundTo(type, denseData(head.weight))]);
      expect(denseData(grafted.head.weight)[1]).toBe(smallest);
      expect((await openModel(grafted.bytes)).head.weight.get(0, 1)).toBe(smallest);
    },
  );

  it('float64: adjusted, written and proven with all its digits', async () => {
    const exact = [1 / 3, -2 / 3, 0.1, 0.7, 1e-12, 1 / 7];
    const model = await modelOf(exact, [0, 1 / 3, 0.2], 2, 'float64');
    const features = matrix(
      Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
      12,
      2,
    );
    const labels = Int32Array.from({ length: 12 }, (_, i) => i % 3);
    const validation = new FeatureSet({ name: 'set', features, labels, classCount: 3 });
    const counts = [1e9, 1e3, 1];
    const { changed } = await recalibrate(model, {
      ...{ validation, counts, method: 'multiplicative', convention: 'paper', parameter: 1, bootstrap: 100 },
      ...cpu,
    });
    const expected = adjust(model.head, { method: 'multiplicative', convention: 'paper', gamma: 1, counts });
    expect(denseData((await openModel(changed.bytes)).head.weight)).toEqual(denseData(expected.weight));
  });
});
