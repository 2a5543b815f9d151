/**
 * A long-tailed problem whose answer is known: C Gaussian classes with unit covariance around orthogonal means, and the
 * Bayes-optimal head for the long-tailed prior, z_k = μ_k·f − ½‖μ_k‖² + log π_k. For balanced classes the optimum is the
 * same head with additive adjustment at τ = 1.
 */
import { encodeNpz } from '../../src/array/npz.js';
import { createRandom, type Random } from '../../src/array/random.js';
import type { DataSource } from '../../src/data/sample.js';
import { GraphBuilder } from '../../src/onnx/build.js';

export const CLASSES = 6;
export const DIMENSIONS = 6;
export const COUNTS = [3000, 1200, 500, 200, 80, 30];
const DISTANCE = 2;

const TOTAL = COUNTS.reduce((sum, n) => sum + n, 0);
export const BIAS = Float32Array.from(COUNTS, (n) => -(DISTANCE ** 2) / 2 + Math.log(n / TOTAL));
export const WEIGHT = Float32Array.from({ length: CLASSES * DIMENSIONS }, (_, i) =>
  i % (DIMENSIONS + 1) === 0 ? DISTANCE : 0,
);

/** x [batch, 6] → Identity → Gemm (→ softmax). Outputs `logits` and `probabilities`. */
export function longTailModel({
  batch = 'batch' as number | string,
  metadata = {} as Record<string, string>,
} = {}): Uint8Array<ArrayBuffer> {
  const g = new GraphBuilder();
  const features = g.op('Identity', [g.input('x', 'float32', [batch, DIMENSIONS])]);
  const logits = g.gemm(
    features,
    g.constant(WEIGHT, [CLASSES, DIMENSIONS], { name: 'w' }),
    g.constant(BIAS, [CLASSES], { name: 'b' }),
    { transB: 1 },
  );
  g.output(g.softmax(logits), 'probabilities', 'float32', [batch, CLASSES]);
  g.output(logits, 'logits', 'float32', [batch, CLASSES]);
  return g.build({ metadata });
}

/** `perClass` samples of each class (0 leaves a class out), class by class. */
export function longTailSource(perClass: number | readonly number[], seed: number): DataSource {
  const random = createRandom(seed);
  const labels: number[] = [];
  for (let k = 0; k < CLASSES; k++) {
    const n = typeof perClass === 'number' ? perClass : perClass[k];
    for (let i = 0; i < n; i++) labels.push(k);
  }
  const rows = labels.map((label) =>
    Float32Array.from({ length: DIMENSIONS }, (_, d) => gaussian(random) + (d === label ? DISTANCE : 0)),
  );
  return {
    name: `gaussians ${seed}`,
    length: rows.length,
    labels: Int32Array.from(labels),
    read: (index) => ({ kind: 'tensor', inputs: { x: { data: rows[index], dims: [DIMENSIONS] } } }),
  };
}

/** The same as an .npz, with the inputs, which are the features as well, under the name `key`. */
export function longTailFile(
  key: 'inputs' | 'features',
  perClass: number | readonly number[],
  seed: number,
): Uint8Array<ArrayBuffer> {
  const source = longTailSource(perClass, seed);
  const rows = new Float32Array(source.length * DIMENSIONS);
  for (let i = 0; i < source.length; i++) {
    const sample = source.read(i);
    if ('kind' in sample && sample.kind === 'tensor')
      rows.set(sample.inputs.x.data as Float32Array, i * DIMENSIONS);
  }
  return encodeNpz({
    [key]: { shape: [source.length, DIMENSIONS], data: rows },
    labels: { shape: [source.length], data: source.labels! },
  });
}

/** Standard normal (Box–Muller). */
function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
