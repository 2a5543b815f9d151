/** From the head to the output: what it shows where each operator works on the classes, and refusals where not. */
import { describe, expect, it } from 'vitest';
import { openModel } from '../../src/features/model.js';
import { type BuildOptions, GraphBuilder, type Value } from '../../src/onnx/build.js';
import { chooseHead, findHeads } from '../../src/onnx/find-heads.js';
import type { HeadOutput } from '../../src/onnx/head-location.js';
import { readModelFile } from '../../src/onnx/model-file.js';
import type { ElementType } from '../../src/onnx/protos.js';
import { graft } from '../../src/recalibrate/graft.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { otherHead } from './run-model.js';
import { BIAS, CLASSES, DIMENSIONS, features, transpose, WEIGHT } from './small-heads.js';

type Way = (g: GraphBuilder, z: Value) => Value;
interface Options extends BuildOptions {
  type?: ElementType;
  dims?: readonly (number | string | null)[] | null;
}

/** Logits [n, 4] and what `way` makes of them as the only output. */
function model(way: Way, { type = 'float32', dims, ...options }: Options = {}): Uint8Array {
  const g = new GraphBuilder();
  const z = g.gemm(features(g), g.constant(WEIGHT, [CLASSES, DIMENSIONS]), g.constant(BIAS, [CLASSES]), {
    transB: 1,
  });
  g.output(way(g, z), 'y', type, dims === null ? undefined : (dims ?? ['n', null]));
  return g.build(options);
}

/** Logits [n, 1, 4] of a MatMul, whose rank nothing says. */
const middle: Way = (g) => {
  const f = g.op('Unsqueeze', [features2(g), g.ints(1)]);
  return g.matMul(f, g.constant(transpose(WEIGHT, CLASSES, DIMENSIONS), [DIMENSIONS, CLASSES]));
};
const features2 = (g: GraphBuilder) => g.relu(g.input('other', 'float32', ['n', DIMENSIONS]));
const argMax = (g: GraphBuilder, z: Value, axis = 1, keepdims = 0) => g.op('ArgMax', [z], { axis, keepdims });
const unsqueeze = (g: GraphBuilder, z: Value, ...axes: number[]) => g.op('Unsqueeze', [z, g.ints(...axes)]);
const squeeze = (g: GraphBuilder, z: Value, ...axes: number[]) => g.op('Squeeze', [z, g.ints(...axes)]);
const whole = { type: 'int64', dims: ['n'] } as const;

const SHOWN: [name: string, shows: Partial<HeadOutput>, way: Way, options?: Options][] = [
  [
    'Unsqueeze before the classes',
    { activation: 'softmax', form: 'scores' },
    (g, z) => squeeze(g, g.softmax(unsqueeze(g, z, 1), 2), 1),
  ],
  [
    'Unsqueeze behind the classes',
    { activation: 'softmax', form: 'scores' },
    (g, z) => squeeze(g, g.softmax(unsqueeze(g, z, 2, 3), 1), -1, -2),
  ],
  [
    'Unsqueeze around the classes, from the right',
    { activation: 'log-softmax', form: 'scores' },
    (g, z) => squeeze(g, g.logSoftmax(unsqueeze(g, z, -1, 0), 2), 0, 3),
  ],
  [
    'Flatten from the right',
    { activation: 'none', form: 'scores' },
    (g, z) => g.op('Flatten', [z], { axis: -1 }),
  ],
  [
    'Squeeze of whatever has length 1',
    { activation: 'softmax', form: 'scores' },
    (g, z) => g.softmax(g.op('Squeeze', [unsqueeze(g, z, 1)])),
    { dims: ['n', CLASSES] },
  ],
  ['Reshape to what is computed', { activation: 'none' }, (g, z) => g.op('Reshape', [z, g.op('Shape', [z])])],
  [
    'Reshape by a Constant node',
    { activation: 'softmax' },
    (g, z) => g.softmax(g.op('Reshape', [z, g.op('Constant', [], { value_ints: [-1, 1, CLASSES] })])),
    { dims: ['n', 1, CLASSES] },
  ],
  [
    'the best score',
    { form: 'derived' },
    (g, z) => g.op('ReduceMax', [z], { axes: [1], keepdims: 0 }),
    { dims: ['n'] },
  ],
  [
    'the best score, axes as input',
    { form: 'derived' },
    (g, z) => g.op('ReduceMax', [z, g.ints(-1)], { keepdims: 1 }),
    { opset: 18 },
  ],
  ['a decision as a float', { form: 'labels' }, (g, z) => g.cast(argMax(g, z), 'float32'), { dims: ['n'] }],
  ['a decision of another shape', { form: 'labels' }, (g, z) => g.reshape(argMax(g, z, 1, 1), -1), whole],
  [
    'a decision over the logarithm of probabilities',
    { form: 'labels' },
    (g, z) => argMax(g, g.log(g.softmax(z)), -1),
    whole,
  ],
  [
    'a softmax over all axes but the first, before opset 13',
    { activation: 'softmax' },
    (g, z) => g.op('Softmax', [z], { axis: 1 }),
    { opset: 11 },
  ],
];

