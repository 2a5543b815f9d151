// `npm run bench -- startup`: how long the command line takes before it does anything.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './feature-sets.mjs';
import { describeMachine, machineFacts } from './machine.mjs';
import { formatSeconds, markdownTable } from './table.mjs';
import { takeTurns } from './timing.mjs';
import { watch } from './watched-process.mjs';

const CLI = join(root, 'dist/cli/launch.cjs');
const MODEL = join(root, 'models/cifar10-lt-resnet20-wd.onnx');

/** @param {{ threads: number, quick: boolean, out: string }} options */
export async function benchStartup({ threads, quick, out }) {
  const machine = await machineFacts(threads);
  const python = process.env.TAILOR_PYTHON ?? 'python3';
  const timed = (command, args) => async () => (await watch(command, args)).seconds;
  const contestants = {
    'node alone': timed(process.execPath, ['--eval', '0']),
    'onnx-tailor --help': timed(process.execPath, [CLI, '--help']),
    'onnx-tailor extract --help': timed(process.execPath, [CLI, 'extract', '--help']),
    'onnx-tailor inspect (1.1 MB)': timed(process.execPath, [CLI, 'inspect', MODEL, '--json']),
  };
  const peers = {
    'python: import onnxruntime': ['-c', 'import onnxruntime'],
    'python: import torch': ['-c', 'import torch'],
  };
  const missing = [];
  for (const [name, args] of Object.entries(peers)) {
    try {
      await watch(python, args);
      contestants[name] = timed(python, args);
    } catch (error) {
      missing.push(`${name}: not measured, ${error.message.split('\n').at(-1)}.`);
    }
  }
  const runs = await takeTurns(contestants, { repetitions: quick ? 3 : 15 });
  const rows = Object.entries(runs).map(([name, { median, min, max }]) => [
    name,
    ...[median, min, max].map(formatSeconds),
  ]);
  const text = [
    '# Start-up',
    describeMachine(machine),
    markdownTable(['', 'median', 'least', 'most'], rows),
    ...missing,
  ].join('\n\n');
  writeFileSync(join(out, 'startup.md'), `${text}\n`);
  writeFileSync(join(out, 'startup.json'), `${JSON.stringify({ machine, runs }, null, 2)}\n`);
  process.stdout.write(`${text}\n`);
}
