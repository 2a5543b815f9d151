/** Outputs against what the head promises: each kind passes where it is right, and fails where only it is wrong. */
import { describe, expect, it } from 'vitest';
import { type LinearHead, linearHead } from '../../src/array/linear-head.js';
import { openModel } from '../../src/features/model.js';
import { GraphBuilder, type Value } from '../../src/onnx/build.js';
import { graftHead } from '../../src/onnx/graft.js';
import { parseModel } from '../../src/onnx/model-file.js';
import type { Attribute } from '../../src/onnx/protos.js';
import { graft } from '../../src/recalibrate/graft.js';
import { type Verification, verify } from '../../src/recalibrate/verify.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { INPUT, otherHead, SAMPLES } from '../onnx/run-model.js';
import { BIAS, CLASSES, DIMENSIONS, features, INPUTS, WEIGHT } from '../onnx/small-heads.js';

type Add = (g: GraphBuilder, z: Value) => void;
const inputs = {
  rows: Int32Array.from({ length: SAMPLES }, (_, i) => i),
  inputs: { x: { data: INPUT, dims: [SAMPLES, INPUTS] } },
};

/** Logits as output `z`, from which the head is found, and what `add` makes of them. */
function model(add: Add): Uint8Array {
  const g = new GraphBuilder();
  const head = [g.constant(WEIGHT, [CLASSES, DIMENSIONS]), g.constant(BIAS, [CLASSES])] as const;
  const z = g.gemm(features(g), ...head, { transB: 1 });
  g.output(z, 'z', 'float32', ['n', CLASSES]);
  add(g, z);
  return g.build();
}

/** Verifies a new head in a file that otherwise is `changed`, for an original that is `original`. */
async function check(
  original: Uint8Array,
  changed: Uint8Array,
  output: string,
  head?: LinearHead,
): Promise<Verification> {
  const model = await openModel(original, { output });
  const other = await openModel(changed, { output });
  const { bytes, head: stored } = await graftHead(
    other.file,
    other.location,
    head ?? otherHead(other.location),
  );
  const file = { bytes, proto: parseModel(bytes, 'the test') };
  return verify({ model, changed: file, head: stored, inputs, inputsName: 'seven' });
}

const y = (g: GraphBuilder, value: Value) => g.output(value, 'y', 'float32', ['n', CLASSES]);
const label = (g: GraphBuilder, scores: Value, attributes: Record<string, Attribute> = {}) =>
  g.output(g.op('ArgMax', [scores], { axis: 1, keepdims: 0, ...attributes }), 'y', 'int64', ['n']);
const away = (g: GraphBuilder, z: Value) => g.add(z, g.constant(Float32Array.of(0, 0, 9, 0), [CLASSES]));

describe.each<[string, Add, Add, RegExp]>([
  [
    'softmax',
    (g, z) => y(g, g.softmax(z)),
    (g, z) => y(g, g.op('Sigmoid', [z])),
    /output y \(scores\) off by/,
  ],
  [
    'sigmoid',
    (g, z) => y(g, g.op('Sigmoid', [z])),
    (g, z) => y(g, g.softmax(z)),
    /output y \(scores\) off by/,
  ],
  ['log-softmax', (g, z) => y(g, g.logSoftmax(z)), (g, z) => y(g, z), /output y \(scores\) off by/],
  [
    'the logarithm of a softmax',
    (g, z) => y(g, g.log(g.softmax(z))),
    (g, z) => y(g, g.log(g.softmax(away(g, z)))),
    /output y \(scores\) off by/,
  ],
  [
    'logits of another name',
    (g, z) => y(g, g.op('Identity', [z])),
    (g, z) => y(g, away(g, z)),
    /output y \(scores\) off by 9\.00e\+0/,
  ],
  [
    'a decision',
    (g, z) => label(g, z),
    (g, z) => label(g, away(g, z)),
    /same class on 100\.00 % of 7 samples; output y \(labels\) off by/,
  ],
])('%s', (_name, right, wrong, message) => {
  it('passes where it is right', async () => {
    const { outputs } = await check(model(right), model(right), 'z');
    expect(outputs.map(({ name }) => name)).toEqual(['z', 'y']);
    expect(outputs.every(({ passed, maxAbsDifference }) => passed && (maxAbsDifference ?? 1) < 1e-5)).toBe(
      true,
    );
  });

  it('fails where it is wrong and the head is right', () =>
    expectRefusal(() => check(model(right), model(wrong), 'z'), 'VERIFICATION_FAILED', message));
});

