#!/usr/bin/env node
// The tables and figures of the paper, from every model at hand; docs/reproduction.md says how to read them.

import { cpus } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../feature-sets.mjs';
import { describeMachine, machineFacts } from '../machine.mjs';
import { judgeClaims } from './claims.mjs';
import { collect } from './collect.mjs';
import { FIGURES } from './figures/index.mjs';
import { printable, writeResults } from './results.mjs';
import { TABLES } from './tables/index.mjs';

const CACHE = join(root, '.cache');
const NAMES = [...TABLES.map(({ name }) => name), 'claims', 'figures', 'all'];
const USAGE = `npm run paper -- NAME… [options]

NAME      ${TABLES.map(({ name }) => name).join(', ')},
          claims, figures or all

  --data DIR      the data sets, laid out as python-export's --data is (default .cache, where CIFAR-10 and MNIST are fetched to)
  --models DIR    models that python-export wrote; may be given again (default models)
  --dataset NAME  only models trained on it: cifar10, cifar100, mnist, …
  --threads N     default: all cores
  --fresh         measures again what .cache/paper has
  --out DIR       where figures, and with 'all' also results and docs/reproduction.md, are written (default: this repository)
`;

const { values, positionals } = parseArguments();
const names = positionals.includes('all') ? NAMES : positionals;
const threads = Number(values.threads);
const say = (text = '') => process.stdout.write(`${text}\n`);

const collection = await collect({
  data: values.data ? resolve(values.data) : CACHE,
  mayFetch: values.data === undefined,
  models: values.models ?? [join(root, 'models')],
  dataset: values.dataset,
  threads,
  fresh: values.fresh,
  log: (line) => process.stderr.write(`${line}\n`),
});
const facts = await machineFacts(threads);
const tables = TABLES.map(({ render }) => render(collection));
const claims = judgeClaims(collection.measurements);
const figures = FIGURES.flatMap(({ draw }) => draw(collection));

say(`${collection.measurements.length} models measured. ${describeMachine(facts)}.`);
for (const sentence of collection.leftOut) say(sentence);
for (const table of tables) if (names.includes(table.name)) say(`\n${printable.table(table)}`);
if (names.includes('claims')) say(`\n${printable.claims(claims)}`);
if (names.includes('figures') || positionals.includes('all')) {
  const written = writeResults({ ...collection, facts, tables, claims, figures }, values.out ?? root, {
    everything: positionals.includes('all'),
  });
  for (const sentence of new Set(FIGURES.flatMap(({ missing }) => missing(collection)))) say(sentence);
  say(`\nWritten: ${written.map((path) => relative(process.cwd(), path)).join(', ')}`);
}

function parseArguments() {
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        models: { type: 'string', multiple: true },
        dataset: { type: 'string' },
        threads: { type: 'string', default: String(cpus().length) },
        fresh: { type: 'boolean', default: false },
        out: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (parsed.values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    const unknown = parsed.positionals.filter((name) => !NAMES.includes(name));
    if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}.`);
    if (parsed.positionals.length === 0) throw new Error('Say what is wanted.');
    if (!/^[1-9]\d*$/.test(parsed.values.threads)) {
      throw new Error(`--threads is ${parsed.values.threads}; give a whole number of at least 1.`);
    }
    return parsed;
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}
