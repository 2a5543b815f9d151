// Small classifiers, one for each way in which a head can lie in a file, as the starting points of damage.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GraphBuilder } from '../../dist/onnx/build.js';

const INPUTS = 6;
const DIMENSIONS = 5;
const CLASSES = 4;

const numbers = (length, seed) =>
  Float32Array.from({ length }, (_, i) => Math.round(Math.sin((i + 1) * (seed + 0.7)) * 64) / 64);
const WEIGHT = numbers(CLASSES * DIMENSIONS, 2);
const BIAS = numbers(CLASSES, 3);

const metadata = {
  'onnx_tailor.classes': '["a","b","c","d"]',
  'onnx_tailor.counts': '[100,50,10,2]',
  'onnx_tailor.preprocess': '{"size":[2,3],"channels":"GRAY"}',
  author: 'someone',
};

function features(g, type) {
  const x = g.input('x', 'float32', ['n', INPUTS]);
  const f = g.relu(g.matMul(x, g.constant(numbers(INPUTS * DIMENSIONS, 1), [INPUTS, DIMENSIONS])));
  return type ? g.op('Cast', [f], { to: type }) : f;
}
const w = (g) => g.constant(WEIGHT, [CLASSES, DIMENSIONS], { name: 'w' });
const wT = (g) => g.constant(WEIGHT, [DIMENSIONS, CLASSES], { name: 'w' });
const b = (g) => g.constant(BIAS, [CLASSES], { name: 'b' });
const gemm = (g) => g.gemm(features(g), w(g), b(g), { transB: 1 });
const y = (g, value) => g.output(value, 'y', 'float32', ['n', CLASSES]);
const map = (g) =>
  g.op('GlobalAveragePool', [
    g.op('Expand', [g.op('Unsqueeze', [features(g), g.ints(2, 3)]), g.ints(1, 1, 2, 3)]),
  ]);

function body(name, value) {
  const g = new GraphBuilder(name);
  g.output(g.op('Identity', [value]), `${name}_out`);
  return g.graph();
}

