/** Head files: .npz with `weight` float [C, D] and `bias` float [C], as numpy writes and reads them. */
import { TailorError } from '../array/errors.js';
import { type LinearHead, linearHead } from '../array/linear-head.js';
import { denseData, type FloatArray } from '../array/matrix.js';
import { type NpyArray, toFloat32 } from '../array/npy.js';
import { type Npz, openNpz, writeNpz } from '../array/npz.js';

/**
 * Reads a head. `bias` may be absent (zeros), [C, 1] or [1, C]; float64 stays float64, everything else becomes float32.
 * FORMAT_INVALID (no `weight`), SHAPE_MISMATCH, NOT_FINITE, and the errors of npz files.
 */
export async function readHeadFile(source: string | Uint8Array, name?: string): Promise<LinearHead> {
  const npz = await openNpz(source, name);
  if (!npz.has('weight')) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading a head from ${npz.name}: there is no array "weight"; it holds ${npz.names.join(', ') || 'nothing'}. ` +
        'A head file has weight [classes, dimensions] and bias [classes].',
    );
  }
  const weight = await npz.read('weight');
  if (weight.shape.length !== 2) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `Reading a head from ${npz.name}: the weight is [${weight.shape.join(', ')}]; [classes, dimensions] is needed.`,
    );
  }
  const [classes, dimensions] = weight.shape;
  const data = floats(weight, `weight of ${npz.name}`);
  const bias = npz.has('bias') ? await readBias(npz, classes) : new Float32Array(classes);
  // One element type for both, the wider one.
  if (data instanceof Float32Array && bias instanceof Float32Array)
    return linearHead(data, bias, classes, dimensions);
  return linearHead<FloatArray>(Float64Array.from(data), Float64Array.from(bias), classes, dimensions);
}

/** Writes a head. Same head, same bytes. FILE_EXISTS unless `overwrite`; FILE_UNWRITABLE. */
export async function writeHeadFile(
  path: string,
  head: LinearHead,
  options: { overwrite?: boolean } = {},
): Promise<void> {
  await writeNpz(
    path,
    {
      weight: { shape: [...head.weight.shape], data: denseData(head.weight) },
      bias: { shape: [...head.bias.shape], data: denseData(head.bias) },
    },
    options,
  );
}

async function readBias(npz: Npz, classes: number): Promise<FloatArray> {
  const bias = await npz.read('bias');
  const { shape } = bias;
  const vector = shape.filter((length) => length !== 1).length <= 1;
  if (vector && bias.data.length === classes) return floats(bias, `bias of ${npz.name}`);
  throw new TailorError(
    'SHAPE_MISMATCH',
    `Reading a head from ${npz.name}: the bias is [${shape.join(', ')}]; the weight has ${classes} rows, so [${classes}] is needed.`,
  );
}

function floats(array: NpyArray, name: string): FloatArray {
  return array.data instanceof Float64Array ? array.data : toFloat32(array, name);
}
