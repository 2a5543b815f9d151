/** Statistics of features: read once for means and norms, and once in chunks for the scatter about those means. */
import { assertLabels } from '../array/class-counts.js';
import { TailorError, throwIfAborted } from '../array/errors.js';
import { headShape, type LinearHead } from '../array/linear-head.js';
import { assertFiniteRows, denseData, type FloatArray, type Matrix } from '../array/matrix.js';
import { type ScatterSum, scatterSum } from '../compute/scatter.js';
import type { FeatureChunk } from '../features/feature-stream.js';
import { type Progress, startProgress } from '../features/progress.js';
import type { SessionOptions } from '../runtime/session.js';
import { headFingerprint, tallyHead } from './head-statistics.js';
import { binOf, NORM_BINS } from './log-histogram.js';
import { mergeStatistics } from './merge-statistics.js';
import { emptyStatistics, type FeatureStatistics } from './statistics.js';

const DOING = 'Collecting statistics of features';

/** What `collectStatistics` and `collectChunks` share. */
interface CommonOptions extends SessionOptions {
  /** C. */
  readonly classes: number;
  /** A head [C, D], for HeadStatistics. */
  readonly head?: LinearHead;
  /** Samples in one product; default: as many as fit into 64 MB in float64. */
  readonly chunk?: number;
  /** Stops between chunks with ABORTED. */
  readonly signal?: AbortSignal;
}

/** Options of `collectStatistics`. The device is cpu unless another is named. */
export interface CollectOptions extends CommonOptions {
  /** Logits [N, C] of the head, where they are known; without a head they stand for themselves. */
  readonly logits?: Matrix;
  /** Shape [N], filled with the class of the largest logit of each sample, where there is a head or logits. */
  readonly answers?: Int32Array;
  /** Called before the first chunk, after each, and at the end: samples done. */
  readonly onProgress?: (progress: Progress) => void;
}

/** Options of `collectChunks`. */
export interface CollectChunksOptions extends CommonOptions {
  /** D: what the statistics of no chunk at all have. */
  readonly dimensions: number;
  /** After each chunk: samples so far. */
  readonly onProgress?: (samples: number) => void;
}

/**
 * The statistics of features [N, D] with labels [N]. A class may have no sample, and N may be 0.
 *
 * Throws INVALID_ARGUMENT (sizes), SHAPE_MISMATCH, LABELS_INVALID, NOT_FINITE naming sample and dimension,
 * DEVICE_UNAVAILABLE, LIMIT_EXCEEDED (no room for D × D numbers), ABORTED.
 */
export async function collectStatistics(
  features: Matrix,
  labels: ArrayLike<number>,
  { classes, head, logits, answers, chunk, signal, onProgress, ...where }: CollectOptions,
): Promise<FeatureStatistics> {
  const [samples, dimensions] = features.shape;
  assertChunk(chunk);
  const result = emptyStatistics(classes, dimensions, await headOf(head, logits));
  assertSizes(features, labels, { classes, head, logits });
  const rows = denseData(features);
  const progress = startProgress(samples);
  onProgress?.(progress(0));
  throwIfAborted(signal, 'collecting statistics');
  const normMax = sweep(result, rows, labels, features);
  const scatter = scatterSum(dimensions, samples, { chunk, ...where });
  try {
    for (let from = 0; from < samples; from += scatter.capacity) {
      throwIfAborted(signal, 'collecting statistics');
      const count = Math.min(scatter.capacity, samples - from);
      centreInto(scatter, result, rows, labels, from, count);
      await scatter.add(count);
      // The head's part comes behind: the end is told when all is done.
      if (from + count < samples) onProgress?.(progress(from + count));
    }
  } finally {
    await scatter.release();
  }
  const tally =
    result.head &&
    (await tallyHead(result.head, { features, labels, head, logits, answers, signal, ...where }));
  if (samples > 0) onProgress?.(progress(samples));
  return { ...result, normMax, scatter: scatter.total(), head: tally };
}

/**
 * The same over a stream of chunks, each collected and merged: memory O(D² + CD) and one chunk, however many samples there
 * are. Chunks of several times C samples keep the cost of merging small.
 *
 * Throws as `collectStatistics` and `mergeStatistics` do (INVALID_ARGUMENT, SHAPE_MISMATCH, LABELS_INVALID, NOT_FINITE, ABORTED …);
 * samples are counted within their chunk.
 */
export async function collectChunks(
  chunks: Iterable<FeatureChunk> | AsyncIterable<FeatureChunk>,
  { dimensions, onProgress, ...options }: CollectChunksOptions,
): Promise<FeatureStatistics> {
  const { classes, head, device, threads } = options;
  let total = emptyStatistics(classes, dimensions, await headOf(head, undefined));
  let samples = 0;
  for await (const { features, labels, logits } of chunks) {
    const part = await collectStatistics(features, labels, { ...options, logits });
    // Without a head, the first chunk tells whether there are logits.
    if (samples === 0 && part.head) total = { ...total, head: total.head ?? emptyHead(part) };
    total = await mergeStatistics(total, part, { device, threads });
    samples += labels.length;
    onProgress?.(samples);
  }
  return total;
}

