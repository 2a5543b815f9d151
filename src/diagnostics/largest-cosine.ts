/** The largest cosine similarity of two samples of different classes, what theorem 1 puts a bound on. */
import { throwIfAborted } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import { denseData, matrix } from '../array/matrix.js';
import { headLogits } from '../compute/head-logits.js';
import { largestOf } from '../evaluation/softmax.js';
import { GraphBuilder } from '../onnx/build.js';
import { openSession } from '../runtime/session.js';
import type { Diagnosable } from './diagnosed-rows.js';
import { doubtOf } from './head-statistics.js';
import { drawSamples, type PairSamples, unitRows } from './pair-samples.js';
import type { PassOptions } from './pass-options.js';

/** Up to so many samples all pairs are looked at, 34 million; of more samples so many are drawn. */
export const MOST_PAIR_SAMPLES = 8192;

/** Cosines of one run: 4 MB of float32, which stay in the cache until they are read. */
const CHUNK_NUMBERS = 2 ** 20;

/** A sample belongs to a level when 1 − p_y ≤ epsilon and ‖f‖ ≤ length. Each level has the samples of the one before. */
export interface CosineLevel {
  readonly epsilon: number;
  readonly length: number;
}

/** What was found. */
export interface LargestCosines {
  /** Over all pairs that were looked at; null where no two classes have a feature that is not zero. */
  readonly all: number | null;
  /** Over the pairs of samples of each level. */
  readonly byLevel: (number | null)[];
  readonly pairs: 'all' | 'sampled';
  /** Samples that were looked at. */
  readonly samples: number;
}

/** Options of `largestCosines`. */
export interface LargestCosineOptions extends PassOptions {
  /** With `head`: levels, each at least as wide as the one before. */
  readonly levels?: readonly CosineLevel[];
  /** Whose probabilities the levels speak of. */
  readonly head?: LinearHead;
  /** Most samples that are looked at, 1 … 8192. Default 8192. */
  readonly limit?: number;
  /** Which samples are drawn where there are more; a whole number, default 0. */
  readonly seed?: number;
}

/**
 * The largest cosines over pairs of samples of different classes. Products in float32 by onnxruntime, in chunks; the cosine of
 * the pair that was found is computed in float64 (another pair may be larger by 10⁻⁷). Features that are zero have none.
 */
export async function largestCosines(
  sets: readonly Diagnosable[],
  {
    levels = [],
    head,
    limit = MOST_PAIR_SAMPLES,
    seed = 0,
    signal,
    onSamples,
    ...where
  }: LargestCosineOptions = {},
): Promise<LargestCosines> {
  const total = sets.reduce((sum, set) => sum + set.samples, 0);
  const most = Math.min(limit, MOST_PAIR_SAMPLES);
  const chosen = await drawSamples(sets, most, seed);
  const level = await levelsOf(chosen, levels, head, { signal, ...where });
  const units = unitRows(chosen);
  // The last level is that of all samples.
  const best = Array.from({ length: levels.length + 1 }, () => NO_PAIR);
  const { labels } = chosen;
  const n = labels.length;
  const perRun = Math.max(1, Math.floor(CHUNK_NUMBERS / n));
  const session = await openSession(productModel(chosen.dimensions), where);
  try {
    for (let from = 0; from < n; from += perRun) {
      throwIfAborted(signal, 'comparing pairs of samples');
      const count = Math.min(perRun, n - from);
      const { product } = await session.run({
        a: { data: rowsOf(units, chosen.dimensions, from, count), dims: [count, chosen.dimensions] },
        b: { data: rowsOf(units, chosen.dimensions, from, n - from), dims: [n - from, chosen.dimensions] },
      });
      const cosines = product.data as Float32Array;
      for (let i = from; i < from + count; i++) {
        const row = (i - from) * (n - from);
        visitRow(cosines.subarray(row + i - from, row + n - from), i, labels, level, best);
      }
      onSamples?.(count);
    }
  } finally {
    await session.release();
  }
  const exact = best.map(({ cosine, i, j }) => (Number.isFinite(cosine) ? exactCosine(chosen, i, j) : null));
  const cumulative = exact.map((_, q) => largestKnown(exact.slice(0, q + 1)));
  return {
    all: cumulative[levels.length],
    byLevel: cumulative.slice(0, levels.length),
    pairs: total > most ? 'sampled' : 'all',
    samples: Math.min(total, most),
  };
}

/** The pair with the largest cosine so far. */
interface Pair {
  readonly cosine: number;
  readonly i: number;
  readonly j: number;
}

const NO_PAIR: Pair = { cosine: Number.NEGATIVE_INFINITY, i: 0, j: 0 };

/** The cosines of sample i with samples i, i + 1, …: better pairs go into `best`, one for each level. */
function visitRow(
  cosines: Float32Array,
  i: number,
  labels: Int32Array,
  level: Int32Array,
  best: Pair[],
): void {
  const lowest = () => best.reduce((least, { cosine }) => Math.min(least, cosine), Number.POSITIVE_INFINITY);
  // Most pairs are above no level's best, and are passed over without a look at what they are.
  let floor = lowest();
  for (let at = 1; at < cosines.length; at++) {
    const cosine = cosines[at];
    const j = i + at;
    if (cosine <= floor || labels[i] === labels[j]) continue;
    const own = Math.max(level[i], level[j]);
    if (cosine <= best[own].cosine) continue;
    best[own] = { cosine, i, j };
    floor = lowest();
  }
}

/** The first level of each sample; levels.length for one of none. */
async function levelsOf(
  { features, dimensions, norms, labels }: PairSamples,
  levels: readonly CosineLevel[],
  head: LinearHead | undefined,
  where: PassOptions,
): Promise<Int32Array> {
  const result = new Int32Array(labels.length).fill(levels.length);
  if (!head || levels.length === 0 || labels.length === 0) return result;
  const logits = await headLogits(head, matrix(features, labels.length, dimensions), where);
  const classes = logits.shape[1];
  const data = denseData(logits);
  for (let i = 0; i < labels.length; i++) {
    const largest = largestOf(data, i * classes, classes);
    const doubt = doubtOf(data, i * classes, classes, labels[i], largest);
    const first = levels.findIndex(({ epsilon, length }) => doubt <= epsilon && norms[i] <= length);
    if (first >= 0) result[i] = first;
  }
  return result;
}

function rowsOf(rows: Float32Array, width: number, from: number, count: number): Float32Array {
  return rows.subarray(from * width, (from + count) * width);
}

function productModel(dimensions: number): Uint8Array {
  const g = new GraphBuilder();
  const a = g.input('a', 'float32', ['m', dimensions]);
  const b = g.input('b', 'float32', ['n', dimensions]);
  g.output(g.gemm(a, b, undefined, { transB: 1 }), 'product', 'float32', ['m', 'n']);
  return g.build();
}

function exactCosine({ features, norms, dimensions }: PairSamples, i: number, j: number): number {
  let sum = 0;
  for (let d = 0; d < dimensions; d++) sum += features[i * dimensions + d] * features[j * dimensions + d];
  return Math.min(1, Math.max(-1, sum / norms[i] / norms[j]));
}

function largestKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? Math.max(...known) : null;
}
