/** Logits of a linear head, z = W f + b: as an ONNX graph, and as the float64 reference that tests compare it with. */
import { allocate } from '../array/allocate.js';
import { TailorError } from '../array/errors.js';
import { chunksOf, type FeatureRows, type Features, featureRows } from '../array/feature-rows.js';
import { headShape, type LinearHead } from '../array/linear-head.js';
import { denseData, type FloatArray, type Matrix, matrix } from '../array/matrix.js';
import { GraphBuilder } from '../onnx/build.js';
import { openSession, type SessionOptions } from '../runtime/session.js';

/** Numbers (features and logits together) in one run: 16 MB of float32, past which larger runs are no faster. */
const CHUNK_NUMBERS = 2 ** 22;

/** Options of `headLogits`. */
export interface HeadLogitsOptions extends SessionOptions {
  /** Stops between chunks with ABORTED. */
  readonly signal?: AbortSignal;
}

/**
 * Logits [N, C] of features [N, D]: Gemm(F, W, b) with transB = 1, run by onnxruntime in chunks of rows, in the
 * number type of the head (float32 or float64; a float64 head runs on cpu unless a device is named, since WebGPU has
 * no float64 and onnxruntime would hand the work back to the processor).
 *
 * Throws SHAPE_MISMATCH when the widths differ, LIMIT_EXCEEDED (no room for all logits), DEVICE_UNAVAILABLE, ABORTED; for features
 * from a file NOT_FINITE and what reading throws.
 */
export async function headLogits<T extends FloatArray>(
  head: LinearHead<T>,
  features: Matrix | FeatureRows,
  options: HeadLogitsOptions = {},
): Promise<Matrix<T>> {
  const { signal, ...where } = options;
  // Numbers in memory may be of either type: they are only handed on.
  const rows = featureRows(features as Features);
  const { samples, held } = rows;
  const [classes, dimensions] = assertWidths(head, rows.dimensions);
  const double = denseData(head.weight) instanceof Float64Array;
  const make: new (length: number) => FloatArray = double ? Float64Array : Float32Array;
  const logits = allocate(make, samples * classes, 'Computing logits') as T;
  const perRun = Math.max(1, Math.floor(CHUNK_NUMBERS / (classes + dimensions)));
  const device = where.device ?? (double ? 'cpu' : 'auto');
  // A session is cheap beside the product (one Gemm, the weights are copied once), so none is kept for the next call.
  const session = await openSession(gemmModel(head), { ...where, device, ownThread: !held });
  try {
    for await (const { from, count, data } of chunksOf(rows, perRun, { doing: 'Computing logits', signal })) {
      const { z } = await session.run({ f: { data, dims: [count, dimensions] } });
      logits.set(z.data as T, from * classes);
    }
  } finally {
    await session.release();
  }
  return matrix(logits, samples, classes);
}

/** The model f [n, D] → z [n, C] of a head, in the head's number type. */
function gemmModel(head: LinearHead): Uint8Array {
  const [classes, dimensions] = headShape(head);
  const weight = denseData(head.weight);
  const type = weight instanceof Float64Array ? 'float64' : 'float32';
  const g = new GraphBuilder();
  const f = g.input('f', type, ['n', dimensions]);
  const w = g.constant(weight, [classes, dimensions]);
  const b = g.constant(denseData(head.bias), [classes]);
  g.output(g.gemm(f, w, b, { transB: 1 }), 'z', type, ['n', classes]);
  return g.build();
}

/** The same in plain TypeScript, every product and sum in float64, whatever the head's number type. */
export function headLogitsReference(head: LinearHead, features: Matrix): Matrix<Float64Array> {
  const samples = features.shape[0];
  const [classes, dimensions] = assertWidths(head, features.shape[1]);
  const rows = denseData(features);
  const weight = denseData(head.weight);
  const bias = denseData(head.bias);
  const logits = new Float64Array(samples * classes);
  for (let i = 0; i < samples; i++) {
    for (let k = 0; k < classes; k++) {
      let sum = bias[k];
      for (let d = 0; d < dimensions; d++) sum += weight[k * dimensions + d] * rows[i * dimensions + d];
      logits[i * classes + k] = sum;
    }
  }
  return matrix(logits, samples, classes);
}

function assertWidths(head: LinearHead, width: number): [classes: number, dimensions: number] {
  const [classes, dimensions] = headShape(head);
  if (width !== dimensions) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `Computing logits: the features have ${width} dimensions, the head takes ${dimensions}.`,
    );
  }
  return [classes, dimensions];
}