describe.each(SHOWN)('%s', (_name, shows, way, options) => {
  it('is understood, and proven by a graft', async () => {
    const original = await openModel(model(way, options));
    expect(original.location.outputs).toMatchObject([{ name: 'y', ...shows }]);
    const { verification } = await graft(original, otherHead(original.location));
    expect(verification.outputs[0].compared).toBe(original.location.outputs[0].form);
  });
});

const REFUSED: [name: string, reason: RegExp, way: Way, options?: Options][] = [
  [
    'a softmax over an axis that was put in',
    /over axis 1, which is not/,
    (g, z) => squeeze(g, g.softmax(unsqueeze(g, z, 1), 1), 1),
  ],
  [
    'a softmax of a decision',
    /Softmax.*normalises a decision/,
    (g, z) => g.softmax(g.cast(argMax(g, z, 1, 1), 'float32')),
  ],
  [
    'a written-out softmax of a decision',
    /normalises a decision/,
    (g, z) => {
      const e = g.exp(g.cast(argMax(g, z, 1, 1), 'float32'));
      return g.div(e, g.reduceSum(e, [-1]));
    },
  ],
  [
    'a written-out softmax over the samples',
    /normalises over another axis than the classes/,
    (g, z) => {
      const e = g.exp(z);
      return g.div(e, g.reduceSum(e, [0]));
    },
  ],
  ['the logarithm of logits', /Log.*does not follow a softmax/, (g, z) => g.log(z)],
  [
    'a sigmoid of probabilities',
    /Sigmoid.*does not follow logits/,
    (g, z) => g.op('Sigmoid', [g.softmax(z)]),
  ],
  ['a decision about a decision', /works on a decision/, (g, z) => argMax(g, argMax(g, z, 1, 1)), whole],
  ['a maximum over all axes', /over another axis/, (g, z) => g.op('ReduceMax', [z], { keepdims: 1 })],
  ['scores as whole numbers', /makes scores whole numbers/, (g, z) => g.cast(z, 'int64'), { type: 'int64' }],
  [
    'an entry of scores',
    /no linear head in front of Gather/,
    (g, z) => g.op('Gather', [z, g.ints(0)], { axis: 1 }),
  ],
  [
    'a table by scores',
    /Gather.*picks among scores/,
    (g, z) => g.op('Gather', [g.constant(WEIGHT, [20]), g.cast(g.softmax(z), 'float32')]),
  ],
  [
    'a Normalizer of logits',
    /Normalizer.*may be negative/,
    (g, z) => g.op('Normalizer', [z], { norm: 'L1' }, { domain: 'ai.onnx.ml' }),
  ],
  [
    'a Flatten into the batch',
    /flattens the classes into the batch/,
    (g, z) => g.op('Flatten', [z], { axis: 2 }),
  ],
  [
    'a Flatten of everything',
    /flattens the classes into the batch/,
    (g, z) => g.op('Flatten', [z], { axis: 0 }),
  ],
  [
    'a Squeeze of the classes',
    /removes the axis of the classes/,
    (g, z) => squeeze(g, z, 1),
    { dims: ['n'] },
  ],
  [
    'an output of another size',
    /'y' has 3 numbers per sample, but its linear layer 4/,
    (_g, z) => z,
    { dims: ['n', 3] },
  ],
  [
    'the mask of a Dropout',
    /mask of Dropout/,
    (g, z) => g.ops('Dropout', [z], {}, { count: 2 })[1],
    { type: 'bool' },
  ],
];

describe.each(REFUSED)('%s', (_name, reason, way, options) => {
  it('is refused with the reason', async () => {
    const found = findHeads(await readModelFile(model(way, options)));
    expect(found.heads).toEqual([]);
    await expectRefusal(() => chooseHead(found), 'HEAD_NOT_FOUND', reason);
  });
});

it('takes the logits of one step for what they are', async () => {
  const found = findHeads(await readModelFile(model((g, z) => squeeze(g, g.softmax(middle(g, z), 2), 1))));
  expect(found.heads).toMatchObject([{ kind: 'matmul', classes: CLASSES, activation: 'softmax' }]);
  const wrong = findHeads(await readModelFile(model((g, z) => squeeze(g, g.softmax(middle(g, z), 1), 1))));
  expect(wrong.refused[0].reason).toMatch(/over axis 1, which is not/);
});
