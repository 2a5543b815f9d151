/** Labels and class names in the columns of a table: numbers, names, or both. */
import type { NpyArray } from '../npy.js';
import { listNames } from '../text.js';
import { invalid } from './refusal.js';
import type { Table } from './table.js';

/** What was found; `columns` are those that it was found in. */
export interface ClassColumns {
  /** [N]. */
  readonly labels?: NpyArray;
  /** [C]. */
  readonly classes?: readonly string[];
  readonly columns: readonly string[];
}

const LABEL_COLUMNS = ['label', 'labels'];
const NAME_COLUMN = 'class';
/** The key that class names are written under, as JSON. */
export const CLASSES_KEY = 'classes';

/** Reads labels, and class names if they are not written with the file. FORMAT_INVALID where they contradict each other. */
export async function readClassColumns(table: Table): Promise<ClassColumns> {
  const label = LABEL_COLUMNS.find((column) => table.columns.includes(column));
  const name = table.columns.includes(NAME_COLUMN) ? NAME_COLUMN : undefined;
  const columns = [label, name].filter((column) => column !== undefined);
  const written = writtenClasses(table);
  const labels = label === undefined ? undefined : await table.read(label);
  if (labels && !labels.strings) {
    if (written || name === undefined) return { labels, classes: written, columns };
    const { strings } = await table.read(name);
    return { labels, classes: strings && namesByLabel(labels.data, strings, table.name), columns };
  }
  const strings = labels?.strings ?? (name === undefined ? undefined : (await table.read(name)).strings);
  if (!strings) return { classes: written, columns: [] };
  const classes = written ?? [...new Set(strings)].sort();
  const numbers = new Map(classes.map((one, k) => [one, k]));
  const data = Int32Array.from(strings, (one) => numbers.get(one) ?? -1);
  const unknown = data.indexOf(-1);
  if (unknown >= 0) {
    throw invalid(
      table.name,
      `row ${unknown} is of class ${strings[unknown]}, which is none of its classes: ${listNames(classes)}`,
    );
  }
  return { labels: { dtype: '<i4', shape: [data.length], data }, classes, columns };
}

function writtenClasses(table: Table): string[] | undefined {
  const text = table.metadata.get(CLASSES_KEY);
  if (text === undefined) return undefined;
  let classes: unknown;
  try {
    classes = JSON.parse(text);
  } catch {
    classes = undefined;
  }
  if (Array.isArray(classes) && classes.every((name) => typeof name === 'string')) return classes;
  throw invalid(
    table.name,
    `what is written under its key ${CLASSES_KEY} is not the class names as a JSON array: ${text.slice(0, 60)}`,
  );
}

/** Class k is what rows of label k are called; undefined where a class below the highest has no row to name it. */
function namesByLabel(
  labels: ArrayLike<number | bigint>,
  strings: readonly string[],
  file: string,
): string[] | undefined {
  const names: string[] = [];
  for (let i = 0; i < labels.length; i++) {
    const k = Number(labels[i]);
    // What is no label is refused where labels are read.
    if (!(Number.isSafeInteger(k) && k >= 0 && k < labels.length)) return undefined;
    names[k] ??= strings[i];
    if (names[k] === strings[i]) continue;
    throw invalid(file, `label ${k} is called ${names[k]} and, in row ${i}, ${strings[i]}`);
  }
  return Array.from(names, (name) => name).includes(undefined as never) ? undefined : names;
}
