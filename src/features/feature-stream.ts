/** Feature files read piece by piece: sets that are larger than memory. */
import { type ArrayFile, listOf } from '../array/array-file.js';
import { assertLabels } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import type { FeatureRows } from '../array/feature-rows.js';
import { type FloatArray, type Matrix, matrix } from '../array/matrix.js';
import { type NumericArray, toFloat32, toLabels } from '../array/npy.js';
import type { NpyRows } from '../array/npy-rows.js';
import { readClasses } from '../data/read-classes.js';
import { openFeatureArrays } from './feature-arrays.js';
import { rowsOf } from './read-features.js';

/** Numbers of features in a chunk: 128 MB of float32. */
const CHUNK_NUMBERS = 2 ** 25;

/** Some samples of a larger set. */
export interface FeatureChunk<T extends FloatArray = FloatArray> {
  /** [n, D]. */
  readonly features: Matrix<T>;
  /** [n], 0 … C−1. */
  readonly labels: ArrayLike<number>;
  /** Shape [n, C], in every chunk or in none. */
  readonly logits?: Matrix;
}

/** A feature file that is open. */
export interface FeatureStream {
  /** For messages: the path. */
  readonly name: string;
  /** N. */
  readonly samples: number;
  /** D. */
  readonly dimensions: number;
  /** C: width of the logits, number of names, or highest label + 1, whichever is known first. */
  readonly classCount: number;
  /** Class names in class order. */
  readonly classes?: readonly string[];
  /** [N]. */
  readonly labels: Int32Array;
  /** Columns of the logits; 0, or left out, where there are none. */
  readonly logitWidth?: number;
  /** [N, D], read by rows as they are asked for: what `fit` takes batches from. */
  readonly features: FeatureRows;
  /**
   * The samples in order, `rows` at a time; default: as many as fit into 128 MB. May be asked for more than once.
   * INVALID_ARGUMENT for fewer than 1.
   */
  chunks(rows?: number): AsyncGenerator<FeatureChunk<Float32Array>>;
}

/**
 * Opens a feature file or store (as `readFeatures`) with labels. Only the labels are held; features and logits of a store, of
 * safetensors and Parquet, and of an .npz that is not compressed, are read as they are asked for.
 *
 * Throws FILE_NOT_FOUND, FORMAT_INVALID (damaged, no features), LABELS_INVALID (none, or out of range), SHAPE_MISMATCH.
 */
export async function openFeatureStream(source: string | Uint8Array, name?: string): Promise<FeatureStream> {
  return featureStreamOf(await openFeatureArrays(source, name));
}

/** The same of what is open already. */
export async function featureStreamOf(npz: ArrayFile): Promise<FeatureStream> {
  const doing = `Reading features from ${npz.name}`;
  for (const array of ['features', 'labels']) {
    if (npz.has(array)) continue;
    throw new TailorError(
      array === 'labels' ? 'LABELS_INVALID' : 'FORMAT_INVALID',
      `${doing}: there is no array "${array}"; it holds ${listOf(npz.names)}. Make the file with extract.`,
    );
  }
  const labels = toLabels(await npz.read('labels'), `labels of ${npz.name}`);
  const features = await openMatrix(npz, 'features', labels.length);
  const logits = npz.has('logits') ? await openMatrix(npz, 'logits', labels.length) : undefined;
  const classes = await readClasses(npz);
  let highest = -1;
  for (const label of labels) if (label > highest) highest = label;
  const classCount = logits?.columns ?? classes?.length ?? highest + 1;
  if (classes && classes.length !== classCount) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: there are ${classCount} classes, but ${classes.length} class names; one per class is needed.`,
    );
  }
  assertLabels(labels, classCount, doing);
  const dimensions = features.columns;
  return {
    name: npz.name,
    samples: labels.length,
    dimensions,
    classCount,
    classes,
    labels,
    logitWidth: logits?.columns ?? 0,
    features: { samples: labels.length, dimensions, read: features.read },
    async *chunks(rows = Math.max(1, Math.floor(CHUNK_NUMBERS / dimensions))) {
      if (!(Number.isSafeInteger(rows) && rows >= 1)) {
        throw new TailorError('INVALID_ARGUMENT', `${doing}: chunks of ${rows} samples; give at least 1.`);
      }
      for (let from = 0; from < labels.length; from += rows) {
        const count = Math.min(rows, labels.length - from);
        yield {
          features: matrix(await features.read(from, count), count, dimensions),
          labels: labels.subarray(from, from + count),
          logits: logits && matrix(await logits.read(from, count), count, logits.columns),
        };
      }
    },
  };
}

interface RowReader {
  readonly columns: number;
  /** Row-major [count, columns]. */
  read(from: number, count: number): Promise<Float32Array>;
}

async function openMatrix(npz: ArrayFile, array: string, samples: number): Promise<RowReader> {
  const rows: NpyRows = await npz.rows(array);
  const [found, columns] = rowsOf(rows.shape) ?? [];
  if (columns === undefined || found !== samples) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `Reading ${array} of ${npz.name}: the shape is [${rows.shape.join(', ')}]; [samples, ${array === 'features' ? 'dimensions' : 'classes'}] ` +
        `with the ${samples} samples of the labels is needed.`,
    );
  }
  return {
    columns,
    async read(from, count) {
      const data: NumericArray = await rows.read(from, count);
      return toFloat32({ dtype: rows.dtype, shape: [count, columns], data }, `${array} of ${npz.name}`);
    },
  };
}
