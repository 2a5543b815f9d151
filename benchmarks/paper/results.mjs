// What was measured, as Markdown for people and JSON for programs.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../feature-sets.mjs';
import { describeMachine } from '../machine.mjs';
import { markdownTable } from '../table.mjs';
import { CLAIMS_NOTES } from './claims.mjs';
import { fillMarkers, reproductionSections } from './reproduction.mjs';

const REPRODUCTION = 'docs/reproduction.md';

/** Sections for terminals, which are Markdown at the same time. */
export const printable = {
  /** @param {import('./measurement.mjs').PaperTable} table */
  table: ({ title, columns, rows, notes, missing }) =>
    [
      `## ${title}`,
      markdownTable(columns, rows),
      ...notes,
      missing.length > 0 ? missing.map((sentence) => `- ${sentence}`).join('\n') : '',
    ]
      .filter(Boolean)
      .join('\n\n'),

  claims: (claims) =>
    [
      '## Claims',
      claims
        .map(({ claim, source, verdict, ours, why }, i) =>
          `${i + 1}. **${verdict}** ${claim} (${source}). ${[ours, why].filter(Boolean).join(' ')}`.trim(),
        )
        .join('\n'),
      ...CLAIMS_NOTES,
    ].join('\n\n'),

  models: (measurements) =>
    [
      '## Models',
      markdownTable(
        ['file', 'data', 'network', 'method', 'seed', 'epochs', 'sha256'],
        measurements.map(({ title, model }) => [
          model.name,
          title,
          model.model,
          model.method,
          `${model.seed}`,
          `${model.epochs}`,
          model.sha256.slice(0, 12),
        ]),
      ),
    ].join('\n\n'),
};

/**
 * Writes the figures to docs/images/paper, and with `everything` also benchmarks/results/paper.{json,md} and what docs/reproduction.md
 * has between its markers; returns the paths.
 * @param {{ measurements: import('./measurement.mjs').Measurement[], leftOut: string[], noData: Map<string, string>, facts: object, tables: import('./measurement.mjs').PaperTable[], claims: object[], figures: { name: string, svg: string }[] }} content
 * @param {string} folder @param {{ everything: boolean }} options
 */
export function writeResults(content, folder, { everything }) {
  const { measurements, leftOut, noData, facts, tables, claims, figures } = content;
  const written = [];
  const write = (path, text) => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    written.push(file);
  };
  for (const { name, svg } of figures) write(join('docs/images/paper', `${name}.svg`), svg);
  if (!everything) return written;
  const sections = [
    '# The tables of the paper',
    `Made by \`npm run paper -- all\`. ${describeMachine(facts)}. How to read them: [docs/reproduction.md](../../docs/reproduction.md).`,
    printable.models(measurements),
    leftOut.map((sentence) => `- ${sentence}`).join('\n'),
    ...tables.map(printable.table),
    printable.claims(claims),
  ];
  write('benchmarks/results/paper.md', `${sections.filter(Boolean).join('\n\n')}\n`);
  const json = { machine: facts, leftOut, noData: Object.fromEntries(noData), tables, claims, measurements };
  write('benchmarks/results/paper.json', `${JSON.stringify(json, undefined, 1)}\n`);
  const page = readFileSync(join(root, REPRODUCTION), 'utf8');
  write(REPRODUCTION, fillMarkers(page, reproductionSections({ measurements, noData, leftOut })));
  return written;
}
