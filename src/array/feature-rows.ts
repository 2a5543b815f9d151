/** Features by rows, in memory or in a file that is read as they are asked for: what fits go over. */
import { allocate } from './allocate.js';
import { throwIfAborted } from './errors.js';
import { assertFiniteRows, denseData, type Matrix, matrix } from './matrix.js';

/** Numbers of a piece where nothing else is said: 128 MB of float32. */
const PIECE_NUMBERS = 2 ** 25;

/** Numbers of a read: 4 MB. */
export const READ_NUMBERS = 2 ** 20;

/** Reads at a time: as many as Node has threads for files. */
export const READS = 4;

/** Features [N, D] that are read by rows. */
export interface FeatureRows {
  /** N. */
  readonly samples: number;
  /** D. */
  readonly dimensions: number;
  /** Numbers to be held at a time, where they are not held anyway: more take memory, less take time. Default 2²⁵, 128 MB. */
  readonly pieceNumbers?: number;
  /** All of them, row-major, where they are in memory. Not to be written to. */
  readonly held?: Float32Array;
  /**
   * Rows `from` … `from + count` − 1, row-major [count, D]. Not to be written to. May be called again before it has answered.
   * Whether the numbers are finite was not looked at.
   */
  read(from: number, count: number): Float32Array | Promise<Float32Array>;
}

/** Features that are in memory, or not. */
export type Features = Matrix<Float32Array> | FeatureRows;

/** Either of them by rows. A matrix that is no view is not copied. */
export function featureRows(features: Features): FeatureRows {
  if (!('shape' in features)) return features;
  const [samples, dimensions] = features.shape;
  const held = denseData(features);
  return {
    ...{ samples, dimensions, held },
    read: (from, count) => held.subarray(from * dimensions, (from + count) * dimensions),
  };
}

/** Rows in a piece of which each takes `width` numbers (default D), at least 1. */
export function rowsPerPiece(
  { pieceNumbers = PIECE_NUMBERS, dimensions }: FeatureRows,
  width = dimensions,
): number {
  return Math.max(1, Math.floor(pieceNumbers / width));
}

/** Some rows in order. */
export interface RowChunk {
  /** Number of the first. */
  readonly from: number;
  readonly count: number;
  /** Row-major [count, D]. Not to be written to. */
  readonly data: Float32Array;
}

/** Options of `chunksOf`. */
export interface ChunksOptions {
  /** Beginning of messages: 'Fitting a head'. */
  readonly doing: string;
  /** Stops between chunks with ABORTED. */
  readonly signal?: AbortSignal;
}

/**
 * All rows in order, `rows` at a time. What is not in memory is checked (NOT_FINITE with sample and dimension), and read while the
 * chunk before is worked on. Throws what `read` throws.
 */
export async function* chunksOf(
  source: FeatureRows,
  rows: number,
  { doing, signal }: ChunksOptions,
): AsyncGenerator<RowChunk> {
  const { samples, dimensions, held } = source;
  const countAt = (from: number) => Math.min(rows, samples - from);
  const start = (from: number) => {
    if (from >= samples) return undefined;
    const reading = readAll(source, from, countAt(from));
    // It is seen when it is awaited; until then it is nobody's unhandled rejection.
    if (reading instanceof Promise) reading.catch(() => {});
    return reading;
  };
  let next = start(0);
  for (let from = 0; from < samples; from += rows) {
    throwIfAborted(signal, doing.charAt(0).toLowerCase() + doing.slice(1));
    const count = countAt(from);
    const data = (await next)!;
    next = start(from + rows);
    if (!held) assertFiniteRows(matrix(data, count, dimensions), doing, 'feature', 'dimension', from);
    yield { from, count, data };
  }
}

/** As `read`, many rows in several reads at a time: one alone waits for its memory and for the disk in turn. */
function readAll(source: FeatureRows, first: number, count: number): ReturnType<FeatureRows['read']> {
  const { dimensions, held } = source;
  const most = Math.max(1, Math.floor(READ_NUMBERS / dimensions));
  if (held || count <= most) return source.read(first, count);
  const all = allocate<Float32Array>(Float32Array, count * dimensions, 'Reading features');
  let next = 0;
  const readOn = async () => {
    while (next < count) {
      const from = next;
      next += most;
      all.set(await source.read(first + from, Math.min(most, count - from)), from * dimensions);
    }
  };
  return Promise.all(Array.from({ length: READS }, readOn)).then(() => all);
}

/** Looks at every number of what is not in memory: NOT_FINITE, or what reading throws, before work that takes long. */
export async function assertFiniteFeatures(source: FeatureRows, options: ChunksOptions): Promise<void> {
  if (source.held) return;
  for await (const _ of chunksOf(source, rowsPerPiece(source), options));
}
