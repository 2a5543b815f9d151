/** Models whose head cannot be changed, but whose logits can be scaled and shifted per class. */
import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { denseData } from '../../src/array/matrix.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import { cutExtractor } from '../../src/onnx/cut.js';
import { chooseHead, findHeads } from '../../src/onnx/find-heads.js';
import { graftHead } from '../../src/onnx/graft.js';
import { graphOf, readModelFile } from '../../src/onnx/model-file.js';
import { readHead, sameNumbers } from '../../src/onnx/read-head.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { activate, largestDifference, predict, run } from './run-model.js';
import { CLASSES, DIMENSIONS, features, numbers, pooledMap } from './small-heads.js';

const integers = Int8Array.from(numbers(CLASSES * DIMENSIONS, 4), (value) => Math.round(value * 100));
const quantisedWeight = (g: GraphBuilder) =>
  g.op('DequantizeLinear', [g.constant(integers, [DIMENSIONS, CLASSES]), g.scalar(0.01)]);

/** Dynamic quantisation as onnxruntime's own tools write it. */
function matMulInteger(): Uint8Array {
  const g = new GraphBuilder();
  const [q, scale, zero] = g.ops('DynamicQuantizeLinear', [features(g)], {}, { count: 3 });
  const product = g.op('MatMulInteger', [q, g.constant(integers, [DIMENSIONS, CLASSES]), zero]);
  const z = g.mul(g.op('Cast', [product], { to: 1 }), g.mul(scale, g.scalar(0.01)));
  g.output(g.softmax(z), 'y', 'float32', ['n', CLASSES]);
  return g.build();
}

/** QDQ with the logits as an output of their own, which must keep its name. */
function qdq(): Uint8Array {
  const g = new GraphBuilder();
  const z = g.op('Identity', [g.matMul(features(g), quantisedWeight(g))], {}, { outputs: ['logits'] });
  g.output(z, 'logits', 'float32', ['n', CLASSES]);
  g.output(g.softmax(z), 'y', 'float32', ['n', CLASSES]);
  return g.build();
}

function dequantizedOutput(): Uint8Array {
  const g = new GraphBuilder();
  const z = g.matMul(features(g), quantisedWeight(g));
  const q = g.op('QuantizeLinear', [z, g.scalar(0.02), g.constant(Int8Array.of(0), [])]);
  g.output(g.op('DequantizeLinear', [q, g.scalar(0.02), g.constant(Int8Array.of(0), [])]), 'y', 'float32', [
    'n',
    CLASSES,
  ]);
  return g.build();
}

/** Logits [N, C, 1, 1] in front of a softmax over the channels. */
function map(): Uint8Array {
  const g = new GraphBuilder();
  const weight = g.op('Unsqueeze', [g.transpose(quantisedWeight(g)), g.ints(2, 3)]);
  const z = g.describe(g.op('Conv', [pooledMap(g), weight]), 'float32', ['n', CLASSES, 1, 1]);
  g.output(g.op('Flatten', [g.softmax(z, 1)]), 'y', 'float32', ['n', CLASSES]);
  return g.build();
}

/** No quantisation, but two heads averaged. */
function averaged(): Uint8Array {
  const g = new GraphBuilder();
  const f = features(g);
  const one = (seed: number) => g.matMul(f, g.constant(numbers(20, seed), [DIMENSIONS, CLASSES]));
  g.output(g.softmax(g.op('Mean', [one(1), one(2)])), 'y', 'float32', ['n', CLASSES]);
  return g.build();
}

const diagonal = (scale: number[], shift: number[]) => {
  const weight = new Float32Array(CLASSES * CLASSES);
  scale.forEach((value, k) => {
    weight[k * CLASSES + k] = value;
  });
  return linearHead(weight, Float32Array.from(shift), CLASSES, CLASSES);
};
const ones = [1, 1, 1, 1];
const zeros = [0, 0, 0, 0];

