/** Small classifiers, one for each way in which a head can be written: 6 inputs, 5 features, 4 classes. */
import { clearField } from '@bufbuild/protobuf';
import { TensorProto_DataType as DataType, TensorProtoSchema } from 'onnx-buf';
import { createRandom } from '../../src/array/random.js';
import { type BuildOptions, GraphBuilder, type Value } from '../../src/onnx/build.js';
import type { HeadDtype } from '../../src/onnx/dtypes.js';
import { roundTo } from '../../src/onnx/dtypes.js';
import type { Activation, HeadKind } from '../../src/onnx/head-location.js';
import type { Attribute } from '../../src/onnx/protos.js';

export const INPUTS = 6;
export const DIMENSIONS = 5;
export const CLASSES = 4;

/** Numbers between −1 and 1 in steps of 1/64, which every type but bfloat16 holds exactly. */
export function numbers(length: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length }, () => Math.round((random() * 2 - 1) * 64) / 64);
}

const EXTRACTOR = numbers(INPUTS * DIMENSIONS, 1);
/** [C, D] */
export const WEIGHT = numbers(CLASSES * DIMENSIONS, 2);
export const BIAS = numbers(CLASSES, 3);

/** [rows, columns] → [columns, rows] */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
}
const WEIGHT_T = transpose(WEIGHT, CLASSES, DIMENSIONS);

/** x [n, 6] → features [n, 5], of the head's type. */
export function features(g: GraphBuilder, dtype: HeadDtype = 'float32'): Value {
  const x = g.input('x', 'float32', ['n', INPUTS]);
  const f = g.relu(g.matMul(x, g.constant(EXTRACTOR, [INPUTS, DIMENSIONS])));
  return dtype === 'float32'
    ? f
    : g.op('Cast', [f], { to: { float16: 10, bfloat16: 16, float64: 11 }[dtype] });
}

/** A map [n, 5, 1, 1] by global pooling of one that repeats the features. */
export function pooledMap(g: GraphBuilder): Value {
  const f = g.op('Unsqueeze', [features(g), g.ints(2, 3)]);
  return g.op('GlobalAveragePool', [g.op('Expand', [f, g.ints(1, 1, 2, 3)])]);
}

export interface HeadCase {
  name: string;
  kind: HeadKind;
  /** Adds the head to the graph and its outputs. */
  add(g: GraphBuilder): void;
  weight?: Float32Array;
  bias?: Float32Array;
  classes?: number;
  dimensions?: number;
  dtype?: HeadDtype;
  hasBias?: boolean;
  activation?: Activation;
  /** The output that the head is found from; default 'y'. */
  output?: string;
  form?: 'scores' | 'labels' | 'derived';
  build?: BuildOptions;
  /** Set where onnxruntime's CPU provider has no kernels for it. */
  cannotRun?: string;
}

const w = (g: GraphBuilder) => g.constant(WEIGHT, [CLASSES, DIMENSIONS], { name: 'w' });
const wT = (g: GraphBuilder) => g.constant(WEIGHT_T, [DIMENSIONS, CLASSES], { name: 'w' });
const b = (g: GraphBuilder, dims = [CLASSES]) => g.constant(BIAS, dims, { name: 'b' });
const y = (g: GraphBuilder, value: Value) => g.output(value, 'y', 'float32', ['n', CLASSES]);
const logits = (g: GraphBuilder) => g.gemm(features(g), w(g), b(g), { transB: 1 });
const scaled = (values: Float32Array, by: number) => values.map((value) => value * by);

function gemmCase(
  name: string,
  add: (g: GraphBuilder, f: Value) => Value,
  rest: Partial<HeadCase> = {},
): HeadCase {
  return { name, kind: 'gemm', add: (g) => y(g, add(g, features(g))), ...rest };
}

function matmulCase(
  name: string,
  add: (g: GraphBuilder, f: Value) => Value,
  rest: Partial<HeadCase> = {},
): HeadCase {
  return { ...gemmCase(name, add, rest), kind: 'matmul' };
}

function convCase(
  name: string,
  add: (g: GraphBuilder, map: Value) => Value,
  rest: Partial<HeadCase> = {},
): HeadCase {
  return { name, kind: 'conv', add: (g) => y(g, add(g, pooledMap(g))), ...rest };
}