function emptyHead({ classes, dimensions, head }: FeatureStatistics) {
  return emptyStatistics(classes, dimensions, head).head;
}

async function headOf(head: LinearHead | undefined, logits: Matrix | undefined) {
  if (head) return { fingerprint: await headFingerprint(head) };
  return logits && { fingerprint: '' };
}

function assertChunk(chunk: number | undefined): void {
  if (chunk === undefined || (Number.isInteger(chunk) && chunk >= 1)) return;
  throw new TailorError(
    'INVALID_ARGUMENT',
    `${DOING}: the chunk is ${chunk}; a whole number of samples of at least 1 is needed.`,
  );
}

function assertSizes(
  features: Matrix,
  labels: ArrayLike<number>,
  { classes, head, logits }: Pick<CollectOptions, 'classes' | 'head' | 'logits'>,
): void {
  const [samples, dimensions] = features.shape;
  if (labels.length !== samples) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${DOING}: ${samples} samples, but ${labels.length} labels; one each is needed.`,
    );
  }
  assertLabels(labels, classes, DOING);
  if (head) {
    const [c, d] = headShape(head);
    if (c !== classes || d !== dimensions) {
      throw new TailorError(
        'SHAPE_MISMATCH',
        `${DOING}: the head has ${c} classes × ${d} dimensions, the features have ${classes} × ${dimensions}.`,
      );
    }
  }
  if (logits && !(logits.shape[0] === samples && logits.shape[1] === classes)) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${DOING}: the logits are [${logits.shape.join(', ')}]; [${samples}, ${classes}] is needed.`,
    );
  }
}

/**
 * Fills everything but scatter and head; the largest norm. Means are taken of the differences from the first sample of the
 * class: of values far from 0 that hardly differ, no digit of the difference is lost, and equal values have their own value
 * as their mean exactly.
 */
function sweep(
  result: FeatureStatistics,
  rows: FloatArray,
  labels: ArrayLike<number>,
  features: Matrix,
): number {
  const { dimensions, counts, means, unitSums, unitCounts, normSums, normSquareSums } = result;
  const { normHistogram, sparsitySums, minimum, maximum } = result;
  const sums = new Float64Array(means.length);
  const [rootD, spread] = [Math.sqrt(dimensions), Math.sqrt(dimensions) - 1];
  let normMax = 0;
  for (let i = 0; i < labels.length; i++) {
    const k = labels[i];
    const at = i * dimensions;
    const to = k * dimensions;
    const [squares, sizes] = sumSquaresAndSizes(rows, at, dimensions);
    // NaN and infinity show in the sum of squares; only then is the number looked for.
    if (!Number.isFinite(squares)) assertFiniteRows(features, DOING, 'feature', 'dimension');
    const norm = Math.sqrt(squares);
    counts[k]++;
    normSums[k] += norm;
    normSquareSums[k] += squares;
    normHistogram[binOf(NORM_BINS, norm)]++;
    if (norm > normMax) normMax = norm;
    if (norm > 0) {
      unitCounts[k]++;
      if (spread > 0) sparsitySums[k] += (rootD - sizes / norm) / spread;
    }
    if (counts[k] === 1) for (let d = 0; d < dimensions; d++) means[to + d] = rows[at + d];
    const unit = norm > 0 ? 1 / norm : 0;
    for (let d = 0; d < dimensions; d++) {
      const value = rows[at + d];
      sums[to + d] += value - means[to + d];
      unitSums[to + d] += value * unit;
      if (value < minimum[d]) minimum[d] = value;
      if (value > maximum[d]) maximum[d] = value;
    }
  }
  for (let at = 0; at < means.length; at++) {
    const count = counts[Math.floor(at / dimensions)];
    if (count > 1) means[at] += sums[at] / count;
  }
  return normMax;
}

/** Σ v² and Σ |v| of `length` numbers, in two sums each: they do not wait for one another, and round less. */
function sumSquaresAndSizes(
  rows: FloatArray,
  from: number,
  length: number,
): [squares: number, sizes: number] {
  let [squares, sizes, otherSquares, otherSizes] = [0, 0, 0, 0];
  const even = from + length - (length % 2);
  for (let at = from; at < even; at += 2) {
    const [a, b] = [rows[at], rows[at + 1]];
    squares += a * a;
    sizes += Math.abs(a);
    otherSquares += b * b;
    otherSizes += Math.abs(b);
  }
  if (even < from + length) {
    squares += rows[even] * rows[even];
    sizes += Math.abs(rows[even]);
  }
  return [squares + otherSquares, sizes + otherSizes];
}

/** f_i − μ_{y_i} of `count` samples into the blocks of the product. */
function centreInto(
  { blocks }: ScatterSum,
  { means, dimensions }: FeatureStatistics,
  rows: FloatArray,
  labels: ArrayLike<number>,
  start: number,
  count: number,
): void {
  for (const { from, width, data } of blocks) {
    for (let r = 0; r < count; r++) {
      const row = (start + r) * dimensions + from;
      const mean = labels[start + r] * dimensions + from;
      const to = r * width;
      for (let d = 0; d < width; d++) data[to + d] = rows[row + d] - means[mean + d];
    }
  }
}
