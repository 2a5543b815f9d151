/**
 * A short soak: what was opened is counted, not measured. After hundreds of cycles, with cancelled and failing ones among them, no
 * session, thread or file is left. `npm run soak` does the same ten thousand times and looks at the memory.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ort } from '#ort';
import { encodeNpz, openNpz } from '../src/array/npz.js';
import { progressPrinter } from '../src/cli/progress.js';
import { npzSource } from '../src/data/array-source.js';
import { diagnose } from '../src/diagnostics/diagnose.js';
import { type Model, openModel } from '../src/features/model.js';
import type { ExtractOptions } from '../src/features/run-batches.js';
import { fit } from '../src/head/fit.js';
import type { FitConfiguration } from '../src/head/fit-configuration.js';
import { recalibrate } from '../src/recalibrate/recalibrate.js';
import { connect, type Port } from '../src/web/engine/client.js';
import { handlersOf } from '../src/web/engine/handlers.js';
import { type PagePort, serve } from '../src/web/engine/serve.js';
import { Session } from '../src/web/engine/session.js';
import { temporaryFolder } from './data/temporary-folder.js';
import { pictureClassifier } from './features/small-classifiers.js';
import { COUNTS, DIMENSIONS, longTailFile, longTailModel } from './recalibrate/long-tail-problem.js';

const file = temporaryFolder();
const cpu = { device: 'cpu', threads: 1 } as const;

/** Sessions of onnxruntime and threads that are open, and how many there ever were. */
const sessions = { open: 0, made: 0 };
const threads = { open: 0, made: 0 };
const count = (worker: Worker) => {
  threads.open++;
  threads.made++;
  worker.once('exit', () => threads.open--);
};
beforeEach(() => {
  Object.assign(sessions, { open: 0, made: 0 });
  Object.assign(threads, { open: 0, made: 0 });
  process.on('worker', count);
  const { create } = ort;
  vi.spyOn(ort, 'create').mockImplementation(async (...args) => {
    const session = await create.apply(ort, args);
    sessions.open++;
    sessions.made++;
    const release = session.release.bind(session);
    session.release = async () => {
      sessions.open--;
      await release();
    };
    return session;
  });
});
afterEach(() => {
  process.off('worker', count);
  vi.restoreAllMocks();
});

/** Open files and sockets where the system tells (Linux). */
const openFiles = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);

/** Runs `cycle` 10 times to warm up and then `cycles` times: as many files as before, no session and no thread. */
async function leavesNothing(cycles: number, cycle: (i: number) => unknown): Promise<void> {
  for (let i = 0; i < 10; i++) await cycle(i);
  await wait(50);
  const [files, busy] = [openFiles(), process.getActiveResourcesInfo().length];
  for (let i = 0; i < cycles; i++) await cycle(i);
  await vi.waitFor(() => {
    expect({ sessions: sessions.open, threads: threads.open }).toEqual({ sessions: 0, threads: 0 });
    expect(openFiles()).toBeLessThanOrEqual(files);
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(busy + 2);
  }, 5000);
}

const fails = (code: string, work: Promise<unknown>) => expect(work).rejects.toMatchObject({ code });