function activationCase(
  name: string,
  activation: Activation,
  add: (g: GraphBuilder, z: Value) => Value,
): HeadCase {
  return { name, kind: 'gemm', add: (g) => y(g, add(g, logits(g))), activation };
}

function typedCase(dtype: HeadDtype, cannotRun?: string): HeadCase[] {
  const rounded = (values: Float32Array) => Float32Array.from(roundTo(dtype, values));
  const data = (values: Float32Array) => (dtype === 'float64' ? Float64Array.from(values) : values);
  const common = { dtype, weight: rounded(WEIGHT), bias: rounded(BIAS), cannotRun };
  const head = (g: GraphBuilder) =>
    g.gemm(
      features(g, dtype),
      g.constant(data(WEIGHT), [CLASSES, DIMENSIONS], { type: dtype, name: 'w' }),
      g.constant(data(BIAS), [CLASSES], { type: dtype, name: 'b' }),
      { transB: 1 },
    );
  return [
    {
      ...common,
      name: `${dtype}`,
      kind: 'gemm',
      add: (g) => y(g, g.op('Cast', [head(g)], { to: DataType.FLOAT })),
    },
    {
      ...common,
      name: `${dtype} in typed fields`,
      kind: 'gemm',
      add: (g) => {
        y(g, g.op('Cast', [head(g)], { to: DataType.FLOAT }));
        for (const tensor of g.graph().initializer) {
          if (tensor.name !== 'w' && tensor.name !== 'b') continue;
          const view = new DataView(tensor.rawData.slice().buffer);
          if (dtype === 'float64') {
            tensor.doubleData = Array.from({ length: view.byteLength / 8 }, (_, i) =>
              view.getFloat64(8 * i, true),
            );
          } else if (dtype === 'float32') {
            tensor.floatData = Array.from({ length: view.byteLength / 4 }, (_, i) =>
              view.getFloat32(4 * i, true),
            );
          } else {
            tensor.int32Data = Array.from({ length: view.byteLength / 2 }, (_, i) =>
              view.getUint16(2 * i, true),
            );
          }
          clearField(tensor, TensorProtoSchema.field.rawData);
        }
      },
    },
  ];
}

/** A LinearClassifier on the features; `outputs` adds what follows and names the graph's outputs. */
function classifierCase(
  name: string,
  attributes: Record<string, Attribute | undefined>,
  rest: Partial<HeadCase> & { follow?: (g: GraphBuilder, labels: Value, scores: Value) => void } = {},
): HeadCase {
  const classes = rest.classes ?? CLASSES;
  return {
    name,
    kind: 'linear-classifier',
    add: (g) => {
      const [labels, scores] = g.ops(
        'LinearClassifier',
        [features(g)],
        {
          coefficients: { floats: WEIGHT },
          intercepts: { floats: BIAS },
          classlabels_ints: [0, 1, 2, 3],
          ...attributes,
        },
        { outputs: ['label', 'scores'], domain: 'ai.onnx.ml' },
      );
      if (rest.follow) rest.follow(g, labels, scores);
      else {
        g.output(labels, 'label', 'int64', ['n']);
        g.output(scores, 'scores', 'float32', ['n', classes]);
      }
    },
    output: 'scores',
    ...rest,
  };
}

const ROW = WEIGHT.slice(0, DIMENSIONS);
const MIRRORED = Float32Array.from([...ROW.map((v) => -v), ...ROW]);
const binaryHead = {
  classes: 2,
  weight: scaled(MIRRORED, 0.5),
  bias: Float32Array.of(-0.125, 0.125),
  activation: 'softmax' as const,
};

/** Softmax as magika's exporter writes it: Exp(z − Expand(Reshape(Max(−∞, ReduceMax z)))) / Expand(Reshape(ReduceSum)). */
function magikaSoftmax(g: GraphBuilder, z: Value): Value {
  const shape = g.op('Concat', [g.op('Slice', [g.op('Shape', [z]), g.ints(0), g.ints(1)]), g.ints(1)], {
    axis: 0,
  });
  const full = g.op('Shape', [z]);
  const spread = (row: Value) => g.op('Expand', [g.op('Reshape', [row, shape]), full]);
  const max = g.op('Max', [g.scalar(-3e38), g.op('ReduceMax', [z], { axes: [1], keepdims: 0 })]);
  const e = g.exp(g.sub(z, spread(max)));
  return g.div(e, spread(g.reduceSum(e, [1], 0)));
}

