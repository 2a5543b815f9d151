#!/usr/bin/env node
// Writes sample reports with made-up figures into a folder, to be looked at: every size, and what may be absent.
//
//   node scripts/report-gallery.mjs FOLDER

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createViteServer } from 'vitest/node';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const folder = process.argv[2];
if (!folder) {
  process.stderr.write('Usage: node scripts/report-gallery.mjs FOLDER\n');
  process.exit(2);
}

// The sources as they are, so that a look needs no build.
const server = await createViteServer({
  root,
  configFile: join(root, 'vitest.config.ts'),
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  appType: 'custom',
  logLevel: 'error',
});
try {
  const load = (path) => server.ssrLoadModule(path);
  const { sampleContent, HOSTILE_NAMES } = await load('/test/report/samples.ts');
  const { reportHtml } = await load('/src/report/html.ts');
  const { reportPlots } = await load('/src/report/plots.ts');
  const { reportMarkdown } = await load('/src/report/markdown.ts');

  const samples = {
    'classes-10': sampleContent({ intervals: true, layers: 22 }),
    'classes-40': sampleContent({ classes: 40, largest: 500 }),
    'classes-200': sampleContent({ classes: 200, largest: 500, names: (k) => `n0${1443537 + 7919 * k}` }),
    'classes-1000': sampleContent({ classes: 1000, imbalance: 256, layers: 120 }),
    'classes-10000': sampleContent({ classes: 10000, imbalance: 256 }),
    'long-names': sampleContent({
      classes: 24,
      largest: 900,
      names: (k) => HOSTILE_NAMES[k % HOSTILE_NAMES.length],
    }),
    'no-few': sampleContent({ thresholds: { many: 1000, few: 20 }, sets: 1 }),
    'no-answers': sampleContent({ answers: 'none', sets: 1 }),
    'no-head': sampleContent({ answers: 'none', head: false, emptyEvery: 4 }),
    'before-only': sampleContent({ answers: 'before', sets: 0, classes: 30, largest: 800 }),
    'two-classes': sampleContent({ classes: 2, names: (k) => ['cat', 'dog'][k] }),
    nothing: { title: 'Nothing', provenance: [] },
  };
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(samples)) {
    const html = reportHtml(content);
    writeFileSync(join(folder, `${name}.html`), html);
    writeFileSync(join(folder, `${name}.md`), reportMarkdown(content));
    mkdirSync(join(folder, name), { recursive: true });
    for (const [plot, svg] of Object.entries(reportPlots(content))) {
      writeFileSync(join(folder, name, `${plot}.svg`), svg);
    }
    const nodes = html.match(/<[a-z]/g).length;
    process.stdout.write(`${name}: ${(html.length / 1024).toFixed(0)} KiB, ${nodes} elements\n`);
  }
} finally {
  await server.close();
}
