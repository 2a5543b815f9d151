/** A store that is far larger than what a command may hold in memory, and commands that say how much they held. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'vitest';
import { encodeNpz } from '../../src/array/npz.js';
import { main } from './run-cli.js';

type File = (name: string, content: Uint8Array | string) => string;

/** What a shard holds, all of the same number of samples. */
export interface ShardArrays {
  /** [n, D], [n, C] and [n]. */
  readonly features: Float32Array;
  readonly logits: Float32Array;
  readonly labels: Int32Array;
  readonly classes: number;
}

/** Writes `store/` with one shard that stands for all of them, so that a test takes no gigabytes of disk. Returns its bytes. */
export function largeStore(
  file: File,
  arrays: ShardArrays,
  shards: number,
): { samples: number; bytes: number } {
  const { features, logits, labels, classes } = arrays;
  const rows = labels.length;
  const dimensions = features.length / rows;
  const shard = file(
    'store/shard-00000.npz',
    encodeNpz({
      features: { shape: [rows, dimensions], data: features },
      labels: { shape: [rows], data: labels },
      logits: { shape: [rows, classes], data: logits },
    }),
  );
  const bytes = statSync(shard).size;
  const sha256 = createHash('sha256').update(readFileSync(shard)).digest('hex');
  const one = { file: 'shard-00000.npz', samples: rows, bytes, sha256 };
  const samples = rows * shards;
  file(
    'store/manifest.json',
    JSON.stringify({
      ...{ format: 'onnx-tailor-features', version: 1, writer: '0', classes: null, preprocess: null },
      model: { sha256: '0'.repeat(64), name: null, output: 'y', dimensions, classCount: classes },
      source: { name: 'random', samples, sha256: null, modified: null, labels: true },
      ...{ preprocessSha256: null, limit: null, samples, rows: samples, batch: 64, device: 'cpu' },
      ...{ shardRows: rows, part: { index: 1, count: 1 }, inputs: null, complete: true },
      shards: Array.from({ length: shards }, (_, i) => ({ ...one, start: i * rows })),
    }),
  );
  return { samples, bytes: bytes * shards };
}

/** Runs a command with --json, and returns its document and the most memory that it held, in bytes. */
export function runMeasured(
  file: File,
  args: readonly string[],
): { document: Record<string, unknown>; peak: number } {
  const hook = file(
    'hook.mjs',
    "process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS, 'kB'));",
  );
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', hook, main, ...args, '--json'],
    { cwd: dirname(hook), encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  expect([status, stderr]).toEqual([0, expect.stringContaining('peak')]);
  const peak = 1024 * Number(/peak (\d+) kB/.exec(stderr)![1]);
  return { document: JSON.parse(stdout) as Record<string, unknown>, peak };
}
