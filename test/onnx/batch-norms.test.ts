/** Batch normalisations are read whatever they are stored as, and where there are none the reason is said. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { FunctionProtoSchema, ModelProtoSchema, OperatorSetIdProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { readBatchNorms } from '../../src/onnx/batch-norms.js';
import { type BuildOptions, GraphBuilder, type Value } from '../../src/onnx/build.js';
import type { HeadDtype } from '../../src/onnx/dtypes.js';
import { externalContents } from '../../src/onnx/graph-edits.js';
import { readModelFile } from '../../src/onnx/model-file.js';
import { nodeProto } from '../../src/onnx/protos.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { convolutional } from './activation-models.js';
import { numbers } from './small-heads.js';

const CHANNELS = 5;
const [SCALE, SHIFT, MEAN] = [1, 2, 3].map((seed) => numbers(CHANNELS, seed));
const VARIANCE = numbers(CHANNELS, 4).map((value) => 1 + Math.abs(value));

/** x [n, 5] → BatchNormalization → y; `make` gives the parameters. */
function model(
  make: (g: GraphBuilder, values: Float32Array, name: string) => Value,
  {
    attributes = {},
    ...options
  }: BuildOptions & { attributes?: Record<string, number | { float: number }> } = {},
) {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['n', CHANNELS]);
  const parameters = [
    make(g, SCALE, 'block.bn1.weight'),
    make(g, SHIFT, 'block.bn1.bias'),
    make(g, MEAN, 'block.bn1.running_mean'),
    make(g, VARIANCE, 'block.bn1.running_var'),
  ];
  g.output(g.op('BatchNormalization', [x, ...parameters], attributes, { outputs: ['h'] }), 'y');
  return g.build(options);
}

const stored = (g: GraphBuilder, values: Float32Array, name: string) =>
  g.constant(values, [values.length], { name });

