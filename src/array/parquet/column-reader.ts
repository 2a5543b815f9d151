/**
 * Reads a column page by page, in order: memory is one page and what was asked for, however large a row group is. Reading on where
 * the last call ended decodes nothing twice; going back begins again at the row group.
 */
import type { ByteSource } from '../byte-source.js';
import { limit } from '../limits.js';
import type { Chunk, Column } from './columns.js';
import { type Page, readDictionary, readPageHeader, readValues } from './page.js';
import { invalid, tooMuch } from './refusal.js';
import type { Values } from './values.js';

/** Read at a time: most pages and the header of the next one. */
const WINDOW_BYTES = 2 ** 20 + 2 ** 16;

/** Hands out values of a column. */
export interface ColumnReader {
  /**
   * Calls `take` with values [from, to) of the column in pieces, in order. Values of a list column are counted, not lists.
   * FORMAT_INVALID, FORMAT_UNSUPPORTED, LIMIT_EXCEEDED. One call at a time.
   */
  read(from: number, to: number, take: (values: Values) => void): Promise<void>;
}

/** Where reading stands: in a chunk, behind a page. */
interface Place {
  readonly chunk: Chunk;
  /** Number of the chunk's first value in the column. */
  readonly first: number;
  /** Of the next page in the file. */
  offset: number;
  /** Values of the chunk that stand before the next page. */
  before: number;
  dictionary?: Values;
  /** Of the page before the next one, when they were decoded. */
  values?: Values;
}

/** @param file what it is called in messages. */
export function columnReader(source: ByteSource, column: Column): ColumnReader {
  const name = `${column.name} of ${source.name}`;
  const window = windowOn(source);
  let place: Place | undefined;

  /** The place at the chunk that has value `at`, as it is where the value is in reach from there. */
  const placeOf = (at: number): Place => {
    let first = 0;
    for (const chunk of column.chunks) {
      if (at < first + chunk.values) {
        const reached = place?.chunk === chunk && at >= first + place.before - (place.values?.length ?? 0);
        return reached ? place! : { chunk, first, offset: chunk.start, before: 0 };
      }
      first += chunk.values;
    }
    throw invalid(name, `value ${at} of ${first} is asked for`);
  };

  /** Goes behind the next page; its values are decoded if the one of number `at` in the chunk is among them. */
  const step = async (at: Place, wanted: number): Promise<void> => {
    const { chunk } = at;
    const page = await headerAt(at);
    const bodyStart = at.offset + page.headerBytes;
    const end = bodyStart + page.bodyBytes;
    if (end > chunk.end) throw invalid(name, 'a page reaches beyond its column');
    const body = () => window(bodyStart, page.bodyBytes);
    at.values = undefined;
    if (page.kind === 'dictionary') {
      at.dictionary = readDictionary(page, await body(), column, chunk.codec, name);
    } else if (page.kind === 'data') {
      if (at.before + page.values > chunk.values) {
        throw invalid(name, `its pages have more than the ${chunk.values} values of their group`);
      }
      if (wanted < at.before + page.values) {
        const { dictionary, before: first } = at;
        at.values = readValues(page, await body(), column, { codec: chunk.codec, dictionary, first }, name);
      }
      at.before += page.values;
    }
    at.offset = end;
  };

  const headerAt = async ({ chunk, offset, before }: Place): Promise<Page> => {
    const left = chunk.end - offset;
    if (left <= 0)
      throw invalid(name, `its pages end after ${before} of ${chunk.values} values of their group`);
    const most = limit('parquetPageHeaderBytes');
    const page = readPageHeader(await window(offset, Math.min(left, most), left), name);
    if (page) return page;
    if (left <= most) throw invalid(name, 'a page header is cut off');
    const instead = 'Write it without statistics of long texts.';
    throw tooMuch('parquetPageHeaderBytes', name, 'a page header has more bytes, or is cut off', instead);
  };

  return {
    async read(from, to, take) {
      for (let at = from; at < to; ) {
        place = placeOf(at);
        const wanted = at - place.first;
        while (!place.values || wanted >= place.before) await step(place, wanted);
        const start = wanted - (place.before - place.values.length);
        const { values } = place;
        const part = Array.isArray(values)
          ? values.slice(start, start + (to - at))
          : values.subarray(start, start + (to - at));
        take(part);
        at += part.length;
      }
    },
  };
}

/** Bytes of a file through a window that is moved where they are not in it; `ahead` may be read with them. */
function windowOn(
  source: ByteSource,
): (offset: number, length: number, ahead?: number) => Promise<Uint8Array> {
  let start = 0;
  let bytes: Uint8Array = new Uint8Array(0);
  return async (offset, length, ahead = length) => {
    if (offset < start || offset + length > start + bytes.length) {
      bytes = await source.read(offset, Math.max(length, Math.min(ahead, WINDOW_BYTES)));
      start = offset;
    }
    return bytes.subarray(offset - start, offset - start + length);
  };
}
