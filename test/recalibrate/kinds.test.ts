/** `recalibrate` where the head is no float32 matrix: only logits to be changed, or half precision. */
import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { denseData } from '../../src/array/matrix.js';
import { openModel } from '../../src/features/model.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import { graft } from '../../src/recalibrate/graft.js';
import { recalibrate } from '../../src/recalibrate/recalibrate.js';
import { expectRefusal } from '../array/expect-refusal.js';
import {
  BIAS,
  CLASSES,
  COUNTS,
  DIMENSIONS,
  longTailModel,
  longTailSource,
  WEIGHT,
} from './long-tail-problem.js';

/** The long-tailed problem with its weight in 8 bits, so that only the logits can be changed. */
function quantisedModel(): Uint8Array {
  const g = new GraphBuilder();
  const f = g.op('Identity', [g.input('x', 'float32', ['n', DIMENSIONS])]);
  const integers = g.constant(Int8Array.from(WEIGHT), [CLASSES, DIMENSIONS]);
  const weight = g.op('DequantizeLinear', [integers, g.scalar(1)]);
  const z = g.gemm(f, weight, g.constant(BIAS, [CLASSES]), { transB: 1 });
  g.output(g.softmax(z), 'probabilities', 'float32', ['n', CLASSES]);
  return g.build();
}

/** The same in half precision; `size` times larger weights for as much smaller features, `shift` in all biases. */
function halfModel(size = 1, shift = 0): Uint8Array {
  const g = new GraphBuilder();
  const f = g.mul(g.input('x', 'float32', ['n', DIMENSIONS]), g.scalar(1 / size));
  const z = g.gemm(
    g.cast(f, 'float16'),
    g.constant(
      WEIGHT.map((w) => w * size),
      [CLASSES, DIMENSIONS],
      { type: 'float16' },
    ),
    g.constant(
      BIAS.map((b) => b + shift),
      [CLASSES],
      { type: 'float16' },
    ),
    { transB: 1 },
  );
  g.output(g.softmax(g.cast(z, 'float32')), 'probabilities', 'float32', ['n', CLASSES]);
  return g.build();
}

async function problem(bytes: Uint8Array, perClass = 40) {
  const model = await openModel(bytes);
  return { model, validation: await model.extract(longTailSource(perClass, 1)) };
}