describe('hundreds of cycles leave nothing open', () => {
  it('of opening files, good and bad', async () => {
    const path = file('model.onnx', longTailModel());
    const cut = file('cut.onnx', longTailModel().subarray(0, 200));
    const npz = longTailFile('inputs', 2, 1);
    const data = file('data.npz', npz);
    const damaged = file('damaged.npz', npz.subarray(0, npz.length - 30));
    await leavesNothing(300, async (i) => {
      if (i % 4 === 0) await openModel(path);
      else if (i % 4 === 1) await fails('MODEL_INVALID', openModel(cut));
      else if (i % 4 === 2) await (await npzSource(data)).close?.();
      else await fails('FORMAT_INVALID', openNpz(damaged));
    });
    expect(sessions.made).toBe(0);
  });

  it('of extracting, cancelled and failing ones among them', async () => {
    const path = file('model.onnx', longTailModel());
    const data = file('data.npz', longTailFile('inputs', 4, 1));
    const rows = new Float32Array(24 * DIMENSIONS).fill(1);
    rows[20 * DIMENSIONS] = Number.POSITIVE_INFINITY;
    const infinite = file('infinite.npz', encodeNpz({ inputs: { shape: [24, DIMENSIONS], data: rows } }));
    const pass = async (from: string, options: ExtractOptions) => {
      const source = await npzSource(from);
      try {
        return await (await openModel(path)).extract(source, { ...cpu, batch: 8, ...options });
      } finally {
        await source.close?.();
      }
    };
    const cancelled = (options: ExtractOptions) => {
      const controller = new AbortController();
      const onProgress = ({ done }: { done: number }) => done > 0 && controller.abort('enough');
      return fails('ABORTED', pass(data, { signal: controller.signal, onProgress, ...options }));
    };
    const throwing = (at: number) => ({
      onProgress({ done }: { done: number }) {
        if (done >= at) throw Object.assign(new Error('own'), { code: 'OWN' });
      },
    });
    const kinds = [
      (workers: number) => pass(data, { workers }),
      (workers: number) => cancelled({ workers }),
      (workers: number) => fails('NOT_FINITE', pass(infinite, { workers })),
      (workers: number) => fails('OWN', pass(data, { workers, ...throwing(0) })),
      (workers: number) => fails('OWN', pass(data, { workers, ...throwing(8) })),
      () => fails('DEVICE_UNAVAILABLE', pass(data, { device: 'cuda:99' })),
    ];
    // A thread takes longer to start than a cycle without: one of five cycles has one, or two.
    await leavesNothing(200, (i) => kinds[i % kinds.length](i % 5 === 0 ? 1 + (i % 2) : 0));
    expect(sessions.made).toBeGreaterThan(150);
    expect(threads.made).toBeGreaterThan(30);
  });

  it('of fitting, choosing, recalibrating and diagnosing', async () => {
    const model = await openModel(longTailModel());
    const set = await model.extract(await npzSource(longTailFile('inputs', 8, 1)), { ...cpu, workers: 0 });
    const run = { init: model.head, ...cpu };
    const fitted = (configuration: FitConfiguration, options = {}) =>
      fit(set, configuration, { ...run, ...options });
    const cancelled = (configuration: FitConfiguration) => {
      const controller = new AbortController();
      const onProgress = () => controller.abort('enough');
      return fails('ABORTED', fitted(configuration, { signal: controller.signal, onProgress }));
    };
    const kinds = [
      () => fitted({ method: 'linear', weightDecay: 0.1 }),
      () => cancelled({ method: 'linear' }),
      () => fitted({ method: 'wb', epochs: 1 }),
      () => cancelled({ method: 'linear', solver: 'adamw', epochs: 3 }),
      () => fails('FIT_DIVERGED', fitted({ method: 'linear', solver: 'sgd', learningRate: 1e38, epochs: 3 })),
      () => fails('INVALID_ARGUMENT', fitted({ method: 'linear', solver: 'sgd', epochs: -1 })),
      () => fitted({ method: 'lws', maxIterations: 3 }),
      () => diagnose(set, { head: model.head, threads: 1 }),
      () => recalibrate(model, { validation: set, counts: COUNTS, bootstrap: 100, ...cpu }),
    ];
    await leavesNothing(108, (i) => kinds[i % kinds.length]());
    expect(sessions.made).toBeGreaterThan(200);
  });
});

