#!/usr/bin/env node
// Draws the README's picture from the demo's document.
//
//   npm run demo -- --json > docs/demo.json && node scripts/readme-figure.mjs

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { classes, test, method } = JSON.parse(readFileSync(join(root, 'docs/demo.json'), 'utf8'));

const WIDTH = 760;
const HEIGHT = 330;
const LEFT = 44;
const RIGHT = 12;
const TOP = 56;
const BOTTOM = 54;
const plot = { width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM };
const y = (share) => TOP + plot.height * (1 - share);
const step = plot.width / classes.length;
const bar = Math.min(26, step * 0.36);

const percent = (share) => `${(share * 100).toFixed(1)} %`;
const escapeMarkup = (text) =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

const grid = [0, 0.25, 0.5, 0.75, 1].map(
  (share) =>
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(share)}" y2="${y(share)}"/>` +
    `<text class="axis" x="${LEFT - 6}" y="${y(share) + 4}" text-anchor="end">${share * 100}</text>`,
);
const groups = classes.map(({ name, trainedOn, before, after }, k) => {
  const middle = LEFT + step * (k + 0.5);
  const rect = (share, kind, x) =>
    `<rect class="${kind}" x="${x.toFixed(1)}" y="${y(share).toFixed(1)}" width="${bar.toFixed(1)}" height="${(y(0) - y(share)).toFixed(1)}"><title>${escapeMarkup(name)}, ${kind}: ${percent(share)}</title></rect>`;
  return [
    rect(before, 'before', middle - bar - 1),
    rect(after, 'after', middle + 1),
    `<text class="label" x="${middle.toFixed(1)}" y="${HEIGHT - BOTTOM + 17}" text-anchor="middle">${escapeMarkup(name)}</text>`,
    `<text class="axis" x="${middle.toFixed(1)}" y="${HEIGHT - BOTTOM + 33}" text-anchor="middle">${trainedOn}</text>`,
  ].join('\n');
});

const title = `Accuracy by class on the CIFAR-10 test set: average ${percent(test.before.average)} before, ${percent(test.after.average)} after`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escapeMarkup(title)}">
<style>
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 14px; font-weight: 600; }
  .axis { fill: #59636e; font-size: 11px; }
  .grid { stroke: #d1d9e0; }
  .before { fill: #9aa4b0; }
  .after { fill: #0b6bcb; }
  .paper { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .axis { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .before { fill: #6b7580; }
    .after { fill: #58a6ff; }
    .paper { fill: #0d1117; }
  }
</style>
<rect class="paper" width="${WIDTH}" height="${HEIGHT}" rx="6"/>
<text class="title" x="${LEFT}" y="22">${escapeMarkup(title)}</text>
<rect class="before" x="${LEFT}" y="33" width="11" height="11"/><text x="${LEFT + 16}" y="43">original head</text>
<rect class="after" x="${LEFT + 116}" y="33" width="11" height="11"/><text x="${LEFT + 132}" y="43">after recalibrate (${escapeMarkup(method)})</text>
<text class="axis" x="${WIDTH - RIGHT}" y="43" text-anchor="end">accuracy in %, classes by training images</text>
${grid.join('\n')}
${groups.join('\n')}
<text class="axis" x="${LEFT}" y="${HEIGHT - 6}">training images of the class below its name</text>
</svg>
`;
writeFileSync(join(root, 'docs/images/demo.svg'), svg);
