/**
 * One pass over features and class means, for two figures that need the same product μ_k·f:
 *
 *     NC4 (Papyan, Han & Donoho 2020), the share of samples for which the head's answer is not the class with the nearest mean;
 *     Σ_l ⟨p_k f⟩_l with p the softmax of s·μ_k·f, of which the gradient of theorem 2 at W* = s·M consists (theorem2.ts).
 *
 * Products are in float32 by onnxruntime. Softmax does not see c·f, which all logits have alike: its logits are
 * s·(μ_k − c)·(f − c) + s·(μ_k − c)·c, made from the scores of the nearest mean.
 */
import { throwIfAborted } from '../array/errors.js';
import { denseData } from '../array/matrix.js';
import { GraphBuilder, type Value } from '../onnx/build.js';
import { openSession } from '../runtime/session.js';
import { type Diagnosable, diagnosedRows } from './diagnosed-rows.js';
import { type CentredMeans, centredMeans, dot, nearestClasses } from './nearest-mean.js';
import type { PassOptions } from './pass-options.js';
import type { FeatureStatistics } from './statistics.js';

/** Features and scores of one run: 32 MB of float32. */
const CHUNK_NUMBERS = 2 ** 23;

/** What is asked for. */
export interface MeanPassInput {
  /** For NC4: the class that the head answers for each sample, [N] of each set. */
  readonly answers?: readonly Int32Array[];
  /** s > 0, for the expected features. Every class must have samples. */
  readonly factor?: number;
}

/** What was found. */
export interface MeanPass {
  /** NC4, 0 … 1; null without answers. */
  readonly disagreement: number | null;
  /** Σ_l ⟨p_k f⟩_l, row-major [C, D], chunks summed in float64; null without a factor. */
  readonly expected: Float64Array | null;
}

/**
 * Reads the features of `sets`, whose statistics are `statistics`, once; not at all where nothing is asked for. Of equal
 * distances the lowest class is taken. DEVICE_UNAVAILABLE, ABORTED.
 */
export async function passOverMeans(
  sets: readonly Diagnosable[],
  statistics: FeatureStatistics,
  { answers, factor }: MeanPassInput,
  { signal, onSamples, ...where }: PassOptions = {},
): Promise<MeanPass> {
  if (!answers && factor === undefined) return { disagreement: null, expected: null };
  const { classes, dimensions, counts } = statistics;
  const means = centredMeans(statistics);
  const total = new Float64Array(factor === undefined ? 0 : classes * dimensions);
  const perRun = Math.max(1, Math.floor(CHUNK_NUMBERS / (dimensions + means.present.length)));
  let different = 0;
  let samples = 0;
  const session = await openSession(meansModel(means, answers !== undefined, factor), where);
  try {
    for (const [s, set] of sets.map(diagnosedRows).entries()) {
      let start = 0;
      for await (const chunk of set.chunks()) {
        const rows = denseData(chunk.features);
        const chunkSamples = chunk.labels.length;
        for (let from = 0; from < chunkSamples; from += perRun) {
          throwIfAborted(signal, 'comparing features with class means');
          const count = Math.min(perRun, chunkSamples - from);
          const features = rows.subarray(from * dimensions, (from + count) * dimensions);
          const at = start + from;
          const labels = set.labels.subarray(at, at + count);
          const found = await session.run({
            f: { data: features, dims: [count, dimensions] },
            ...(factor !== undefined && {
              v: { data: Float32Array.from(labels, (k) => 1 / counts[k]), dims: [count, 1] },
            }),
          });
          if (answers) {
            const [scores, squares] = [found.scores.data as Float32Array, found.squares.data as Float32Array];
            const nearest = nearestClasses(means, { features, scores, squares });
            for (let i = 0; i < count; i++) if (answers[s][at + i] !== nearest[i]) different++;
          }
          if (factor !== undefined) addTo(total, found.sums.data as Float32Array);
          samples += count;
          onSamples?.(count);
        }
        start += chunkSamples;
      }
    }
  } finally {
    await session.release();
  }
  return {
    disagreement: answers ? different / samples : null,
    expected: factor === undefined ? null : total,
  };
}

function meansModel(means: CentredMeans, scored: boolean, factor: number | undefined): Uint8Array {
  const { centre, rows, halfSquares } = means;
  const [classes, dimensions] = [halfSquares.length, centre.length];
  const g = new GraphBuilder();
  const f = g.input('f', 'float32', ['n', dimensions]);
  const fromCentre = g.sub(f, g.constant(Float32Array.from(centre), [dimensions]));
  const weight = g.constant(Float32Array.from(rows), [classes, dimensions]);
  const offset = g.constant(
    Float32Array.from(halfSquares, (x) => -x),
    [classes],
  );
  const scores = g.gemm(fromCentre, weight, offset, { transB: 1 });
  if (scored) {
    g.output(scores, 'scores', 'float32', ['n', classes]);
    g.output(g.reduceSum(g.mul(fromCentre, fromCentre), [1], 0), 'squares', 'float32', ['n']);
  }
  if (factor !== undefined) {
    const v = g.input('v', 'float32', ['n', 1]);
    const p = g.softmax(stationaryLogits(g, scores, means, factor));
    g.output(g.gemm(g.mul(p, v), f, undefined, { transA: 1 }), 'sums', 'float32', [classes, dimensions]);
  }
  return g.build();
}

/** s·μ_k·f, up to what all classes have alike. */
function stationaryLogits(
  g: GraphBuilder,
  scores: Value,
  { centre, rows, halfSquares }: CentredMeans,
  factor: number,
): Value {
  const d = centre.length;
  const shift = halfSquares.map((half, k) => factor * (half + dot(rows, k * d, centre, 0, d)));
  const middle = shift.reduce((sum, x) => sum + x, 0) / shift.length;
  return g.add(
    g.mul(scores, g.scalar(factor)),
    g.constant(
      Float32Array.from(shift, (x) => x - middle),
      [shift.length],
    ),
  );
}

function addTo(total: Float64Array, part: Float32Array): void {
  for (let at = 0; at < total.length; at++) total[at] += part[at];
}