describe('decisions', () => {
  it('may be either of two classes with the same logit', async () => {
    // Classes 1 and 3 are the same and always on top; the original tells the last of them, the promise the first.
    const weight = new Float32Array(CLASSES * DIMENSIONS);
    const twins = linearHead(weight, Float32Array.of(0, 2, -1, 2), CLASSES, DIMENSIONS);
    const last: Add = (g, z) => label(g, z, { select_last_index: 1 });
    const { outputs } = await check(model(last), model(last), 'z', twins);
    expect(outputs[1]).toEqual({ name: 'y', compared: 'labels', maxAbsDifference: 0, passed: true });
    const apart = linearHead(weight, Float32Array.of(0, 2.01, -1, 2), CLASSES, DIMENSIONS);
    const shifted: Add = (g, z) => label(g, g.add(z, g.constant(Float32Array.of(0, 0, 0, 1), [CLASSES])));
    await expectRefusal(
      () => check(model(last), model(shifted), 'z', apart),
      'VERIFICATION_FAILED',
      /output y \(labels\) off by 1\.00e\+0/,
    );
  });

  function classifier(attributes: Record<string, Attribute>): Uint8Array {
    const g = new GraphBuilder();
    const [labels, scores] = g.ops(
      'LinearClassifier',
      [features(g)],
      {
        coefficients: { floats: WEIGHT },
        intercepts: { floats: BIAS },
        post_transform: 'SOFTMAX',
        ...attributes,
      },
      { outputs: ['label', 'scores'], domain: 'ai.onnx.ml' },
    );
    g.output(labels, 'label', 'classlabels_ints' in attributes ? 'int64' : 'string', ['n']);
    g.output(scores, 'scores', 'float32', ['n', CLASSES]);
    return g.build();
  }
  const words = (...names: string[]) => ({ classlabels_strings: { strings: names } });

  it.each([
    ['words', words('ash', 'beech', 'cedar', 'dogwood'), words('beech', 'ash', 'dogwood', 'cedar')],
    ['words with one that is unknown', words('ash', 'beech', 'cedar', 'oak'), words('', 'a', 'b', 'c')],
    ['numbers', { classlabels_ints: [10, 20, 30, 40] }, { classlabels_ints: [20, 10, 40, 30] }],
  ])('by the labels of a LinearClassifier: %s', async (_name, right, wrong) => {
    const { outputs } = await check(classifier(right), classifier(right), 'scores');
    expect(outputs.map(({ name, compared, passed }) => [name, compared, passed])).toEqual([
      ['label', 'labels', true],
      ['scores', 'scores', true],
    ]);
    await expectRefusal(
      () => check(classifier(right), classifier(wrong), 'scores'),
      'VERIFICATION_FAILED',
      /output label \(labels\) off by 1\.00e\+0/,
    );
  });

  it('fails where the scores of a LinearClassifier are others', () => {
    const labels = { classlabels_ints: [0, 1, 2, 3] };
    return expectRefusal(
      () => check(classifier(labels), classifier({ ...labels, post_transform: 'LOGISTIC' }), 'scores'),
      'VERIFICATION_FAILED',
      /output scores \(scores\) off by/,
    );
  });
});

