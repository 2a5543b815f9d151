/** A classifier with a long tail, and features of it, as the files that a user would drop. */
import { encodeNpz } from '../../src/array/npz.js';
import { createRandom } from '../../src/array/random.js';
import { GraphBuilder } from '../../src/onnx/build.js';

/** What the files are to be like. */
export interface LongTailOptions {
  readonly classes: number;
  readonly dimensions?: number;
  readonly perClass?: number;
  /** Most frequent against rarest class. Default 100. */
  readonly imbalance?: number;
  /** Class names, where the model is to say them. */
  readonly names?: readonly string[];
  /** Whether the model says what it was trained on. Default true. */
  readonly says?: boolean;
}

/** Files by name. */
export interface LongTailFiles {
  readonly counts: number[];
  readonly model: Uint8Array<ArrayBuffer>;
  features(seed: number, perClass?: number): Uint8Array<ArrayBuffer>;
}

/** A head that has learnt the frequencies: its bias is the log prior, its weights are the means of the classes. */
export function longTailFiles({
  classes,
  dimensions = 32,
  perClass = 10,
  imbalance = 100,
  names,
  says = true,
}: LongTailOptions): LongTailFiles {
  const counts = Array.from({ length: classes }, (_, k) =>
    Math.max(1, Math.round(500 * imbalance ** (-k / Math.max(1, classes - 1)))),
  );
  const normal = normals(1);
  const means = Float32Array.from({ length: classes * dimensions }, () => normal());
  const weight = means.map((value) => value * 1.2);
  const bias = Float32Array.from(counts, (n) => Math.log(n));
  const g = new GraphBuilder();
  const features = g.relu(g.input('x', 'float32', ['n', dimensions]));
  const head = [g.constant(weight, [classes, dimensions]), g.constant(bias, [classes])] as const;
  g.output(g.gemm(features, ...head, { transB: 1 }), 'logits', 'float32', ['n', classes]);
  return {
    counts,
    model: g.build({
      metadata: {
        ...(names && { 'onnx_tailor.classes': JSON.stringify(names) }),
        ...(says && { 'onnx_tailor.counts': JSON.stringify(counts) }),
      },
    }),
    features(seed, own = perClass) {
      const noise = normals(seed + 100);
      const samples = classes * own;
      const labels = Int32Array.from({ length: samples }, (_, i) => i % classes);
      const data = Float32Array.from({ length: samples * dimensions }, (_, at) => {
        const k = labels[Math.floor(at / dimensions)];
        return Math.max(0, means[k * dimensions + (at % dimensions)] + 1.1 * noise());
      });
      return encodeNpz({
        features: { shape: [samples, dimensions], data },
        labels: { shape: [samples], data: labels },
      });
    },
  };
}

/** Normally distributed numbers (Box & Muller 1958). */
function normals(seed: number): () => number {
  const random = createRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
