/** Sessions in threads: the same rows whatever their number, nothing left when it ends badly, the batch by trial. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TailorError } from '../../src/array/errors.js';
import { denseData } from '../../src/array/matrix.js';
import { chooseBatch } from '../../src/features/choose-batch.js';
import { extractRows } from '../../src/features/extract-rows.js';
import { openModel } from '../../src/features/model.js';
import { openPool } from '../../src/features/session-pool.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import { BIAS, rowSource, vectorClassifier, WEIGHT } from './small-classifiers.js';

const cpu = { device: 'cpu', threads: 1 } as const;
const rows = Array.from({ length: 43 }, (_, i): [number, number] => [i / 3, 3 - i]);

const threads: Worker[] = [];
const note = (worker: Worker) => threads.push(worker);
beforeEach(() => {
  threads.length = 0;
  process.on('worker', note);
});
afterEach(() => {
  process.off('worker', note);
  // A thread that has ended has no number.
  expect(threads.map(({ threadId }) => threadId)).toEqual(threads.map(() => -1));
});

describe('workers', () => {
  it('change neither rows nor their order', async () => {
    const model = await openModel(vectorClassifier({ type: 'float16' }));
    const sets = [];
    for (const workers of [0, 1, 3]) {
      threads.length = 0;
      sets.push(await model.extract(rowSource(rows), { ...cpu, batch: 4, workers }));
      expect(threads).toHaveLength(workers);
    }
    for (const set of sets) {
      expect(denseData(set.features)).toEqual(denseData(sets[0].features));
      expect(denseData(set.logits!)).toEqual(denseData(sets[0].logits!));
      expect(set.verificationInputs).toEqual(sets[0].verificationInputs);
    }
  });

  it.each([
    ['one for each processor', { batches: 3 }, 3],
    ['one where there are fewer batches than processors', { batches: 2 }, 1],
    ['one where not more is known', {}, 1],
    ['as many as were asked for', { batches: 1, workers: 2 }, 2],
  ])('are %s on cpu', async (_, how, expected) => {
    const bytes = vectorClassifier();
    const pool = await openPool({ bytes }, { device: 'cpu', threads: 3, ...how });
    await pool.stop();
    expect(threads).toHaveLength(expected);
  });

  it('are fewer where copies of the weights would take too much memory', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pool-'));
    try {
      const pool = await openPool(
        { bytes: vectorClassifier(), folder },
        { device: 'cpu', threads: 3, batches: 9 },
      );
      await pool.stop();
      expect(threads).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('are one for each of several devices', async () => {
    const model = await openModel(vectorClassifier());
    const set = await model.extract(rowSource(rows), { devices: ['cpu', 'cpu'], batch: 4 });
    expect(threads).toHaveLength(2);
    expect(set.extraction).toMatchObject({ device: 'cpu', batch: 4 });
  });

  it.each([
    [{ workers: -1 }, 'INVALID_ARGUMENT', /workers is -1; give 0 or more/],
    [{ workers: 1.5 }, 'INVALID_ARGUMENT', /workers is 1\.5/],
    [{ devices: [] as 'cpu'[] }, 'INVALID_ARGUMENT', /no device was given/],
    [{ device: 'cuda:x' as 'cuda' }, 'INVALID_ARGUMENT', /cuda:0, cuda:1/],
    [{ devices: ['cpu' as const, 'gpu' as 'cpu'] }, 'INVALID_ARGUMENT', /got "gpu"/],
  ])('%o', async (options, code, message) => {
    const model = await openModel(vectorClassifier());
    await expect(model.extract(rowSource(rows), options)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('are gone after a failure in the middle, and the first failure is told', async () => {
    const model = await openModel(vectorClassifier());
    const data = rows.map(([a, b], i): [number, number] => (i === 17 || i === 30 ? [Number.NaN, b] : [a, b]));
    const failing = model.extract(rowSource(data), { ...cpu, batch: 4, workers: 2 });
    await expect(failing).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringMatching(/sample 17/),
    });
  });

  it('are gone after an abort', async () => {
    const model = await openModel(vectorClassifier());
    const abort = new AbortController();
    const onProgress = ({ done }: { done: number }) => {
      if (done >= 8) abort.abort();
    };
    const stopped = model.extract(rowSource(rows), {
      ...cpu,
      batch: 4,
      workers: 2,
      signal: abort.signal,
      onProgress,
    });
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('fail the extraction when one dies', async () => {
    const model = await openModel(vectorClassifier());
    const source = rowSource(rows, {
      read: async (i) => {
        if (i === 9) await threads[0].terminate();
        return { kind: 'tensor', inputs: { '': { data: Float32Array.of(...rows[i]), dims: [2] } } };
      },
    });
    await expect(model.extract(source, { ...cpu, batch: 4 })).rejects.toMatchObject({
      code: 'DEVICE_UNAVAILABLE',
      message: expect.stringMatching(/exit code 1/),
    });
  });
});

describe('a range of samples', () => {
  it('has the rows of the whole, in order, where it is cut at batches', async () => {
    const extractor = await (await openModel(vectorClassifier())).extractor();
    const whole: number[] = [];
    await extractRows(extractor, rowSource(rows), { ...cpu, batch: 5 }, ({ features }) => {
      whole.push(...features);
    });
    const parts: number[] = [];
    const starts: number[] = [];
    for (const [from, to] of [
      [0, 10],
      [10, 25],
      [25, 43],
    ]) {
      const report = await extractRows(
        extractor,
        rowSource(rows),
        { ...cpu, batch: 5, from, to },
        async (read) => {
          starts.push(read.start);
          await new Promise((resolve) => setTimeout(resolve, 1));
          parts.push(...read.features);
        },
      );
      expect(report).toMatchObject({ device: 'cpu', batch: 5 });
    }
    expect(starts).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40]);
    expect(parts).toEqual(whole);
  });

  it.each([[{ from: -1 }], [{ from: 5, to: 5 }], [{ to: 44 }], [{ from: 0.5 }], [{ to: 20, limit: 10 }]])(
    '%o is refused',
    async (range) => {
      const extractor = await (await openModel(vectorClassifier())).extractor();
      await expect(
        extractRows(extractor, rowSource(rows), { ...cpu, ...range }, () => {}),
      ).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/one or more are needed/),
      });
    },
  );

  it('ends with what `take` throws', async () => {
    const extractor = await (await openModel(vectorClassifier())).extractor();
    const full = extractRows(extractor, rowSource(rows), { ...cpu, batch: 5 }, ({ start }) => {
      if (start === 10) throw new TailorError('FILE_UNWRITABLE', 'full');
    });
    await expect(full).rejects.toThrow('full');
  });
});

describe("batch 'auto'", () => {
  it('takes one of the sizes that it tried, and tells them', async () => {
    const model = await openModel(vectorClassifier());
    const set = await model.extract(rowSource(rows), { ...cpu, batch: 'auto' });
    const { batch, batchTrials } = set.extraction!;
    const sizes = batchTrials!.map((trial) => trial.batch);
    expect(sizes).toContain(batch);
    expect(sizes).toEqual([1, 4, 8, 16, 32].slice(0, sizes.length));
    expect(batchTrials!.every(({ samplesPerSecond }) => samplesPerSecond > 0)).toBe(true);
    const same = await model.extract(rowSource(rows), cpu);
    expect(denseData(set.features)).toEqual(denseData(same.features));
  });

  it('is the size that the model is built for', async () => {
    const extractor = await (await openModel(vectorClassifier({ batch: 3 }))).extractor();
    expect(await chooseBatch(extractor, rowSource(rows), cpu)).toEqual({ batch: 3, trials: [] });
  });

  it('is 1 for a model that takes one sample at a time, whatever it says', async () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['batch', 2]);
    const features = g.reshape(g.relu(x), 1, 2);
    g.output(
      g.gemm(features, g.constant(WEIGHT, [3, 2]), g.constant(BIAS, [3]), { transB: 1 }),
      'logits',
      'float32',
      ['batch', 3],
    );
    const extractor = await (await openModel(g.build())).extractor();
    const probe = await chooseBatch(extractor, rowSource(rows), cpu);
    expect(probe).toMatchObject({ batch: 1, trials: [{ batch: 1 }] });
  });

  it('fails as the first run does', async () => {
    const extractor = await (await openModel(vectorClassifier())).extractor();
    await expect(chooseBatch(extractor, rowSource([[1, 2, 3]]), cpu)).rejects.toMatchObject({
      code: 'SHAPE_MISMATCH',
    });
  });
});
