/** Comma- and tab-separated text (RFC 4180) with the names of its columns in the first line. */
import Papa from 'papaparse';
import { TailorError } from '../array/errors.js';
import { type TextTable, TextTableBuilder } from './text-table.js';

/**
 * Reads a table; `text` has \n between its lines, of which empty ones do not count.
 * @throws FORMAT_INVALID for a quote that does not end, and what TextTableBuilder refuses.
 */
export function parseCsv(text: string, delimiter: ',' | '\t', doing: string): TextTable {
  const builder = new TextTableBuilder(doing);
  Papa.parse<string[]>(text, {
    delimiter,
    newline: '\n',
    quoteChar: '"',
    step: ({ data, errors }) => {
      if (errors.length > 0) {
        throw new TailorError(
          'FORMAT_INVALID',
          `${doing}: ${builder.next} has a quoted value that does not end, or that goes on behind its end. Double the quotes within values.`,
        );
      }
      // skipEmptyLines would also skip the error of a file whose last line is a quote.
      if (data.length > 1 || data[0] !== '') builder.add(data);
    },
  });
  return builder.finish();
}
