/** A head that was made elsewhere, and how far a search is. */
import { describe, expect, it } from 'vitest';
import { denseData } from '../../src/array/matrix.js';
import { openModel } from '../../src/features/model.js';
import { adjust } from '../../src/head/adjust.js';
import { fit } from '../../src/head/fit.js';
import { recalibrate } from '../../src/recalibrate/recalibrate.js';
import type { RecalibrateProgress } from '../../src/recalibrate/recalibrate-options.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { COUNTS, longTailModel, longTailSource } from './long-tail-problem.js';

async function problem() {
  const model = await openModel(longTailModel());
  return { model, validation: await model.extract(longTailSource(40, 1)), counts: COUNTS };
}

describe('a head that is given', () => {
  it('is what the named adjustment is', async () => {
    const { model, ...options } = await problem();
    const named = await recalibrate(model, { ...options, method: 'additive', parameter: 0.8 });
    const head = adjust(model.head, { method: 'additive', tau: 0.8, counts: COUNTS });
    const given = await recalibrate(model, {
      ...options,
      head: { method: 'additive', parameters: { tau: 0.8 }, head },
    });
    expect(given.changed.sha256).toBe(named.changed.sha256);
    expect(given.improvement).toEqual(named.improvement);
    expect(given.selection).toBeUndefined();
    expect(given.changed.sideFiles).toEqual([]);
  });

  it('is judged, tempered and told of in the file', async () => {
    const { model, ...options } = await problem();
    const train = await model.extract(longTailSource(30, 3));
    const [fitted] = await fit(train, { method: 'ncm' }, { counts: COUNTS });
    const { head, method, parameters } = fitted;
    const given = { method, parameters, head };
    const made = await recalibrate(model, { ...options, head: given, temperature: 'fit' });
    expect(made).toMatchObject({ method: 'ncm', kept: false });
    const { temperature } = made.parameters as { temperature: number };
    expect(temperature).toBe(Number(temperature.toPrecision(6)));
    const weight = denseData(head.weight);
    expect(denseData(made.head.weight)[5]).toBeCloseTo(weight[5] / temperature, 6);
    const written = await openModel(made.changed.bytes);
    expect(written.metadata.get('onnx_tailor.method')).toBe('ncm');
  });

  it('leaves nothing to be searched, and has the size of the model’s own', async () => {
    const { model, ...options } = await problem();
    const head = { method: 'mine', head: model.head };
    await expectRefusal(
      () => recalibrate(model, { ...options, head, parameter: 1 }),
      'INVALID_ARGUMENT',
      /leave method and parameter out/,
    );
    const other = await openModel(longTailModel());
    const narrow = { method: 'mine', head: { ...other.head, weight: other.head.weight.hi(-1, 2) } };
    await expectRefusal(
      () => recalibrate(model, { ...options, head: narrow }),
      'SHAPE_MISMATCH',
      /dimensions/,
    );
  });

  it('says when it gains nothing that is beyond noise', async () => {
    const { model, ...options } = await problem();
    const made = await recalibrate(model, { ...options, head: { method: 'mine', head: model.head } });
    expect(made.improvement.average).toBe(0);
    expect(made.notes.join()).toMatch(/not beyond noise.*because you gave the head/);
  });
});

describe('the progress of a search', () => {
  it('rises over the fits, then over the candidates, to the end of each', async () => {
    const { model, ...options } = await problem();
    const train = await model.extract(longTailSource(12, 3));
    const reports: RecalibrateProgress[] = [];
    await recalibrate(model, { ...options, train, onProgress: (progress) => reports.push(progress) });
    for (const what of ['fits', 'candidates'] as const) {
      const own = reports.filter((report) => report.what === what);
      expect(own.length).toBeGreaterThan(5);
      expect(own.every(({ done }, i) => i === 0 || done >= own[i - 1].done)).toBe(true);
      expect(own.at(-1)!.done).toBe(own.at(-1)!.total);
    }
    const first = reports.findIndex(({ what }) => what === 'candidates');
    expect(reports.slice(first).every(({ what }) => what === 'candidates')).toBe(true);
  });
});