describe('the worker of the page', () => {
  const collect = () => {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
  };

  it('opens model after model in one session: none is kept but the last, and no session of onnxruntime', async () => {
    const session = new Session(cpu);
    const channel = new MessageChannel();
    serve(channel.port2 as unknown as PagePort, handlersOf(session));
    channel.port1.start();
    channel.port2.start();
    const engine = connect(channel.port1 as unknown as Port);
    const npz = (data: Uint8Array<ArrayBuffer>) =>
      ({ kind: 'npz', file: { name: 'set.npz', data: new Blob([data]) } }) as const;
    const before: WeakRef<Model>[] = [];
    try {
      for (let i = 0; i < 12; i++) {
        const data = new Blob([longTailModel()]);
        await engine.call('openModel', { file: { name: `${i}.onnx`, data } });
        before.push(new WeakRef(session.model!));
        await engine.call('addData', { role: 'validation', input: npz(longTailFile('inputs', 8, i)) });
        await engine.call('addData', { role: 'train', input: npz(longTailFile('inputs', 8, i + 99)) });
        await engine.call('setCounts', { source: { kind: 'numbers', counts: COUNTS } });
        await engine.call('fit', { configuration: { method: 'linear', weightDecay: 0.1 } });
        await engine.call('diagnose', { role: 'validation' });
        if (i % 4 === 0)
          await engine.call('make', { choice: { kind: 'adjust', method: 'additive', parameter: 1 } });
        const none = { name: 'none.onnx', data: new Blob(['no model']) };
        await expect(engine.call('openModel', { file: none })).rejects.toMatchObject({
          code: 'MODEL_INVALID',
        });
      }
      expect(sessions.open).toBe(0);
      expect(sessions.made).toBeGreaterThan(30);
      await vi.waitFor(() => {
        collect();
        const kept = before.slice(0, -1).filter((model) => model.deref() !== undefined);
        // The engine may hold one in a register of the last call.
        expect(kept.length).toBeLessThanOrEqual(1);
      }, 5000);
    } finally {
      channel.port1.close();
      channel.port2.close();
    }
  });
});

describe('progress of a day', () => {
  it.each([
    [true, 86_400_000 / 80],
    [false, 86_400_000 / 10_000],
  ])(
    'on a terminal: %s, it is written no more often than it can be read, in lines of one width',
    (isTTY, most) => {
      let clock = 0;
      let [writes, longest] = [0, 0];
      const write = (text: string) => {
        writes++;
        longest = Math.max(longest, text.length);
      };
      const print = progressPrinter('Extracting', { isTTY, columns: 80, write }, { now: () => clock });
      const total = 8_640_000;
      for (let done = 0; done <= total; done++) {
        clock = 10 * done;
        const secondsLeft = (total - done) / 100;
        print({ done, total, seconds: clock / 1000, samplesPerSecond: 100, secondsLeft });
      }
      expect(writes).toBeGreaterThan(0.9 * most);
      expect(writes).toBeLessThanOrEqual(most + 2);
      expect(longest).toBeLessThan(100);
    },
  );
});

describe('threads that decode pictures', () => {
  const root = resolve(import.meta.dirname, '..');

  it('end where the first report of progress throws', async () => {
    const { default: sharp } = await import('sharp');
    const model = file('pictures.onnx', pictureClassifier({ layout: 'NCHW' }));
    const picture = await sharp(new Uint8Array(12), { raw: { width: 2, height: 2, channels: 3 } })
      .png()
      .toBuffer();
    const pictures = resolve(dirname(model), 'pictures');
    for (let i = 0; i < 24; i++) {
      mkdirSync(resolve(pictures, 'abc'[i % 3]), { recursive: true });
      writeFileSync(resolve(pictures, 'abc'[i % 3], `${i}.png`), picture);
    }
    const script = `
      import { imageFolder, openModel } from ${JSON.stringify(resolve(root, 'dist/index.js'))};
      let open = 0, made = 0;
      process.on('worker', (worker) => { open++; made++; worker.once('exit', () => open--); });
      const model = await openModel(${JSON.stringify(model)});
      const source = await imageFolder(${JSON.stringify(pictures)});
      const preprocess = { size: [2, 2] };
      const codes = [];
      for (let i = 0; i < 3; i++) {
        const onProgress = () => { throw Object.assign(new Error('own'), { code: 'OWN' }); };
        await model.extract(source, { preprocess, batch: 4, workers: 1, device: 'cpu', onProgress }).catch((error) => codes.push(error.code));
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
      console.log(JSON.stringify({ codes, made, open }));
    `;
    const path = resolve(dirname(model), 'script.mjs');
    writeFileSync(path, script);
    const { stdout, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8', timeout: 60_000 });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ codes: ['OWN', 'OWN', 'OWN'], open: 0 });
    expect(JSON.parse(stdout).made).toBeGreaterThan(3);
  });
});
