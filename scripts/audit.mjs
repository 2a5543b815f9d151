#!/usr/bin/env node
// Known vulnerabilities of what an installation brings: `npm audit --omit dev`.
//
//   npm run audit [-- --require]
//
// Some registries and mirrors do not answer that question. Then it says so and passes, but for `--require`, as a release asks.

import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const required = process.argv.includes('--require');
const { status, stdout, stderr, error } = spawnSync(
  'npm',
  ['audit', '--omit=dev', '--json', '--package-lock-only'],
  { cwd: resolve(import.meta.dirname, '..'), encoding: 'utf8', timeout: 120_000 },
);

/** npm's document; where it could not ask, `error` or `message` is in it. */
const document = parse(stdout ?? '');
const counts = document?.metadata?.vulnerabilities;
if (counts) {
  const { total, ...severities } = counts;
  const found = Object.entries(severities).filter(([, count]) => count > 0);
  const named = found.map(([severity, count]) => `${count} ${severity}`).join(', ');
  console.log(`npm audit: ${total === 0 ? 'no known vulnerabilities' : named}`);
  for (const { name, severity, range } of Object.values(document.vulnerabilities ?? {}))
    console.log(`  ${name} ${range}: ${severity}`);
  process.exitCode = status === 0 ? 0 : 1;
} else {
  const said =
    document?.error?.summary || document?.message || error?.message || stderr || 'no reason was given';
  const reason = said.trim().split('\n').at(-1);
  console.log(`npm audit could not be asked, and nothing is known: ${reason}`);
  process.exitCode = required ? 1 : 0;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
