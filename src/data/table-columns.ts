/** The columns of a table as inputs of a model: as python-export makes them, or as a model was trained with them. */
import { TailorError } from '../array/errors.js';
import { limit, limitExceeded } from '../array/limits.js';
import { listNames } from '../array/text.js';
import { isMissing, parseNumber, sortValues } from './table-cells.js';
import { repeated, type TextColumn } from './text-table.js';

/** Rows of numbers, made one at a time: most of the inputs of a table with many categories are 0. */
export interface TableInputs {
  /** A column of numbers gives one input of its name, any other COLUMN=VALUE for each of its values. */
  readonly names: readonly string[];
  row(index: number): Float32Array;
}

/** What the values of a column put where: a number into its own place, or a 1 into the place of the value. */
interface Writer {
  readonly codes: Int32Array;
  readonly places: Int32Array;
  readonly numbers: Float32Array;
}

/**
 * The inputs that python-export trains on. A column whose every value is a number is one input. Any other is one of 0
 * or 1 for each of its values, in order (see sortValues), a missing one being a value as well.
 * @throws NOT_FINITE for a column of numbers that lacks some or has one that float32 cannot hold, LIMIT_EXCEEDED,
 * FORMAT_INVALID (two inputs of one name, or none at all).
 */
export function encodeColumns(columns: readonly TextColumn[], doing: string): TableInputs {
  const names: string[] = [];
  const writers: Writer[] = [];
  for (const column of columns) {
    const present = column.values.filter((value) => !isMissing(value));
    if (present.length > 0 && present.every((value) => parseNumber(value) !== undefined)) {
      writers.push(numberWriter(column, names.length, doing));
      names.push(column.name);
      continue;
    }
    const values = sortValues(column.values);
    const inputs = names.length + values.length;
    if (inputs > limit('tableInputs')) {
      throw limitExceeded(
        'tableInputs',
        `${doing}: it would give ${inputs} inputs and more, as the column "${column.name}" is not numeric and has ` +
          `${values.length} different values`,
        { instead: 'Leave it out.' },
      );
    }
    writers.push(valueWriter(column, new Map(values.map((value, i) => [value, names.length + i])), doing));
    for (const value of values) names.push(`${column.name}=${value}`);
  }
  if (names.length === 0) {
    throw new TailorError(
      'FORMAT_INVALID',
      `${doing}: it has one column only. Commas separate the columns of .csv and .arff, tabs those of .tsv.`,
    );
  }
  const twice = repeated(names);
  if (twice !== undefined) {
    throw new TailorError('FORMAT_INVALID', `${doing}: two inputs are named "${twice}". Rename a column.`);
  }
  return { names, row: rowMaker(names.length, writers) };
}

/**
 * The inputs `names` that a model was trained with, found by name: the table may have its columns in another order, and
 * more of them, which are left aside. A value that the model knows and the table lacks is 0 in every row.
 * @throws SHAPE_MISMATCH for a column that is missing and for a value that the model does not know, NOT_FINITE for what
 * is no number where one is needed, INVALID_ARGUMENT for names that do not tell which column is meant.
 */
export function matchColumns(
  columns: readonly TextColumn[],
  names: readonly string[],
  doing: string,
): TableInputs {
  const twice = repeated(names);
  if (twice !== undefined) {
    throw new TailorError('INVALID_ARGUMENT', `${doing}: the model has two inputs named "${twice}".`);
  }
  const byName = new Map(columns.map((column) => [column.name, column]));
  const numeric = new Set(names.filter((name) => byName.has(name)));
  const longest = columns.reduce((most, column) => Math.max(most, column.name.length), 0);
  const missing: string[] = [];
  const writers: Writer[] = [];
  const places = new Map<TextColumn, Map<string, number>>();
  names.forEach((name, place) => {
    const column = byName.get(name);
    if (column) {
      writers.push(numberWriter(column, place, doing));
      return;
    }
    const splits = splitsOf(name, longest).filter(([owner]) => byName.has(owner) && !numeric.has(owner));
    if (splits.length > 1) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `${doing}: the model's input "${name}" may be of the columns ${listNames(splits.map(([owner]) => owner))}. Rename one of them.`,
      );
    }
    if (splits.length === 0) {
      missing.push(name);
      return;
    }
    const [[owner, value]] = splits;
    const ofOwner = byName.get(owner)!;
    places.set(ofOwner, (places.get(ofOwner) ?? new Map<string, number>()).set(value, place));
  });
  if (missing.length > 0) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: ${missing.length} of the model's ${names.length} inputs have no column: ${listNames(missing)}. The table has ` +
        `${listNames(columns.map(({ name }) => name))}. Name its columns as they were named in training.`,
    );
  }
  for (const [column, known] of places) writers.push(valueWriter(column, known, doing));
  return { names, row: rowMaker(names.length, writers) };
}

/** What COLUMN, of at most `longest` code units, and VALUE may be in the name of an input, COLUMN=VALUE. */
function splitsOf(name: string, longest: number): [column: string, value: string][] {
  const splits: [string, string][] = [];
  for (let at = name.indexOf('='); at >= 0 && at <= longest; at = name.indexOf('=', at + 1)) {
    splits.push([name.slice(0, at), name.slice(at + 1)]);
  }
  return splits;
}

function numberWriter({ name, values, codes }: TextColumn, place: number, doing: string): Writer {
  const numbers = Float32Array.from(values, (value) => parseNumber(value) ?? Number.NaN);
  const wrong = numbers.findIndex((number) => !Number.isFinite(number));
  if (wrong >= 0) {
    const rows = codes.reduce((sum, code) => sum + (Number.isFinite(numbers[code]) ? 0 : 1), 0);
    const found = Number.isNaN(numbers[wrong]) ? 'which is no number' : 'which float32 cannot hold';
    throw new TailorError(
      'NOT_FINITE',
      `${doing}: the column "${name}" needs a number in every row, but ${rows} ${rows === 1 ? 'has' : 'have'} none; row ` +
        `${codes.indexOf(wrong) + 1} has "${values[wrong]}", ${found}. Fill them in, or leave the column out.`,
    );
  }
  return { codes, places: new Int32Array(values.length).fill(place), numbers };
}

function valueWriter(
  { name, values, codes }: TextColumn,
  known: ReadonlyMap<string, number>,
  doing: string,
): Writer {
  const unknown = values.findIndex((value) => !known.has(value));
  if (unknown >= 0) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: row ${codes.indexOf(unknown) + 1} has "${values[unknown]}" in the column "${name}", of which the model knows ` +
        `${listNames([...known.keys()].map((value) => `"${value}"`))}. Leave such rows out, or give them a value that it knows.`,
    );
  }
  return {
    codes,
    places: Int32Array.from(values, (value) => known.get(value)!),
    numbers: new Float32Array(values.length).fill(1),
  };
}

function rowMaker(width: number, writers: readonly Writer[]): TableInputs['row'] {
  return (index) => {
    const row = new Float32Array(width);
    for (const { codes, places, numbers } of writers) row[places[codes[index]]] = numbers[codes[index]];
    return row;
  };
}