describe('logits of a quantised head', () => {
  it('leave fitted heads out of the competition, and refuse one that was asked for', async () => {
    const { model, validation } = await problem(quantisedModel());
    const train = await model.extract(longTailSource(30, 7));
    const { selection, notes } = await recalibrate(model, { validation, counts: COUNTS, train });
    expect([...new Set(selection!.table.map(({ method }) => method))]).toEqual([
      'none',
      'additive',
      'multiplicative',
    ]);
    expect(notes.join('\n')).toMatch(/Left out: fitted heads/);
    await expectRefusal(
      () => recalibrate(model, { validation, counts: COUNTS, train, method: 'wb' }),
      'HEAD_UNSUPPORTED',
      /with wb: only the logits/,
    );
  });

  it.each([
    { method: 'additive', parameter: 1 },
    { method: 'multiplicative', parameter: 0.5 },
    { method: 'multiplicative', parameter: 0.5, convention: 'published-code' },
  ] as const)('are adjusted as the head itself would be: %j', async (choice) => {
    const { model, validation } = await problem(quantisedModel());
    expect(model.location.kind).toBe('logits');
    const linear = await problem(longTailModel());
    const options = { counts: COUNTS, ...choice };
    const result = await recalibrate(model, { validation, ...options });
    const wanted = await recalibrate(linear.model, { validation: linear.validation, ...options });
    expect(result.after.perClass).toEqual(wanted.after.perClass);
    expect(result.after.nll).toBeCloseTo(wanted.after.nll, 4);
    expect(result.after.perClass).not.toEqual(result.before.perClass);
    expect(result.notes.join('\n')).toMatch(
      /No linear head that can be changed \(.*quantised \(DequantizeLinear.*\); its logits '.*' can be scaled and shifted/,
    );
    expect(result.notes.join('\n')).toMatch(
      `The head itself was left as it is; a ${choice.method === 'additive' ? 'shift' : 'scale'} per class`,
    );
    expect(result.changed.verification.outputs).toEqual([
      { name: 'probabilities', compared: 'scores', maxAbsDifference: expect.closeTo(0, 5), passed: true },
    ]);
  });

  it('are searched by what can be done to them', async () => {
    const { model, validation } = await problem(quantisedModel());
    const { selection, kept } = await recalibrate(model, { validation, counts: COUNTS });
    expect(kept).toBe(false);
    expect(selection!.methods.map(({ method, convention }) => [method, convention])).toEqual([
      ['none', undefined],
      ['additive', undefined],
      ['multiplicative', 'published-code'],
    ]);
  });

  it('have no weights to normalise', async () => {
    const { model, validation } = await problem(quantisedModel(), 5);
    for (const parameter of [undefined, 1]) {
      await expectRefusal(
        () => recalibrate(model, { validation, counts: COUNTS, method: 'tau-norm', parameter }),
        'HEAD_UNSUPPORTED',
        /with tau-norm: only the logits.*quantised.*no weights to normalise\. Use additive/,
      );
      await expectRefusal(
        () =>
          recalibrate(model, {
            validation,
            counts: COUNTS,
            method: 'multiplicative',
            convention: 'paper',
            parameter,
          }),
        'HEAD_UNSUPPORTED',
        /the paper's convention: only the logits.*convention published-code/,
      );
    }
    await expectRefusal(
      () => recalibrate(model, { validation, counts: COUNTS, convention: 'paper' }),
      'HEAD_UNSUPPORTED',
      /the paper's convention/,
    );
  });

  it('are adjusted again on top of the first time, and put back', async () => {
    const { model, validation } = await problem(quantisedModel());
    const options = { counts: COUNTS, method: 'additive' } as const;
    const first = await recalibrate(model, { validation, ...options, parameter: 0.4 });
    const again = await openModel(first.changed.bytes);
    expect(again.location).toMatchObject({ kind: 'logits', hasBias: true });
    const second = await recalibrate(again, {
      validation: await again.extract(longTailSource(40, 1)),
      ...options,
      parameter: 0.6,
    });
    const whole = await recalibrate(model, { validation, ...options, parameter: 1 });
    for (let k = 0; k < CLASSES; k++) {
      expect(denseData(second.head.bias)[k]).toBeCloseTo(denseData(whole.head.bias)[k], 5);
    }
    expect(second.before.average).toBe(first.after.average);
    expect(second.notes.join('\n')).toMatch(/changed before \(additive/);
    const restored = await graft(again, model.head);
    expect(denseData(restored.head.bias).every((b) => b === 0)).toBe(true);
    expect((await openModel(restored.bytes)).location).toMatchObject({ kind: 'logits', hasBias: false });
  });
});

describe('a float16 head', () => {
  it('is adjusted, rounded once, and says so', async () => {
    const { model, validation } = await problem(halfModel());
    expect(model.location.dtype).toBe('float16');
    const result = await recalibrate(model, { validation, counts: COUNTS, method: 'additive', parameter: 1 });
    expect(result.notes.join('\n')).toMatch(/rounded to float16 \(by at most \d\.\d+/);
    expect(result.changed.verification.tolerance).toBeGreaterThan(0.01);
    expect(result.after.average).toBeGreaterThan(result.before.average + 0.05);
    const linear = await problem(longTailModel());
    const exact = await recalibrate(linear.model, {
      validation: linear.validation,
      counts: COUNTS,
      method: 'additive',
      parameter: 1,
    });
    const difference = denseData(result.head.bias).map((b, k) => Math.abs(b - denseData(exact.head.bias)[k]));
    for (const value of difference) expect(value).toBeLessThan(2 ** -8);
    expect(Math.max(...difference)).toBeGreaterThan(0);
    expect((await openModel(result.changed.bytes)).head).toEqual(result.head);
  });

  it('refuses a parameter that leads out of its range', async () => {
    const { model, validation } = await problem(halfModel());
    await expectRefusal(
      () => recalibrate(model, { validation, counts: COUNTS, method: 'multiplicative', parameter: 3 }),
      'HEAD_OVERFLOW',
      /weight of class 4, dimension 4 is \d+.*head is float16, which ends at 65504.*smaller adjustment, or a float32 export/,
    );
  });

  it('refuses a head that was made elsewhere and does not fit', async () => {
    const { model } = await problem(halfModel(), 1);
    const bias = Float32Array.from(BIAS);
    bias[2] = 7e4;
    await expectRefusal(
      () => graft(model, linearHead(WEIGHT, bias, CLASSES, DIMENSIONS)),
      'HEAD_OVERFLOW',
      /bias of class 2 is 70000.*float16/,
    );
  });

  it('is not offered what does not fit', async () => {
    // Positive logits, which a factor can set right, and weights near the end of the range, which every factor leaves.
    const small = await problem(halfModel(1, 10));
    const search = { counts: COUNTS, method: 'multiplicative', convention: 'published-code' } as const;
    const wanted = await recalibrate(small.model, { validation: small.validation, ...search });
    expect(wanted.kept).toBe(false);
    const { model, validation } = await problem(halfModel(30_000, 10));
    // The one that would be chosen.
    await expectRefusal(
      () => recalibrate(model, { validation, ...search, parameter: wanted.parameters.gamma as number }),
      'HEAD_OVERFLOW',
      /float16/,
    );
    const result = await recalibrate(model, { validation, ...search, apply: 'always' });
    expect(result.method).toBe('none');
    expect(result.notes.join('\n')).toMatch(
      /Left out: multiplicative, published-code at 0\.05, 0\.1, .* more: .*number type/,
    );
    const auto = await recalibrate(model, { validation, counts: COUNTS });
    expect(auto.method).toBe('additive');
    expect(auto.changed.verification.argmaxAgreement).toBe(1);
  });
});

describe('the scale of a float16 Gemm', () => {
  /** alpha makes numbers of the weight that float16 does not hold. */
  function scaledModel(alpha: number, weight = WEIGHT): Uint8Array {
    const g = new GraphBuilder();
    const f = g.cast(g.input('x', 'float32', ['n', DIMENSIONS]), 'float16');
    const head = [
      g.constant(weight, [CLASSES, DIMENSIONS], { type: 'float16' }),
      g.constant(BIAS, [CLASSES], { type: 'float16' }),
    ] as const;
    g.output(g.cast(g.gemm(f, ...head, { transB: 1, alpha }), 'float32'), 'z', 'float32', ['n', CLASSES]);
    return g.build();
  }

  it('is taken in when some rows change, and the others are rounded as they are stored', async () => {
    const model = await openModel(scaledModel(0.3));
    const weight = denseData(model.head.weight).slice();
    weight[0] = 1;
    const changed = await graft(model, linearHead(weight, denseData(model.head.bias), CLASSES, DIMENSIONS));
    expect(denseData(changed.head.weight)[0]).toBe(1);
    expect(denseData(changed.head.weight)[7]).not.toBe(weight[7]);
    expect(denseData(changed.head.weight)[7]).toBeCloseTo(0.6, 3);
    expect((await openModel(changed.bytes)).head).toEqual(changed.head);
  });

  it('may lead out of the range of float16 where nothing is written', async () => {
    const big = WEIGHT.map((w) => w * 24_992);
    const model = await openModel(scaledModel(2, big));
    expect(denseData(model.head.weight)[0]).toBe(99_968);
    const bias = denseData(model.head.bias).map((b) => b + 1);
    const random = {
      rows: Int32Array.of(0),
      inputs: { x: { data: new Float32Array(DIMENSIONS), dims: [1, DIMENSIONS] } },
    };
    const changed = await graft(model, linearHead(denseData(model.head.weight), bias, CLASSES, DIMENSIONS), {
      inputs: random,
    });
    expect(denseData(changed.head.weight)[0]).toBe(99_968);
    const weight = denseData(model.head.weight).slice();
    weight[1] = 1;
    await expectRefusal(
      () => graft(model, linearHead(weight, bias, CLASSES, DIMENSIONS), { inputs: random }),
      'HEAD_OVERFLOW',
      /weight of class 0, dimension 0 is 99968/,
    );
  });
});
