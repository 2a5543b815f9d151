/** The largest cosine similarity of two samples of different classes, what theorem 1 puts a bound on. */
import { throwIfAborted } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import { denseData, matrix } from '../array/matrix.js';
import { shuffleKey } from '../array/random.js';
import { headLogits } from '../compute/head-logits.js';
import { largestOf } from '../evaluation/softmax.js';
import type { FeatureSet } from '../features/feature-set.js';
import { GraphBuilder } from '../onnx/build.js';
import { openSession } from '../runtime/session.js';
import type { PassOptions } from './agreement.js';

/** Up to so many samples all pairs are looked at, 34 million; of more samples so many are drawn. */
export const MOST_PAIR_SAMPLES = 8192;

/** Cosines of one run: 32 MB of float32. */
const CHUNK_NUMBERS = 2 ** 23;

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
  sets: readonly FeatureSet[],
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
  const chosen = choose(sets, total, Math.min(limit, MOST_PAIR_SAMPLES), seed);
  const level = await levelsOf(chosen, levels, head, { signal, ...where });
  const units = unitRows(chosen);
  // The last level is that of all samples.
  const best = Array.from({ length: levels.length + 1 }, () => ({
    cosine: Number.NEGATIVE_INFINITY,
    i: 0,
    j: 0,
  }));
  const n = chosen.labels.length;
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
        const row = (i - from) * (n - from) - from;
        for (let j = i + 1; j < n; j++) {
          if (chosen.labels[i] === chosen.labels[j]) continue;
          const found = best[Math.max(level[i], level[j])];
          if (cosines[row + j] > found.cosine) Object.assign(found, { cosine: cosines[row + j], i, j });
        }
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
    pairs: total > limit || total > MOST_PAIR_SAMPLES ? 'sampled' : 'all',
    samples: Math.min(total, limit, MOST_PAIR_SAMPLES),
  };
}

/** Samples that are looked at, without those that are zero. */
interface Chosen {
  readonly dimensions: number;
  readonly features: Float32Array;
  readonly norms: Float64Array;
  readonly labels: Int32Array;
}

/** The samples with the lowest keys, in their own order. */
function choose(sets: readonly FeatureSet[], total: number, limit: number, seed: number): Chosen {
  const indices = Uint32Array.from({ length: total }, (_, i) => i);
  const drawn =
    total <= limit
      ? indices
      : indices
          .sort((a, b) => shuffleKey(seed, a) - shuffleKey(seed, b))
          .slice(0, limit)
          .sort();
  const dimensions = sets[0].dimensions;
  const features = new Float32Array(drawn.length * dimensions);
  const norms: number[] = [];
  const labels: number[] = [];
  let offset = 0;
  let at = 0;
  for (const set of sets) {
    const rows = denseData(set.features);
    for (; at < drawn.length && drawn[at] < offset + set.samples; at++) {
      const row = drawn[at] - offset;
      const feature = rows.subarray(row * dimensions, (row + 1) * dimensions);
      let square = 0;
      for (const x of feature) square += x * x;
      if (square === 0) continue;
      features.set(feature, labels.length * dimensions);
      norms.push(Math.sqrt(square));
      labels.push(set.labels![row]);
    }
    offset += set.samples;
  }
  const kept = features.subarray(0, labels.length * dimensions);
  return { dimensions, features: kept, norms: Float64Array.from(norms), labels: Int32Array.from(labels) };
}

/** The first level of each sample; levels.length for one of none. */
async function levelsOf(
  { features, dimensions, norms, labels }: Chosen,
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
    let others = 0;
    let own = 0;
    for (let k = 0; k < classes; k++) {
      const share = Math.exp(data[i * classes + k] - largest);
      if (k === labels[i]) own = share;
      else others += share;
    }
    const doubt = others / (others + own);
    const first = levels.findIndex(({ epsilon, length }) => doubt <= epsilon && norms[i] <= length);
    if (first >= 0) result[i] = first;
  }
  return result;
}

function unitRows({ features, norms, dimensions }: Chosen): Float32Array {
  return features.map((x, at) => x / norms[Math.floor(at / dimensions)]);
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

function exactCosine({ features, norms, dimensions }: Chosen, i: number, j: number): number {
  let sum = 0;
  for (let d = 0; d < dimensions; d++) sum += features[i * dimensions + d] * features[j * dimensions + d];
  return Math.min(1, Math.max(-1, sum / norms[i] / norms[j]));
}

function largestKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? Math.max(...known) : null;
}
