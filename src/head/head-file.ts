/**
 * Head files: `weight` float [C, D] and `bias` float [C] in .npz, as numpy writes and reads them, or in .safetensors, as a linear layer of
 * PyTorch has them.
 */
import { type ArrayFile, listOf } from '../array/array-file.js';
import { formatOfName } from '../array/array-format.js';
import { TailorError } from '../array/errors.js';
import { type LinearHead, linearHead } from '../array/linear-head.js';
import { denseData, type FloatArray } from '../array/matrix.js';
import { type NpyArray, toFloat32 } from '../array/npy.js';
import { writeNpz } from '../array/npz.js';
import { openArrays } from '../array/open-arrays.js';
import { writeSafetensors } from '../array/safetensors.js';

/** Endings of the files that heads are written to and read from. */
export const HEAD_ENDINGS: readonly string[] = ['.npz', '.safetensors'];

/** Whether a path's ending says that it may be a head, and not a model. */
export function isHeadFile(path: string): boolean {
  return HEAD_ENDINGS.some((ending) => path.toLowerCase().endsWith(ending));
}

/**
 * Reads a head by path or bytes. `bias` may be absent (zeros), [C, 1] or [1, C]; float64 stays float64, everything else becomes float32.
 * FORMAT_INVALID (no `weight`), SHAPE_MISMATCH, NOT_FINITE, and the errors of openNpz and openSafetensors.
 */
export async function readHeadFile(source: string | Uint8Array, name?: string): Promise<LinearHead> {
  const file = await openArrays(source, name);
  if (!file.has('weight')) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading a head from ${file.name}: there is no array "weight"; it holds ${listOf(file.names)}. ` +
        'A head file has weight [classes, dimensions] and bias [classes].',
    );
  }
  const weight = await file.read('weight');
  if (weight.shape.length !== 2) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `Reading a head from ${file.name}: the weight is [${weight.shape.join(', ')}]; [classes, dimensions] is needed.`,
    );
  }
  const [classes, dimensions] = weight.shape;
  const data = floats(weight, `weight of ${file.name}`);
  const bias = file.has('bias') ? await readBias(file, classes) : new Float32Array(classes);
  // One element type for both, the wider one.
  if (data instanceof Float32Array && bias instanceof Float32Array)
    return linearHead(data, bias, classes, dimensions);
  return linearHead<FloatArray>(Float64Array.from(data), Float64Array.from(bias), classes, dimensions);
}

/**
 * Writes a head to .npz or .safetensors, by the ending of the name. Same head, same bytes. FORMAT_UNSUPPORTED for another ending,
 * FILE_EXISTS unless `overwrite`, FILE_UNWRITABLE.
 */
export async function writeHeadFile(
  path: string,
  head: LinearHead,
  options: { overwrite?: boolean } = {},
): Promise<void> {
  const arrays = {
    weight: { shape: [...head.weight.shape], data: denseData(head.weight) },
    bias: { shape: [...head.bias.shape], data: denseData(head.bias) },
  };
  switch (formatOfName(path)) {
    case 'npz':
      return writeNpz(path, arrays, options);
    case 'safetensors':
      return writeSafetensors(path, arrays, options);
    default:
      throw new TailorError(
        'FORMAT_UNSUPPORTED',
        `Writing a head to ${path}: the name says no format that heads are written in; let it end in ${HEAD_ENDINGS.join(' or ')}.`,
      );
  }
}

async function readBias(file: ArrayFile, classes: number): Promise<FloatArray> {
  const bias = await file.read('bias');
  const { shape } = bias;
  const vector = shape.filter((length) => length !== 1).length <= 1;
  if (vector && bias.data.length === classes) return floats(bias, `bias of ${file.name}`);
  throw new TailorError(
    'SHAPE_MISMATCH',
    `Reading a head from ${file.name}: the bias is [${shape.join(', ')}]; the weight has ${classes} rows, so [${classes}] is needed.`,
  );
}

function floats(array: NpyArray, name: string): FloatArray {
  return array.data instanceof Float64Array ? array.data : toFloat32(array, name);
}
