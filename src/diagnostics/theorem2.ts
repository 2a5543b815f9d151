/**
 * Theorem 2 (Hasegawa & Sato 2024, section 5.1, proof A.3.2) as a diagnostic: weight balancing's second stage makes the head's
 * norms follow the norms of the class means, an implicit multiplicative logit adjustment.
 *
 * The objective is F(W) = (1/N) Σ_i (N̄/N_{y_i}) ℓ(W f_i, y_i) + (λ/2)‖W‖² with cross entropy ℓ, the training counts N_k, N = Σ N_k and
 * their harmonic mean N̄ = C / Σ_k 1/N_k. Where the class means sum to zero, W* with w*_k = (N̄/(λN)) μ_k is nearly
 * stationary. With ⟨·⟩_l the mean over the samples of class l and p the softmax of W f,
 *
 *     ∂F/∂w_k = (N̄/N) (Σ_l ⟨p_k f⟩_l − μ_k) + λ w_k:    at W* (N̄/N) Σ_l ⟨p_k f⟩_l,    at 0 (N̄/N) (μ − μ_k).
 */
import { prior } from '../array/class-counts.js';
import { throwIfAborted } from '../array/errors.js';
import { headShape, type LinearHead, rowNorms } from '../array/linear-head.js';
import { denseData } from '../array/matrix.js';
import { listNames } from '../array/text.js';
import type { FeatureSet } from '../features/feature-set.js';
import { GraphBuilder } from '../onnx/build.js';
import { openSession } from '../runtime/session.js';
import type { PassOptions } from './agreement.js';
import type { Theorem2Figures } from './diagnostics.js';
import type { Miss } from './missing.js';
import { norm } from './norms.js';
import { centreOf, type FeatureStatistics } from './statistics.js';

/** λ of weight balancing's published second stage (METHOD: weight decay 0.1 on the head). */
export const STAGE_TWO_WEIGHT_DECAY = 0.1;

/** Features and probabilities of one run: 16 MB of float32. */
const CHUNK_NUMBERS = 2 ** 22;

/** Norms whose logarithms differ by no more are the same, up to what float32 keeps. */
const SAME_NORM = 1e-6;

/** What `theorem2Figures` looks at. */
export interface Theorem2Input {
  readonly head: LinearHead;
  readonly statistics: FeatureStatistics;
  /** N_k of training, [C]. */
  readonly trainCounts: readonly number[];
  /** λ > 0. */
  readonly weightDecay: number;
  /** The features, for the gradient. */
  readonly sets?: readonly FeatureSet[];
}

/** The figures; those of the theorem speak of training features, on a test set they tell how far they carry. */
export async function theorem2Figures(
  { head, statistics, trainCounts, weightDecay, sets }: Theorem2Input,
  miss: Miss,
  where: PassOptions = {},
): Promise<Theorem2Figures> {
  const { dimensions, counts, means } = statistics;
  const centre = norm(centreOf(statistics, 'classes'));
  const lengths = Array.from(counts, (_, k) => norm(means.subarray(k * dimensions, (k + 1) * dimensions)));
  const present = [...counts.keys()].filter((k) => counts[k] > 0);
  const average = present.reduce((sum, k) => sum + lengths[k], 0) / present.length;
  const factor = stationaryFactor(trainCounts, weightDecay);
  return {
    weightDecay,
    centring: average > 0 ? centre / average : miss('theorem2.centring', 'every class mean is zero'),
    ...compareRows(head, statistics, lengths, factor, miss),
    gradientRatio: await gradientRatio({ statistics, sets, factor }, miss, where),
    ...implicitGamma(rowNorms(head), trainCounts, miss),
  };
}

/** N̄/(λN); null where a class has no training samples. */
function stationaryFactor(trainCounts: readonly number[], weightDecay: number): number | null {
  if (trainCounts.some((n) => !(n > 0))) return null;
  const inverses = trainCounts.reduce((sum, n) => sum + 1 / n, 0);
  const total = trainCounts.reduce((sum, n) => sum + n, 0);
  return trainCounts.length / inverses / (weightDecay * total);
}

const NO_FACTOR = 'a class has no training samples, and the harmonic mean of the counts needs them all';

function compareRows(
  head: LinearHead,
  { dimensions, means }: FeatureStatistics,
  lengths: readonly number[],
  factor: number | null,
  miss: Miss,
): Pick<Theorem2Figures, 'cosines' | 'distances'> {
  const [classes] = headShape(head);
  const weight = denseData(head.weight);
  const norms = rowNorms(head);
  const cosines: (number | null)[] = [];
  const distances: (number | null)[] = [];
  for (let k = 0; k < classes; k++) {
    let product = 0;
    let square = 0;
    for (let d = k * dimensions; d < (k + 1) * dimensions; d++) {
      product += weight[d] * means[d];
      square += (weight[d] - (factor ?? 0) * means[d]) ** 2;
    }
    const known = norms[k] > 0 && lengths[k] > 0;
    cosines.push(known ? Math.min(1, Math.max(-1, product / norms[k] / lengths[k])) : null);
    distances.push(known && factor !== null ? Math.sqrt(square) / norms[k] : null);
  }
  const unknown = cosines.flatMap((cosine, k) => (cosine === null ? [k] : []));
  if (unknown.length > 0) {
    const reason = `no sample, or a mean or weight of zero, in class ${listNames(unknown)}: null there`;
    miss('theorem2.cosines', reason);
    miss('theorem2.distances', reason);
  }
  if (factor === null) miss('theorem2.distances', NO_FACTOR);
  return { cosines, distances };
}

