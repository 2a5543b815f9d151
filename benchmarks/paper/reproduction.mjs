// The generated parts of docs/reproduction.md.

import { markdownTable } from '../table.mjs';
import { blocksOf, groupBy } from './aggregate.mjs';
import { CLAIMS_NOTES, judgeClaims } from './claims.mjs';
import { FIGURES } from './figures/index.mjs';
import { METHODS } from './names.mjs';
import { TABLES } from './tables/index.mjs';
import { COMMON_NOTES, describeBlock } from './tables/parts.mjs';

const VERDICTS = ['held', 'partly', 'did not hold', 'not measured'];

/**
 * Puts every section between its markers, `<!-- paper:NAME -->` and `<!-- /paper:NAME -->`, each on a line of its own.
 * @param {string} doc @param {Record<string, string>} sections
 * @returns {string} the new document
 * @throws where a section has no markers, or markers have no section or no end
 */
export function fillMarkers(doc, sections) {
  const found = new Set();
  const filled = doc.replace(
    /^<!-- paper:([\w-]+) -->\n([\s\S]*?)^<!-- \/paper:\1 -->$/gm,
    (_whole, name) => {
      if (sections[name] === undefined)
        throw new Error(`The document has a marker paper:${name}, and there is no such section.`);
      found.add(name);
      return `<!-- paper:${name} -->\n\n${sections[name].trim()}\n\n<!-- /paper:${name} -->`;
    },
  );
  const markers = [...doc.matchAll(/^<!-- \/?paper:([\w-]+) -->$/gm)].map(([, name]) => name);
  for (const name of [...Object.keys(sections), ...markers]) {
    if (!found.has(name))
      throw new Error(`The document has not both markers of paper:${name}, each on a line of its own.`);
  }
  return filled;
}

/**
 * @param {{ measurements: readonly import('./measurement.mjs').Measurement[], noData: ReadonlyMap<string, string>, leftOut?: readonly string[] }} results
 * @returns {{ models: string, verdicts: string, claims: string, tables: string, figures: string, missing: string }} Markdown
 */
export function reproductionSections({ measurements, noData, leftOut = [] }) {
  const claims = judgeClaims(measurements);
  return {
    models: modelsSection(measurements),
    verdicts: verdictsSection(claims),
    claims: claimsSection(claims),
    tables: [
      list(COMMON_NOTES),
      ...TABLES.map(({ render }) => tableSection(render({ measurements, noData }))),
    ].join('\n\n'),
    figures: FIGURES.flatMap((figure) => figureSection(figure, { measurements, noData })).join('\n\n'),
    missing: list(
      [...new Set([...noData.values(), ...leftOut])],
      'Nothing: every data set of the paper was at hand.',
    ),
  };
}

/** Pictures lie beside the page, as results.mjs writes them. */
function figureSection({ title, draw, missing }, material) {
  const figures = draw(material).map(
    ({ name, title: heading, caption }) => `![${heading}](images/paper/${name}.svg)\n\n${caption}`,
  );
  const reasons = missing(material);
  return [`### ${title}`, ...figures, ...(reasons.length > 0 ? [list(reasons)] : [])];
}

function modelsSection(measurements) {
  const methods = Object.keys(METHODS);
  const blocks = blocksOf(measurements, { methods });
  const leftOut = blocks.flatMap((block) => block.leftOut);
  const lines = blocks.map(
    (block) =>
      `${describeBlock(block)}. Methods: ${block.wanted.map((method) => METHODS[method]).join(', ')}.`,
  );
  return list([...lines, ...leftOut], 'No model was measured.');
}

function verdictsSection(claims) {
  const counts = groupBy(claims, ({ verdict }) => verdict);
  const words = VERDICTS.map((verdict) => `${counts.get(verdict)?.length ?? 0} ${verdict}`);
  const rows = claims.map(({ claim, source, verdict }, i) => [`${i + 1}. ${claim}`, source, verdict]);
  return `${claims.length} claims: ${words.join(', ')}.\n\n${plainTable(['claim', 'where', 'verdict'], rows)}`;
}

/** Of text alone, aligned to the left. */
function plainTable(columns, rows) {
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function claimsSection(claims) {
  const entries = claims.map(({ claim, source, ours, verdict, why }, i) =>
    [`${i + 1}. **${claim}** (${source}): **${verdict}**.`, ours, why].filter(Boolean).join(' '),
  );
  return `${CLAIMS_NOTES.join('\n\n')}\n\n${entries.join('\n')}`;
}

/** Without what is said once for all tables. @param {import('./measurement.mjs').PaperTable} table */
function tableSection({ title, columns, rows, notes, missing }) {
  const figures = rows.some((row) => row.some((cell) => /^\d/.test(cell)));
  const own = notes.filter((note) => !COMMON_NOTES.includes(note));
  return [
    `### ${title}`,
    figures ? markdownTable(columns, rows) : 'Nothing was measured.',
    figures ? own.join(' ') : '',
    missing.length > 0 ? list(missing) : '',
  ]
    .filter(Boolean)
    .join('\n\n');
}

const list = (sentences, otherwise = '') =>
  sentences.length > 0 ? sentences.map((sentence) => `- ${sentence}`).join('\n') : otherwise;
