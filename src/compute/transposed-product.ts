/** AᵀB in float64: by onnxruntime where the product is large enough to pay for the way there, else in place. */
import { GraphBuilder } from '../onnx/build.js';
import { openSession, type Session, type SessionOptions } from '../runtime/session.js';

/**
 * Multiplications below which plain loops (1 to 2 ms for as many) are faster than opening a session (2 to 4 ms, once) and running
 * it (0.1 ms).
 */
const WORTH_A_RUN = 2 ** 20;

/** Products that share one session, opened when the first product needs it. */
export interface TransposedProducts {
  /** AᵀB [p, q] of row-major A [m, p] and B [m, q]. DEVICE_UNAVAILABLE. */
  multiply(a: Float64Array, b: Float64Array, m: number, p: number, q: number): Promise<Float64Array>;
  release(): Promise<void>;
}

/** The device is cpu unless another is named: float64 is little use on graphics cards, and unknown to WebGPU. */
export function transposedProducts({ device = 'cpu', threads }: SessionOptions = {}): TransposedProducts {
  let session: Session | undefined;
  return {
    async multiply(a, b, m, p, q) {
      // A named device is taken at its word, even where it is slower.
      if (device === 'cpu' && m * p * q < WORTH_A_RUN) return multiplyPlainly(a, b, m, p, q);
      session ??= await openSession(productModel(), { device, threads });
      const { y } = await session.run({ a: { data: a, dims: [m, p] }, b: { data: b, dims: [m, q] } });
      return y.data as Float64Array;
    },
    async release() {
      await session?.release();
    },
  };
}

function productModel(): Uint8Array {
  const g = new GraphBuilder();
  const a = g.input('a', 'float64', ['m', 'p']);
  const b = g.input('b', 'float64', ['m', 'q']);
  g.output(g.gemm(a, b, undefined, { transA: 1 }), 'y', 'float64', ['p', 'q']);
  return g.build();
}

/** The same in plain TypeScript. */
export function multiplyPlainly(
  a: Float64Array,
  b: Float64Array,
  m: number,
  p: number,
  q: number,
): Float64Array {
  const y = new Float64Array(p * q);
  for (let r = 0; r < m; r++) {
    for (let i = 0; i < p; i++) {
      const factor = a[r * p + i];
      if (factor === 0) continue;
      for (let j = 0; j < q; j++) y[i * q + j] += factor * b[r * q + j];
    }
  }
  return y;
}
