/** The proof must fail when the file is wrong; each test breaks one thing. */
import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import type { VerificationInputs } from '../../src/features/feature-set.js';
import { openModel } from '../../src/features/model.js';
import { readInputs } from '../../src/features/read-inputs.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import { graftHead } from '../../src/onnx/graft.js';
import { readMetadata } from '../../src/onnx/metadata.js';
import { parseModel } from '../../src/onnx/model-file.js';
import { graft } from '../../src/recalibrate/graft.js';
import { verify } from '../../src/recalibrate/verify.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { rowSource } from '../features/small-classifiers.js';

const WEIGHT = Float32Array.of(1, 0.5, -1, 2, 0.25, -0.75);
const BIAS = Float32Array.of(0.1, -0.2, 0.3);
const inputs: VerificationInputs = {
  rows: Int32Array.of(0, 1, 2),
  inputs: { x: { data: Float32Array.of(1, 2, -1, 0.5, 3, -2), dims: [3, 2] } },
};

interface Variant {
  /** Factor in front of the features. */
  scale?: number;
  /** Added to the second output, which the head has nothing to do with. */
  side?: number;
  /** Factor between logits and softmax that the head is not told of. */
  late?: number;
}

function model({ scale = 2, side = 1, late }: Variant = {}): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['n', 2]);
  const features = g.mul(x, g.scalar(scale));
  const head = g.gemm(
    features,
    g.constant(WEIGHT, [3, 2], { name: 'w' }),
    g.constant(BIAS, [3], { name: 'b' }),
    { transB: 1 },
  );
  const z = late === undefined ? head : g.mul(head, g.scalar(late));
  g.output(g.softmax(z), 'p', 'float32', ['n', 3]);
  g.output(g.add(x, g.scalar(side)), 'side', 'float32', ['n', 2]);
  return g.build();
}

const newHead = linearHead(
  WEIGHT.map((w) => w * 1.5),
  BIAS.map((b) => b - 1),
  3,
  2,
);

/** A file with the new head in a model that differs from the original in one thing. */
async function changedFile(variant: Variant, head = newHead) {
  const other = await openModel(model(variant), { output: 'p' });
  const { bytes } = await graftHead(other.file, other.location, head);
  return { bytes, proto: parseModel(bytes, 'the test') };
}

describe('verify', () => {
  it('passes a right file and gives the figures', async () => {
    const original = await openModel(model(), { output: 'p' });
    const verification = await verify({
      model: original,
      changed: await changedFile({}),
      head: newHead,
      inputs,
      inputsName: 'three',
    });
    expect(verification.samples).toBe(3);
    expect(verification.inputs).toBe('three');
    expect(verification.maxAbsLogitDifference).toBeLessThan(1e-5);
    expect(verification.argmaxAgreement).toBe(1);
    expect(verification.outputs).toEqual([
      { name: 'p', compared: 'scores', maxAbsDifference: expect.closeTo(0, 5), passed: true },
      { name: 'side', compared: 'unchanged', maxAbsDifference: 0, passed: true },
    ]);
  });

  it('fails when another head is in the file', async () => {
    const original = await openModel(model(), { output: 'p' });
    const wrong = linearHead(
      WEIGHT.map((w, i) => (i === 3 ? w + 1e-6 : w * 1.5)),
      BIAS,
      3,
      2,
    );
    await expectRefusal(
      async () =>
        verify({
          model: original,
          changed: await changedFile({}, wrong),
          head: newHead,
          inputs,
          inputsName: 'x',
        }),
      'VERIFICATION_FAILED',
      /not the one that was put in/,
    );
  });

  it('fails when the features in front of the head changed', async () => {
    const original = await openModel(model(), { output: 'p' });
    await expectRefusal(
      async () =>
        verify({
          model: original,
          changed: await changedFile({ scale: 2.01 }),
          head: newHead,
          inputs,
          inputsName: 'x',
        }),
      'VERIFICATION_FAILED',
      /largest logit difference/,
    );
  });

  it('fails when an output beside the head changed', async () => {
    const original = await openModel(model(), { output: 'p' });
    await expectRefusal(
      async () =>
        verify({
          model: original,
          changed: await changedFile({ side: 1.5 }),
          head: newHead,
          inputs,
          inputsName: 'x',
        }),
      'VERIFICATION_FAILED',
      /output side \(unchanged\) off by 5/,
    );
  });
});

describe('graft', () => {
  it('proves on random numbers where no data are given', async () => {
    const original = await openModel(model(), { output: 'p' });
    const changed = await graft(original, newHead);
    expect(changed.verification.inputs).toBe('random numbers');
    expect(changed.verification.samples).toBe(8);
  });

  it('takes out what an earlier change said and this one does not', async () => {
    const original = await openModel(model(), { output: 'p' });
    const first = await graft(original, newHead, {
      origin: { method: 'additive', targetPrior: 'uniform', selectedOn: 'somewhere' },
    });
    const again = await graft(await openModel(first.bytes, { output: 'p' }), newHead);
    const metadata = readMetadata({ bytes: again.bytes, proto: parseModel(again.bytes, 'the test') });
    expect(metadata.get('onnx_tailor.method')).toBe('given');
    expect(metadata.has('onnx_tailor.selected_on')).toBe(false);
    expect(metadata.has('onnx_tailor.target_prior')).toBe(false);
    expect(JSON.parse(metadata.get('onnx_tailor.history')!)).toHaveLength(1);
  });

  it('proves on inputs read from a source, spread over it', async () => {
    const original = await openModel(model(), { output: 'p' });
    const rows = Array.from({ length: 600 }, (_, i) => [Math.sin(i), Math.cos(i)]);
    const read = await readInputs(original, rowSource(rows));
    expect(read.rows).toHaveLength(256);
    expect(read.rows[255]).toBeGreaterThan(590);
    const changed = await graft(original, newHead, { inputs: read, inputsName: 'rows' });
    expect(changed.verification.samples).toBe(256);
  });

  it('refuses a head of another size', async () => {
    const original = await openModel(model(), { output: 'p' });
    const other = linearHead(new Float32Array(8), new Float32Array(4), 4, 2);
    await expectRefusal(() => graft(original, other), 'SHAPE_MISMATCH', /3 classes × 2 dimensions.* 4 × 2/);
  });

  it('asks for data where the input shape is open', async () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['n', 'length']);
    const f = g.op('ReduceMean', [x], { axes: [1], keepdims: 1 });
    g.output(
      g.gemm(f, g.constant(Float32Array.of(1, 2), [2, 1]), g.constant(Float32Array.of(0, 0), [2]), {
        transB: 1,
      }),
      'z',
      'float32',
      ['n', 2],
    );
    const original = await openModel(g.build({ opset: 13 }));
    const head = linearHead(Float32Array.of(2, 1), Float32Array.of(0, 1), 2, 1);
    await expectRefusal(() => graft(original, head), 'INVALID_ARGUMENT', /--verify-data/);
  });
});
