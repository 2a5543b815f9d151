/** One page of a column: its header, and its values. Every row must have all of its values. */
import type { PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { limit } from '../limits.js';
import type { NumericArray } from '../npy.js';
import { readBitRuns } from './bit-runs.js';
import { unpack } from './codecs.js';
import type { Column } from './columns.js';
import { invalid, parsed, tooMuch, unsupported } from './refusal.js';
import { skipStructure } from './thrift.js';
import { plainValues, splitValues, type Values } from './values.js';

/** What is known of a page before its values are. */
export interface Page {
  readonly header: PageHeader;
  readonly kind: 'dictionary' | 'data' | 'index';
  /** Of the header itself. */
  readonly headerBytes: number;
  /** Of what follows it. */
  readonly bodyBytes: number;
  readonly values: number;
}

/** Reads a header at the start of `bytes`; undefined when they end before it does. FORMAT_INVALID, LIMIT_EXCEEDED. */
export function readPageHeader(bytes: Uint8Array, name: string): Page | undefined {
  const headerBytes = skipStructure(bytes, 0, name, 'page header');
  if (headerBytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const header = parsed(name, 'page header', () => parquetHeader({ view, offset: 0 }));
  const { type } = header;
  const dictionary = type === 'DICTIONARY_PAGE' ? header.dictionary_page_header : undefined;
  const data =
    type === 'DATA_PAGE'
      ? header.data_page_header
      : type === 'DATA_PAGE_V2'
        ? header.data_page_header_v2
        : undefined;
  const kind = dictionary ? 'dictionary' : data ? 'data' : 'index';
  const values = (dictionary ?? data)?.num_values ?? 0;
  const sizes = [values, header.compressed_page_size, header.uncompressed_page_size];
  if ((kind === 'index' && type !== 'INDEX_PAGE') || !sizes.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw invalid(name, 'a page header is not one');
  }
  if (values > limit('parquetPageValues')) {
    const instead = 'Write smaller pages (pyarrow: data_page_size).';
    throw tooMuch('parquetPageValues', name, `a page has ${values} values`, instead);
  }
  return { header, kind, headerBytes, bodyBytes: header.compressed_page_size, values };
}

/** The values that a dictionary has. */
export function readDictionary(
  page: Page,
  body: Uint8Array,
  { type }: Column,
  codec: string,
  name: string,
): Values {
  const bytes = unpack(body, codec, page.header.uncompressed_page_size, name);
  return plainValues(bytes, type, page.values, name);
}

/**
 * All values of a data page.
 * @param first how many values of the column, in its row group, stand before it.
 * @throws FORMAT_INVALID (damaged, a value that is missing, a list of another length), FORMAT_UNSUPPORTED (encodings).
 */
export function readValues(
  page: Page,
  body: Uint8Array,
  column: Column,
  { codec, dictionary, first }: { codec: string; dictionary: Values | undefined; first: number },
  name: string,
): Values {
  const { maxDefinition, width } = column;
  const { repetition, definition, bytes, encoding } = partsOf(page, body, column, codec, name);
  const row = (i: number) => Math.floor((first + i) / (width ?? 1));
  if (maxDefinition > 0) {
    const levels = readBitRuns(definition, bitsOf(maxDefinition), page.values, name);
    const missing = firstOther(levels, maxDefinition);
    if (missing >= 0) {
      throw invalid(
        name,
        `row ${row(missing)} of a group has no value (null) or an empty list; fill it or drop it`,
      );
    }
  }
  if (width !== undefined) {
    const levels = readBitRuns(repetition, 1, page.values, name);
    const wrong = firstNotInLists(levels, first % width, width);
    if (wrong >= 0) {
      throw invalid(
        name,
        `the list of row ${row(wrong)} of a group does not have ${width} values, as others have`,
      );
    }
  }
  switch (encoding) {
    case 'PLAIN':
      return plainValues(bytes, column.type, page.values, name);
    case 'BYTE_STREAM_SPLIT':
      return splitValues(bytes, column.type, page.values, name);
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
      return lookUp(bytes, dictionary, page.values, name);
    default:
      throw unsupported(
        name,
        `its values are encoded ${asWhat(encoding)}; PLAIN, dictionaries and BYTE_STREAM_SPLIT are read`,
        'Write it with one of these.',
      );
  }
}

/** The pieces that a page is made of, unpacked. */
interface PageParts {
  readonly repetition: Uint8Array;
  readonly definition: Uint8Array;
  readonly bytes: Uint8Array;
  readonly encoding: string;
}

function partsOf(page: Page, body: Uint8Array, column: Column, codec: string, name: string): PageParts {
  const { uncompressed_page_size: size, data_page_header: v1, data_page_header_v2: v2 } = page.header;
  if (page.header.type === 'DATA_PAGE_V2' && v2) {
    const { repetition_levels_byte_length: r, definition_levels_byte_length: d } = v2;
    if (!(r >= 0 && d >= 0 && r + d <= body.length && r + d <= size)) {
      throw invalid(name, 'the levels of a page are longer than it');
    }
    const rest = body.subarray(r + d);
    return {
      repetition: body.subarray(0, r),
      definition: body.subarray(r, r + d),
      bytes: unpack(rest, v2.is_compressed === false ? 'UNCOMPRESSED' : codec, size - r - d, name),
      encoding: v2.encoding,
    };
  }
  const bytes = unpack(body, codec, size, name);
  let at = 0;
  // Behind their length, where there are any.
  const levels = (present: boolean, encoding: string | undefined): Uint8Array => {
    if (!present) return bytes.subarray(0, 0);
    if (encoding !== 'RLE') {
      throw unsupported(name, `its levels are encoded ${asWhat(encoding)}; RLE is read`, 'Write it anew.');
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = at + 4 <= bytes.length ? at + 4 + view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw invalid(name, 'the levels of a page are longer than it');
    const part = bytes.subarray(at + 4, end);
    at = end;
    return part;
  };
  const repetition = levels(column.width !== undefined, v1?.repetition_level_encoding);
  const definition = levels(column.maxDefinition > 0, v1?.definition_level_encoding);
  return { repetition, definition, bytes: bytes.subarray(at), encoding: v1?.encoding ?? 'nothing' };
}

function lookUp(bytes: Uint8Array, dictionary: Values | undefined, count: number, name: string): Values {
  if (!dictionary) throw invalid(name, 'a page needs a dictionary, and there is none before it');
  const width = count === 0 ? 0 : bytes[0];
  if (!(width <= 32)) throw invalid(name, `a page points into its dictionary by ${width} bits`);
  const indices = readBitRuns(bytes.subarray(1), width, count, name);
  const highest = indices.reduce((most, index) => Math.max(most, index), 0);
  if (count > 0 && highest >= dictionary.length) {
    throw invalid(name, `value ${highest} of a dictionary of ${dictionary.length} is asked for`);
  }
  if (Array.isArray(dictionary)) return Array.from(indices, (index) => dictionary[index]);
  const values: NumericArray = new (dictionary.constructor as new (length: number) => NumericArray)(count);
  for (let i = 0; i < count; i++) values[i] = dictionary[indices[i]];
  return values;
}

function firstOther(levels: Uint32Array, wanted: number): number {
  for (let i = 0; i < levels.length; i++) if (levels[i] !== wanted) return i;
  return -1;
}

/** The first level that is not 0 where a list begins, or is where none does; the first one is value `at` of its list. */
function firstNotInLists(levels: Uint32Array, at: number, width: number): number {
  for (let i = 0; i < levels.length; i++) {
    if ((levels[i] === 0) !== (at === 0)) return i;
    at = at + 1 === width ? 0 : at + 1;
  }
  return -1;
}

const bitsOf = (highest: number) => 32 - Math.clz32(highest);

/** Encodings that the format does not have are numbers without a name. */
const asWhat = (encoding: string | undefined) =>
  encoding === undefined ? 'in a way that has no name' : `as ${encoding}`;
