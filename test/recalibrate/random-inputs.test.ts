/** Inputs for a proof where no data are at hand: what every kind of model takes. */
import { describe, expect, it } from 'vitest';
import { openModel } from '../../src/features/model.js';
import { GraphBuilder, type Value } from '../../src/onnx/build.js';
import type { ElementType } from '../../src/onnx/protos.js';
import { graft } from '../../src/recalibrate/graft.js';
import { randomInputs } from '../../src/recalibrate/random-inputs.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { pictureClassifier, twoInputClassifier } from '../features/small-classifiers.js';
import { otherHead } from '../onnx/run-model.js';
import { BIAS, CLASSES, DIMENSIONS, numbers, WEIGHT } from '../onnx/small-heads.js';

/** x [n, 5] of a type → `features`, float32 → head. */
function model(type: ElementType, features: (g: GraphBuilder, x: Value) => Value): Uint8Array {
  const g = new GraphBuilder();
  const f = features(g, g.input('x', type, ['n', DIMENSIONS]));
  const head = [g.constant(WEIGHT, [CLASSES, DIMENSIONS]), g.constant(BIAS, [CLASSES])] as const;
  g.output(g.gemm(f, ...head, { transB: 1 }), 'y', 'float32', ['n', CLASSES]);
  return g.build();
}
const cast = (g: GraphBuilder, x: Value) => g.cast(x, 'float32');
const isWhole = (values: number[]) =>
  values.every((value) => Number.isInteger(value) && value >= 0 && value <= 9);

describe('random inputs', () => {
  it.each<[ElementType, (values: number[]) => boolean]>([
    [
      'float32',
      (values) =>
        values.every((v) => v >= -2 && v < 2) && values.some((v) => v < -1) && values.some((v) => v > 1),
    ],
    ['float64', (values) => !isWhole(values)],
    ['float16', (values) => !isWhole(values)],
    ['int64', isWhole],
    ['int32', isWhole],
    ['uint8', isWhole],
    ['bool', (values) => values.every((v) => v === 0 || v === 1) && new Set(values).size === 2],
  ])('of %s', async (type, fits) => {
    const original = await openModel(model(type, cast));
    const { rows, inputs } = randomInputs(original);
    expect(Array.from(rows)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(inputs.x.dims).toEqual([8, DIMENSIONS]);
    const values = Array.from(inputs.x.data as Float32Array);
    expect(values).toHaveLength(8 * DIMENSIONS);
    expect(fits(values)).toBe(true);
    expect(new Set(values).size).toBeGreaterThan(1);
    expect(randomInputs(original)).toEqual({ rows, inputs });
    const { verification } = await graft(original, otherHead(original.location));
    expect(verification).toMatchObject({ samples: 8, argmaxAgreement: 1 });
  });

  it('bear an embedding of ten words', async () => {
    const embedded = model('int64', (g, x) =>
      g.op('ReduceMean', [g.op('Gather', [g.constant(numbers(50, 1), [10, 5]), x])], {
        axes: [1],
        keepdims: 0,
      }),
    );
    const original = await openModel(embedded);
    expect((await graft(original, otherHead(original.location))).verification.argmaxAgreement).toBe(1);
  });

  it('are given to each of several inputs', async () => {
    const original = await openModel(twoInputClassifier());
    const { inputs } = randomInputs(original);
    expect(Object.keys(inputs)).toEqual(['a', 'b']);
    expect(isWhole(Array.from(inputs.b.data as Float32Array))).toBe(true);
    expect(inputs.a.data).not.toEqual(inputs.b.data);
    expect((await graft(original, otherHead(original.location))).verification.samples).toBe(8);
  });

  it('have the size of the preprocessing where the model leaves it open', async () => {
    const bytes = pictureClassifier({ size: 'side' });
    await expectRefusal(
      async () => randomInputs(await openModel(bytes)),
      'INVALID_ARGUMENT',
      /shape of "image" open \(\[n, 3, side, side\]\).*--verify-data/,
    );
    const original = await openModel(bytes, { preprocess: { size: [4, 6] } });
    expect(randomInputs(original).inputs.image.dims).toEqual([8, 3, 4, 6]);
    expect((await graft(original, otherHead(original.location))).verification.samples).toBe(8);
    const last = await openModel(pictureClassifier({ size: 'side', layout: 'NHWC' }), {
      preprocess: { size: [4, 6], layout: 'NHWC' },
    });
    expect(randomInputs(last).inputs.image.dims).toEqual([8, 4, 6, 3]);
  });

  it('do not take the size of a picture for one of several inputs', async () => {
    const g = new GraphBuilder();
    const a = g.op('GlobalAveragePool', [g.input('a', 'float32', ['n', DIMENSIONS, 'h', 'w'])]);
    const b = g.op('GlobalAveragePool', [g.input('b', 'float32', ['n', DIMENSIONS, 'h', 'w'])]);
    const f = g.op('Flatten', [g.add(a, b)]);
    g.output(g.gemm(f, g.constant(WEIGHT, [CLASSES, DIMENSIONS]), undefined, { transB: 1 }), 'y');
    const original = await openModel(g.build(), { preprocess: { size: [2, 2] } });
    expect(original.preprocess).toBeDefined();
    await expectRefusal(() => randomInputs(original), 'INVALID_ARGUMENT', /shape of "a" open/);
  });
});
