/** Writes the arrays of a feature set in the format that the file's name says. */
import { platform } from '#platform';
import { type ArrayFormat, formatOfName } from '../array/array-format.js';
import { TailorError } from '../array/errors.js';
import type { NpyContent } from '../array/npy.js';
import { writeNpz } from '../array/npz.js';
import type { TableColumn } from '../array/parquet/write-table.js';
import { writeSafetensors } from '../array/safetensors.js';

type Arrays = Readonly<Record<string, NpyContent>>;

/** Endings of the files that features are written to and read from. */
export const FEATURE_ENDINGS: readonly string[] = ['.npz', '.safetensors', '.parquet'];

const WRITERS: Readonly<
  Record<ArrayFormat, (path: string, arrays: Arrays, options: { overwrite?: boolean }) => Promise<void>>
> = {
  npz: writeNpz,
  safetensors: (path, arrays, options) => writeSafetensors(path, withWideLabels(arrays), options),
  parquet: writeParquet,
};

/**
 * Writes `features`, `labels`, `logits`, `classes`, `origin` and kept inputs.
 * @throws FORMAT_UNSUPPORTED (another ending), FILE_EXISTS unless `overwrite`, FILE_UNWRITABLE.
 */
export async function writeArrays(
  path: string,
  arrays: Arrays,
  options: { overwrite?: boolean } = {},
): Promise<void> {
  const format = formatOfName(path);
  if (format) return WRITERS[format](path, arrays, options);
  throw new TailorError(
    'FORMAT_UNSUPPORTED',
    `Writing features to ${path}: the name says no format that is written here; let it end in ${FEATURE_ENDINGS.join(', ')}.`,
  );
}

/** int64, as PyTorch has labels. */
function withWideLabels(arrays: Arrays): Arrays {
  const { labels } = arrays;
  if (!labels || 'strings' in labels) return arrays;
  return { ...arrays, labels: { shape: labels.shape, data: BigInt64Array.from(labels.data, BigInt) } };
}

/** A row per sample: lists `features` and `logits`, `label` and the name of its `class`; kept inputs are no rows and left out. */
async function writeParquet(path: string, arrays: Arrays, options: { overwrite?: boolean }): Promise<void> {
  const { tableChunks } = await import('../array/parquet/write-table.js');
  const lists = ['features', 'logits'].flatMap((name) => {
    const array = arrays[name];
    return array && 'data' in array ? [{ name, data: array.data as Float32Array, shape: array.shape }] : [];
  });
  const labels = arrays.labels && 'data' in arrays.labels ? (arrays.labels.data as Int32Array) : undefined;
  const classes = stringsOf(arrays.classes);
  const origin = stringsOf(arrays.origin)?.[0];
  const columns: TableColumn[] = lists.map(({ name, data, shape }) => ({
    ...{ kind: 'list', name, data, width: shape[1] },
  }));
  if (labels) columns.push({ kind: 'int32', name: 'label', data: labels });
  if (labels && classes) {
    columns.push({ kind: 'text', name: 'class', data: Array.from(labels, (label) => classes[label]) });
  }
  const metadata = {
    ...(classes && { classes: JSON.stringify(classes) }),
    ...(origin !== undefined && { origin }),
  };
  await platform.writeFile(path, tableChunks(columns, lists[0].shape[0], metadata), options);
}

const stringsOf = (array: NpyContent | undefined) =>
  array && 'strings' in array ? array.strings : undefined;
