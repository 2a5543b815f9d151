/**
 * npm run faults -- [graft|recalibrate|extract|fit|diagnose|all] [--rounds N] [--seed S] [--json FILE] [--every-call] [--jobs N] [--match TEXT]
 *
 * Disturbs the command line as it is built: an error, a kill or a signal at each of its calls for files (preload.cjs), --rounds signals at
 * moments drawn from --seed, real faults of the system where they can be had, and two runs at once. After each the target must be the old
 * file or the complete new one, the next run must do what was asked for and leave no temporary file, and nobody sees a stack trace.
 * Ends with exit code 1 if anything was lost.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { createRandom } from '../dist/array/random.js';
import { CASES, VERBS } from './cases.mjs';
import { Bench, runCommand } from './harness.mjs';
import { moments, systematic } from './plan.mjs';
import { realFaults } from './real.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: '0' },
    jobs: { type: 'string', default: `${availableParallelism()}` },
    json: { type: 'string' },
    match: { type: 'string', default: '' },
    'every-call': { type: 'boolean', default: false },
  },
});
const [verb = 'all'] = positionals;
if (verb !== 'all' && !VERBS.includes(verb)) {
  console.error(`faults: ${verb} is not among ${[...VERBS, 'all'].join(', ')}.`);
  process.exit(2);
}
const [rounds, seed, jobs] = [values.rounds, values.seed, values.jobs].map(Number);
const random = createRandom(seed);

/** By case and kind of fault. */
const table = new Map();
const losses = [];

function count(one, kind, { state, lost, code }, name) {
  const key = `${one.name} | ${kind}`;
  const row = table.get(key) ?? {
    case: one.name,
    verb: one.verb,
    fault: kind,
    injected: 0,
    survived: 0,
    lost: 0,
    old: 0,
    new: 0,
    unfinished: 0,
    done: 0,
  };
  table.set(key, row);
  row.injected++;
  row[lost.length > 0 ? 'lost' : 'survived']++;
  if (state in row) row[state]++;
  if (code === 0) row.done++;
  if (lost.length === 0) return;
  losses.push({ case: one.name, fault: name, lost });
  console.error(`LOST ${one.name}, ${name}: ${lost.join('; ')}`);
}

async function each(list, act) {
  let next = 0;
  const work = async () => {
    while (next < list.length) await act(list[next++]);
  };
  await Promise.all(Array.from({ length: jobs }, work));
}

/** Two runs at once: both may be done, one after the other; otherwise one is told of the other. */
async function twice(bench) {
  const folder = bench.fresh();
  const runs = await Promise.all([0, 1].map(() => runCommand(bench.one.args, folder)));
  // One after the other in place of their model, the second one has another to begin with.
  const twiceInPlace = bench.one.inPlace && runs.every(({ code }) => code === 0);
  const { lost } = twiceInPlace ? { lost: [] } : bench.look(folder);
  if (!runs.some(({ code }) => code === 0)) lost.push('neither of two runs was done');
  for (const { code, stderr } of runs) {
    const told = /another run is writing it|it exists already|holds an unfinished store/.test(stderr);
    if (code !== 0 && !(code === 1 && told)) lost.push(`one of two runs ended with ${code}: ${stderr}`);
  }
  lost.push(...(await bench.recover(folder, 'new')));
  return { state: 'new', lost, code: Math.max(...runs.map(({ code }) => code ?? 1)) };
}

const began = performance.now();
for (const one of CASES) {
  if ((verb !== 'all' && one.verb !== verb) || !one.name.includes(values.match)) continue;
  const bench = new Bench(one);
  try {
    const seconds = await bench.undisturbed();
    const calls = { writes: await bench.calls('writes'), all: await bench.calls('all') };
    await each(systematic(calls, { every: values['every-call'], seed }), async ({ kind, name, fault }) =>
      count(one, kind, await bench.survive({ fault }), name),
    );
    await each(moments(rounds, seconds, random), async ({ signal, after }) => {
      const onStart = (child) => setTimeout(() => child.kill(signal), after);
      count(
        one,
        `${signal} at a moment`,
        await bench.survive({ onStart }),
        `${signal} after ${after.toFixed(0)} ms`,
      );
    });
    for (let i = 0; i < 3; i++) count(one, 'two runs at once', await twice(bench), 'two runs at once');
    for await (const found of realFaults(bench)) {
      if ('skipped' in found) console.error(`Left out, ${one.name}, ${found.kind}: ${found.skipped}.`);
      else count(one, found.kind, found, found.name);
    }
  } finally {
    bench.close();
  }
  const rows = [...table.values()].filter((row) => row.case === one.name);
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
  console.log(`${one.name}: ${sum('injected')} faults, ${sum('survived')} survived, ${sum('lost')} lost`);
}

const rows = [...table.values()];
const total = (key) => rows.reduce((sum, row) => sum + row[key], 0);
const kinds = [...new Set(rows.map(({ fault }) => fault))].map((fault) => {
  const same = rows.filter((row) => row.fault === fault);
  const sum = (key) => same.reduce((all, row) => all + row[key], 0);
  return {
    fault,
    injected: sum('injected'),
    survived: sum('survived'),
    lost: sum('lost'),
    old: sum('old'),
    new: sum('new'),
    unfinished: sum('unfinished'),
  };
});
console.table(kinds);
const seconds = (performance.now() - began) / 1000;
console.log(
  `${total('injected')} faults injected, ${total('survived')} survived, ${total('lost')} lost, in ${seconds.toFixed(0)} s`,
);
if (values.json) {
  const summary = {
    verb,
    seed,
    rounds,
    everyCall: values['every-call'],
    seconds,
    injected: total('injected'),
    survived: total('survived'),
    lost: total('lost'),
  };
  writeFileSync(values.json, `${JSON.stringify({ ...summary, kinds, rows, losses }, null, 2)}\n`);
}
process.exitCode = losses.length > 0 ? 1 : 0;
