// dist/browser/: the package as ES modules for pages without a bundler. onnxruntime-web stays outside, for the import map.
// LICENSES.txt has the licences of what is inside.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'rolldown';

const root = resolve(import.meta.dirname, '..');
const out = join(root, 'dist/browser');

rmSync(out, { recursive: true, force: true });
const { output } = await build({
  input: { 'onnx-tailor': join(root, 'dist/index.js') },
  platform: 'browser',
  external: /^onnxruntime-web\//,
  // One file at first, and what is loaded later takes from it what it needs.
  preserveEntrySignatures: 'allow-extension',
  output: { dir: out, format: 'es', minify: true, entryFileNames: '[name].js', chunkFileNames: '[name].js' },
});

const packages = new Map();
for (const file of output.flatMap((chunk) => Object.keys(chunk.modules ?? {}))) {
  const folder = file.match(/^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
  if (folder) packages.set(folder, JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
}
const licences = [...packages].sort().map(([folder, { name, version, license }]) => {
  const file = readdirSync(folder).find((entry) => /^licen[sc]e/i.test(entry));
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `${license}`;
  return `${name} ${version} (${license})\n\n${text}\n`;
});
writeFileSync(join(out, 'LICENSES.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`));
