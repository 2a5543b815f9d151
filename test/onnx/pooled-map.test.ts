/** When a 1×1 convolution is a linear head: where its map is shown to have one position, and nowhere else. */
import { describe, expect, it } from 'vitest';
import { openModel } from '../../src/features/model.js';
import { type BuildOptions, GraphBuilder, type Value } from '../../src/onnx/build.js';
import { chooseHead, findHeads } from '../../src/onnx/find-heads.js';
import { readModelFile } from '../../src/onnx/model-file.js';
import { graft } from '../../src/recalibrate/graft.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { otherHead } from './run-model.js';
import { BIAS, CLASSES, DIMENSIONS, numbers, WEIGHT } from './small-heads.js';

type Map = (g: GraphBuilder, x: Value) => Value;

/** x [n, 5, 3, 3] → `map` → 1×1 Conv → Flatten. */
function model(map: Map, options: BuildOptions = {}): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['n', DIMENSIONS, 3, 3]);
  const head = [g.constant(WEIGHT, [CLASSES, DIMENSIONS, 1, 1]), g.constant(BIAS, [CLASSES])] as const;
  g.output(g.op('Flatten', [g.op('Conv', [map(g, x), ...head])]), 'y', 'float32', ['n', null]);
  return g.build(options);
}

const pool = (g: GraphBuilder, x: Value) => g.op('GlobalAveragePool', [x]);
const flat = (g: GraphBuilder, x: Value) => g.op('Flatten', [pool(g, x)]);
const perChannel = (g: GraphBuilder, dims: number[], seed = 1) => {
  const length = dims.reduce((product, size) => product * size, 1);
  return g.constant(numbers(length, seed), dims);
};
/** A layer with a 1×1 kernel, or another one. */
const conv = (g: GraphBuilder, x: Value, size = 1, attributes = {}) => {
  const weight = numbers(DIMENSIONS * DIMENSIONS * size * size, 5);
  return g.op('Conv', [x, g.constant(weight, [DIMENSIONS, DIMENSIONS, size, size])], attributes);
};

const ONE_POSITION: [name: string, map: Map, options?: BuildOptions][] = [
  ['GlobalAveragePool', pool],
  ['GlobalMaxPool', (g, x) => g.op('GlobalMaxPool', [x])],
  ['GlobalLpPool', (g, x) => g.op('GlobalLpPool', [x])],
  ['ReduceMean with axes', (g, x) => g.op('ReduceMean', [x], { axes: [2, 3] })],
  ['ReduceMean with axes from the right', (g, x) => g.op('ReduceMean', [x], { axes: [-1, -2], keepdims: 1 })],
  ['ReduceMax', (g, x) => g.op('ReduceMax', [x], { axes: [3, 2] })],
  ['ReduceMean with axes as input', (g, x) => g.op('ReduceMean', [x, g.ints(2, 3)]), { opset: 18 }],
  ['Reshape', (g, x) => g.reshape(flat(g, x), -1, DIMENSIONS, 1, 1)],
  ['Unsqueeze', (g, x) => g.op('Unsqueeze', [flat(g, x), g.ints(2, 3)])],
  ['Unsqueeze from the right', (g, x) => g.op('Unsqueeze', [flat(g, x), g.ints(-2, -1)])],
  ['Unsqueeze from the right, backwards', (g, x) => g.op('Unsqueeze', [flat(g, x), g.ints(-1, -2)])],
  ['Unsqueeze before opset 13', (g, x) => g.op('Unsqueeze', [flat(g, x)], { axes: [2, 3] }), { opset: 12 }],
  ['elementwise operators', (g, x) => g.op('Tanh', [g.op('Clip', [g.relu(pool(g, x)), g.scalar(-1)])])],
  ['a layer of 1×1 kernels', (g, x) => g.relu(conv(g, pool(g, x)))],
  ['a gate that is pooled, too', (g, x) => g.mul(pool(g, x), g.op('Sigmoid', [conv(g, pool(g, x))]))],
  ['stored numbers per channel', (g, x) => g.add(pool(g, x), perChannel(g, [DIMENSIONS, 1, 1]))],
  ['stored numbers on the left', (g, x) => g.sub(perChannel(g, [1, DIMENSIONS, 1, 1]), pool(g, x))],
  ['a stored number', (g, x) => g.div(pool(g, x), g.scalar(3))],
  [
    'a number of a Constant node',
    (g, x) => g.mul(pool(g, x), g.op('Constant', [], { value_float: { float: 2 } })),
  ],
  [
    'what the model says of it',
    (g, x) => g.describe(g.op('MaxPool', [x], { kernel_shape: [3, 3] }), 'float32', ['n', DIMENSIONS, 1, 1]),
  ],
];

