#!/usr/bin/env node
// Long runs: the same work over and over, with an eye on memory, threads and open files.
//
//   npm run soak -- open | extract | fit | progress | all [--cycles N] [--json FILE]
//
// 10,000 cycles, of progress 1440, which are 24 hours of it. From 1000 cycles on memory is judged, before that the caches of the runtime
// still fill.
//
// Each part runs in a process of its own. Among its cycles are some that are cancelled and some that fail, since that is where
// what was opened is forgotten. Ends with 1 when memory grew or something is left open.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeRun } from './soak/measure.mjs';

/** The parts, and their cycles where nothing is said. */
const PARTS = { open: 10_000, extract: 10_000, fit: 10_000, progress: 1440 };
const names = Object.keys(PARTS);
const USAGE = `npm run soak -- ${names.join(' | ')} | all [--cycles N] [--json FILE]`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { cycles: { type: 'string' }, json: { type: 'string' } },
});
const cyclesOf = (part) => Number(values.cycles ?? PARTS[part]);
const chosen = positionals.includes('all') ? names : positionals;
const known = (part) =>
  Object.hasOwn(PARTS, part) && Number.isInteger(cyclesOf(part)) && cyclesOf(part) >= 20;

if (chosen.length > 0 && chosen.every(known)) {
  const runs = {};
  for (const part of chosen) {
    runs[part] = await runPart(part);
    process.stdout.write(`${describeRun(part, runs[part])}\n`);
    if (values.json) writeFileSync(values.json, `${JSON.stringify(runs, null, 2)}\n`);
    if (!runs[part].passed) process.exitCode = 1;
  }
} else {
  process.stderr.write(`${USAGE}; cycles: a whole number of 20 or more\n`);
  process.exitCode = 2;
}

/** One part in a process of its own, whose garbage collector can be called. */
async function runPart(part) {
  const file = join(fileURLToPath(new URL('.', import.meta.url)), 'soak/run-part.mjs');
  const child = spawn(process.execPath, ['--expose-gc', file, part, String(cyclesOf(part))], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let run;
  child.on('message', (message) => {
    run = message;
  });
  const [code] = await once(child, 'close');
  if (code !== 0 || !run) throw new Error(`soak ${part}: the process ended with ${code}`);
  return run;
}
