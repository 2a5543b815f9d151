// One part of the soak, in this process: prepared, run cycle by cycle, measured, and sent to the parent.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { soak } from './measure.mjs';

const [, , part, cycles] = process.argv;
const { prepare } = await import(`./${part}.mjs`);
const folder = mkdtempSync(join(tmpdir(), 'soak-'));
try {
  const cycle = await prepare(folder);
  const run = await soak(part, cycle, Number(cycles), (done) =>
    process.stderr.write(`soak ${part}: ${done}/${cycles}\n`),
  );
  await new Promise((resolve) => process.send(run, resolve));
  process.disconnect();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
