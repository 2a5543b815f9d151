/** A small set of data, a model, and `onnx-tailor` on the PATH of child processes: what the examples of an array job run on. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'vitest';
import { type FeatureStatistics, sampleCount } from '../../src/diagnostics/statistics.js';
import { readStatistics } from '../../src/diagnostics/statistics-file.js';
import { main, runCli } from '../cli/run-cli.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { longTailFile, longTailModel } from '../recalibrate/long-tail-problem.js';

/** The repository. */
export const root = resolve(import.meta.dirname, '../..');

/** Samples by class: one class comes after the other, as folders of pictures do. */
export const COUNTS = [2000, 1200, 500, 200, 70, 30];
export const SAMPLES = COUNTS.reduce((sum, count) => sum + count);
/** So small that a run takes a second or two, and a kill finds it in the middle. */
export const SIZES = ['--batch', '2', '--shard-rows', '100', '--device', 'cpu', '--threads', '1'];

export interface TinyJob {
  /** Holds model.onnx and data.npz. */
  readonly cwd: string;
  /** The path of a file in it, written where there is content. */
  readonly file: (name: string, content?: Uint8Array | string) => string;
  /** With `onnx-tailor` and `npx onnx-tailor` on the PATH. */
  readonly env: NodeJS.ProcessEnv;
}

export function tinyJob(): TinyJob {
  const file = temporaryFolder();
  const cwd = dirname(file('model.onnx', longTailModel()));
  file('data.npz', longTailFile('inputs', COUNTS, 3));
  const node = `exec "${process.execPath}" "${main}"`;
  for (const [name, script] of [
    ['onnx-tailor', `#!/bin/sh\n${node} "$@"\n`],
    ['npx', `#!/bin/sh\n[ "$1" = onnx-tailor ] || exit 9\nshift\n${node} "$@"\n`],
  ])
    chmodSync(file(`bin/${name}`, script), 0o755);
  return { cwd, file, env: { ...process.env, PATH: `${join(cwd, 'bin')}:${process.env.PATH}` } };
}

/** Runs a shell script; its words when it fails. */
export function runShell(
  script: string,
  { cwd, env }: Pick<TinyJob, 'cwd' | 'env'>,
  more: Record<string, string> = {},
) {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], {
    cwd,
    encoding: 'utf8',
    env: { ...env, ...more },
    timeout: 120_000,
  });
  return { status, stdout, stderr };
}

/** The sha256 of each shard of a store by its name. */
export function shardsOf(folder: string): Record<string, string> {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('shard-')) : [];
  const sha256 = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  return Object.fromEntries(names.sort().map((name) => [name, sha256(name)]));
}

/** What one process makes of the same data in one go: shards and statistics. */
export async function inOneGo({ cwd, file }: TinyJob) {
  const extracted = runCli(
    ['extract', 'model.onnx', '--data', 'data.npz', '--out', 'one-go/', ...SIZES],
    cwd,
  );
  expect([extracted.code, extracted.stderr]).toEqual([0, expect.stringContaining('done')]);
  const saved = ['--save-statistics', 'one-go.npz'];
  const { code, stderr } = runCli(['diagnose', 'one-go/', '--model', 'model.onnx', ...saved], cwd);
  expect([code, stderr]).toEqual([0, expect.stringContaining('done')]);
  const { statistics } = await readStatistics(file('one-go.npz'));
  return { shards: shardsOf(file('one-go')), statistics };
}

/** Counts to the last bit, sums to what rounding leaves. */
export function expectSameStatistics(found: FeatureStatistics, wanted: FeatureStatistics): void {
  expect(sampleCount(found)).toBe(SAMPLES);
  for (const key of ['counts', 'unitCounts', 'normHistogram', 'minimum', 'maximum'] as const) {
    expect(found[key], key).toEqual(wanted[key]);
  }
  expect(found.normMax).toBe(wanted.normMax);
  expect(found.head).toEqual(wanted.head);
  for (const key of ['means', 'scatter', 'unitSums', 'normSums', 'normSquareSums', 'sparsitySums'] as const) {
    const scale = wanted[key].reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const largest = found[key].reduce(
      (most, value, i) => Math.max(most, Math.abs(value - wanted[key][i])),
      0,
    );
    expect(largest / scale, key).toBeLessThan(1e-12);
  }
}
