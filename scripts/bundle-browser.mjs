// dist/browser/: the package as ES modules for pages without a bundler. onnxruntime-web stays outside, for the import map.
// LICENSES.txt has the licences of what is inside.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** Package folder → what it says of itself, and which of its files are inside. */
const packages = new Map();
for (const file of output.flatMap((chunk) => Object.keys(chunk.modules ?? {}))) {
  const folder = file.match(/^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
  if (!folder) continue;
  if (!packages.has(folder))
    packages.set(folder, { ...JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')), modules: [] });
  packages.get(folder).modules.push(file);
}
const licences = [...packages].sort().map(([folder, { name, version, license, author, modules }]) => {
  const texts = [...noticesIn(modules), ...licenceFilesOf(folder)];
  if (licenceFilesOf(folder).length === 0) {
    // The package brings no file, so the text is the one that its licence names; whose it is, its sources or its author say.
    if (!texts.some((text) => /copyright/i.test(text)))
      texts.unshift(`Copyright (c) ${author?.name ?? author}`);
    texts.push(...standardTexts(name, license, texts));
  }
  return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
});
writeFileSync(join(out, 'LICENSES.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`));

function licenceFilesOf(folder) {
  const names = readdirSync(folder).filter((entry) => /^(licen[sc]e|notice|copying)/i.test(entry));
  return names.map((name) => readFileSync(join(folder, name), 'utf8').trim());
}

/** Comments with a copyright in these files, each once: the minifier leaves them out, and their licences want them kept. */
function noticesIn(files) {
  const comments = files.flatMap(
    (file) => readFileSync(file, 'utf8').match(/(?:^[ \t]*\/\/.*\n)+|\/\*[\s\S]*?\*\//gm) ?? [],
  );
  const plain = comments
    .filter((comment) => /\bcopyright\b|SPDX-License/i.test(comment))
    .map((comment) =>
      comment
        .replace(/^\s*(?:\/\/|\/?\*+!?\/?)[ \t]?|\*\/\s*$/gm, '')
        .replace(/\n{3,}/g, '\n\n')
        .trim(),
    );
  return [...new Set(plain)];
}

/** The texts of the licences of an SPDX expression, but for those that are among `given`. */
function standardTexts(name, expression, given) {
  return expression.match(/[\w.-]+/g).flatMap((id) => {
    if (/^(AND|OR|WITH)$/.test(id)) return [];
    if (id.startsWith('BSD-') && given.some((text) => text.includes('Redistribution and use'))) return [];
    const file = join(root, 'scripts/licences', `${id}.txt`);
    if (existsSync(file)) return [readFileSync(file, 'utf8').trim()];
    throw new Error(`${name} is bundled, brings no licence file, and scripts/licences has no text of ${id}.`);
  });
}
