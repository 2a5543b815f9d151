/**
 * Parquet files of features as files of named arrays: a row is a sample.
 *
 * | array | column |
 * |---|---|
 * | `features` [N, D] | `features`, a list of D numbers; or one column a dimension, `f0` … |
 * | `logits` [N, C] | `logits`, a list of C numbers; or `logit0` … |
 * | `labels` [N] | `label` or `labels`: whole numbers, or names of classes; else `class`: names of classes |
 * | `classes` [C] | JSON under the file's key `classes`; else the names in `class` beside their `label`, or in sorted order |
 *
 * Other texts that were written with the file, as `origin`, are strings of shape []; other columns go by their names.
 */
import { type ArrayFile, listOf } from '../array-file.js';
import type { NpyArray, NumericArray } from '../npy.js';
import { heldRows, type NpyRows, type RowsOptions } from '../npy-rows.js';
import { type ClassColumns, readClassColumns } from './class-columns.js';
import { invalid } from './refusal.js';
import { openTable, type Table } from './table.js';

/** Arrays that may be spread over several columns, and how these are named. */
const SPREAD: Readonly<Record<string, RegExp>> = { features: /^f(\d{1,6})$/, logits: /^logit(\d{1,6})$/ };

/**
 * Opens a Parquet file of features by path or bytes: its footer is read, and labels and classes. Numbers of features and logits are
 * read page by page as they are asked for.
 * @param name what to call it in messages; default the path.
 * @throws what openTable throws.
 */
export async function openParquet(source: string | Uint8Array, name?: string): Promise<ArrayFile> {
  const table = await openTable(source, name);
  const classColumns = await readClassColumns(table);
  const spread = new Map(
    Object.entries(SPREAD).flatMap(([array, pattern]) => {
      const columns = table.columns.includes(array) ? [] : columnsOf(table, pattern);
      return columns.length > 0 ? [[array, columns] as const] : [];
    }),
  );
  const taken = new Set([...classColumns.columns, ...[...spread.values()].flat()]);
  const held = heldArrays(classColumns);
  const names = [
    ...spread.keys(),
    ...table.columns.filter((column) => !taken.has(column)),
    ...held.keys(),
    ...[...table.metadata.keys()].filter(
      (key) => !taken.has(key) && !held.has(key) && !table.columns.includes(key),
    ),
  ];
  const absent = (array: string) =>
    invalid(table.name, `there is no column for ${array}; it holds ${listOf(names)}`);

  const rowsOf = (array: string): NpyRows | undefined => {
    const columns = spread.get(array);
    if (columns) return joinedRows(table, columns);
    const isColumn =
      table.columns.includes(array) && !taken.has(array) && table.column(array).type !== 'string';
    return isColumn ? table.open(array) : undefined;
  };
  const read = async (array: string): Promise<NpyArray> => {
    const kept = held.get(array);
    if (kept) return kept;
    if (!names.includes(array)) throw absent(array);
    const rows = rowsOf(array);
    if (rows) {
      const { dtype, shape } = rows;
      return { dtype, shape: [...shape], data: await rows.read(0, shape[0]) };
    }
    if (table.columns.includes(array)) return table.read(array);
    return stringsArray([table.metadata.get(array)!], []);
  };
  return {
    name: table.name,
    names,
    has: (array) => names.includes(array),
    read,
    async rows(array, { wholeBelow = 2 ** 28 }: RowsOptions = {}) {
      const rows = names.includes(array) ? rowsOf(array) : undefined;
      const numbers = rows?.shape.reduce((product, size) => product * size, 1) ?? 0;
      // Read again and again, it would be decoded again and again.
      if (rows && numbers * 4 >= wholeBelow) return rows;
      return heldRows(await read(array), `${array} of ${table.name}`);
    },
  };
}

function heldArrays({ labels, classes }: ClassColumns): Map<string, NpyArray> {
  const held = new Map<string, NpyArray>();
  if (labels) held.set('labels', labels);
  if (classes) held.set('classes', stringsArray(classes, [classes.length]));
  return held;
}

function stringsArray(strings: readonly string[], shape: number[]): NpyArray {
  return { dtype: '<U', shape, data: new Uint8Array(0), strings: [...strings] };
}

/** Columns numbered from 0 without a gap, in the order of their numbers. */
function columnsOf(table: Table, pattern: RegExp): string[] {
  const numbered = new Map(
    table.columns.flatMap((column) => {
      const number = pattern.exec(column)?.[1];
      return number === undefined ? [] : [[Number(number), column] as const];
    }),
  );
  const columns = Array.from(numbered.keys(), (_, i) => numbered.get(i));
  const gap = columns.indexOf(undefined);
  if (gap < 0) return columns as string[];
  const first = [...numbered.values()][0];
  throw invalid(
    table.name,
    `it has ${numbered.size} columns named like ${first}, but none of number ${gap}; they are counted from 0 without a gap`,
  );
}

/** Several columns of single numbers as the columns of one matrix, in float32. */
function joinedRows(table: Table, columns: readonly string[]): NpyRows {
  const opened = columns.map((column) => {
    const { type, width } = table.column(column);
    if (type !== 'string' && width === undefined) return table.open(column);
    throw invalid(table.name, `column ${column} does not hold one number a row`);
  });
  return {
    dtype: '<f4',
    shape: [table.rows, columns.length],
    read: async (index, count = 1) => {
      const joined = new Float32Array(count * columns.length);
      for (const [j, column] of opened.entries()) {
        const numbers: NumericArray = await column.read(index, count);
        for (let i = 0; i < count; i++) joined[i * columns.length + j] = Number(numbers[i]);
      }
      return joined;
    },
  };
}
