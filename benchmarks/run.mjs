#!/usr/bin/env node
// The benchmarks; docs/benchmarks.md says what they measure.
//
//   npm run bench -- fit     [--threads N] [--quick] [--out FOLDER]
//   npm run bench -- methods [--threads N] [--seeds 5] [--task cifar10-lt|tiny-imagenet-lt] [--out FOLDER]
//   npm run bench -- diagnose [--threads N] [--quick] [--samples N] [--out FOLDER]

import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './feature-sets.mjs';

const USAGE =
  'npm run bench -- fit [--threads N] [--quick] | methods [--threads N] [--seeds 5] [--task NAME] | ' +
  'diagnose [--threads N] [--quick] [--samples N]; all: [--out FOLDER]';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: String(cpus().length) },
    seeds: { type: 'string', default: '5' },
    task: { type: 'string' },
    quick: { type: 'boolean', default: false },
    samples: { type: 'string' },
    out: { type: 'string', default: join(root, 'benchmarks/results') },
  },
});
const threads = wholeNumber('threads');
const seeds = wholeNumber('seeds');
const [command] = positionals;

if (command === 'fit' && positionals.length === 1) {
  mkdirSync(values.out, { recursive: true });
  const { benchFit } = await import('./fit.mjs');
  await benchFit({ threads, quick: values.quick, out: values.out });
} else if (command === 'methods' && positionals.length === 1) {
  mkdirSync(values.out, { recursive: true });
  const { benchMethods } = await import('./methods.mjs');
  await benchMethods({ threads, seeds, task: values.task, out: values.out });
} else if (command === 'diagnose' && positionals.length === 1) {
  mkdirSync(values.out, { recursive: true });
  const { benchDiagnose } = await import('./diagnose.mjs');
  const samples = values.samples === undefined ? undefined : wholeNumber('samples');
  await benchDiagnose({ threads, quick: values.quick, out: values.out, samples });
} else {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
}

/** @param {'threads' | 'seeds' | 'samples'} name */
function wholeNumber(name) {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 1) return value;
  process.stderr.write(`--${name} is ${values[name]}; give a whole number of at least 1.\n${USAGE}\n`);
  process.exit(2);
}
