/** The report as Markdown that can be pasted into an issue. */

import { confusionTables, evaluationTables } from './answer-tables.js';
import { missingTables, smallClassTables } from './care-tables.js';
import { classTable } from './class-table.js';
import type { ReportContent } from './content.js';
import { collapseTable, figuresTable } from './figures-table.js';
import { findingsOf } from './findings.js';
import { cleanText } from './markup.js';
import { batchNormTables, theoremTables } from './network-tables.js';
import type { Table } from './table.js';
import { verdictOf } from './verdict.js';
import { isolate, oneLine } from './words.js';

/** Issues take 65,536 letters; of more classes than this the table stays out. */
const MOST_CLASSES = 60;

/** GitHub-flavoured Markdown: verdict, advice and the tables of the report; no plots. */
export function reportMarkdown(content: ReportContent): string {
  const { line, lead } = verdictOf(content);
  const classes = classTable(content);
  const tables = [
    ...evaluationTables(content),
    ...confusionTables(content),
    ...figuresTable(content),
    ...collapseTable(content),
    ...theoremTables(content),
    ...batchNormTables(content),
    ...(classes && classes.rows.length <= MOST_CLASSES ? [classes] : []),
    ...smallClassTables(content),
    ...missingTables(content),
  ];
  const { provenance } = content;
  return [
    `## ${escapeMarkdown(content.title)}`,
    `**${escapeMarkdown(line)}**`,
    escapeMarkdown(lead),
    adviceLines(content),
    remarkLines(content),
    ...tables.map(tableLines),
    provenance.length > 0
      ? tableLines({
          title: 'Provenance',
          header: ['', ''],
          rows: provenance.map((pair) => [...pair]),
          prose: [1],
        })
      : '',
  ]
    .filter((block) => block !== '')
    .join('\n\n')
    .concat('\n');
}

function adviceLines(content: ReportContent): string {
  return findingsOf(content)
    .map(({ kind, evidence, action, source }) => {
      const sentences = [...evidence.map(escapeMarkdown), withCode(action)].join(' ');
      return `- **${kind}**: ${sentences} (${escapeMarkdown(source)})`;
    })
    .join('\n');
}

/** Commands stand between backticks, and may. */
function withCode(words: string): string {
  return words
    .split(/(`[a-z][a-z0-9 -]*`)/)
    .map((part, i) => (i % 2 === 1 ? part : escapeSpaced(part)))
    .join('');
}

/** Escaped, with the spaces at its ends that escapeMarkdown takes off. */
function escapeSpaced(part: string): string {
  const middle = part.trim();
  const [before, after] = middle === '' ? [part, ''] : part.split(middle);
  return `${before && ' '}${escapeMarkdown(middle)}${after && ' '}`;
}

function remarkLines({ recalibration }: ReportContent): string {
  return (recalibration?.notes ?? []).map((note) => `- ${escapeMarkdown(note)}`).join('\n');
}

function tableLines({ title, header, rows, prose = [], note }: Table): string {
  const cells = (row: readonly string[]) => `| ${row.map(escapeMarkdown).join(' | ')} |`;
  const rule = header.map((_, c) => (c === 0 || prose.includes(c) ? '---' : '---:'));
  return [
    ...(title === '' ? [] : [`### ${escapeMarkdown(title)}`, '']),
    cells(header),
    `| ${rule.join(' | ')} |`,
    ...rows.map(cells),
    ...(note === undefined ? [] : ['', escapeMarkdown(note)]),
  ].join('\n');
}

/**
 * Text in one line that Markdown takes as it is: no emphasis, link, image, code, table cell, HTML or formula, and on GitHub
 * nobody is mentioned and no issue linked.
 */
export function escapeMarkdown(text: string): string {
  return isolate(oneLine(cleanText(text)))
    .replace(/&(?=[#\w])|[@#$<>]/g, (character) => `&#${character.codePointAt(0)};`)
    .replace(/[\\`*_{}[\]|~!]/g, '\\$&')
    .replace(/^([-+=])(?=[-+=\s]|$)/, '\\$1')
    .replace(/^(\d{1,9})([.)])(?=\s|$)/, '$1\\$2');
}
