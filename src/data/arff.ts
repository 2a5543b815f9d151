/** ARFF, the format of Weka and OpenML (waikato.github.io/weka-wiki/formats_and_processing/arff_stable), dense. */
import { TailorError } from '../array/errors.js';
import { trimCell } from './table-cells.js';
import { type TextTable, TextTableBuilder } from './text-table.js';

/**
 * Reads a table; `text` has \n between its lines. A value or name with spaces, commas or quotes stands in single or
 * double quotes, within which a quote is doubled or has a backslash before it, and so has a backslash. Lines that start
 * with % are comments. What an attribute is declared as does not matter: the same table is read alike in any format.
 * @throws FORMAT_INVALID naming the line, FORMAT_UNSUPPORTED for sparse rows ({3 1.5, 7 2}), and what TextTableBuilder
 * refuses.
 */
export function parseArff(text: string, doing: string): TextTable {
  const builder = new TextTableBuilder(doing);
  const names: string[] = [];
  let isData = false;
  for (const [index, untrimmed] of text.split('\n').entries()) {
    const line = trimCell(untrimmed);
    const where = `${doing}: line ${index + 1}`;
    if (!isData) {
      const keyword = line.split(/[ \t]/, 1)[0].toLowerCase();
      if (keyword === '@attribute') names.push(attributeName(line, where));
      if (keyword !== '@data') continue;
      builder.add(names);
      isData = true;
    } else if (line !== '' && !line.startsWith('%')) {
      builder.add(valuesOf(line, where));
    }
  }
  if (isData) return builder.finish();
  throw new TailorError('FORMAT_INVALID', `${doing}: it has no line @data, as ARFF has before its rows.`);
}

function attributeName(line: string, where: string): string {
  const start = skipBlanks(line, '@attribute'.length);
  const quoted = readQuoted(line, start);
  if (quoted) return quoted.text;
  let end = start;
  while (end < line.length && !' \t{\'"'.includes(line[end])) end++;
  if (end > start) return line.slice(start, end);
  throw new TailorError('FORMAT_INVALID', `${where} names no attribute, or in quotes that do not end.`);
}

function valuesOf(line: string, where: string): string[] {
  if (line.startsWith('{')) {
    throw new TailorError(
      'FORMAT_UNSUPPORTED',
      `${where} is a sparse row, but only dense ARFF is read. Convert it (SparseToNonSparse in Weka).`,
    );
  }
  const values: string[] = [];
  for (let at = 0; ; at++) {
    at = skipBlanks(line, at);
    const quoted = readQuoted(line, at);
    const comma = line.indexOf(',', at);
    const end = quoted ? skipBlanks(line, quoted.end) : comma < 0 ? line.length : comma;
    if ((!quoted && isQuote(line[at])) || (end < line.length && line[end] !== ',')) {
      throw new TailorError(
        'FORMAT_INVALID',
        `${where} has a quoted value that does not end, or that goes on behind its end. Double the quotes within values.`,
      );
    }
    values.push(quoted ? quoted.text : line.slice(at, end));
    if (end === line.length) return values;
    at = end;
  }
}

function skipBlanks(line: string, start: number): number {
  let at = start;
  while (line[at] === ' ' || line[at] === '\t') at++;
  return at;
}

function isQuote(sign: string | undefined): boolean {
  return sign === "'" || sign === '"';
}

/**
 * The text in quotes at `start`, and the place behind them; undefined where no quote begins, or it does not end. By hand: a regular
 * expression runs out of stack on a value of some megabytes.
 */
function readQuoted(line: string, start: number): { text: string; end: number } | undefined {
  const quote = line[start];
  if (!isQuote(quote)) return undefined;
  let text = '';
  let from = start + 1;
  for (let at = from; at < line.length; at++) {
    const sign = line[at];
    if (sign !== quote && sign !== '\\') continue;
    if (sign === quote && line[at + 1] !== quote) return { text: text + line.slice(from, at), end: at + 1 };
    // What follows a backslash, or a quote that is doubled, is meant as it is.
    text += line.slice(from, at);
    from = at + 1;
    at++;
  }
  return undefined;
}
