/** Files of tables. */
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { gunzip, isGzip } from '../array/inflate.js';
import { parseArff } from './arff.js';
import { parseCsv } from './csv.js';
import type { TextTable } from './text-table.js';

/** How the text of a table is to be read: commas, tabs, or Weka's format. */
export type TableFormat = 'csv' | 'tsv' | 'arff';

/** Longest text that one string of JavaScript engines holds. */
const MAX_TEXT_BYTES = 2 ** 29 - 24;

/** The format that a file name ends with (.csv, .tsv, .arff, each with or without .gz); undefined for another. */
export function tableFormat(path: string): TableFormat | undefined {
  const ending = /\.(csv|tsv|arff)(\.gz)?$/i.exec(path)?.[1].toLowerCase();
  return ending as TableFormat | undefined;
}

/**
 * Reads a table of UTF-8 text, packed by gzip or not; `name` is for messages.
 * @throws FILE_NOT_FOUND, FORMAT_INVALID, FORMAT_UNSUPPORTED, LIMIT_EXCEEDED.
 */
export async function readTable(
  file: string | Uint8Array,
  format: TableFormat | undefined,
  name: string,
): Promise<TextTable> {
  const doing = `Reading the table ${name}`;
  if (!format) {
    throw new TailorError(
      'FORMAT_UNSUPPORTED',
      `${doing}: its format cannot be told. The name must end in .csv, .tsv or .arff, packed as .gz or not.`,
    );
  }
  const content = typeof file === 'string' ? await platform.readFile(file) : file;
  const text = decode(isGzip(content) ? gunzip(content, name) : content, doing).replace(/\r\n?/g, '\n');
  return format === 'arff' ? parseArff(text, doing) : parseCsv(text, format === 'tsv' ? '\t' : ',', doing);
}

function decode(bytes: Uint8Array, doing: string): string {
  if (bytes.length > MAX_TEXT_BYTES) {
    throw new TailorError(
      'LIMIT_EXCEEDED',
      `${doing}: its ${bytes.length} bytes of text are more than the ${MAX_TEXT_BYTES} that can be read at once. Split it.`,
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TailorError(
      'FORMAT_INVALID',
      `${doing}: it is no text in UTF-8. Save it as such, or fetch it again.`,
      { cause },
    );
  }
}