describe.each(ONE_POSITION)('one position is shown by %s', (_name, map, options) => {
  it('and the head is grafted', async () => {
    const original = await openModel(model(map, options));
    expect(original.location).toMatchObject({ kind: 'conv', classes: CLASSES, dimensions: DIMENSIONS });
    const { verification } = await graft(original, otherHead(original.location));
    expect(verification.outputs).toMatchObject([{ compared: 'scores', passed: true }]);
  });
});

const MORE: [name: string, map: Map, options?: BuildOptions][] = [
  ['nothing', (_g, x) => x],
  ['a pooling of parts', (g, x) => g.op('AveragePool', [x], { kernel_shape: [2, 2] })],
  ['a mean over one axis', (g, x) => g.op('ReduceMean', [x], { axes: [2] })],
  ['a mean over the channels', (g, x) => g.op('ReduceMean', [x], { axes: [1, 2] })],
  [
    'a mean over axes that are computed',
    (g, x) => g.op('ReduceMean', [x, g.op('Identity', ['axes'])]),
    { opset: 18 },
  ],
  ['a mean without its axes', (g, x) => g.op('ReduceMean', [x], { axes: [2, 3], keepdims: 0 })],
  ['a kernel that is not 1×1', (g, x) => conv(g, pool(g, x), 3, { pads: [1, 1, 1, 1] })],
  ['a kernel with padding', (g, x) => conv(g, pool(g, x), 1, { pads: [1, 0, 1, 0] })],
  ['a kernel that is computed', (g, x) => g.op('Conv', [pool(g, x), g.relu(perChannel(g, [5, 5, 1, 1]))])],
  ['a Reshape into a larger map', (g, x) => g.reshape(x, -1, DIMENSIONS, 3, 3)],
  ['a Reshape of fewer axes', (g, x) => g.reshape(flat(g, x), -1, DIMENSIONS)],
  ['a Reshape that is computed', (g, x) => g.op('Reshape', [x, g.op('Shape', [x])])],
  ['an Unsqueeze elsewhere', (g, x) => g.op('Unsqueeze', [flat(g, x), g.ints(1, 2)])],
  ['a sum with stored positions', (g, x) => g.add(pool(g, x), perChannel(g, [1, DIMENSIONS, 3, 3]))],
  ['a sum with another input', (g, x) => g.add(pool(g, x), g.input('side', 'float32'))],
  ['a gate of a map', (g, x) => g.mul(g.op('Sigmoid', [pool(g, x)]), x)],
  ['two stored tensors', (g) => g.add(perChannel(g, [1, 5, 1, 1]), perChannel(g, [5, 1, 1]))],
  ['an operator of another domain', (g, x) => g.op('Gelu', [pool(g, x)], {}, { domain: 'com.microsoft' })],
  ['an operator that makes maps larger', (g, x) => g.op('Expand', [pool(g, x), g.ints(1, 5, 3, 3)])],
];

describe.each(MORE)('one position is not shown by %s', (_name, map, options) => {
  it('and it is said', async () => {
    const found = findHeads(await readModelFile(model(map, options)));
    expect(found.heads).toEqual([]);
    await expectRefusal(() => chooseHead(found), 'HEAD_NOT_FOUND', /nothing shows that its map is/);
  });
});

it('holds for signals with one axis of positions', async () => {
  const g = new GraphBuilder();
  const x = g.op('GlobalAveragePool', [g.input('x', 'float32', ['n', DIMENSIONS, 7])]);
  const f = g.mul(x, perChannel(g, [DIMENSIONS, 1]));
  g.output(
    g.op('Squeeze', [g.op('Conv', [f, g.constant(WEIGHT, [CLASSES, DIMENSIONS, 1])]), g.ints(2)]),
    'y',
  );
  const original = await openModel(g.build());
  expect(original.location.kind).toBe('conv');
  const { verification } = await graft(original, otherHead(original.location));
  expect(verification.argmaxAgreement).toBe(1);
});

it('holds before opset 7, where stored numbers are fitted to the map', async () => {
  const bytes = model(
    (g, x) => g.op('Add', [pool(g, x), perChannel(g, [DIMENSIONS])], { axis: 1, broadcast: 1 }),
    { opset: 6 },
  );
  // onnxruntime runs no such model, so it is not grafted here.
  expect(findHeads(await readModelFile(bytes)).heads).toMatchObject([{ kind: 'conv', classes: CLASSES }]);
});
