/** The last step: one temperature for all logits. */
import { describe, expect, it } from 'vitest';
import { denseData, type Matrix } from '../../src/array/matrix.js';
import { openModel } from '../../src/features/model.js';
import { recalibrate } from '../../src/recalibrate/recalibrate.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { COUNTS, longTailModel, longTailSource } from './long-tail-problem.js';

async function problem(perClass: number | readonly number[] = 60) {
  const model = await openModel(longTailModel());
  return { model, validation: await model.extract(longTailSource(perClass, 1)), counts: COUNTS };
}
const choice = { method: 'additive', parameter: 1 } as const;

/** Σ_k q_k of the mean of −log p(k) over the samples of class k. */
function weightedNll(logits: Matrix, labels: Int32Array, q: readonly number[], temperature: number): number {
  const [samples, classes] = logits.shape;
  const z = denseData(logits);
  const n = q.map((_, k) => labels.filter((label) => label === k).length);
  let total = 0;
  for (let i = 0; i < samples; i++) {
    const row = Array.from(z.slice(i * classes, (i + 1) * classes), (value) => value / temperature);
    const y = labels[i];
    total += (q[y] / n[y]) * (Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - row[y]);
  }
  return total;
}

describe('a temperature', () => {
  it('that is given divides weights and biases', async () => {
    const { model, ...options } = await problem(20);
    const plain = await recalibrate(model, { ...options, ...choice });
    const warm = await recalibrate(model, { ...options, ...choice, temperature: 2 });
    expect(warm.parameters).toEqual({ tau: 1, temperature: 2 });
    for (const part of ['weight', 'bias'] as const) {
      expect(denseData(warm.head[part])).toEqual(denseData(plain.head[part]).map((value) => value / 2));
    }
    expect(warm.after.perClass).toEqual(plain.after.perClass);
    expect(warm.after.nll).not.toBeCloseTo(plain.after.nll, 2);
    expect((await openModel(warm.changed.bytes)).metadata.get('onnx_tailor.parameters')).toBe(
      '{"tau":1,"temperature":2}',
    );
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('of %s is refused', async (temperature) => {
    const { model, ...options } = await problem(5);
    await expectRefusal(
      () => recalibrate(model, { ...options, ...choice, temperature }),
      'INVALID_ARGUMENT',
      /temperature.*(above 0|finite)/,
    );
  });

  it('that is too low leads out of the range of the type, and it is said', async () => {
    const { model, ...options } = await problem(5);
    await expectRefusal(
      () => recalibrate(model, { ...options, ...choice, temperature: 1e-39 }),
      'HEAD_OVERFLOW',
      /T = 1e-39.*Use a higher temperature/,
    );
  });

  it.each<[string, readonly number[] | undefined]>([
    ['uniform', undefined],
    ['given', [1, 1, 1, 1, 1, 95]],
  ])('is fitted for the target prior: %s', async (_name, targetPrior) => {
    // Classes come in other proportions than in the target, so their weights matter.
    const { model, ...options } = await problem([200, 150, 90, 60, 30, 20]);
    const result = await recalibrate(model, { ...options, ...choice, targetPrior, temperature: 'fit' });
    const fitted = result.parameters.temperature as number;
    const plain = await recalibrate(model, { ...options, ...choice, targetPrior });
    const logits = (
      await (await openModel(plain.changed.bytes)).extract(longTailSource([200, 150, 90, 60, 30, 20], 1))
    ).logits!;
    const sum = targetPrior?.reduce((a, b) => a + b) ?? 6;
    const q = Array.from({ length: 6 }, (_, k) => (targetPrior?.[k] ?? 1) / sum);
    const at = (temperature: number) => weightedNll(logits, options.validation.labels!, q, temperature);
    for (const factor of [0.97, 1.03]) expect(at(fitted * factor)).toBeGreaterThan(at(fitted));
    // The weights of the other target would have given another one.
    const other = await recalibrate(model, {
      ...options,
      ...choice,
      targetPrior,
      temperature: 'fit',
      validation: await model.extract(longTailSource(60, 1)),
    });
    expect(other.parameters.temperature).not.toBe(fitted);
  });

  it('is fitted without the classes that validation lacks', async () => {
    const { model, ...options } = await problem([40, 40, 40, 40, 0, 0]);
    const result = await recalibrate(model, { ...options, ...choice, temperature: 'fit' });
    expect(result.parameters.temperature).toBeGreaterThan(0);
    expect(Number.isFinite(result.parameters.temperature)).toBe(true);
  });
});
