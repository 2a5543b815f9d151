/** Tables as data sources: rows of numbers, with a class each. */
import { nameOf } from '../array/byte-source.js';
import { TailorError } from '../array/errors.js';
import { assertNameLengths } from '../array/names.js';
import { listNames } from '../array/text.js';
import { fingerprintPath } from './fingerprint.js';
import { readTable, type TableFormat, tableFormat } from './read-table.js';
import type { DataSource } from './sample.js';
import { isMissing, sortValues } from './table-cells.js';
import { encodeColumns, matchColumns } from './table-columns.js';
import type { TextColumn, TextTable } from './text-table.js';

/** How a table is read. */
export interface TableOptions {
  /**
   * The column that holds the class. Default: `target`, `class` (in any case) or the last one, but none that is one of
   * the inputs `columns`: where the last one is, the table has no labels.
   */
  readonly target?: string;
  /**
   * The inputs that the model was trained with, in order (metadata onnx_tailor.columns): COLUMN for numbers, COLUMN=VALUE
   * for one value of another column. Default: those that python-export makes of the table.
   */
  readonly columns?: readonly string[];
  /** What to call it in messages and provenance. Default: the path. */
  readonly name?: string;
  /** Needed where the name does not end in .csv, .tsv or .arff (or these and .gz). */
  readonly format?: TableFormat;
}

/** A table, and what its inputs are called. */
export interface TableSource extends DataSource {
  /** Names of the D inputs of a row. */
  readonly columns: readonly string[];
}

const TARGETS = ['target', 'class'];

/**
 * A table of comma- or tab-separated text or (dense) ARFF, in UTF-8, packed by gzip or not. A sample is one tensor
 * float32 [D] for the model's only input: what python-export trains on, or `columns`, found by name.
 *
 * A column whose every value is a number (decimal; neither inf nor nan) is one input. Any other column is an input of 0
 * or 1 for each of its values. Missing are '', ?, NA, N/A, NaN, null and None, in any case: an error in a column of
 * numbers and in that of the class, one more value in any other. With `columns`, those decide what a column is; further
 * columns of the table are left aside, and a value that the model does not know is an error.
 *
 * Classes are the values of the class's column, by size if all are numbers, else by code point. Spaces around names and
 * values do not count; a value that holds the separator is quoted.
 * @throws FILE_NOT_FOUND, FORMAT_INVALID (rows of different lengths, two columns of one name, quotes that do not end, no
 * rows), FORMAT_UNSUPPORTED (format cannot be told, sparse ARFF), LIMIT_EXCEEDED, INVALID_ARGUMENT (no column `target`),
 * LABELS_INVALID, NOT_FINITE, SHAPE_MISMATCH (`columns` do not fit).
 */
export async function tableSource(
  file: string | Uint8Array,
  { target, columns, name = nameOf(file), format = tableFormat(name) }: TableOptions = {},
): Promise<TableSource> {
  const doing = `Reading the table ${name}`;
  const table = await readTable(file, format, name);
  const classColumn = findTarget(table, target, columns, doing);
  const rest = table.columns.filter((column) => column !== classColumn);
  const inputs = columns ? matchColumns(rest, columns, doing) : encodeColumns(rest, doing);
  const dims = [inputs.names.length];
  return {
    name,
    length: table.rows,
    ...(classColumn && labelsOf(classColumn, doing)),
    columns: inputs.names,
    read: (index) => ({ kind: 'tensor', inputs: { '': { data: inputs.row(index), dims } } }),
    sampleName: (index) => `row ${index + 1}`,
    ...fingerprintPath(file),
  };
}

function findTarget(
  { columns }: TextTable,
  target: string | undefined,
  inputs: readonly string[] | undefined,
  doing: string,
): TextColumn | undefined {
  if (target !== undefined) {
    const found = columns.find(({ name }) => name === target);
    if (found) return found;
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: it has no column "${target}" with the class, but ${listNames(columns.map(({ name }) => name))}.`,
    );
  }
  const isInput = ({ name }: TextColumn) =>
    inputs?.some((input) => input === name || input.startsWith(`${name}=`));
  for (const wanted of TARGETS) {
    const found = columns.find((column) => column.name.toLowerCase() === wanted && !isInput(column));
    if (found) return found;
  }
  const last = columns[columns.length - 1];
  return isInput(last) ? undefined : last;
}

function labelsOf({ name, values, codes }: TextColumn, doing: string) {
  const missing = values.findIndex(isMissing);
  if (missing >= 0) {
    throw new TailorError(
      'LABELS_INVALID',
      `${doing}: row ${codes.indexOf(missing) + 1} has no class: its value in the column "${name}" is "${values[missing]}". ` +
        'Leave such rows out, or say which column holds the class: target=COLUMN.',
    );
  }
  const classes = sortValues(values);
  assertNameLengths(classes, doing);
  const order = new Map(classes.map((value, k) => [value, k]));
  const ofCode = values.map((value) => order.get(value)!);
  return { classes, labels: codes.map((code) => ofCode[code]) };
}
