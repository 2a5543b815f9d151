/** Weighted second moments of features, with the bias as a last feature of ones. */
import { chunksOf, type Features, featureRows, rowsPerPiece } from '../array/feature-rows.js';
import { GraphBuilder } from '../onnx/build.js';
import { openSession, type SessionOptions } from '../runtime/session.js';

/** Numbers of features in one run: 64 MB of float32. */
const CHUNK_NUMBERS = 2 ** 24;

/** Options of `gramMatrix`. */
export interface GramOptions extends SessionOptions {
  /** Stops between chunks with ABORTED. */
  readonly signal?: AbortSignal;
  /** Samples in one run; default: as many as fit into 64 MB. */
  readonly chunk?: number;
}

/**
 * Σ_i v_i x_i x_iᵀ with x = (f, 1), row-major [D+1, D+1], of features [N, D] and weights v ≥ 0, [N]. Products in float32
 * by onnxruntime, chunks of rows summed in float64: right to about 1e−6 of the largest entry.
 *
 * Throws DEVICE_UNAVAILABLE, ABORTED; for features from a file NOT_FINITE and what reading throws.
 */
export async function gramMatrix(
  features: Features,
  weights: ArrayLike<number>,
  { signal, chunk, ...where }: GramOptions = {},
): Promise<Float64Array> {
  const rows = featureRows(features);
  const { dimensions, held } = rows;
  const v = Float32Array.from(weights);
  const n = dimensions + 1;
  const gram = new Float64Array(n * n);
  const whole = Math.max(1, Math.floor(CHUNK_NUMBERS / n));
  const perRun = chunk ?? (held ? whole : Math.min(whole, rowsPerPiece(rows, 4 * n)));
  const session = await openSession(gramModel(dimensions), { ...where, ownThread: !held });
  try {
    for await (const { from, count, data } of chunksOf(rows, perRun, {
      doing: 'Multiplying features',
      signal,
    })) {
      const { products, sums, total } = await session.run({
        f: { data, dims: [count, dimensions] },
        v: { data: v.subarray(from, from + count), dims: [count, 1] },
      });
      addInto(gram, n, products.data as Float32Array, sums.data as Float32Array, total.data as Float32Array);
    }
  } finally {
    await session.release();
  }
  return gram;
}

function addInto(
  gram: Float64Array,
  n: number,
  products: Float32Array,
  sums: Float32Array,
  total: Float32Array,
): void {
  const d = n - 1;
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) gram[i * n + j] += products[i * d + j];
    gram[i * n + d] += sums[i];
    gram[d * n + i] += sums[i];
  }
  gram[d * n + d] += total[0];
}

function gramModel(dimensions: number): Uint8Array {
  const g = new GraphBuilder();
  const f = g.input('f', 'float32', ['n', dimensions]);
  const v = g.input('v', 'float32', ['n', 1]);
  const weighted = g.mul(f, v);
  g.output(g.gemm(weighted, f, undefined, { transA: 1 }), 'products', 'float32', [dimensions, dimensions]);
  g.output(g.reduceSum(weighted, [0], 0), 'sums', 'float32', [dimensions]);
  g.output(g.reduceSum(v, [0, 1], 0), 'total', 'float32', []);
  return g.build();
}