describe('batch normalisations', () => {
  it('have their names, parameters and epsilon', async () => {
    const bytes = model(stored, { attributes: { epsilon: { float: 0.001 } } });
    const { layers, refused, reason } = await readBatchNorms(await readModelFile(bytes));
    expect(layers).toEqual([
      {
        name: 'block.bn1',
        node: 0,
        input: 'x',
        output: 'h',
        channels: CHANNELS,
        epsilon: Math.fround(0.001),
        training: false,
        scale: SCALE,
        shift: SHIFT,
        mean: MEAN,
        variance: VARIANCE,
      },
    ]);
    expect(refused).toEqual([]);
    expect(reason).toBeUndefined();
  });

  it.each<HeadDtype>(['float16', 'bfloat16', 'float64'])('are read from %s', async (type) => {
    const bytes = model((g, values, name) =>
      g.constant(type === 'float64' ? Float64Array.from(values) : values, [values.length], { type, name }),
    );
    const { layers } = await readBatchNorms(await readModelFile(bytes));
    const { scale, variance } = layers[0];
    expect(scale).toBeInstanceOf(type === 'float64' ? Float64Array : Float32Array);
    // The numbers are multiples of 1/64, which bfloat16 alone rounds.
    const digits = type === 'bfloat16' ? 2 : 12;
    for (const i of scale.keys()) {
      expect(scale[i]).toBeCloseTo(SCALE[i], digits);
      expect(variance[i]).toBeCloseTo(VARIANCE[i], digits);
    }
  });

  it('are read from Constant nodes, through Identity and through Cast', async () => {
    const bytes = model((g, values, name) => {
      const half = g.constant(values, [values.length], { type: 'float16', name });
      return g.op('Identity', [g.cast(half, 'float32')]);
    });
    expect((await readBatchNorms(await readModelFile(bytes))).layers[0].shift).toEqual(SHIFT);
    const constants = model((g, values) => g.op('Constant', [], { value_floats: { floats: values } }));
    expect((await readBatchNorms(await readModelFile(constants))).layers[0].mean).toEqual(MEAN);
  });

  it('are read from a file beside the model, which must be there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'batch-norms-'));
    try {
      const file = await readModelFile(model(stored));
      const data = new Uint8Array(4 * CHANNELS * 4);
      const { proto } = file;
      for (const [i, tensor] of proto.graph!.initializer.entries()) {
        data.set(tensor.rawData, 4 * CHANNELS * i);
        Object.assign(
          tensor,
          { rawData: new Uint8Array() },
          externalContents({ location: 'w.bin', offset: 4 * CHANNELS * i, length: 4 * CHANNELS }),
        );
      }
      const path = join(folder, 'm.onnx');
      writeFileSync(path, toBinary(ModelProtoSchema, proto));
      await expectRefusal(
        async () => readBatchNorms(await readModelFile(path)),
        'FILE_NOT_FOUND',
        /'block.bn1.weight' from 'w.bin'/,
      );
      writeFileSync(join(folder, 'w.bin'), data);
      const { layers } = await readBatchNorms(await readModelFile(path));
      expect([layers[0].scale, layers[0].variance]).toEqual([SCALE, VARIANCE]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('tell training mode, in the words of the opset', async () => {
    const training = async (options: Parameters<typeof model>[1]) =>
      (await readBatchNorms(await readModelFile(model(stored, options)))).layers[0].training;
    expect(await training({ attributes: { training_mode: 1 } })).toBe(true);
    expect(await training({ opset: 6 })).toBe(true);
    expect(await training({ opset: 6, attributes: { is_test: 1 } })).toBe(false);
    expect(await training({ opset: 9 })).toBe(false);
  });

  it('come in the order of the nodes, by the name of their outputs where parameters have none', async () => {
    const { layers } = await readBatchNorms(await readModelFile(convolutional()));
    expect(layers.map(({ channels }) => channels)).toEqual([6, 5]);
    expect(layers[0].name).toBe(layers[0].output);
  });
});

describe('batch normalisations that cannot be read', () => {
  it('are refused with the reason', async () => {
    const computed = model((g, values, name) =>
      name.endsWith('bias') ? g.op('Exp', [stored(g, values, name)]) : stored(g, values, name),
    );
    const found = await readBatchNorms(await readModelFile(computed));
    expect(found.layers).toEqual([]);
    expect(found.refused).toMatchObject([
      { name: 'block.bn1', reason: expect.stringMatching(/its shift is not stored.*computed by Exp/) },
    ]);
    expect(found.reason).toMatch(/None of the 1 batch normalisations can be read: 'block.bn1'/);
    const square = model((g, values, name) =>
      name.endsWith('mean') ? g.constant(values, [1, CHANNELS], { name }) : stored(g, values, name),
    );
    const other = await readBatchNorms(await readModelFile(square));
    expect(other.refused[0].reason).toMatch(/its mean has shape \[1, 5\]; one number per channel/);
  });

  it('are named where they lie in subgraphs and functions', async () => {
    const body = new GraphBuilder('body');
    body.output(body.op('BatchNormalization', ['x', 'a', 'b', 'c', 'd'], {}, { name: 'inner' }), 'z');
    const g = new GraphBuilder();
    g.input('x', 'float32', ['n', CHANNELS]);
    const branches = { then_branch: { graph: body.graph() }, else_branch: { graph: body.graph() } };
    g.output(g.op('If', [g.constant(Uint8Array.of(1), [], { type: 'bool' })], branches, { name: 'if' }), 'y');
    const functions = [
      create(FunctionProtoSchema, {
        name: 'Block',
        domain: 'own',
        node: [
          nodeProto('BatchNormalization', ['x', 'a', 'b', 'c', 'd'], ['y'], {}, { name: 'in-function' }),
        ],
        opsetImport: [create(OperatorSetIdProtoSchema, { version: 17n })],
      }),
    ];
    const { refused } = await readBatchNorms(await readModelFile(g.build({ functions })));
    expect(refused).toEqual([
      { name: 'inner', reason: "it lies in a body (subgraph) of If 'if'" },
      { name: 'inner', reason: "it lies in a body (subgraph) of If 'if'" },
      { name: 'in-function', reason: "it lies in the model's function 'Block'" },
    ]);
  });
});

describe('no batch normalisation', () => {
  const reasonOf = async (build: (g: GraphBuilder, x: Value) => Value) => {
    const g = new GraphBuilder();
    g.output(build(g, g.input('x', 'float32', ['n', 3, 4, 4])), 'y');
    return (await readBatchNorms(await readModelFile(g.build()))).reason;
  };

  it('is said to be folded where convolutions have biases', async () => {
    const reason = await reasonOf((g, x) =>
      g.op('Conv', [x, g.constant(numbers(6, 1), [2, 3, 1, 1]), g.constant(numbers(2, 2), [2])]),
    );
    expect(reason).toMatch(/1 convolutions with a bias: most likely the exporter folded.*optimize=False/);
  });

  it('is said to be another normalisation, or none', async () => {
    expect(await reasonOf((g, x) => g.op('LayerNormalization', [x, g.constant(numbers(4, 1), [4])]))).toMatch(
      /it normalises by LayerNormalization/,
    );
    expect(await reasonOf((g, x) => g.relu(x))).toMatch(/no batch normalisation, and no convolutions/);
  });
});

const data = process.env.TAILOR_DATA;
if (!data) console.warn('Skipping batch norms of deployed models: TAILOR_DATA does not say where they are.');

describe.skipIf(!data)('deployed models', () => {
  const open = (path: string) => readModelFile(join(data ?? '', 'models', path));

  it('have 19 in a ResNet-20', async () => {
    const { layers, refused } = await readBatchNorms(await open('resnet-cifar10/resnet20_cifar10.onnx'));
    expect(layers).toHaveLength(19);
    expect(refused).toEqual([]);
    expect(layers[0]).toMatchObject({ name: 'bn1', channels: 16, input: 'Conv_1' });
    for (const { variance } of layers) expect(Math.min(...variance)).toBeGreaterThan(0);
  });

  it('have none in a MobileNet that was folded', async () => {
    const { reason } = await readBatchNorms(await open('mobilenet/mobilenet_v1_0.25_128_imagenet.onnx'));
    expect(reason).toMatch(/27 convolutions with a bias: most likely the exporter folded/);
  });
});
