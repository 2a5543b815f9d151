/** Inner tensors as outputs: which, under what name and type, and that nothing else changes. */
import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import {
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { findActivations } from '../../src/onnx/activations.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import { channelAxis } from '../../src/onnx/channel-axis.js';
import { elementTypeOf } from '../../src/onnx/element-type.js';
import { exposeOutputs } from '../../src/onnx/expose-outputs.js';
import { chooseHead, findHeads } from '../../src/onnx/find-heads.js';
import { graphPath } from '../../src/onnx/graph-edits.js';
import { graphView } from '../../src/onnx/graph-view.js';
import { graphOf, type ModelFile, readModelFile } from '../../src/onnx/model-file.js';
import { valueInfo } from '../../src/onnx/protos.js';
import { splice } from '../../src/onnx/splice.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { convolutional, head, input, kindOf, linear, networkWith, written } from './activation-models.js';
import { largestDifference, run } from './run-model.js';
import { DIMENSIONS, INPUTS, numbers } from './small-heads.js';

const pictures = { x: new ort.Tensor('float32', numbers(7 * 48, 70), [7, 3, 4, 4]) };

function activations(file: ModelFile) {
  return findActivations(graphView(file), chooseHead(findHeads(file)).features);
}

describe('activations on the way to the head', () => {
  it.each(Object.keys(written))('finds %s as one', async (name) => {
    const { g, tensor } = networkWith(written[name]);
    const found = activations(await readModelFile(g.build()));
    expect(found).toMatchObject([{ tensor, operator: kindOf(name), nonNegative: false }]);
  });

  it.each([
    ...['Relu', 'LeakyRelu', 'Elu', 'Selu', 'Celu', 'HardSwish', 'Mish', 'Softsign', 'ThresholdedRelu'],
    ...['Sigmoid', 'HardSigmoid', 'Tanh', 'Softplus'],
  ])('finds %s', async (op) => {
    const { g, tensor } = networkWith((b, x) => b.op(op, [x]));
    const nonNegative = ['Relu', 'Sigmoid', 'HardSigmoid', 'Softplus', 'ThresholdedRelu'].includes(op);
    const found = activations(await readModelFile(g.build({ opset: 18 })));
    expect(found).toMatchObject([{ tensor, operator: op, nonNegative }]);
  });

  it('finds PRelu and the operators of onnxruntime, and no others of that domain', async () => {
    const { g, tensor } = networkWith((b, x) => {
      const first = b.op('PRelu', [x, b.constant(numbers(8, 3), [8])], {}, { outputs: ['prelu'] });
      const second = b.op('FastGelu', [first], {}, { domain: 'com.microsoft', outputs: ['fast'] });
      return b.op('BiasGelu', [second, b.constant(numbers(8, 4), [8])], {}, { domain: 'com.microsoft' });
    });
    const found = activations(await readModelFile(g.build()));
    expect(found.map((one) => [one.tensor, one.operator])).toEqual([
      ['prelu', 'PRelu'],
      ['fast', 'FastGelu'],
      [tensor, 'BiasGelu'],
    ]);
  });

  it('takes a Clip for one from −1 on, not where it is a range, and not where its bound is computed', async () => {
    const { g } = networkWith((b, x) => {
      const six = b.op('Clip', [x, b.scalar(0), b.scalar(6)], {}, { outputs: ['six'] });
      const hard = b.op('Clip', [six, b.scalar(-1), b.scalar(1)], {}, { outputs: ['hard'] });
      const range = b.op('Clip', [hard, b.scalar(-30), b.scalar(30)]);
      return b.op('Clip', [range, '', b.scalar(5)]);
    });
    const found = activations(await readModelFile(g.build()));
    expect(found.map(({ tensor, nonNegative }) => [tensor, nonNegative])).toEqual([
      ['six', true],
      ['hard', false],
    ]);
    const old = networkWith((b, x) => b.op('Clip', [x], { min: { float: 0 }, max: { float: 6 } }));
    expect(activations(await readModelFile(old.g.build({ opset: 10, irVersion: 5 })))).toMatchObject([
      { tensor: old.tensor, operator: 'Clip', nonNegative: true },
    ]);
  });

  it('takes the gate of another tensor for an activation of its own', async () => {
    const { g } = networkWith((b, x) => {
      const squeezed = linear(b, x, 8, 8, 80);
      return b.mul(x, b.op('Sigmoid', [squeezed], {}, { outputs: ['gate'] }));
    });
    expect(activations(await readModelFile(g.build()))).toMatchObject([
      { tensor: 'gate', operator: 'Sigmoid', nonNegative: true },
    ]);
  });

  it('leaves out what is beside the way, behind the head, or does not depend on the input', async () => {
    const g = new GraphBuilder();
    const x = input(g);
    const f = g.op('Relu', [linear(g, x, INPUTS, DIMENSIONS, 40)], {}, { outputs: ['f'] });
    const factor = g.op('Sigmoid', [g.constant(numbers(DIMENSIONS, 5), [DIMENSIONS])]);
    head(g, g.mul(f, factor));
    g.output(g.relu(x), 'side', 'float32', ['n', INPUTS]);
    g.output(g.op('Sigmoid', ['y']), 'p', 'float32', ['n', 4]);
    const found = activations(await readModelFile(g.build()));
    expect(found.map(({ tensor }) => tensor)).toEqual(['f']);
  });
});

describe('exposed outputs', () => {
  it.each([
    { irVersion: 8, opset: 17 },
    { irVersion: 8, opset: 18 },
    { irVersion: 3, opset: 11 },
  ])('agree with the original, whatever onnxruntime fuses: %o', async (options) => {
    const file = await readModelFile(convolutional(options));
    const { features } = chooseHead(findHeads(file));
    const tensors = [...activations(file).map(({ tensor }) => tensor), features];
    expect(tensors).toHaveLength(3);
    const exposed = await exposeOutputs(file, tensors);
    expect(exposed.outputs).toEqual(tensors);
    const [before, after] = [await run(file.bytes, pictures), await run(exposed.bytes, pictures)];
    expect(Object.keys(after)).toEqual(['y', ...tensors]);
    expect(largestDifference(after.y.data, before.y.data as number[])).toBeLessThan(1e-5);
    // Each alone as well: then onnxruntime fuses all but what is in front of that one.
    for (const tensor of tensors) {
      const alone = await run((await exposeOutputs(file, [tensor])).bytes, pictures);
      expect(largestDifference(alone[tensor].data, after[tensor].data as number[])).toBeLessThan(1e-5);
    }
    expect(after.first.dims).toEqual([7, 6, 4, 4]);
    expect(Math.min(...(after.first.data as number[]))).toBe(0);
  });

  it('leave everything else byte for byte', async () => {
    const file = await readModelFile(convolutional());
    const exposed = await exposeOutputs(file, ['first']);
    expect(graphOf(await readModelFile(exposed.bytes)).output.map(({ name }) => name)).toEqual([
      'y',
      'first',
    ]);
    const at = [...graphPath, [GraphProtoSchema.field.output.number, 1]] as const;
    expect(Buffer.compare(splice(exposed.bytes, [{ kind: 'remove', at }]), file.bytes)).toBe(0);
    // With views: their nodes as well.
    const viewed = await exposeOutputs(file, [{ tensor: 'first', relu: true }]);
    const node = [...graphPath, [GraphProtoSchema.field.node.number, graphOf(file).node.length]] as const;
    const without = splice(viewed.bytes, [
      { kind: 'remove', at },
      { kind: 'remove', at: node },
    ]);
    expect(Buffer.compare(without, file.bytes)).toBe(0);
    const same = await exposeOutputs(file, ['y']);
    expect(same.bytes).toBe(file.bytes);
    expect(same.outputs).toEqual(['y']);
  });

  it('are described as the file describes them, or as the operators in front of them give', async () => {
    const g = new GraphBuilder();
    const x = input(g);
    const a = g.describe(g.op('Relu', [x], {}, { outputs: ['a'] }), 'float32', ['n', INPUTS]);
    const b = g.op('Relu', [g.cast(a, 'float16')], {}, { outputs: ['b'] });
    const d = g.op('Tanh', [g.cast(b, 'float64')], {}, { outputs: ['d'] });
    const f = g.op(
      'Sigmoid',
      [linear(g, g.cast(d, 'float32'), INPUTS, DIMENSIONS, 40)],
      {},
      { outputs: ['f'] },
    );
    g.op('Bernoulli', [x], {}, { outputs: ['drawn'] });
    head(g, f);
    const file = await readModelFile(g.build());
    const exposed = await exposeOutputs(file, ['a', 'b', 'd', 'f', 'drawn']);
    const [, ...outputs] = graphOf(await readModelFile(exposed.bytes)).output;
    expect(outputs[0]).toEqual(valueInfo('a', 'float32', ['n', INPUTS]));
    expect(outputs.slice(1, 4)).toEqual([
      valueInfo('b', 'float16'),
      valueInfo('d', 'float64'),
      valueInfo('f', 'float32'),
    ]);
    expect(outputs[4].type).toBeUndefined();
    const results = await run(exposed.bytes);
    expect(['a', 'b', 'd', 'f'].map((name) => results[name].type)).toEqual([
      'float32',
      'float16',
      'float64',
      'float32',
    ]);
  });

  it('of inputs and bfloat16 have names of their own', async () => {
    const g = new GraphBuilder();
    const x = input(g);
    const b = g.op('Cast', [x], { to: DataType.BFLOAT16 }, { outputs: ['b'] });
    head(g, linear(g, g.cast(b, 'float32'), INPUTS, DIMENSIONS, 40));
    const file = await readModelFile(g.build());
    const exposed = await exposeOutputs(file, ['x', 'b']);
    expect(exposed.outputs).toEqual(['onnx_tailor.Identity.x', 'onnx_tailor.Cast.b']);
    const results = await run(exposed.bytes);
    const [{ data: given }, { data: rounded, type }] = exposed.outputs.map((name) => results[name]);
    expect(type).toBe('float32');
    expect(largestDifference(rounded, given as number[])).toBeLessThan(1 / 128);
  });

  it.each([17, 18])('can be seen after a ReLU, averaged, or by their shape, opset %i', async (opset) => {
    const file = await readModelFile(convolutional({ opset }));
    const tensor = graphOf(file).node[1].output[0];
    const exposed = await exposeOutputs(file, [
      tensor,
      { tensor, relu: true },
      { tensor, averageOver: [2, 3] },
      { tensor, relu: true, averageOver: [2, 3] },
      { tensor, shape: true },
    ]);
    const results = await run(exposed.bytes, pictures);
    const [plain, relu, mean, both, shape] = exposed.outputs.map((name) => results[name]);
    const values = plain.data as number[];
    expect(values.some((value) => value < 0)).toBe(true);
    const positive = values.map((value) => Math.max(0, value));
    const average = (all: number[]) =>
      Array.from(
        { length: all.length / 16 },
        (_, i) => all.slice(16 * i, 16 * i + 16).reduce((a, b) => a + b) / 16,
      );
    expect(relu.data).toEqual(positive);
    expect(mean.dims).toEqual([7, 6]);
    expect(largestDifference(mean.data, average(values))).toBeLessThan(1e-5);
    expect(largestDifference(both.data, average(positive))).toBeLessThan(1e-5);
    expect(shape.data).toEqual([7, 6, 4, 4]);
  });

  it('of half precision are averaged in float32', async () => {
    const g = new GraphBuilder();
    const half = g.op('Neg', [g.cast(input(g), 'float16')], {}, { outputs: ['half'] });
    head(g, linear(g, g.cast(half, 'float32'), INPUTS, DIMENSIONS, 40));
    const exposed = await exposeOutputs(await readModelFile(g.build()), [
      'half',
      { tensor: 'half', relu: true },
      { tensor: 'half', averageOver: [1] },
    ]);
    const results = await run(exposed.bytes);
    expect(exposed.outputs.map((name) => results[name].type)).toEqual(['float16', 'float32', 'float32']);
  });

  it('of a model with external data need no side file', async () => {
    const file = await readModelFile(join(import.meta.dirname, '../fixtures/onnx/external.onnx'));
    const exposed = await exposeOutputs(file, ['f']);
    const results = await run(exposed.bytes, { x: new ort.Tensor('float32', numbers(10, 9), [2, 5]) });
    expect(results.f.dims).toEqual([2, 5]);
  });
});

describe('refusals', () => {
  const branch = (name: string) => {
    const body = new GraphBuilder(name);
    body.output(body.op('Neg', ['x'], {}, { outputs: [`${name}_inner`] }), `${name}_out`, 'float32');
    return { graph: body.graph() };
  };

  async function withBranches() {
    const g = new GraphBuilder();
    const x = input(g);
    const condition = g.constant(Uint8Array.of(1), [], { type: 'bool' });
    const chosen = g.op(
      'If',
      [condition],
      { then_branch: branch('yes'), else_branch: branch('no') },
      {
        outputs: ['chosen'],
        name: 'choice',
      },
    );
    g.op('SequenceConstruct', [x], {}, { outputs: ['many'] });
    const f = g.op('Relu', [linear(g, chosen, INPUTS, DIMENSIONS, 40)], {}, { outputs: ['layer/Relu_1'] });
    head(g, f);
    const type = create(TypeProtoSchema, {
      value: { case: 'sequenceType', value: { elemType: valueInfo('', 'float32').type } },
    });
    g.graph().valueInfo.push(create(ValueInfoProtoSchema, { name: 'many', type }));
    return readModelFile(g.build());
  }

  it.each([
    [
      'yes_inner',
      /'yes_inner': it lies in a body \(subgraph\) of If 'choice'.*give what that node hands out: 'chosen'/,
    ],
    ['many', /it is a sequence, map or optional value; only tensors/],
    ['g_0', /it is stored in the model and the same for every sample/],
    ['layer.relu', /the model has no such tensor; it has 'layer\/Relu_1'/],
    ['nonsense', /the model has no such tensor; its tensors are 'chosen', 'many'/],
    ['', /no such tensor/],
  ])('of %j say why', async (name, message) => {
    const file = await withBranches();
    await expectRefusal(() => exposeOutputs(file, [name]), 'INVALID_ARGUMENT', message);
  });

  it('still lets the node with the subgraph hand out its result', async () => {
    const results = await run((await exposeOutputs(await withBranches(), ['chosen'])).bytes);
    expect(results.chosen.dims).toEqual([7, INPUTS]);
  });
});

describe('the channel axis', () => {
  it.each<[string, (g: GraphBuilder, x: string) => string, number[], number]>([
    ['of a convolution', (g, x) => g.relu(g.op('Conv', [x, 'w'])), [2, 8, 4, 4], 1],
    ['of a convolution over a sequence', (g, x) => g.relu(g.op('Conv', [x, 'w'])), [2, 8, 9], 1],
    ['of a product', (g, x) => g.relu(g.matMul(x, 'w')), [2, 9, 8], 2],
    ['of a product on maps, as in ConvNeXt', (g, x) => g.op('Gelu', [g.matMul(x, 'w')]), [2, 4, 4, 8], 3],
    [
      'behind a transposition',
      (g, x) => g.relu(g.transpose(g.op('Conv', [x, 'w']), [0, 2, 3, 1])),
      [2, 4, 4, 8],
      3,
    ],
    ['behind two', (g, x) => g.transpose(g.transpose(g.matMul(x, 'w'), [0, 2, 1]), [2, 1, 0]), [8, 8, 9], 1],
    [
      'of a bias',
      (g, x) => g.relu(g.add(g.op('Squeeze', [x]), g.constant(numbers(8, 1), [1, 8, 1]))),
      [2, 8, 9],
      1,
    ],
    ['of a bias on the right', (g, x) => g.relu(g.add(g.constant(numbers(8, 1), [8]), x)), [2, 9, 8], 2],
    ['of an unknown sequence', (g, x) => g.op('Einsum', [x]), [2, 9, 8], 2],
    ['of an unknown map', (g, x) => g.op('Einsum', [x]), [2, 8, 4, 4], 1],
    ['of a vector', (g, x) => g.op('Einsum', [x]), [2, 8], 1],
  ])('%s', async (_, build, dims, axis) => {
    const g = new GraphBuilder();
    const tensor = build(g, g.input('x', 'float32'));
    g.output(tensor, 'out');
    const view = graphView(await readModelFile(g.build()));
    expect(channelAxis(view, tensor, dims.length)).toBe(axis);
  });
});

it('knows an element type by a Cast far upstream, by a weight, and not through unknown operators', async () => {
  const g = new GraphBuilder();
  let h = g.cast(g.input('ids', 'int64', ['n', 4]), 'float16');
  for (let i = 0; i < 40; i++) h = g.relu(h);
  const product = g.matMul(
    g.op('Mystery', ['ids'], {}, { domain: 'custom' }),
    g.constant(Float64Array.of(1), [1, 1]),
  );
  const mystery = g.op('Mystery', [h], {}, { domain: 'custom' });
  g.output(mystery, 'out');
  const view = graphView(await readModelFile(g.build()));
  expect(elementTypeOf(view, h)).toBe(DataType.FLOAT16);
  expect(elementTypeOf(view, product)).toBe(DataType.DOUBLE);
  expect(elementTypeOf(view, mystery)).toBeUndefined();
});

const data = process.env.TAILOR_DATA;
if (!data) console.warn('Skipping the layers of deployed models: TAILOR_DATA does not say where they are.');

describe.skipIf(!data).each([
  // [path, activations, input]
  ['resnet-cifar10/resnet20_cifar10.onnx', 19, 32],
  ['mobilenet/mobilenet_v1_0.25_128_imagenet.onnx', 27, 128],
  ['mobilenet/mobilenet_v2_1.0_224_inat_bird.onnx', 35, 224],
  ['magika/model.onnx', 2, 0],
] as const)('%s', (path, count, size) => {
  it(`hands out its ${count} activations and computes as before`, async () => {
    const file = await readModelFile(join(data ?? '', 'models', path));
    const found = activations(file);
    expect(found).toHaveLength(count);
    if (size === 0) expect(found.map(({ operator }) => operator)).toEqual(['Gelu', 'Gelu']);
    const location = chooseHead(findHeads(file));
    const exposed = await exposeOutputs(file, [...found.map(({ tensor }) => tensor), location.features]);
    const feed =
      size === 0
        ? new ort.Tensor(
            'int32',
            Int32Array.from({ length: 2048 }, (_, i) => (i * 7919) % 257),
            [1, 2048],
          )
        : new ort.Tensor('float32', numbers(3 * size * size, 5), [1, 3, size, size]);
    const feeds = { [graphOf(file).input[0].name]: feed };
    const [before, after] = [await run(file.bytes, feeds), await run(exposed.bytes, feeds)];
    for (const [name, { data: values }] of Object.entries(before)) {
      const numbersOf = values as number[];
      const tolerance = 1e-5 * Math.max(1, ...numbersOf.map(Math.abs));
      expect(largestDifference(after[name].data, numbersOf)).toBeLessThan(tolerance);
    }
    for (const name of exposed.outputs) expect(after[name].data.length).toBeGreaterThan(0);
  });
});
