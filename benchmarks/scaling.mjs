// `npm run bench -- scaling`: whether time grows as the samples do, and memory not at all.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './feature-sets.mjs';
import { describeMachine, machineFacts } from './machine.mjs';
import { formatSeconds, markdownTable } from './table.mjs';
import { tinyPictures, WHAT } from './tiny-pictures.mjs';
import { watch } from './watched-process.mjs';

const SAMPLES = [1000, 3000, 10_000, 30_000, 100_000];
const QUICK = 3;

/** @param {{ threads: number, quick: boolean, out: string }} options */
export async function benchScaling({ threads, quick, out }) {
  if (!(await tinyPictures(1))) {
    console.log('scaling: left out, TAILOR_DATA does not name a folder with tiny-imagenet-lt/images.tar.');
    return;
  }
  const machine = await machineFacts(threads);
  const runs = [];
  for (const samples of quick ? SAMPLES.slice(0, QUICK) : SAMPLES) {
    const folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-bench-'));
    try {
      const script = join(root, 'benchmarks/scaling-run.mjs');
      const run = await watch(process.execPath, [script, `${samples}`, `${threads}`, join(folder, 'store')]);
      runs.push({ samples, seconds: JSON.parse(run.stdout).seconds, ownMiB: run.ownMiB });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const rows = runs.map(({ samples, seconds, ownMiB }) => [
    samples.toLocaleString('en'),
    formatSeconds(seconds),
    ((1000 * seconds) / samples).toFixed(2),
    `${ownMiB?.toFixed(0)} MiB`,
  ]);
  const text = [
    '# Extraction, by number of samples',
    `Made by \`npm run bench -- scaling\`. ${describeMachine(machine)}.`,
    `${WHAT}, into a store with shards of 4,096 rows; from 10,000 on the pictures are repeated. Each line a process of its own; memory is ` +
      'the most that was its own.',
    markdownTable(['samples', 'time', 'ms a sample', 'memory'], rows),
  ].join('\n\n');
  writeFileSync(join(out, 'scaling.md'), `${text}\n`);
  writeFileSync(join(out, 'scaling.json'), `${JSON.stringify({ machine, runs }, null, 2)}\n`);
  process.stdout.write(`${text}\n`);
}