/** @type {Record<string, (g: GraphBuilder) => object | void>} what a graph is made of; returns options of the model */
const GENERATED = {
  gemm: (g) => y(g, gemm(g)),
  'gemm with alpha and beta': (g) =>
    y(g, g.gemm(features(g), w(g), b(g), { transB: 1, alpha: 0.5, beta: 2 })),
  'gemm without bias': (g) => y(g, g.gemm(features(g), wT(g))),
  'matmul and add': (g) => y(g, g.add(g.matMul(features(g), wT(g)), b(g))),
  'matmul of a transposed weight': (g) => y(g, g.add(g.matMul(features(g), g.transpose(w(g), [1, 0])), b(g))),
  conv: (g) =>
    y(
      g,
      g.op('Flatten', [
        g.op('Conv', [map(g), g.constant(WEIGHT, [CLASSES, DIMENSIONS, 1, 1], { name: 'w' }), b(g)]),
      ]),
    ),
  softmax: (g) => y(g, g.softmax(gemm(g))),
  'softmax written out': (g) => {
    const z = gemm(g);
    const e = g.exp(g.sub(z, g.op('ReduceMax', [z], { axes: [-1] })));
    y(g, g.div(e, g.reduceSum(e, [-1])));
  },
  'argmax and scores': (g) => {
    const z = gemm(g);
    y(g, g.softmax(z));
    g.output(g.op('ArgMax', [z], { axis: 1, keepdims: 0 }), 'label', 'int64', ['n']);
  },
  topk: (g) => {
    const [values, indices] = g.ops('TopK', [g.softmax(gemm(g)), g.ints(2)], {}, { count: 2 });
    g.output(indices, 'y', 'int64', ['n', 2]);
    g.output(values, 'values', 'float32', ['n', 2]);
  },
  float16: (g) =>
    y(
      g,
      g.op(
        'Cast',
        [
          g.gemm(
            features(g, 10),
            g.constant(WEIGHT, [CLASSES, DIMENSIONS], { name: 'w', type: 'float16' }),
            g.constant(BIAS, [CLASSES], { name: 'b', type: 'float16' }),
            { transB: 1 },
          ),
        ],
        { to: 1 },
      ),
    ),
  'weight by cast from float16': (g) =>
    y(
      g,
      g.matMul(
        features(g),
        g.op('Cast', [g.constant(WEIGHT, [DIMENSIONS, CLASSES], { type: 'float16' })], { to: 1 }),
      ),
    ),
  'bias in value_floats': (g) =>
    y(g, g.add(g.matMul(features(g), wT(g)), g.op('Constant', [], { value_floats: { floats: BIAS } }))),
  'IR version 3': (g) => {
    y(g, g.gemm(features(g), w(g), b(g), { transB: 1 }));
    for (const tensor of g.graph().initializer) g.input(tensor.name, 'float32', tensor.dims.map(Number));
    return { irVersion: 3, opset: 8 };
  },
  'linear classifier': (g) => {
    const [label, scores] = g.ops(
      'LinearClassifier',
      [features(g)],
      {
        coefficients: { floats: WEIGHT },
        intercepts: { floats: BIAS },
        classlabels_ints: [0, 1, 2, 3],
        post_transform: 'SOFTMAX',
        multi_class: 1,
      },
      { count: 2, domain: 'ai.onnx.ml' },
    );
    y(g, scores);
    g.output(label, 'label', 'int64', ['n']);
  },
  'binary linear classifier': (g) => {
    const [label, scores] = g.ops(
      'LinearClassifier',
      [features(g)],
      {
        coefficients: { floats: WEIGHT.slice(0, DIMENSIONS) },
        intercepts: { floats: [0.5] },
        classlabels_ints: [0, 1],
        post_transform: 'LOGISTIC',
      },
      { count: 2, domain: 'ai.onnx.ml' },
    );
    g.output(scores, 'y', 'float32', ['n', 2]);
    g.output(label, 'label', 'int64', ['n']);
  },
  'logits behind a quantised weight': (g) => {
    const q = g.constant(
      Int8Array.from(WEIGHT, (v) => v * 60),
      [DIMENSIONS, CLASSES],
    );
    const z = g.describe(g.matMul(features(g), g.op('DequantizeLinear', [q, g.scalar(0.01)])), 'float32', [
      'n',
      CLASSES,
    ]);
    y(g, g.softmax(z));
  },
  'two heads': (g) => {
    const f = features(g);
    y(g, g.gemm(f, w(g), b(g), { transB: 1 }));
    g.output(g.matMul(f, g.constant(numbers(DIMENSIONS * 3, 9), [DIMENSIONS, 3])), 'other', 'float32', [
      'n',
      3,
    ]);
  },
  'a weight that two use': (g) => {
    const f = features(g);
    const weight = w(g);
    y(g, g.gemm(f, weight, b(g), { transB: 1 }));
    g.output(g.op('ReduceSum', [weight], { keepdims: 0 }), 'sum', 'float32', []);
  },
  'if in front': (g) => {
    const f = features(g);
    const chosen = g.op('If', [g.constant(Uint8Array.of(1), [], { type: 'bool' })], {
      then_branch: { graph: body('then', f) },
      else_branch: { graph: body('else', f) },
    });
    y(g, g.gemm(chosen, w(g), b(g), { transB: 1 }));
  },
  'batch normalisation': (g) => {
    const f = g.op('BatchNormalization', [
      map(g),
      ...[1, 2, 3].map((seed) => g.constant(numbers(DIMENSIONS, seed), [DIMENSIONS])),
      g.constant(new Float32Array(DIMENSIONS).fill(1), [DIMENSIONS]),
    ]);
    y(g, g.gemm(g.op('Flatten', [g.relu(f)]), w(g), b(g), { transB: 1 }));
  },
  'an unknown domain in front': (g) => {
    const f = g.op('Mystery', [features(g)], { depth: 3 }, { domain: 'com.example' });
    y(g, g.gemm(f, w(g), b(g), { transB: 1 }));
    return { domains: { 'com.example': 7 } };
  },
  'picture input': (g) => {
    const x = g.input('x', 'float32', ['n', 1, 2, 3]);
    const f = g.relu(
      g.matMul(g.op('Flatten', [x]), g.constant(numbers(INPUTS * DIMENSIONS, 1), [INPUTS, DIMENSIONS])),
    );
    y(g, g.gemm(f, w(g), b(g), { transB: 1 }));
  },
};

function generate(name) {
  const g = new GraphBuilder();
  const options = GENERATED[name](g);
  return Buffer.from(g.build({ metadata, ...options }));
}

const generated = Object.keys(GENERATED).map((name) => ({ name, read: () => generate(name) }));

/** Models on disk, by size: those of the repository and, where TAILOR_DATA says where they are, real ones. */
function findReal() {
  const folders = [fileURLToPath(new URL('../../models', import.meta.url))];
  if (process.env.TAILOR_DATA) folders.push(join(process.env.TAILOR_DATA, 'models'));
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true })
      .filter((name) => name.endsWith('.onnx'))
      .sort()
      .map((name) => ({ name, path: join(folder, name), bytes: statSync(join(folder, name)).size })),
  );
}
const real = findReal();

/** A starting point: mostly a generated model, one in fifty a real one, large ones the more seldom. */
export function pickModel(random) {
  if (random.chance(0.02)) {
    const chosen = random.pick(real);
    if (random.next() < 1.2e6 / chosen.bytes)
      return { name: chosen.name, bytes: readFileSync(chosen.path), real: true };
  }
  const { name, read } = random.pick(generated);
  return { name, bytes: read() };
}
