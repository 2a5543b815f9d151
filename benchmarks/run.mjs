#!/usr/bin/env node
// The benchmarks; docs/benchmarks.md says what they measure.
//
//   npm run bench -- startup | graft | scaling | page | all
//   npm run bench -- extract [--threads N] [--quick] [--samples N] [--batch N] [--out FOLDER]
//   npm run bench -- fit     [--threads N] [--quick] [--out FOLDER]
//   npm run bench -- methods [--threads N] [--seeds 5] [--task cifar10-lt|tiny-imagenet-lt] [--out FOLDER]
//   npm run bench -- diagnose [--threads N] [--quick] [--samples N] [--out FOLDER]

import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './feature-sets.mjs';

const USAGE =
  'npm run bench -- startup | graft | scaling | page | extract [--samples N] [--batch N] | fit | diagnose [--samples N] | methods [--seeds 5] [--task NAME] | all; ' +
  'each: [--threads N] [--quick] [--out FOLDER]';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: String(cpus().length) },
    seeds: { type: 'string', default: '5' },
    task: { type: 'string' },
    quick: { type: 'boolean', default: false },
    samples: { type: 'string' },
    batch: { type: 'string' },
    out: { type: 'string', default: join(root, 'benchmarks/results') },
  },
});
const threads = wholeNumber('threads');
const seeds = wholeNumber('seeds');
const [command] = positionals;

/** What `all` runs, in its order. */
const BENCHMARKS = {
  startup: async (common) => (await import('./startup.mjs')).benchStartup(common),
  graft: async (common) => (await import('./graft.mjs')).benchGraft(common),
  extract: async (common) => {
    const samples = wholeNumber('samples');
    const batch = wholeNumber('batch');
    await (await import('./extract.mjs')).benchExtract({ ...common, samples, batch });
  },
  scaling: async (common) => (await import('./scaling.mjs')).benchScaling(common),
  page: async (common) => (await import('./page.mjs')).benchPage(common),
  fit: async (common) => (await import('./fit.mjs')).benchFit(common),
  diagnose: async (common) => {
    const samples = wholeNumber('samples');
    await (await import('./diagnose.mjs')).benchDiagnose({ ...common, samples });
  },
  methods: async (common) =>
    (await import('./methods.mjs')).benchMethods({ ...common, seeds, task: values.task }),
};

const chosen = command === 'all' ? Object.keys(BENCHMARKS) : [command];
if (positionals.length === 1 && chosen.every((name) => Object.hasOwn(BENCHMARKS, name))) {
  mkdirSync(values.out, { recursive: true });
  for (const name of chosen) await BENCHMARKS[name]({ threads, quick: values.quick, out: values.out });
} else {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
}

/** Undefined where it is not given and has no default. @param {'threads' | 'seeds' | 'samples' | 'batch'} name */
function wholeNumber(name) {
  if (values[name] === undefined) return undefined;
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 1) return value;
  process.stderr.write(`--${name} is ${values[name]}; give a whole number of at least 1.\n${USAGE}\n`);
  process.exit(2);
}
