// How fast this machine multiplies matrices when that is all it does.

import { GraphBuilder } from '../dist/onnx/build.js';
import { openSession } from '../dist/runtime/session.js';

/** Edge of the large product. */
const LARGE = 2048;

/** Multiplications and additions of an epoch's two products, W Fᵀ and dZ F. */
export const epochOperations = (samples, dimensions, classes) => 4 * samples * dimensions * classes;

/**
 * One large product of float32 matrices. @param {number} threads
 * @returns {Promise<{ operations: number, run: () => Promise<number>, release: () => Promise<void> }>} run gives seconds
 */
export async function largeProduct(threads) {
  const g = new GraphBuilder();
  const a = g.input('a', 'float32', [LARGE, LARGE]);
  const b = g.input('b', 'float32', [LARGE, LARGE]);
  // One number comes back, so that copying the result takes no time.
  g.output(g.op('ReduceMax', [g.matMul(a, b)], { keepdims: 0 }), 'largest', 'float32', []);
  const numbers = Float32Array.from({ length: LARGE * LARGE }, (_, i) => Math.sin(i));
  const feed = { data: numbers, dims: [LARGE, LARGE] };
  return contestant(
    await openSession(g.build(), { device: 'cpu', threads }),
    { a: feed, b: feed },
    2 * LARGE ** 3,
  );
}

/** The two products of every step of an epoch and nothing else: the same shapes, in a Scan as an epoch is. */
export async function epochProducts({ samples, dimensions, classes, batch }, threads) {
  const steps = Math.floor(samples / batch);
  const g = new GraphBuilder('products');
  const weight = g.input('weight', 'float32', [classes, dimensions]);
  const features = g.input('features', 'float32', [steps, batch, dimensions]);
  const start = g.input('start', 'float32', [classes, dimensions]);
  const body = new GraphBuilder('step');
  body.input('before', 'float32');
  const x = body.input('x', 'float32');
  const logits = body.gemm(weight, x, undefined, { transB: 1 });
  body.output(body.gemm(logits, x), undefined, 'float32');
  const [last] = g.ops(
    'Scan',
    [start, features],
    { body: { graph: body.graph() }, num_scan_inputs: 1 },
    { count: 1 },
  );
  g.output(last, 'last', 'float32', [classes, dimensions]);
  const numbers = (length) => Float32Array.from({ length }, (_, i) => Math.sin(i));
  const feeds = {
    weight: { data: numbers(classes * dimensions), dims: [classes, dimensions] },
    start: { data: numbers(classes * dimensions), dims: [classes, dimensions] },
    features: { data: numbers(steps * batch * dimensions), dims: [steps, batch, dimensions] },
  };
  const session = await openSession(g.build(), { device: 'cpu', threads });
  return contestant(session, feeds, epochOperations(steps * batch, dimensions, classes));
}

function contestant(session, feeds, operations) {
  const run = async () => {
    const began = performance.now();
    await session.run(feeds);
    return (performance.now() - began) / 1000;
  };
  return { operations, run, release: () => session.release() };
}
