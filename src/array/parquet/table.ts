/** A Parquet file as a table: columns of single values [N] and of lists of one length [N, D]. */
import { allocate } from '../allocate.js';
import { openByteSource } from '../byte-source.js';
import { limit } from '../limits.js';
import type { NpyArray, NumericArray } from '../npy.js';
import type { NpyRows } from '../npy-rows.js';
import { columnReader } from './column-reader.js';
import { type Column, tableLayout } from './columns.js';
import { readFooter } from './footer.js';
import { tooMuch } from './refusal.js';
import { arrayOf, numpyType } from './values.js';

/** An opened table: only its footer was read. */
export interface Table {
  readonly name: string;
  /** N. */
  readonly rows: number;
  /** Names of the columns, in file order. */
  readonly columns: readonly string[];
  /** Texts that were written with it. */
  readonly metadata: ReadonlyMap<string, string>;
  /** What a column is. FORMAT_INVALID, FORMAT_UNSUPPORTED for kinds that are not read. */
  column(name: string): Column;
  /** A column whole: numbers [N] or [N, D], or texts [N]. */
  read(name: string): Promise<NpyArray>;
  /** A column of numbers by rows: page by page, nothing of it kept. */
  open(name: string): NpyRows;
}

/**
 * Opens a Parquet file by path or bytes.
 * @param name what to call it in messages; default the path.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, FORMAT_INVALID (damaged, cut off), FORMAT_UNSUPPORTED (encrypted), LIMIT_EXCEEDED;
 * `read` and `open` the same, and for missing values.
 */
export async function openTable(file: string | Uint8Array, name?: string): Promise<Table> {
  const source = await openByteSource(file, name);
  const footer = await readFooter(source);
  const layout = tableLayout(footer, source.size, source.name);
  const { rows } = layout;
  /** Values that repeat take hardly any bytes in the file. */
  const assertHeld = (columnName: string, values: number, width: number): void => {
    const bytes = values * width;
    if (bytes <= source.size + limit('unpackedBytes')) return;
    const found = `${values} values of ${columnName} take ${bytes} bytes, and the file has ${source.size}`;
    throw tooMuch('unpackedBytes', source.name, found, 'Read fewer rows at a time.');
  };
  const metadata = new Map((footer.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? '']));

  const open = (columnName: string): NpyRows => {
    const column = layout.column(columnName);
    const { width, type } = column;
    const reader = columnReader(source, column);
    const row = width ?? 1;
    const Type = arrayOf(type) ?? Uint8Array;
    const read = async (index: number, count: number): Promise<NumericArray> => {
      assertHeld(columnName, count * row, Type.BYTES_PER_ELEMENT);
      const numbers = allocate<NumericArray>(Type, count * row, `Reading ${columnName} of ${source.name}`);
      let at = 0;
      await reader.read(index * row, (index + count) * row, (values) => {
        (numbers as Float32Array).set(values as Float32Array, at);
        at += values.length;
      });
      return numbers;
    };
    // A reader goes through its pages for one caller at a time.
    let turn: Promise<unknown> = Promise.resolve();
    return {
      dtype: numpyType(type),
      shape: width === undefined ? [rows] : [rows, width],
      read: (index, count = 1) => {
        const next = turn.then(() => read(index, count));
        turn = next.catch(() => {});
        return next;
      },
    };
  };

  const read = async (columnName: string): Promise<NpyArray> => {
    const column = layout.column(columnName);
    if (column.type !== 'string') {
      const { dtype, shape, read: readRows } = open(columnName);
      return { dtype, shape: [...shape], data: await readRows(0, rows) };
    }
    assertHeld(columnName, rows * (column.width ?? 1), 8);
    const strings: string[] = [];
    await columnReader(source, column).read(0, rows * (column.width ?? 1), (values) => {
      for (const text of values as string[]) strings.push(text);
    });
    const shape = column.width === undefined ? [rows] : [rows, column.width];
    return { dtype: '<U', shape, data: new Uint8Array(0), strings };
  };

  return {
    ...{ name: source.name, rows, metadata, read, open },
    ...{ columns: layout.names, column: layout.column },
  };
}
