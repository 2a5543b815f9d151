// `npm run bench -- methods`: what each way to a new head is worth, on test sets that nothing was chosen on.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluate, headLogits } from 'onnx-tailor';
import { cifar10Lt, tinyImageNetLt } from './feature-sets.mjs';
import { describeMachine, machineFacts } from './machine.mjs';
import { oncePerTask, rowsOfSeed } from './methods-rows.mjs';
import { markdownTable } from './table.mjs';
import { meanAndSd } from './timing.mjs';

const TASKS = {
  'cifar10-lt': { load: cifar10Lt },
  'tiny-imagenet-lt': {
    load: tinyImageNetLt,
    missing:
      'Tiny-ImageNet-LT: left out, TAILOR_DATA does not name a folder with tiny-imagenet-lt/images.tar.',
  },
};
const COLUMNS = ['average', 'many', 'medium', 'few'];

/** @param {{ threads: number, seeds: number, task?: string, out: string }} options */
export async function benchMethods({ threads, seeds, task: only, out }) {
  if (only && !(only in TASKS))
    throw new Error(`--task is ${only}; allowed are ${Object.keys(TASKS).join(', ')}.`);
  const machine = await machineFacts(threads);
  const sections = [
    '# Methods on test sets',
    `Made by \`npm run bench -- methods --seeds ${seeds}\`. ${describeMachine(machine)}.`,
    'Accuracies in percent: the average over all classes, and over those with many, medium and few training samples. ' +
      `Where batches or rotations are drawn: mean ± standard deviation over the seeds 0 … ${seeds - 1}; the other rows have one ` +
      'answer, and no ±. The interval is the 95 % bootstrap interval of the average over test samples (seed 0). Every parameter ' +
      'was chosen on validation by the one-standard-error rule of `select` (adjustments: among those of the row, without the ' +
      'head that they start from); test was evaluated once for each line and seed.',
  ];
  const result = { machine, seeds, tasks: [] };
  console.log(`\n${sections.join('\n\n')}`);
  for (const [key, { load, missing }] of Object.entries(TASKS)) {
    if (only && only !== key) continue;
    const task = await load();
    const section = task ? await benchTask(task, { threads, seeds, machine }, result) : missing;
    sections.push(section);
    console.log(`\n${section}`);
  }
  writeFileSync(join(out, 'methods.json'), `${JSON.stringify(result, undefined, 2)}\n`);
  writeFileSync(join(out, 'methods.md'), `${sections.join('\n\n')}\n`);
}

/** @param {import('./feature-sets.mjs').Task} task */
async function benchTask(task, { threads, seeds, machine }, result) {
  const ownThreads = threads < machine.cores ? threads : undefined;
  const began = performance.now();
  const once = await oncePerTask(task, ownThreads);
  /** @type {Map<string, { evaluations: object[], chosen: string[] }>} */
  const rows = new Map();
  for (let seed = 0; seed < seeds; seed++) {
    for (const { name, chosen, head, drawn } of await rowsOfSeed(once, seed)) {
      if (!drawn && seed > 0) continue;
      if (!rows.has(name)) rows.set(name, { evaluations: [], chosen: [] });
      rows.get(name).evaluations.push(await testOf(head, task, ownThreads, seed === 0));
      rows.get(name).chosen.push(chosen);
    }
    process.stderr.write(`${task.name}: seed ${seed}, ${Math.round((performance.now() - began) / 1000)} s\n`);
  }
  const lines = Array.from(rows, ([name, { evaluations, chosen }]) => ({
    name,
    ...Object.fromEntries(
      COLUMNS.filter((column) => evaluations[0][column] !== undefined).map((column) => [
        column,
        meanAndSd(evaluations.map((evaluation) => evaluation[column])),
      ]),
    ),
    interval: evaluations[0].intervals.average,
    chosen,
  }));
  const { train, validation, test, counts, thresholds } = task;
  const samples = { train: train.samples, validation: validation.samples, test: test.samples };
  const seconds = (performance.now() - began) / 1000;
  result.tasks.push({ name: task.name, samples, counts, thresholds, seconds, rows: lines });
  const table = markdownTable(
    ['method', ...COLUMNS, '95 % interval', 'chosen (seed 0)'],
    lines.map((line) => [
      line.name,
      ...COLUMNS.map((column) => (line[column] ? plusMinus(line[column]) : '–')),
      line.interval.map(percent).join(' … '),
      line.chosen[0],
    ]),
  );
  return [
    `## ${task.name}`,
    `Train ${samples.train} (${Math.max(...counts)} … ${Math.min(...counts)} per class, ${counts.length} classes), validation ` +
      `${samples.validation}, test ${samples.test}. Many: more than ${thresholds.many}, few: less than ${thresholds.few}. ` +
      `${once.about} All rows took ${Math.round(seconds)} s.`,
    table,
  ].join('\n\n');
}

async function testOf(head, { test, counts, thresholds }, threads, intervals) {
  const logits = await headLogits(head, test.features, { device: 'cpu', threads });
  const bootstrap = intervals ? 1000 : 0;
  return evaluate({ logits, labels: test.labels, counts, thresholds, bootstrap });
}

const percent = (share) => (100 * share).toFixed(1);
const plusMinus = ({ mean, sd, n }) =>
  n > 1 ? `${percent(mean)} ± ${(100 * sd).toFixed(2)}` : percent(mean);
