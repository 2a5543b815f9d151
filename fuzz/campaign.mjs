// Many cases of one kind, counted.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Child } from './child.mjs';
import { runCommand } from './command.mjs';
import { KINDS } from './kinds/index.mjs';
import { Random } from './random.mjs';

/** One in so many cases is run by the command line as well. */
const COMMAND_EVERY = 150;

/**
 * Runs cases from number `from` on until `seconds` or `cases` are over.
 *
 * @param {{ kind: string, seed: number, seconds?: number, cases?: number, from?: number, commandEvery?: number, keep?: string, onFailure?: (failure: object) => void }} options
 * @returns what happened; `failures` name the case and, with `keep`, the folder that its files were put in
 */
export async function runCampaign({
  kind,
  seed,
  seconds = Number.POSITIVE_INFINITY,
  cases = Number.POSITIVE_INFINITY,
  from = 0,
  commandEvery = COMMAND_EVERY,
  keep,
  onFailure,
}) {
  const began = performance.now();
  const summary = {
    kind,
    seed,
    cases: 0,
    commands: 0,
    accepted: 0,
    refused: {},
    details: {},
    slow: 0,
    slowest: 0,
    mebibytes: 0,
    failures: [],
  };
  const count = (record, key) => (record[key] = (record[key] ?? 0) + 1);
  const child = new Child();
  const note = async (number, how, answer) => {
    if (answer.outcome === 'accepted') {
      summary.accepted++;
      count(summary.details, answer.detail);
    } else if (answer.outcome === 'refused') {
      count(summary.refused, answer.detail);
    } else {
      const failure = { case: number, how, fault: answer.fault };
      if (keep) failure.kept = await keepCase(kind, seed, number, keep, failure);
      summary.failures.push(failure);
      onFailure?.(failure);
    }
  };
  try {
    for (let number = from; summary.cases < cases && (performance.now() - began) / 1000 < seconds; number++) {
      const answer = await child.ask({ kind, seed, number });
      summary.cases++;
      summary.slow += answer.slow ? 1 : 0;
      summary.slowest = Math.max(summary.slowest, answer.seconds);
      summary.mebibytes = Math.max(summary.mebibytes, answer.mebibytes ?? 0);
      await note(number, 'library', answer);
      if (commandEvery > 0 && number % commandEvery === commandEvery - 1) {
        const made = await KINDS[kind].make(new Random(kind, seed, number));
        summary.commands++;
        await note(number, 'command', await runCommand(kind, made, Math.floor(number / commandEvery)));
      }
    }
  } finally {
    await child.close();
  }
  summary.seconds = (performance.now() - began) / 1000;
  return summary;
}

async function keepCase(kind, seed, number, keep, failure) {
  const folder = join(keep, `${kind}-${seed}-${number}`);
  const { files, main } = await KINDS[kind].make(new Random(kind, seed, number));
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  writeFileSync(join(folder, 'failure.json'), `${JSON.stringify({ main, ...failure }, null, 2)}\n`);
  return folder;
}
