import { existsSync, readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { denseData, matrix } from '../../src/array/matrix.js';
import { openModel } from '../../src/features/model.js';
import { readMetadata } from '../../src/onnx/metadata.js';
import { graphOf, readModelFile } from '../../src/onnx/model-file.js';
import { recalibrate } from '../../src/recalibrate/recalibrate.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { CLASSES, COUNTS, DIMENSIONS, longTailModel, longTailSource } from './long-tail-problem.js';

const file = temporaryFolder();

async function problem(perClass: number | readonly number[] = 60) {
  const model = await openModel(longTailModel());
  return {
    model,
    validation: await model.extract(longTailSource(perClass, 1)),
    test: await model.extract(longTailSource(400, 2)),
  };
}

describe('recalibrate', () => {
  it('finds the adjustment that theory calls for, and gains on test what it promised', async () => {
    const { model, validation, test } = await problem();
    const result = await recalibrate(model, { validation, counts: COUNTS, test, method: 'additive' });
    expect(result.kept).toBe(false);
    expect(result.method).toBe('additive');
    expect(result.parameters.tau).toBeGreaterThan(0.4);
    expect(result.parameters.tau).toBeLessThan(1.6);
    const gain = result.test!.after.average - result.test!.before.average;
    expect(gain).toBeGreaterThan(0.05);
    expect(gain).toBeGreaterThan(result.improvement.interval[0] - 0.02);
    expect(gain).toBeLessThan(result.improvement.interval[1] + 0.02);
    expect(result.test!.after.few!).toBeGreaterThan(result.test!.before.few! + 0.1);
    expect(result.selectedOn).toBe('gaussians 1');
    expect(result.comparison.map(({ set, head }) => `${set} ${head}`)).toEqual([
      'validation before',
      'validation after',
      'test before',
      'test after',
    ]);
  });

  it('writes a file that onnxruntime runs as promised, with provenance, and nothing else changed', async () => {
    const { model, validation } = await problem();
    const result = await recalibrate(model, { validation, counts: COUNTS });
    const out = file('out.onnx');
    const { sha256 } = await result.save(out);
    expect(sha256).toBe(result.changed.sha256);

    const source = longTailSource(20, 3);
    const rows = await Promise.all(Array.from({ length: source.length }, (_, i) => source.read(i)));
    const x = Float32Array.from(
      rows.flatMap((row) => (row.kind === 'tensor' ? Array.from(row.inputs.x.data, Number) : [])),
    );
    const session = await ort.InferenceSession.create(out, { logSeverityLevel: 3 });
    const { logits } = await session.run({ x: new ort.Tensor('float32', x, [source.length, DIMENSIONS]) });
    const [w, b] = [denseData(result.head.weight), denseData(result.head.bias)];
    for (let i = 0; i < source.length; i++) {
      for (let k = 0; k < CLASSES; k++) {
        let z = b[k];
        for (let d = 0; d < DIMENSIONS; d++) z += w[k * DIMENSIONS + d] * x[i * DIMENSIONS + d];
        expect(Math.abs(z - Number(logits.data[i * CLASSES + k]))).toBeLessThan(1e-4);
      }
    }

    const saved = await readModelFile(out);
    const metadata = readMetadata(saved);
    expect(metadata.get('onnx_tailor.method')).toBe(result.method);
    expect(JSON.parse(metadata.get('onnx_tailor.parameters')!)).toEqual(result.parameters);
    expect(JSON.parse(metadata.get('onnx_tailor.counts')!)).toEqual(COUNTS);
    expect(metadata.get('onnx_tailor.source_sha256')).toBe(model.sha256);
    expect(metadata.get('onnx_tailor.selected_on')).toBe('gaussians 1');
    const before = graphOf(model.file);
    const after = graphOf(saved);
    expect(after.node).toEqual(before.node);
    expect(after.input).toEqual(before.input);
    expect(after.output).toEqual(before.output);
  });

  it('says how many test samples are validation samples as well', async () => {
    const { model, validation } = await problem(20);
    const test = await model.extract(longTailSource(20, 1), { limit: 50 });
    const result = await recalibrate(model, { validation, counts: COUNTS, test });
    expect(result.notes.join('\n')).toMatch(/50 of the 50 test samples/);
    const other = await model.extract(longTailSource(20, 2));
    const clean = await recalibrate(model, { validation, counts: COUNTS, test: other });
    expect(clean.notes.join('\n')).not.toMatch(/test samples/);
  });

  it('doubts labels that the original model does not know better than by guessing', async () => {
    const { model, validation } = await problem(20);
    const turned = validation.with({ labels: validation.labels!.map((label) => (label + 1) % CLASSES) });
    const result = await recalibrate(model, { validation: turned, counts: COUNTS });
    expect(result.notes.join('\n')).toMatch(/guessing on 17 %.*class order.*preprocessing/);
    const right = await recalibrate(model, { validation, counts: COUNTS });
    expect(right.notes.join('\n')).not.toMatch(/guessing/);
  });

  it('names the classes that a fixed parameter could not be measured on', async () => {
    const { model, validation } = await problem([9, 9, 9, 9, 0, 0]);
    const result = await recalibrate(model, { validation, counts: COUNTS, method: 'additive', parameter: 1 });
    expect(result.notes.join('\n')).toMatch(/not in any average: 2 of 6 classes/);
  });

  it('gives the same bytes for the same seed', async () => {
    const { model, validation } = await problem(30);
    const [a, b] = [
      await recalibrate(model, { validation, counts: COUNTS, seed: 7 }),
      await recalibrate(model, { validation, counts: COUNTS, seed: 7 }),
    ];
    expect(a.changed.sha256).toBe(b.changed.sha256);
    expect(a.improvement).toEqual(b.improvement);
  });

  it('keeps the original head when nothing is beyond noise, says so, and can be told not to', async () => {
    const { model } = await problem();
    // Three samples per class: the paired interval cannot exclude 0.
    const validation = await model.extract(longTailSource(3, 11));
    const kept = await recalibrate(model, { validation, counts: COUNTS });
    expect(kept.improvement.significant).toBe(false);
    expect(kept.kept).toBe(true);
    expect(kept.method).toBe('none');
    expect(denseData(kept.head.bias)).toEqual(denseData(model.head.bias));
    expect(kept.notes.join('\n')).toMatch(/original head/i);

    const forced = await recalibrate(model, { validation, counts: COUNTS, method: 'additive', parameter: 1 });
    expect(forced.kept).toBe(false);
    expect(forced.parameters).toEqual({ tau: 1 });
    expect(forced.improvement.significant).toBe(false);
    expect(forced.notes.join('\n')).toMatch(/not beyond noise/);
  });

  it('changes nothing for balanced counts: the adjustment has nothing to undo', async () => {
    const { model, validation } = await problem();
    const counts = new Array(CLASSES).fill(100);
    const result = await recalibrate(model, { validation, counts, method: 'additive', parameter: 1.3 });
    const shift = denseData(result.head.bias).map((b, k) => b - denseData(model.head.bias)[k]);
    for (const value of shift) expect(value).toBeCloseTo(shift[0], 5);
    expect(result.after.perClass).toEqual(result.before.perClass);
  });

  it('takes counts from the metadata, and refuses without any', async () => {
    const { validation } = await problem();
    const knowing = await openModel(
      longTailModel({ metadata: { 'onnx_tailor.counts': JSON.stringify(COUNTS) } }),
    );
    const result = await recalibrate(knowing, { validation, method: 'additive', parameter: 1 });
    expect(result.after.average).toBeGreaterThan(result.before.average);
    await expectRefusal(
      async () => recalibrate(await openModel(longTailModel()), { validation }),
      'COUNTS_INVALID',
      /--counts/,
    );
  });

  it('refuses a test set that is the validation set', async () => {
    const { model, validation } = await problem();
    await expectRefusal(
      () => recalibrate(model, { validation, counts: COUNTS, test: validation }),
      'INVALID_ARGUMENT',
      /must not be used for choosing/,
    );
  });

  it('refuses a class without a validation sample, or averages over the others', async () => {
    const { model, validation } = await problem([60, 60, 60, 60, 60, 0]);
    await expectRefusal(() => recalibrate(model, { validation, counts: COUNTS }), 'CLASS_MISSING', /class 5/);
    const result = await recalibrate(model, { validation, counts: COUNTS, missing: 'skip' });
    expect(result.before.missingClasses).toEqual([5]);
  });

  it.each([
    [[1, 2, 3], /6 classes, but 3/],
    [[1, 2, 3, 4, 5, 0], /class 5 is 0/],
    [[1, 2, 3, 4, -5, 6], /class 4 is -5/],
    [[1, 2, 3, 4, Number.NaN, 6], /class 4 is NaN/],
  ])('refuses counts %j', async (counts, message) => {
    const { model, validation } = await problem(5);
    await expectRefusal(() => recalibrate(model, { validation, counts }), 'COUNTS_INVALID', message);
  });

  it('fits a temperature that makes probabilities honest and changes no decision', async () => {
    const { model, validation } = await problem();
    const options = { validation, counts: COUNTS, method: 'multiplicative', parameter: 0.5 } as const;
    const plain = await recalibrate(model, options);
    const tempered = await recalibrate(model, { ...options, temperature: 'fit' });
    expect(tempered.after.perClass).toEqual(plain.after.perClass);
    expect(tempered.after.nll).toBeLessThan(plain.after.nll);
    expect(tempered.parameters.temperature).toBeGreaterThan(0);
    expect(plain.notes.join('\n')).toMatch(/--temperature fit/);
  });

  it('tailors for a given target prior: the training prior asks for no change', async () => {
    const { model, validation } = await problem();
    const result = await recalibrate(model, {
      validation,
      counts: COUNTS,
      targetPrior: COUNTS,
      method: 'additive',
      parameter: 1,
    });
    const shift = denseData(result.head.bias).map((b, k) => b - denseData(model.head.bias)[k]);
    for (const value of shift) expect(Math.abs(value)).toBeLessThan(1e-5);
  });

  it('warns when the model was adjusted before', async () => {
    const { model, validation } = await problem();
    const once = await recalibrate(model, { validation, counts: COUNTS, method: 'additive', parameter: 1 });
    const twice = await recalibrate(await openModel(once.changed.bytes), {
      validation,
      counts: COUNTS,
      method: 'additive',
      parameter: 0.1,
    });
    expect(twice.notes.join('\n')).toMatch(/changed before \(additive \{"tau":1\}\)/);
    expect(twice.notes.join('\n')).toContain(model.sha256.slice(0, 12));

    // A head that was kept does not make the earlier change forgotten.
    const again = await openModel(once.changed.bytes);
    const kept = await recalibrate(again, { validation: await again.extract(longTailSource(3, 11)) });
    expect(kept.method).toBe('none');
    const thrice = await recalibrate(await openModel(kept.changed.bytes), {
      validation,
      method: 'additive',
      parameter: 0.1,
    });
    expect(thrice.notes.join('\n')).toMatch(/changed before \(additive \{"tau":1\}\)/);
    const history = readMetadata(await readModelFile(thrice.changed.bytes)).get('onnx_tailor.history');
    expect(JSON.parse(history!)).toEqual([
      { method: 'additive', parameters: '{"tau":1}', source_sha256: model.sha256 },
    ]);
  });

  it('reads a damaged history as none', async () => {
    const { validation } = await problem(5);
    for (const history of ['{', '5', '[null, 3, {"method": 4}]']) {
      const model = await openModel(longTailModel({ metadata: { 'onnx_tailor.history': history } }));
      const result = await recalibrate(model, { validation, counts: COUNTS });
      expect(result.notes.join('\n')).not.toMatch(/changed before/);
    }
  });

  it('lets heads fitted to training features compete, and names the one that was asked for', async () => {
    const { model, validation, test } = await problem();
    const train = await model.extract(longTailSource([600, 240, 100, 40, 16, 8], 5));
    const open = await recalibrate(model, { validation, counts: COUNTS, train, test });
    const tried = new Set(open.selection!.table.map(({ method }) => method));
    for (const method of ['additive', 'multiplicative', 'tau-norm', 'wb', 'lws', 'linear', 'ncm', 'etf']) {
      expect(tried).toContain(method);
    }
    expect(open.test!.after.average).toBeGreaterThan(open.test!.before.average + 0.05);
    expect(open.changed.verification.argmaxAgreement).toBe(1);

    const named = await recalibrate(model, {
      validation,
      counts: COUNTS,
      train,
      method: 'lws',
      apply: 'always',
    });
    expect([...new Set(named.selection!.table.map(({ method }) => method))]).toEqual(['none', 'lws']);
    expect(named.method).toBe('lws');
  });

  it('goes on without the fits that diverge, and names them', async () => {
    const { model, validation } = await problem(20);
    const train = await model.extract(longTailSource([60, 24, 10, 6, 5, 4], 5));
    const huge = train.with({
      features: matrix(
        denseData(train.features).map((x) => 1e30 * x),
        train.samples,
        train.dimensions,
      ),
    });
    const { notes, selection } = await recalibrate(model, { validation, counts: COUNTS, train: huge });
    const left = notes.filter((note) => note.startsWith('Left out: ')).join('\n');
    expect(left).toMatch(/linear.*overflow float32/);
    expect(left).toMatch(/ncm.*does not fit float32/);
    expect(selection!.table.map(({ method }) => method)).toContain('etf');
    await expectRefusal(
      () => recalibrate(model, { validation, counts: COUNTS, train: huge, method: 'linear' }),
      'FIT_DIVERGED',
      /Scale them down/,
    );
  });

  it('does not take what is wrong with the training set for a reason to leave fits out', async () => {
    const { model, validation } = await problem(20);
    const train = await model.extract(longTailSource(5, 5));
    await expectRefusal(
      () => recalibrate(model, { validation, counts: COUNTS, train: train.with({ labels: undefined }) }),
      'LABELS_INVALID',
      /has no labels/,
    );
  });

  it('refuses a fitted method without training features, and notes validation that was trained on', async () => {
    const { model, validation } = await problem(20);
    await expectRefusal(
      () => recalibrate(model, { validation, counts: COUNTS, method: 'wb' }),
      'INVALID_ARGUMENT',
      /--train/,
    );
    const { notes } = await recalibrate(model, { validation, counts: COUNTS, train: validation });
    expect(notes.join('\n')).toMatch(/120 of the 120 validation samples .* are in the training set as well/);
  });

  it('stops when asked to', async () => {
    const { model, validation } = await problem(5);
    const signal = AbortSignal.abort();
    await expectRefusal(
      () => recalibrate(model, { validation, counts: COUNTS, signal }),
      'ABORTED',
      /Stopped/,
    );
  });

  it('works on a model with a fixed batch', async () => {
    const model = await openModel(longTailModel({ batch: 4 }));
    const validation = await model.extract(longTailSource(15, 1));
    const result = await recalibrate(model, { validation, counts: COUNTS, method: 'additive', parameter: 1 });
    expect(result.changed.verification.argmaxAgreement).toBe(1);
    expect(result.changed.verification.samples).toBe(64);
  });

  it('leaves an existing file alone unless told otherwise', async () => {
    const { model, validation } = await problem(5);
    const result = await recalibrate(model, { validation, counts: COUNTS, method: 'additive', parameter: 1 });
    const out = file('taken.onnx', 'precious');
    await expectRefusal(() => result.save(out), 'FILE_EXISTS', /--force/);
    expect(readFileSync(out, 'utf8')).toBe('precious');
    await result.save(out, { overwrite: true });
    expect(readFileSync(out).length).toBe(result.changed.bytes.length);
    await expectRefusal(
      () => result.save(file('no/such/folder/out.onnx')),
      'FILE_UNWRITABLE',
      /does not exist/,
    );
    expect(existsSync(file('no'))).toBe(false);
  });
});
