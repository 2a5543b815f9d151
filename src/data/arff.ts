/** ARFF, the format of Weka and OpenML (waikato.github.io/weka-wiki/formats_and_processing/arff_stable), dense. */
import { TailorError } from '../array/errors.js';
import { trimCell } from './table-cells.js';
import { type TextTable, TextTableBuilder } from './text-table.js';

const QUOTED = /'([^'\\]*(?:(?:\\.|'')[^'\\]*)*)'|"([^"\\]*(?:(?:\\.|"")[^"\\]*)*)"/.source;
/** A value from its place in the line to the comma behind it. */
const VALUE = new RegExp(`[ \\t]*(?:${QUOTED}|([^ \\t,'"][^,]*|))[ \\t]*(,|$)`, 'suy');
const ATTRIBUTE = new RegExp(`^@attribute[ \\t]+(?:${QUOTED}|([^ \\t{'"][^ \\t{]*))`, 'siu');

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
  const found = ATTRIBUTE.exec(line);
  if (found) return unquote(found);
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
  VALUE.lastIndex = 0;
  for (;;) {
    const found = VALUE.exec(line);
    if (!found) {
      throw new TailorError(
        'FORMAT_INVALID',
        `${where} has a quoted value that does not end, or that goes on behind its end. Double the quotes within values.`,
      );
    }
    values.push(unquote(found));
    if (found[4] === '') return values;
  }
}

function unquote([, single, double, bare]: RegExpExecArray): string {
  if (single !== undefined) return single.replace(/\\(.)|''/gsu, (_, escaped?: string) => escaped ?? "'");
  if (double !== undefined) return double.replace(/\\(.)|""/gsu, (_, escaped?: string) => escaped ?? '"');
  return bare;
}
