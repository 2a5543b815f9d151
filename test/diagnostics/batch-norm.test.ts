/** Mean of γ and standard deviation of β against numpy on the model of the repository, and by hand. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchNormDiagnostics } from '../../src/diagnostics/batch-norm.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import { readModelFile } from '../../src/onnx/model-file.js';

const ROOT = join(import.meta.dirname, '../..');
const golden = JSON.parse(
  readFileSync(join(ROOT, 'test/fixtures/diagnostics-layers.json'), 'utf8'),
).batchNorms;

function modelOf(layers: readonly { scale: number[]; shift: number[] }[]) {
  const g = new GraphBuilder();
  let h = g.input('x', 'float32', ['n', layers[0].scale.length]);
  for (const { scale, shift } of layers) {
    const vector = (values: number[]) => g.constant(Float64Array.from(values), [values.length]);
    const ones = vector(scale.map(() => 1));
    h = g.op('BatchNormalization', [h, vector(scale), vector(shift), ones, ones]);
  }
  g.output(h, 'y');
  return readModelFile(g.build());
}

it('agree with numpy on the model of this repository', async () => {
  const file = await readModelFile(join(ROOT, 'models/cifar10-lt-resnet20-wd.onnx'));
  const found = await batchNormDiagnostics(file);
  const close = (value: number, wanted: number) => expect(Math.abs(value - wanted)).toBeLessThan(1e-12);
  expect(found.layers.map(({ name }) => name)).toEqual(golden.names);
  expect(found.scale!.count).toBe(golden.count);
  close(found.scale!.mean, golden.scaleMean);
  close(found.scale!.std, golden.scaleStd);
  close(found.shift!.mean, golden.shiftMean);
  close(found.shift!.std, golden.shiftStd);
  close(found.shift!.sampleStd!, golden.shiftSampleStd);
  for (const [i, { scale, shift }] of found.layers.entries()) {
    const [scaleMean, scaleStd, shiftMean, shiftStd] = golden.perLayer[i];
    close(scale.mean, scaleMean);
    close(scale.std, scaleStd);
    close(shift.mean, shiftMean);
    close(shift.std, shiftStd);
  }
  expect(found.reason).toBeNull();
});

describe('figures', () => {
  it('pool channels, not layers, in total', async () => {
    const found = await batchNormDiagnostics(
      await modelOf([
        { scale: [1, 1, 1], shift: [0, 0, 6] },
        { scale: [5], shift: [2] },
      ]),
    );
    expect(found.scale).toEqual({
      count: 4,
      mean: 2,
      std: Math.sqrt(3),
      sampleStd: 2,
      minimum: 1,
      maximum: 5,
    });
    expect(found.layers[1].shift).toEqual({
      count: 1,
      mean: 2,
      std: 0,
      sampleStd: null,
      minimum: 2,
      maximum: 2,
    });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  it('keep their digits where all values are alike', async () => {
    const number = fc.double({ min: -1, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(number, { minLength: 2, maxLength: 40 }), async (small) => {
        const values = small.map((value) => 1e6 + value);
        const { shift } = (await batchNormDiagnostics(await modelOf([{ scale: values, shift: values }])))
          .layers[0];
        const mean = values.reduce((sum, value) => sum + (value - 1e6), 0) / values.length;
        const variance = values.reduce((sum, value) => sum + (value - 1e6 - mean) ** 2, 0) / values.length;
        expect(Math.abs(shift.std - Math.sqrt(variance))).toBeLessThan(1e-8);
        expect(Math.abs(shift.mean - 1e6 - mean)).toBeLessThan(1e-8);
      }),
      { numRuns: 30 },
    );
  });

  it('are null, with the reason, where there are none', async () => {
    const g = new GraphBuilder();
    g.output(g.relu(g.input('x', 'float32', ['n', 2])), 'y');
    expect(await batchNormDiagnostics(await readModelFile(g.build()))).toEqual({
      scale: null,
      shift: null,
      layers: [],
      refused: [],
      reason: expect.stringMatching(/no batch normalisation/),
    });
  });
});
