#!/usr/bin/env node
// The software bill of materials of a release: CycloneDX, by npm itself, of what an installation brings.
//
//   npm run sbom [-- FILE]        default: onnx-tailor-VERSION.cdx.json
//
// `npm sbom --omit dev` in the repository leaves out every package that a development tool needs as well (fflate and
// onnxruntime-common among them), so it is asked about a copy of package.json and the lock that knows no such tools.
// Optional peers (sharp, onnxruntime-web) are what their users install, and not in it.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const read = (name) => JSON.parse(readFileSync(join(root, name), 'utf8'));
const { devDependencies: _tools, scripts: _scripts, ...manifest } = read('package.json');
const lock = read('package-lock.json');

const { devDependencies: _lockedTools, ...self } = lock.packages[''];
const production = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && !dev);
const packages = { '': self, ...Object.fromEntries(production) };

const temporary = mkdtempSync(join(tmpdir(), 'onnx-tailor-sbom-'));
let text;
try {
  // npm takes the name of the folder for that of the package.
  const folder = join(temporary, manifest.name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...lock, packages }));
  const args = [
    'sbom',
    '--sbom-format=cyclonedx',
    '--sbom-type=library',
    '--package-lock-only',
    '--omit=peer',
  ];
  text = execFileSync('npm', args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 28,
  });
} finally {
  rmSync(temporary, { recursive: true });
}
const out = process.argv[2] ?? `${manifest.name}-${manifest.version}.cdx.json`;
writeFileSync(out, text);
console.log(`${out}: ${JSON.parse(text).components.length} packages`);