/** Every supported way to write a head. */
export const HEAD_CASES: HeadCase[] = [
  gemmCase('Gemm, transB 1', (g, f) => g.gemm(f, w(g), b(g), { transB: 1 })),
  gemmCase('Gemm, transB 0', (g, f) => g.gemm(f, wT(g), b(g))),
  gemmCase('Gemm, alpha and beta', (g, f) => g.gemm(f, w(g), b(g), { transB: 1, alpha: 0.5, beta: 2 }), {
    weight: scaled(WEIGHT, 0.5),
    bias: scaled(BIAS, 2),
  }),
  gemmCase('Gemm, beta 0', (g, f) => g.gemm(f, w(g), b(g), { transB: 1, beta: 0 }), {
    bias: new Float32Array(CLASSES),
  }),
  gemmCase('Gemm, alpha 0.3', (g, f) => g.gemm(f, wT(g), b(g), { alpha: 0.3 }), {
    weight: WEIGHT.map((value) => value * Math.fround(0.3)),
  }),
  gemmCase('Gemm without bias', (g, f) => g.gemm(f, w(g), undefined, { transB: 1 }), {
    bias: new Float32Array(CLASSES),
    hasBias: false,
  }),
  gemmCase('Gemm without bias, beta 2', (g, f) => g.gemm(f, w(g), undefined, { transB: 1, beta: 2 }), {
    bias: new Float32Array(CLASSES),
    hasBias: false,
  }),
  gemmCase('Gemm, bias [1, C]', (g, f) => g.gemm(f, w(g), b(g, [1, CLASSES]), { transB: 1 })),
  gemmCase(
    'Gemm, bias one number',
    (g, f) => g.gemm(f, w(g), g.constant(Float32Array.of(0.5), [1]), { transB: 1 }),
    {
      bias: new Float32Array(CLASSES).fill(0.5),
    },
  ),
  matmulCase('MatMul', (g, f) => g.matMul(f, wT(g)), { bias: new Float32Array(CLASSES), hasBias: false }),
  matmulCase('MatMul and Add', (g, f) => g.add(g.matMul(f, wT(g)), b(g))),
  matmulCase('MatMul and Add, bias on the left', (g, f) => g.add(b(g), g.matMul(f, wT(g)))),
  matmulCase('MatMul and Add, bias [1, C]', (g, f) => g.add(g.matMul(f, wT(g)), b(g, [1, CLASSES]))),
  matmulCase('MatMul and Add, bias a scalar', (g, f) => g.add(g.matMul(f, wT(g)), g.scalar(-0.25)), {
    bias: new Float32Array(CLASSES).fill(-0.25),
  }),
  matmulCase('MatMul, weight through Transpose', (g, f) =>
    g.add(g.matMul(f, g.transpose(w(g), [1, 0])), b(g)),
  ),
  matmulCase('MatMul, weight through Identity and Transpose', (g, f) =>
    g.add(g.matMul(f, g.transpose(g.op('Identity', [w(g)]))), b(g)),
  ),
  matmulCase('MatMul, weight through Cast from float16', (g, f) =>
    g.add(
      g.matMul(
        f,
        g.op('Cast', [g.constant(WEIGHT_T, [DIMENSIONS, CLASSES], { type: 'float16' })], {
          to: DataType.FLOAT,
        }),
      ),
      b(g),
    ),
  ),
  matmulCase('MatMul and Add of Constant nodes', (g, f) => {
    const constant = (values: Float32Array, dims: number[]) => {
      const name = g.constant(values, dims);
      return g.op(
        'Constant',
        [],
        { value: { tensor: g.graph().initializer.splice(-1)[0] } },
        { outputs: [`${name}c`] },
      );
    };
    return g.add(g.matMul(f, constant(WEIGHT_T, [DIMENSIONS, CLASSES])), constant(BIAS, [CLASSES]));
  }),
  matmulCase('MatMul and Add, bias in value_floats', (g, f) =>
    g.add(g.matMul(f, wT(g)), g.op('Constant', [], { value_floats: { floats: BIAS } })),
  ),
  matmulCase('MatMul on [N, 1, D]', (g, f) =>
    g.op('Squeeze', [g.add(g.matMul(g.op('Unsqueeze', [f, g.ints(1)]), wT(g)), b(g)), g.ints(1)]),
  ),
  convCase('1×1 Conv and Flatten', (g, map) =>
    g.op('Flatten', [g.op('Conv', [map, g.constant(WEIGHT, [CLASSES, DIMENSIONS, 1, 1]), b(g)])]),
  ),
  convCase(
    '1×1 Conv without bias and Squeeze',
    (g, map) =>
      g.op('Squeeze', [g.op('Conv', [map, g.constant(WEIGHT, [CLASSES, DIMENSIONS, 1, 1])]), g.ints(2, 3)]),
    { bias: new Float32Array(CLASSES), hasBias: false },
  ),
  convCase('1×1 Conv, Add [C, 1, 1] and Reshape', (g, map) => {
    const z = g.op('Conv', [g.relu(map), g.constant(WEIGHT, [CLASSES, DIMENSIONS, 1, 1])]);
    return g.reshape(g.add(z, b(g, [CLASSES, 1, 1])), 0, -1);
  }),
  convCase(
    '1×1 Conv and a scalar Add',
    (g, map) => {
      const z = g.op('Conv', [map, g.constant(WEIGHT, [CLASSES, DIMENSIONS, 1, 1])]);
      return g.reshape(g.add(z, g.scalar(0.5)), -1, CLASSES);
    },
    { bias: new Float32Array(CLASSES).fill(0.5) },
  ),
  {
    ...convCase('1×1 Conv and Softmax over the channels', (g, map) =>
      g.op('Flatten', [
        g.softmax(g.op('Conv', [map, g.constant(WEIGHT, [CLASSES, DIMENSIONS, 1, 1]), b(g)]), 1),
      ]),
    ),
    activation: 'softmax',
  },
  activationCase('Softmax', 'softmax', (g, z) => g.softmax(z)),
  activationCase('Softmax and Cast', 'softmax', (g, z) =>
    g.op('Cast', [g.softmax(g.op('Cast', [z], { to: DataType.DOUBLE }))], { to: DataType.FLOAT }),
  ),
  {
    ...activationCase('Softmax before opset 13', 'softmax', (g, z) => g.op('Softmax', [z])),
    build: { opset: 12 },
  },
  activationCase('LogSoftmax', 'log-softmax', (g, z) => g.logSoftmax(z, 1)),
  activationCase('Softmax and Log', 'log-softmax', (g, z) => g.log(g.softmax(z))),
  activationCase('Sigmoid', 'sigmoid', (g, z) => g.op('Sigmoid', [z])),
  activationCase('softmax as Exp, ReduceSum, Div', 'softmax', (g, z) => {
    const e = g.exp(z);
    return g.div(e, g.reduceSum(e, [-1]));
  }),
  activationCase('softmax as Exp, ReduceMax, Reciprocal, Mul', 'softmax', (g, z) => {
    const e = g.exp(g.sub(z, g.op('ReduceMax', [z], { axes: [-1] })));
    return g.mul(e, g.op('Reciprocal', [g.reduceSum(e, [-1])]));
  }),
  activationCase("softmax as magika's exporter writes it", 'softmax', magikaSoftmax),
  activationCase('log-softmax as Exp, ReduceSum, Log, Sub', 'log-softmax', (g, z) => {
    const x = g.sub(z, g.op('ReduceMax', [z], { axes: [-1] }));
    return g.sub(x, g.log(g.reduceSum(g.exp(x), [-1])));
  }),
  activationCase('log-softmax as ReduceLogSumExp', 'log-softmax', (g, z) =>
    g.sub(z, g.op('ReduceLogSumExp', [z], { axes: [1] })),
  ),
  activationCase('Softmax of LogSoftmax', 'softmax', (g, z) => g.softmax(g.logSoftmax(z))),
  {
    ...activationCase('Softmax of Softmax', 'softmax', (g, z) => g.softmax(g.softmax(z))),
    form: 'derived',
  },
  {
    name: 'ArgMax',
    kind: 'gemm',
    add: (g) => g.output(g.op('ArgMax', [logits(g)], { axis: 1, keepdims: 0 }), 'y', 'int64', ['n']),
    form: 'labels',
  },
  {
    name: 'ArgMax of a softmax of a softmax',
    kind: 'gemm',
    add: (g) => {
      const twice = g.softmax(g.softmax(logits(g)));
      g.output(g.op('ArgMax', [twice], { axis: 1, keepdims: 0 }), 'y', 'int64', ['n']);
    },
    form: 'labels',
    activation: 'softmax',
  },
  {
    name: 'TopK of a softmax',
    kind: 'gemm',
    add: (g) => {
      const [values, indices] = g.ops('TopK', [g.softmax(logits(g)), g.ints(2)], {}, { count: 2 });
      g.output(indices, 'y', 'int64', ['n', 2]);
      g.output(values, 'values', 'float32', ['n', 2]);
    },
    form: 'labels',
    activation: 'softmax',
  },
  {
    name: 'a table of labels behind ArgMax',
    kind: 'gemm',
    add: (g) => {
      const table = g.constant(BigInt64Array.of(10n, 11n, 12n, 13n), [CLASSES]);
      g.output(
        g.op('Gather', [table, g.op('ArgMax', [logits(g)], { axis: -1, keepdims: 0 })]),
        'y',
        'int64',
        ['n'],
      );
    },
    form: 'derived',
  },
  ...typedCase('float32').slice(1),
  ...typedCase('float16'),
  ...typedCase('float64'),
  ...typedCase('bfloat16', "onnxruntime's CPU provider has no bfloat16 Gemm"),
  {
    ...gemmCase('IR version 3, where initializers are inputs', (g, f) => {
      const z = g.gemm(f, w(g), b(g), { transB: 1 });
      for (const tensor of g.graph().initializer) g.input(tensor.name, 'float32', tensor.dims.map(Number));
      return z;
    }),
    build: { irVersion: 3, opset: 8 },
  },
  {
    ...matmulCase(
      'IR version 3, MatMul without bias',
      (g, f) => {
        const z = g.matMul(f, wT(g));
        for (const tensor of g.graph().initializer) g.input(tensor.name, 'float32', tensor.dims.map(Number));
        return z;
      },
      { bias: new Float32Array(CLASSES), hasBias: false },
    ),
    build: { irVersion: 3, opset: 8 },
  },
  classifierCase('LinearClassifier', {}),
  classifierCase(
    'LinearClassifier without intercepts',
    { intercepts: undefined },
    {
      bias: new Float32Array(CLASSES),
      hasBias: false,
      cannotRun: 'onnxruntime wants intercepts, which the standard leaves optional',
    },
  ),
  classifierCase('LinearClassifier, softmax', { post_transform: 'SOFTMAX' }, { activation: 'softmax' }),
  classifierCase('LinearClassifier, logistic', { post_transform: 'LOGISTIC' }, { activation: 'sigmoid' }),
  classifierCase(
    'LinearClassifier with string labels, Normalizer and ZipMap',
    {
      post_transform: 'LOGISTIC',
      classlabels_ints: [],
      classlabels_strings: { strings: ['a', 'b', 'c', 'd'] },
    },
    {
      activation: 'sigmoid',
      output: 'label',
      form: 'labels',
      follow: (g, labels, scores) => {
        g.output(labels, 'label', 'string', ['n']);
        g.output(
          g.op('Normalizer', [scores], { norm: 'L1' }, { domain: 'ai.onnx.ml' }),
          'normalized',
          'float32',
        );
      },
    },
  ),
  classifierCase(
    'LinearClassifier, two classes as mirrored rows',
    {
      coefficients: { floats: MIRRORED },
      intercepts: { floats: [-0.25, 0.25] },
      classlabels_ints: [0, 1],
      post_transform: 'LOGISTIC',
    },
    binaryHead,
  ),
  classifierCase(
    'LinearClassifier, two classes as one row',
    {
      coefficients: { floats: ROW },
      intercepts: { floats: [0.25] },
      classlabels_ints: [0, 1],
      post_transform: 'LOGISTIC',
    },
    binaryHead,
  ),
];

/** The model of a case. */
export function buildCase(head: HeadCase): Uint8Array<ArrayBuffer> {
  const g = new GraphBuilder();
  head.add(g);
  return g.build({ metadata: { author: 'someone', task: 'shapes' }, ...head.build });
}
