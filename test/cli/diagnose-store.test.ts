/** `diagnose` of a store that is far larger than what it may hold in memory. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { encodeNpz } from '../../src/array/npz.js';
import { createRandom } from '../../src/array/random.js';
import { writeHeadFile } from '../../src/head/head-file.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { main } from './run-cli.js';

const file = temporaryFolder();
const [ROWS, DIMENSIONS, CLASSES, SHARDS] = [62_500, 256, 10, 24];

it('holds a part of 1.5 GB at a time', { timeout: 600_000 }, async () => {
  const random = createRandom(5);
  const features = Float32Array.from({ length: ROWS * DIMENSIONS }, () => random());
  const logits = Float32Array.from({ length: ROWS * CLASSES }, () => random());
  const labels = Int32Array.from({ length: ROWS }, (_, i) => i % CLASSES);
  const shard = file(
    'store/shard-00000.npz',
    encodeNpz({
      features: { shape: [ROWS, DIMENSIONS], data: features },
      labels: { shape: [ROWS], data: labels },
      logits: { shape: [ROWS, CLASSES], data: logits },
    }),
  );
  const bytes = statSync(shard).size;
  const sha256 = createHash('sha256').update(readFileSync(shard)).digest('hex');
  // The same file stands for every shard, so that the test takes no 1.5 GB of disk.
  const one = { file: 'shard-00000.npz', samples: ROWS, bytes, sha256 };
  const samples = ROWS * SHARDS;
  file(
    'store/manifest.json',
    JSON.stringify({
      ...{ format: 'onnx-tailor-features', version: 1, writer: '0', classes: null, preprocess: null },
      model: { sha256: '0'.repeat(64), name: null, output: 'y', dimensions: DIMENSIONS, classCount: CLASSES },
      source: { name: 'random', samples, sha256: null, modified: null, labels: true },
      ...{ preprocessSha256: null, limit: null, samples, rows: samples, batch: 64, device: 'cpu' },
      ...{ shardRows: ROWS, part: { index: 1, count: 1 }, inputs: null, complete: true },
      shards: Array.from({ length: SHARDS }, (_, i) => ({ ...one, start: i * ROWS })),
    }),
  );
  const weight = Float32Array.from({ length: CLASSES * DIMENSIONS }, () => random() - 0.5);
  await writeHeadFile(file('head.npz'), linearHead(weight, new Float32Array(CLASSES), CLASSES, DIMENSIONS));
  const hook = file(
    'hook.mjs',
    "process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS, 'kB'));",
  );
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', hook, main, 'diagnose', 'store/', '--head', 'head.npz', '--report', 'report.html', '--json'],
    { cwd: dirname(hook), encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  expect([status, stderr]).toEqual([0, expect.stringContaining('peak')]);
  const document = JSON.parse(stdout) as Record<string, unknown>;
  expect(document).toMatchObject({ samples, classes: CLASSES, dimensions: DIMENSIONS });
  expect(document.accuracy).not.toBeNull();
  expect(readFileSync(file('report.html'), 'utf8')).toContain('calibration');
  const peak = 1024 * Number(/peak (\d+) kB/.exec(stderr)![1]);
  console.info(`diagnose of ${(bytes * SHARDS) / 1e6} MB of features: ${Math.round(peak / 1e6)} MB at most`);
  expect(peak).toBeLessThan(0.6 * bytes * SHARDS);
});
