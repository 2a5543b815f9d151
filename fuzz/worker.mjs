// The child that cases run in: makes a case of (kind, seed, number) or takes a kept one, uses it as programs do, and says how it went.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { FAILING } from './failing.mjs';
import { messageFault } from './faults.mjs';
import { KINDS } from './kinds/index.mjs';
import { Random } from './random.mjs';

// Whoever started this takes the folder away: a child that is killed cannot.
const home = process.argv[2];
const folder = join(home, 'case');
process.on('disconnect', () => process.exit());
// Which a case that hangs would never hear of.
new Worker(new URL('./watchdog.mjs', import.meta.url), { workerData: { parent: process.ppid } }).unref();
writeFileSync(join(home, 'outside'), Buffer.alloc(4096, 65));

// What a hostile path may lead to.
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
symlinkSync('../outside', join(folder, 'link'));
if (process.platform !== 'win32') spawnSync('mkfifo', [join(folder, 'pipe')]);

/** Takes away what the case before has left. */
function clean() {
  for (const name of readdirSync(folder)) {
    if (name !== 'link' && name !== 'pipe') rmSync(join(folder, name), { recursive: true });
  }
}

/** @param question kind, seed and number of a case; with `kept` the case itself; or `fault`, one that fails on purpose */
async function run({ kind, seed, number, kept, fault }) {
  const { make, use } = fault ? { use: FAILING[fault] } : KINDS[kind];
  const made = fault
    ? { files: {}, main: '' }
    : kept
      ? { files: kept.files, main: kept.main }
      : await make(new Random(kind, seed, number));
  const random = new Random(`${kind} use`, seed, number);
  clean();
  for (const [name, bytes] of Object.entries(made.files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  const before = new Set(readdirSync(folder, { recursive: true }));
  let answer;
  try {
    answer = { outcome: 'accepted', detail: await use(folder, made.main, random) };
  } catch (error) {
    answer =
      error?.name === 'TailorError' && typeof error.code === 'string'
        ? { outcome: 'refused', detail: error.code, fault: messageFault(error.message) }
        : { outcome: 'failed', fault: `not a TailorError: ${error?.stack ?? error}` };
    const left = readdirSync(folder, { recursive: true }).filter((name) => !before.has(name));
    if (left.length > 0)
      answer = { outcome: 'failed', fault: `left ${left.join(', ')} after ${error?.message}` };
  }
  if (answer.fault) answer.outcome = 'failed';
  if (readdirSync(home).length !== 2)
    answer = { outcome: 'failed', fault: `wrote outside of its folder: ${readdirSync(home)}` };
  return answer;
}

/** A message that cannot be sent is an error like any other: without somebody who listens there would be no end of them. */
function tell(message) {
  if (!process.connected) process.exit();
  process.send(message);
}

process.on('message', async (question) => {
  tell(
    await run(question).catch((error) => ({
      outcome: 'failed',
      fault: `the harness: ${error?.stack ?? error}`,
    })),
  );
});
// What nobody waits for fails the case that it belongs to.
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error) => tell({ outcome: 'failed', fault: `${event}: ${error?.stack ?? error}` }));
}
tell({ ready: true });
