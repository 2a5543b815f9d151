#!/usr/bin/env node
// Whether the repository is ready to be released under a tag: the tag is the version of package.json, of the lock and of the
// sources, and CHANGELOG.md has a section of it.
//
//   npm run release:check -- vX.Y.Z [--notes FILE]        FILE gets that section

import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    notes: { type: 'string' },
    root: { type: 'string', default: resolve(import.meta.dirname, '..') },
  },
});
const [tag = ''] = positionals;
const read = (path) => readFileSync(resolve(values.root, path), 'utf8');

const { version } = JSON.parse(read('package.json'));
const lock = JSON.parse(read('package-lock.json'));
const source = /VERSION = '([^']+)'/.exec(read('src/array/version.ts'))?.[1];
const section = read('CHANGELOG.md')
  .split(/^(?=## )/m)
  .find((part) => part.startsWith(`## ${version}`) && /[\s\n]/.test(part[`## ${version}`.length] ?? '\n'));
const notes = section?.slice(section.indexOf('\n') + 1).trim() ?? '';

const problems = [];
if (tag !== `v${version}`) problems.push(`the tag is "${tag}", but package.json has the version ${version}`);
for (const [what, found] of [
  ['package-lock.json', lock.version],
  ['its package ""', lock.packages[''].version],
  ['src/array/version.ts', source],
])
  if (found !== version) problems.push(`${what} has the version ${found}, package.json ${version}`);
if (section === undefined) problems.push(`CHANGELOG.md has no section "## ${version}"`);
else if (notes === '') problems.push(`the section "## ${version}" of CHANGELOG.md is empty`);

for (const problem of problems) console.error(`Not ready to be released: ${problem}.`);
if (problems.length > 0) process.exit(1);
if (values.notes !== undefined) writeFileSync(values.notes, `${notes}\n`);
console.log(`${tag} is ready to be released.`);
