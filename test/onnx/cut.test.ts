/** What a cut takes along, and what it leaves. */
import { create } from '@bufbuild/protobuf';
import { SparseTensorProtoSchema, StringStringEntryProtoSchema, TensorAnnotationSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { type BuildOptions, GraphBuilder, type Value } from '../../src/onnx/build.js';
import { cutExtractor } from '../../src/onnx/cut.js';
import { chooseHead, findHeads } from '../../src/onnx/find-heads.js';
import { graftHead } from '../../src/onnx/graft.js';
import { graphOf, readModelFile } from '../../src/onnx/model-file.js';
import { tensorProto } from '../../src/onnx/protos.js';
import { readHead } from '../../src/onnx/read-head.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { largestDifference, otherHead, predict, run, SAMPLES } from './run-model.js';
import { BIAS, CLASSES, DIMENSIONS, features, INPUTS, numbers, transpose, WEIGHT } from './small-heads.js';

async function open(g: GraphBuilder, options: BuildOptions = {}) {
  const file = await readModelFile(g.build(options));
  return { file, location: chooseHead(findHeads(file), { output: 'y' }) };
}

const head = (g: GraphBuilder, f: Value) =>
  g.gemm(f, g.constant(WEIGHT, [CLASSES, DIMENSIONS]), g.constant(BIAS, [CLASSES]), { transB: 1 });

/** A sparse [6, 5] tensor with numbers at 0, 7 and 14. */
const sparse = (name: string) =>
  create(SparseTensorProtoSchema, {
    values: tensorProto(Float32Array.of(1, 2, 3), [3], { name }),
    indices: tensorProto(BigInt64Array.of(0n, 7n, 14n), [3]),
    dims: [6n, 5n],
  });
const annotation = (tensorName: string) =>
  create(TensorAnnotationSchema, {
    tensorName,
    quantParameterTensorNames: [create(StringStringEntryProtoSchema, { key: 'SCALE_TENSOR', value: 's' })],
  });

it('keeps sparse tensors, descriptions and annotations of what it needs, and no others', async () => {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['n', INPUTS]);
  const f = g.describe(g.matMul(x, 'needed'), 'float32', ['n', DIMENSIONS]);
  g.output(head(g, f), 'y', 'float32', ['n', CLASSES]);
  const other = g.describe(g.matMul(x, 'spare'), 'float32', ['n', DIMENSIONS]);
  g.output(g.relu(other), 'side');
  g.graph().sparseInitializer.push(sparse('spare'), sparse('needed'), create(SparseTensorProtoSchema, {}));
  g.graph().quantizationAnnotation.push(annotation(f), annotation(other));
  const { file, location } = await open(g);
  const cut = await cutExtractor(file, location);
  const graph = graphOf(await readModelFile(cut.bytes));
  expect(graph.sparseInitializer.map(({ values }) => values!.name)).toEqual(['needed']);
  expect(graph.valueInfo.map(({ name }) => name)).toEqual([f]);
  expect(graph.quantizationAnnotation.map(({ tensorName }) => tensorName)).toEqual([f]);
  expect(graph.node.map(({ opType }) => opType)).toEqual(['MatMul', 'Gemm']);
  const results = await run(cut.bytes);
  const promised = predict(await readHead(file, location), results[cut.features].data as number[]);
  expect(largestDifference(results[cut.logits].data, promised)).toBeLessThan(1e-5);
});

it('of a binary LinearClassifier before IR version 4 gives the logits of its softmax', async () => {
  const g = new GraphBuilder();
  const [label, scores] = g.ops(
    'LinearClassifier',
    [features(g)],
    {
      coefficients: { floats: WEIGHT.slice(0, DIMENSIONS) },
      intercepts: { floats: [0.25] },
      classlabels_ints: [0, 1],
      post_transform: 'LOGISTIC',
    },
    { count: 2, domain: 'ai.onnx.ml' },
  );
  g.output(label, 'label', 'int64', ['n']);
  g.output(scores, 'y', 'float32', ['n', 2]);
  for (const tensor of g.graph().initializer) g.input(tensor.name, 'float32', tensor.dims.map(Number));
  const { file, location } = await open(g, { irVersion: 3, opset: 8, domains: { 'ai.onnx.ml': 1 } });
  const cut = await cutExtractor(file, location);
  const graph = graphOf(await readModelFile(cut.bytes));
  for (const { name } of graph.initializer) expect(graph.input.map((input) => input.name)).toContain(name);
  const results = await run(cut.bytes);
  expect(results[cut.logits].dims).toEqual([SAMPLES, 2]);
  const promised = predict(await readHead(file, location), results[cut.features].data as number[]);
  expect(largestDifference(results[cut.logits].data, promised)).toBeLessThan(1e-5);
});

describe('a bias that is one number', () => {
  const build = (g: GraphBuilder) => {
    const z = g.matMul(
      features(g),
      g.constant(transpose(WEIGHT, CLASSES, DIMENSIONS), [DIMENSIONS, CLASSES]),
    );
    g.output(g.add(z, g.constant(Float32Array.of(0.5), [1], { name: 'b' })), 'y');
  };

  it('stays one where all classes get the same', async () => {
    const g = new GraphBuilder();
    build(g);
    const { file, location } = await open(g);
    const wanted = await readHead(file, location);
    wanted.bias.data.fill(-2);
    const grafted = await graftHead(file, location, wanted);
    const after = graphOf(await readModelFile(grafted.bytes));
    expect(after.initializer.find(({ name }) => name === 'b')!.dims).toEqual([1n]);
    expect(grafted.bytes).toHaveLength(file.bytes.length);
    expect(grafted.notes).toEqual([]);
    const cut = await cutExtractor(file, location);
    const promised = predict(wanted, (await run(cut.bytes))[cut.features].data as number[]);
    expect(largestDifference((await run(grafted.bytes)).y.data, promised)).toBeLessThan(1e-5);
  });

  it('cannot become one per class where the operator adds one number only', async () => {
    const g = new GraphBuilder();
    const z = g.matMul(features(g), g.constant(numbers(20, 2), [DIMENSIONS, CLASSES]));
    g.output(g.op('Add', [z, g.constant(Float32Array.of(0.5), [])], { axis: 0 }), 'y');
    const { file, location } = await open(g, { opset: 6 });
    await expectRefusal(
      () => graftHead(file, location, otherHead(location)),
      'HEAD_UNSUPPORTED',
      /Add.*operator set 6 adds one number to all classes and cannot take one per class/,
    );
  });
});
