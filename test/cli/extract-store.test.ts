/** Feature stores from the command line: killed at random moments and resumed, in parts, taken from the cache. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { encodeNpz } from '../../src/array/npz.js';
import { createRandom } from '../../src/array/random.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { CLASSES, DIMENSIONS, longTailModel } from '../recalibrate/long-tail-problem.js';
import { main, runCli, runJson } from './run-cli.js';

const file = temporaryFolder();
const cwd = dirname(file('model.onnx', longTailModel()));
const random = createRandom(7);
const dataOf = (samples: number) =>
  encodeNpz({
    inputs: {
      shape: [samples, DIMENSIONS],
      data: Float32Array.from({ length: samples * DIMENSIONS }, () => random() - 0.5),
    },
    labels: { shape: [samples], data: Int32Array.from({ length: samples }, (_, i) => i % CLASSES) },
  });

const contents = (folder: string) =>
  Object.fromEntries(
    readdirSync(join(cwd, folder))
      .sort()
      .map((name) => [name, readFileSync(join(cwd, folder, name)).toString('latin1')]),
  );
const shardsIn = (folder: string) =>
  existsSync(join(cwd, folder))
    ? readdirSync(join(cwd, folder)).filter((name) => name.startsWith('shard-')).length
    : 0;

describe('killed at 20 random moments', () => {
  const KILLS = 20;
  const SHARDS = 160;

  it('ends with the same bytes as a run that is not', { timeout: 300_000 }, async () => {
    file('many.npz', dataOf(SHARDS * 100));
    const args = ['extract', 'model.onnx', '--data', 'many.npz', '--batch', '2', '--shard-rows', '100'];
    const run = (out: string) => [...args, '--device', 'cpu', '--threads', '1', '--out', out, '--resume'];
    const { code, stderr } = runCli(run('whole/'), cwd);
    expect([code, stderr]).toEqual([0, expect.stringContaining('done')]);
    expect(shardsIn('whole')).toBe(SHARDS);

    const found: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const child = spawn(process.execPath, [main, ...run('killed/')], { cwd, stdio: 'ignore' });
      const closed = once(child, 'close');
      // Some while it starts, most while it writes: after so many more shards, and a bit.
      const more = Math.floor(random() * 6);
      const target = Math.min(shardsIn('killed') + more, SHARDS - 1);
      while (more > 0 && shardsIn('killed') < target && child.exitCode === null) await sleep(2);
      await sleep(random() * (more > 0 ? 20 : 600));
      child.kill('SIGKILL');
      const [exit, signal] = await closed;
      expect([exit, signal]).toEqual([null, 'SIGKILL']);
      found.push(shardsIn('killed'));
    }
    // The moments were in the middle of the work, and the work went on from one to the next.
    expect(new Set(found).size).toBeGreaterThan(KILLS / 2);
    const done = shardsIn('killed');
    expect(done).toBeLessThan(SHARDS);

    const last = runJson(run('killed/'), cwd);
    expect(last.code).toBe(0);
    expect(last.document).toMatchObject({ cached: false, samples: SHARDS * 100, shards: SHARDS });
    expect(last.document.resumed).toBeGreaterThanOrEqual((done - 1) * 100);
    expect(contents('killed')).toEqual(contents('whole'));
  });
});

describe('a folder as --out', () => {
  file('data.npz', dataOf(600));
  const extract = (...more: string[]) =>
    runJson(
      ['extract', 'model.onnx', '--data', 'data.npz', '--batch', '10', '--shard-rows', '100', ...more],
      cwd,
    );

  it('is a store that is taken from the cache the next time', () => {
    const first = extract('--out', 'store/');
    expect(first.document).toMatchObject({
      cached: false,
      resumed: 0,
      samples: 600,
      shards: 6,
      device: 'cpu',
    });
    expect(first.stdout).not.toMatch(/error/);
    const before = contents('store');
    const again = extract('--out', 'store');
    expect(again.code).toBe(0);
    expect(again.document).toMatchObject({ cached: true, samples: 600, resumed: 600, device: null });
    expect(contents('store')).toEqual(before);
    const words = runCli(['extract', 'model.onnx', '--data', 'data.npz', '--out', 'store/'], cwd);
    expect(words.stdout).toMatch(
      /were there already, of the same model, preprocessing and data\nNothing to do in store\//,
    );
    const other = extract('--out', 'store/', '--limit', '500');
    expect(other.code).toBe(1);
    expect(other.document).toMatchObject({
      error: {
        code: 'FILE_EXISTS',
        message: expect.stringMatching(/samples \(600 there, 500 now\).*--force/),
      },
    });
    expect(extract('--out', 'store/', '--limit', '500', '--force').document).toMatchObject({ samples: 500 });
  });

  it('is filled by tasks with a part each', () => {
    extract('--out', 'undivided/');
    for (const part of ['2/3', '1/3', '3/3']) {
      const { document } = extract('--out', 'parts/', '--shard', part, '--resume');
      expect(document).toMatchObject({ cached: false, samples: 200, shards: 2 });
    }
    const shards = (folder: string) =>
      Object.entries(contents(folder)).filter(([name]) => name.startsWith('shard-'));
    expect(shards('parts')).toEqual(shards('undivided'));
  });

  it.each([
    [['--out', 'x.npz', '--resume'], /--resume goes with a folder of shards: --out x\//],
    [['--out', 'x.npz', '--shard', '1/2'], /--shard goes with a folder/],
    [['--out', 'x/', '--shard', '3/2'], /Part i of n is needed/],
    [['--out', 'x/', '--resume', '--force'], /either --resume or --force/],
    [['--out', 'x.txt'], /must end in .*\.npz.*or in \//],
  ])('is asked for in words that go together: %s', (more, message) => {
    const { code, stderr } = runCli(['extract', 'model.onnx', '--data', 'data.npz', ...more], cwd);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('is read by the commands that read features', () => {
    extract('--out', 'features/');
    const options = ['--bootstrap', '0', '--device', 'cpu'];
    const ofStore = runJson(['evaluate', 'model.onnx', '--data', 'features/', ...options], cwd);
    const ofSource = runJson(['evaluate', 'model.onnx', '--data', 'data.npz', ...options], cwd);
    expect(ofStore.code).toBe(0);
    expect({ ...ofStore.document, data: '' }).toEqual({ ...ofSource.document, data: '' });
    const fitted = runJson(['fit', 'features/', '--method', 'ncm', '--out', 'h.npz'], cwd);
    expect(fitted.code).toBe(0);
    const grafted = runJson(
      ['graft', 'model.onnx', '--head', 'h.npz', '--verify-data', 'features', '--out', 'g.onnx'],
      cwd,
    );
    expect(grafted.document).toMatchObject({ verification: { samples: 64 } });
  });
});
