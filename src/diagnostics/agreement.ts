/**
 * NC4 (Papyan, Han & Donoho 2020): the share of samples for which the head's answer is not the class with the nearest mean.
 *
 * The nearest mean is argmin_k ‖f − μ_k‖ = argmax_k μ_k·f − ‖μ_k‖²/2: one product in float32 by onnxruntime, with f and μ_k taken
 * from the mean of all so that little cancels. Where the products of several classes are as near as rounding can make
 * them, these are computed again in float64, so that the answer is the exact one.
 */
import { throwIfAborted } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import { denseData, type Matrix, matrix } from '../array/matrix.js';
import { headLogits } from '../compute/head-logits.js';
import { argmaxRow } from '../evaluation/argmax.js';
import type { FeatureSet } from '../features/feature-set.js';
import { GraphBuilder } from '../onnx/build.js';
import { openSession, type SessionOptions } from '../runtime/session.js';
import { centredRows } from './collapse.js';
import { centreOf, type FeatureStatistics } from './statistics.js';

/** Features and scores of one run: 16 MB of float32. */
const CHUNK_NUMBERS = 2 ** 22;

/** Half a unit in the last place of 1 in float32. */
const ROUNDING = 2 ** -24;

/** Options of a pass over features. */
export interface PassOptions extends SessionOptions {
  /** Stops between chunks with ABORTED. */
  readonly signal?: AbortSignal;
  /** Called with the number of samples that were done since the last call. */
  readonly onSamples?: (samples: number) => void;
}

/**
 * NC4 over all samples of `sets`, 0 … 1; of the head's answers, or without a head of the logits in the sets, which must then be
 * there. `statistics` are those of the sets. Of equal logits or distances the lowest class is taken.
 */
export async function nearestMeanDisagreement(
  sets: readonly FeatureSet[],
  statistics: FeatureStatistics,
  head: LinearHead | undefined,
  { signal, onSamples, ...where }: PassOptions = {},
): Promise<number> {
  const nearest = await openNearestMean(statistics, where);
  let different = 0;
  let samples = 0;
  try {
    for (const set of sets) {
      const rows = denseData(set.features);
      const dimensions = set.dimensions;
      for (let from = 0; from < set.samples; from += nearest.chunk) {
        throwIfAborted(signal, 'comparing the head with the nearest class means');
        const count = Math.min(nearest.chunk, set.samples - from);
        const features = matrix(
          rows.subarray(from * dimensions, (from + count) * dimensions),
          count,
          dimensions,
        );
        const logits = head ? await headLogits(head, features, where) : logitsOf(set, from, count);
        const means = await nearest.classes(features);
        const data = denseData(logits);
        const width = logits.shape[1];
        for (let i = 0; i < count; i++) if (argmaxRow(data, i * width, width) !== means[i]) different++;
        samples += count;
        onSamples?.(count);
      }
    }
  } finally {
    await nearest.release();
  }
  return different / samples;
}

function logitsOf(set: FeatureSet, from: number, count: number): Matrix {
  const [, classes] = set.logits!.shape;
  return matrix(denseData(set.logits!).subarray(from * classes, (from + count) * classes), count, classes);
}

/** Finds nearest class means. */
interface NearestMean {
  /** Most samples that `classes` takes at once. */
  readonly chunk: number;
  /** The class of each sample. */
  classes(features: Matrix<Float32Array>): Promise<Int32Array>;
  release(): Promise<void>;
}

/** Class means to compare with, from the centre c: rows μ_k − c. */
interface CentredMeans {
  /** Classes that have samples, ascending, [C']. */
  readonly present: readonly number[];
  readonly centre: Float64Array;
  /** Row-major [C', D]. */
  readonly rows: Float64Array;
  /** ‖μ_k − c‖²/2, [C']. */
  readonly halfSquares: Float64Array;
}

async function openNearestMean(statistics: FeatureStatistics, where: SessionOptions): Promise<NearestMean> {
  const { dimensions, counts, means } = statistics;
  const present = [...counts.keys()].filter((k) => counts[k] > 0);
  // As float32: what the graph takes off is then known exactly.
  const centre = Float64Array.from(Float32Array.from(centreOf(statistics, 'classes')));
  const rows = centredRows(means, dimensions, present, centre);
  const halfSquares = Float64Array.from(
    present,
    (_, i) => dot(rows, i * dimensions, rows, i * dimensions, dimensions) / 2,
  );
  const centred = { present, centre, rows, halfSquares };
  const session = await openSession(scoreModel(centred, dimensions), where);
  const radius = Math.sqrt(2 * halfSquares.reduce((a, b) => Math.max(a, b), 0));
  return {
    chunk: Math.max(1, Math.floor(CHUNK_NUMBERS / (dimensions + present.length))),
    async classes(features) {
      const count = features.shape[0];
      const data = denseData(features);
      const { scores, squares } = await session.run({ f: { data, dims: [count, dimensions] } });
      const result = new Int32Array(count);
      for (let i = 0; i < count; i++) {
        const length = Math.sqrt((squares.data as Float32Array)[i]);
        // Twice the most that a score can be off: rounded means and features, D products and sums, one addition.
        const slack = 2.1 * (dimensions + 8) * ROUNDING * radius * (length + radius);
        result[i] = present[nearestOf(centred, scores.data as Float32Array, i, data, slack)];
      }
      return result;
    },
    release: () => session.release(),
  };
}

function scoreModel({ centre, rows, halfSquares, present }: CentredMeans, dimensions: number): Uint8Array {
  const g = new GraphBuilder();
  const f = g.input('f', 'float32', ['n', dimensions]);
  const fromCentre = g.sub(f, g.constant(Float32Array.from(centre), [dimensions]));
  const means = g.constant(Float32Array.from(rows), [present.length, dimensions]);
  const offset = g.constant(
    Float32Array.from(halfSquares, (x) => -x),
    [present.length],
  );
  g.output(g.gemm(fromCentre, means, offset, { transB: 1 }), 'scores', 'float32', ['n', present.length]);
  g.output(g.reduceSum(g.mul(fromCentre, fromCentre), [1], 0), 'squares', 'float32', ['n']);
  return g.build();
}

/** Which of the means (its place among those present) is nearest to sample i. */
function nearestOf(
  { centre, rows, halfSquares }: CentredMeans,
  scores: Float32Array,
  i: number,
  features: Float32Array,
  slack: number,
): number {
  const classes = halfSquares.length;
  const from = i * classes;
  const first = argmaxRow(scores, from, classes);
  const least = scores[from + first] - slack;
  let best = first;
  let bestScore = Number.NEGATIVE_INFINITY;
  let near = 0;
  for (let k = 0; k < classes; k++) if (scores[from + k] >= least) near++;
  if (near < 2) return first;
  const dimensions = centre.length;
  const feature = new Float64Array(dimensions);
  for (let d = 0; d < dimensions; d++) feature[d] = features[i * dimensions + d] - centre[d];
  for (let k = 0; k < classes; k++) {
    if (scores[from + k] < least) continue;
    const score = dot(rows, k * dimensions, feature, 0, dimensions) - halfSquares[k];
    if (score <= bestScore) continue;
    bestScore = score;
    best = k;
  }
  return best;
}

function dot(a: Float64Array, p: number, b: Float64Array, q: number, length: number): number {
  let sum = 0;
  for (let d = 0; d < length; d++) sum += a[p + d] * b[q + d];
  return sum;
}