describe('log-probabilities too small for their type', () => {
  // Logits some hundreds apart, as large factors of multiplicative adjustment make them.
  const far = linearHead(
    WEIGHT.map((w) => w * 500),
    BIAS.map((b) => b * 500),
    CLASSES,
    DIMENSIONS,
  );
  it.each<[string, Add]>([
    ['LogSoftmax', (g, z) => y(g, g.logSoftmax(z))],
    ['the logarithm of a softmax, which gives −∞', (g, z) => y(g, g.log(g.softmax(z)))],
  ])('are no disagreement: %s', async (_name, add) => {
    const { outputs } = await check(model(add), model(add), 'z', far);
    expect(outputs[1]).toMatchObject({ name: 'y', compared: 'scores', passed: true });
  });

  it('hide no disagreement of those that are not', () =>
    expectRefusal(
      () =>
        check(
          model((g, z) => y(g, g.log(g.softmax(z)))),
          model((g, z) => y(g, g.log(g.softmax(g.op('Neg', [z]))))),
          'z',
          far,
        ),
      'VERIFICATION_FAILED',
      /output y \(scores\) off by 8\.73e\+1/,
    ));
});

describe('outputs beside the head', () => {
  const side =
    (of: (g: GraphBuilder, x: Value) => Value, type: 'float32' | 'string' | 'int64' = 'float32'): Add =>
    (g) =>
      g.output(of(g, 'x'), 'side', type);
  const words = (zero: string, other: string) => (g: GraphBuilder, x: Value) =>
    g.op(
      'LabelEncoder',
      [g.op('Cast', [g.op('Cast', [x], { to: 9 })], { to: 7 })],
      { keys_int64s: [0, 1], values_strings: { strings: [zero, other] } },
      { domain: 'ai.onnx.ml' },
    );
  const plain = model(side((g, x) => g.log(x)));

  it('are the same where both are NaN', async () => {
    expect(Array.from(INPUT).some((value) => value < 0)).toBe(true);
    const { outputs } = await check(plain, plain, 'z');
    expect(outputs[1]).toEqual({ name: 'side', compared: 'unchanged', maxAbsDifference: 0, passed: true });
  });

  it.each<[string, Add, Add]>([
    ['numbers where NaN was', side((g, x) => g.log(x)), side((g, x) => g.op('Abs', [x]))],
    ['NaN where numbers were', side((g, x) => g.op('Abs', [x])), side((g, x) => g.log(x))],
    ['another length', side((g, x) => g.op('Identity', [x])), side((g, x) => g.slice(x, 0, 5))],
    ['more numbers', side((g, x) => g.slice(x, 0, 5)), side((g, x) => g.op('Identity', [x]))],
    ['other words', side(words('off', 'on'), 'string'), side(words('off', 'in'), 'string')],
  ])('fail with %s', (_name, before, after) =>
    expectRefusal(
      () => check(model(before), model(after), 'z'),
      'VERIFICATION_FAILED',
      /output side \(unchanged\) off by Infinity/,
    ),
  );

  it('may be words and whole numbers', async () => {
    const both: Add = (g) => {
      side(words('off', 'on'), 'string')(g, '');
      g.output(g.op('Cast', ['x'], { to: 7 }), 'whole', 'int64');
    };
    const { outputs } = await check(model(both), model(both), 'z');
    expect(outputs.slice(1).map(({ name, passed }) => [name, passed])).toEqual([
      ['side', true],
      ['whole', true],
    ]);
  });
});

describe('outputs of a narrower type than the head', () => {
  it.each([
    ['float16', 10],
    ['float32', 1],
  ] as const)('are compared as %s', async (type, to) => {
    const g = new GraphBuilder();
    const f = g.op('Cast', [features(g)], { to: 11 });
    const doubles = Float64Array.from(WEIGHT, (w) => w / 3);
    const z = g.gemm(f, g.constant(doubles, [CLASSES, DIMENSIONS]), undefined, { transB: 1 });
    g.output(g.op('Cast', [g.softmax(z)], { to }), 'y', type, ['n', CLASSES]);
    const original = await openModel(g.build());
    expect(original.location.dtype).toBe('float64');
    const { verification } = await graft(original, otherHead(original.location));
    expect(verification.maxAbsLogitDifference).toBeLessThan(1e-12);
    expect(verification.tolerance).toBeLessThan(1e-7);
    expect(verification.outputs[0].passed).toBe(true);
    expect(verification.outputs[0].maxAbsDifference).toBeGreaterThan(1e-12);
  });
});
