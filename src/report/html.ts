/** The report as one HTML file: no script, no other file, readable on a phone and on paper. */

import { confusionTables, evaluationTables } from './answer-tables.js';
import { missingTables, smallClassTables } from './care-tables.js';
import { inlineSvg, type Plot } from './chart.js';
import { classTable } from './class-table.js';
import { type ReportContent, shortSource } from './content.js';
import { collapseTable, figuresTable } from './figures-table.js';
import { findingsOf } from './findings.js';
import { type Content, element, join, Markup } from './markup.js';
import { batchNormTables, theoremTables } from './network-tables.js';
import { drawPlots } from './plots.js';
import { pageStyles, plotStyles } from './styles.js';
import { tableHtml as table } from './table-html.js';
import { type Tile, tilesOf, verdictOf } from './verdict.js';
import { figure, isolate, oneLine, percent } from './words.js';

/** A self-contained page: verdict, key figures, advice, plots, tables, what is missing, provenance. */
export function reportHtml(content: ReportContent): string {
  const plots = drawPlots(content);
  const verdict = verdictOf(content);
  const evaluations = evaluationTables(content).map(table);
  const title = isolate(oneLine(content.title));
  const body = element(
    'main',
    { class: 'page' },
    element(
      'header',
      {},
      element('h1', {}, title),
      element('p', { class: 'verdict' }, isolate(verdict.line)),
      verdict.lead !== '' && element('p', { class: 'lead' }, isolate(verdict.lead)),
      tiles(tilesOf(content)),
    ),
    section('What to do', adviceList(content), remarks(content)),
    section(
      'Answers',
      grid(figures(plots.answers), evaluations.slice(0, 1)),
      grid(confusionTables(content).map(table)),
      ...evaluations.slice(1),
      verification(content),
    ),
    section(
      'Features',
      grid(figures(plots.features)),
      ...figuresTable(content).map(table),
      grid(theoremTables(content).map(table)),
    ),
    section('Neural collapse', grid(figures(plots.collapse)), ...collapseTable(content).map(table)),
    section('Layers', grid(figures(plots.layers)), ...batchNormTables(content).map(table)),
    section('Classes', classDetails(content)),
    section(
      'What to read with care',
      ...smallClassTables(content).map(table),
      ...missingTables(content).map(table),
    ),
    section('Provenance', provenance(content)),
  );
  const head = join(
    new Markup('<meta charset="utf-8"/>'),
    new Markup('<meta name="viewport" content="width=device-width, initial-scale=1"/>'),
    new Markup('<meta name="color-scheme" content="light dark"/>'),
    // Nothing may be loaded or run, whatever stands in a class name.
    new Markup(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>`,
    ),
    element('title', {}, title),
    element('style', {}, new Markup(pageStyles() + plotStyles())),
  );
  return `<!DOCTYPE html>\n<html lang="en" dir="ltr"><head>${head.source}</head>\n<body>${body.source}</body></html>\n`;
}

/** A section; none where it would be empty. */
function section(title: string, ...content: Content[]): Content {
  return content.some(Boolean) && element('section', {}, element('h2', {}, title), ...content);
}

function tiles(list: readonly Tile[]): Content {
  return (
    list.length > 0 &&
    element(
      'dl',
      { class: 'tiles' },
      ...list.map(({ name, from, value, more, gloss }) =>
        element(
          'div',
          { class: 'tile' },
          element('dt', {}, name),
          element(
            'dd',
            { class: 'value' },
            from !== undefined && element('span', { class: 'from' }, `${from} → `),
            value,
          ),
          more !== undefined && element('dd', { class: 'more' }, isolate(more)),
          element('dd', { class: 'gloss' }, gloss),
        ),
      ),
    )
  );
}

const SORTS = { problem: 'Problem', caution: 'Caution', good: 'Good' };

function adviceList(content: ReportContent): Content {
  const findings = findingsOf(content);
  return (
    findings.length > 0 &&
    element(
      'ul',
      { class: 'advice' },
      ...findings.map(({ kind, evidence, action, source }) =>
        element(
          'li',
          {},
          element('span', { class: `sort ${kind}` }, SORTS[kind]),
          element(
            'div',
            {},
            ...evidence.map((sentence) => element('p', {}, element('strong', {}, isolate(sentence)))),
            element('p', {}, ...withCode(action)),
            element('p', { class: 'source' }, isolate(source)),
          ),
        ),
      ),
    )
  );
}

/** Commands stand between backticks. */
function withCode(words: string): Content[] {
  return isolate(words)
    .split(/`([a-z][a-z0-9 -]*)`/)
    .map((part, i) => (i % 2 === 1 ? element('code', {}, part) : part));
}

function remarks({ recalibration }: ReportContent): Content {
  const notes = recalibration?.notes ?? [];
  return (
    notes.length > 0 &&
    element('ul', { class: 'remarks' }, ...notes.map((note) => element('li', {}, isolate(note))))
  );
}

/** As high as two others. */
const TALL = 560;

function figures(plots: readonly Plot[]): Markup[] {
  return plots.map((plot) =>
    element(
      'figure',
      { class: plot.height > TALL && 'tall' },
      element('h3', {}, plot.title),
      inlineSvg(plot),
      element('figcaption', {}, plot.caption),
    ),
  );
}

/** Two beside each other where there is room. */
function grid(...items: readonly (readonly Markup[])[]): Content {
  return items.flat().length > 0 && element('div', { class: 'plots' }, ...items.flat());
}

function verification({ recalibration }: ReportContent): Content {
  const proof = recalibration?.verification;
  return (
    proof &&
    element(
      'p',
      { class: 'proof' },
      isolate(
        `Proof: the written model and the prediction were compared on ${figure(proof.samples)} samples (${shortSource(proof.inputs)}). ` +
          `Same answer on ${percent(proof.argmaxAgreement)}, largest difference of a logit ${figure(proof.maxAbsLogitDifference)} (allowed ${figure(proof.tolerance)}).`,
      ),
    )
  );
}

function classDetails(content: ReportContent): Content {
  const all = classTable(content);
  return (
    all &&
    element(
      'details',
      { open: all.rows.length <= 20 && 'open' },
      element('summary', {}, all.title),
      table({ ...all, title: '' }),
    )
  );
}

function provenance({ provenance: list }: ReportContent): Content {
  return (
    list.length > 0 &&
    element(
      'dl',
      { class: 'provenance' },
      ...list.flatMap(([what, which]) => [
        element('dt', {}, isolate(what)),
        element('dd', {}, isolate(which)),
      ]),
    )
  );
}