const MODELS = { matMulInteger, qdq, dequantizedOutput, map, averaged };

describe.each(Object.entries(MODELS))('logits of %s', (_, build) => {
  const open = async (bytes = build()) => {
    const file = await readModelFile(bytes);
    return { file, location: chooseHead(findHeads(file)) };
  };

  it('are found where no linear head can be changed, and it is said so', async () => {
    const { file, location } = await open();
    expect(location).toMatchObject({ kind: 'logits', classes: CLASSES, dimensions: CLASSES, hasBias: false });
    expect(location.note).toMatch(/No linear head that can be changed \(.+\)/);
    expect(findHeads(file).heads).toHaveLength(1);
    expect(sameNumbers(await readHead(file, location), diagonal(ones, zeros))).toBe(true);
  });

  it('are given when cut', async () => {
    const { file, location } = await open();
    const cut = await cutExtractor(file, location);
    expect(cut.features).toBe(cut.logits);
    const logits = (await run(cut.bytes))[cut.logits].data as number[];
    const y = (await run(file.bytes)).y.data;
    expect(
      largestDifference(
        y,
        activate(logits, CLASSES, location.outputs.find(({ name }) => name === 'y')!.activation),
      ),
    ).toBeLessThan(1e-6);
  });

  it.each([
    ['a scale', [0.5, 1, 2, 1.5], zeros],
    ['a shift', ones, [0.5, -1, 0, 2]],
    ['both', [0.5, 1, 2, 1.5], [0.5, -1, 0, 2]],
  ])('get %s, and another one, and none', async (_name, scale, shift) => {
    const { file, location } = await open();
    const cut = await cutExtractor(file, location);
    const logits = (await run(cut.bytes))[cut.logits].data as number[];
    const original = await run(file.bytes);
    const check = async (bytes: Uint8Array, head: ReturnType<typeof diagonal>) => {
      const outputs = await run(bytes);
      expect(Object.keys(outputs)).toEqual(Object.keys(original));
      for (const { name, activation } of location.outputs) {
        const promised = activate(predict(head, logits), CLASSES, activation);
        expect(largestDifference(outputs[name].data, promised), name).toBeLessThan(1e-5);
      }
    };
    const grafted = await graftHead(file, location, diagonal(scale, shift));
    expect(grafted.notes.join()).toMatch(/per class was put behind its logits/);
    await check(grafted.bytes, diagonal(scale, shift));
    const again = await open(grafted.bytes);
    expect(again.location.kind).toBe('logits');
    expect(denseData((await readHead(again.file, again.location)).bias)).toEqual(Float32Array.from(shift));
    const cutAgain = await cutExtractor(again.file, again.location);
    expect((await run(cutAgain.bytes))[cutAgain.features].data).toEqual(logits);

    const other = diagonal([1, 2, 1, 1], [0, 0, 3, 0]);
    const second = await graftHead(again.file, again.location, other);
    await check(second.bytes, other);
    const third = await open(second.bytes);
    const restored = await graftHead(third.file, third.location, diagonal(ones, zeros));
    expect(await run(restored.bytes)).toEqual(original);
    expect(graphOf((await open(restored.bytes)).file).node).toEqual(graphOf(file).node);
  });

  it('refuse a head that mixes classes', async () => {
    const { file, location } = await open();
    const mixing = diagonal(ones, zeros);
    denseData(mixing.weight)[2] = 0.5;
    await expectRefusal(
      () => graftHead(file, location, mixing),
      'HEAD_UNSUPPORTED',
      /mixes class 2 into class 0/,
    );
  });
});

it('does not take logits whose number of classes is not said', async () => {
  const g = new GraphBuilder();
  g.output(g.softmax(g.relu(g.input('x', 'float32', ['n', 'c']))), 'y', 'float32', ['n', 'c']);
  const found = findHeads(await readModelFile(g.build()));
  expect(found.heads).toEqual([]);
});