async function gradientRatio(
  {
    statistics,
    sets,
    factor,
  }: { statistics: FeatureStatistics; sets?: readonly FeatureSet[]; factor: number | null },
  miss: Miss,
  where: PassOptions,
): Promise<number | null> {
  const figure = 'theorem2.gradientRatio';
  const { classes, dimensions, counts, means } = statistics;
  if (factor === null) return miss(figure, NO_FACTOR);
  const empty = [...counts.keys()].filter((k) => counts[k] === 0);
  if (empty.length > 0) {
    return miss(figure, `W* needs the mean of every class, and class ${listNames(empty)} has no sample`);
  }
  if (!sets) return miss(figure, 'only statistics were given: the gradient needs the features');
  const centre = centreOf(statistics, 'classes');
  const atZero = norm(means.map((x, at) => centre[at % dimensions] - x));
  if (atZero === 0) return miss(figure, 'all class means are the same: the gradient at 0 is 0');
  const atStationary = norm(
    await expectedFeatures(
      sets,
      means.map((x) => factor * x),
      counts,
      [classes, dimensions],
      where,
    ),
  );
  return atStationary / atZero;
}

/** Σ_l ⟨p_k f⟩_l, row-major [C, D], with p the softmax of W f: products in float32 by onnxruntime, chunks summed in float64. */
async function expectedFeatures(
  sets: readonly FeatureSet[],
  weight: Float64Array,
  counts: Float64Array,
  [classes, dimensions]: [number, number],
  { signal, onSamples, ...where }: PassOptions,
): Promise<Float64Array> {
  const g = new GraphBuilder();
  const f = g.input('f', 'float32', ['n', dimensions]);
  const v = g.input('v', 'float32', ['n', 1]);
  const p = g.softmax(
    g.gemm(f, g.constant(Float32Array.from(weight), [classes, dimensions]), undefined, { transB: 1 }),
  );
  g.output(g.gemm(g.mul(p, v), f, undefined, { transA: 1 }), 'sums', 'float32', [classes, dimensions]);
  const session = await openSession(g.build(), where);
  const total = new Float64Array(classes * dimensions);
  const perRun = Math.max(1, Math.floor(CHUNK_NUMBERS / (classes + dimensions)));
  try {
    for (const set of sets) {
      const rows = denseData(set.features);
      for (let from = 0; from < set.samples; from += perRun) {
        throwIfAborted(signal, 'computing the gradient of theorem 2');
        const count = Math.min(perRun, set.samples - from);
        const { sums } = await session.run({
          f: {
            data: rows.subarray(from * dimensions, (from + count) * dimensions),
            dims: [count, dimensions],
          },
          v: {
            data: Float32Array.from(set.labels!.subarray(from, from + count), (k) => 1 / counts[k]),
            dims: [count, 1],
          },
        });
        const part = sums.data as Float32Array;
        for (let at = 0; at < total.length; at++) total[at] += part[at];
        onSamples?.(count);
      }
    }
  } finally {
    await session.release();
  }
  return total;
}

/** Least squares of log‖w_k‖ = a − γ log π_k over the classes with a weight and training samples. */
function implicitGamma(
  norms: Float64Array,
  trainCounts: readonly number[],
  miss: Miss,
): Pick<Theorem2Figures, 'implicitGamma' | 'r2'> {
  const share = prior(trainCounts);
  const known = [...norms.keys()].filter((k) => norms[k] > 0 && share[k] > 0);
  const x = known.map((k) => Math.log(share[k]));
  const y = known.map((k) => Math.log(norms[k]));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  const sum = (term: (i: number) => number) => known.reduce((total, _, i) => total + term(i), 0);
  const xx = sum((i) => (x[i] - meanX) ** 2);
  const xy = sum((i) => (x[i] - meanX) * (y[i] - meanY));
  const yy = sum((i) => (y[i] - meanY) ** 2);
  if (known.every((k) => trainCounts[k] === trainCounts[known[0]])) {
    const reason =
      'all classes have the same number of training samples: give the counts of the training set';
    return { implicitGamma: miss('theorem2.implicitGamma', reason), r2: miss('theorem2.r2', reason) };
  }
  const gamma = 0 - xy / xx;
  if (known.length < 3) {
    return { implicitGamma: gamma, r2: miss('theorem2.r2', 'two classes: every line fits them') };
  }
  if (yy <= SAME_NORM ** 2 * known.length) {
    return { implicitGamma: gamma, r2: miss('theorem2.r2', 'all rows of the head have the same norm') };
  }
  return { implicitGamma: gamma, r2: Math.min(1, xy ** 2 / (xx * yy)) };
}
