/** The numbers in a TensorProto, wherever the writer put them. */

import { TensorProto_DataType as DataType, type TensorProto } from 'onnx-buf';
import { TailorError } from '../array/errors.js';
import { fromBfloat16, fromFloat16 } from '../array/float16.js';
import type { FloatArray } from '../array/matrix.js';
import { quoted } from '../array/text.js';
import { bytesOf, dataTypeName, decodeFloats, dtypeOf } from './dtypes.js';
import { isExternal, readExternal } from './external-data.js';
import type { ModelFile } from './model-file.js';

/** Limit of a tensor's rank; no runtime goes beyond 8 or so. */
const maximumRank = 64;

/** The shape of a stored tensor. Throws MODEL_INVALID for negative lengths and products beyond 2^53. */
export function tensorDims(tensor: TensorProto): number[] {
  const dims = tensor.dims.map(Number);
  const count = dims.reduce((product, length) => product * length, 1);
  if (dims.length > maximumRank || dims.some((length) => length < 0) || !Number.isSafeInteger(count)) {
    throw new TailorError(
      'MODEL_INVALID',
      `Reading tensor ${quoted(tensor.name)}: its shape [${tensor.dims.slice(0, 8).join(', ')}${dims.length > 8 ? ', …' : ''}] is not possible. Export the model again.`,
    );
  }
  return dims;
}

/** The product of the lengths. */
export const elementCount = (dims: readonly number[]): number =>
  dims.reduce((product, length) => product * length, 1);

/** Which repeated field holds the numbers of a tensor that has no `raw_data`. */
export function typedField(dataType: number): 'floatData' | 'int32Data' | 'doubleData' {
  return dataType === DataType.FLOAT
    ? 'floatData'
    : dataType === DataType.DOUBLE
      ? 'doubleData'
      : 'int32Data';
}

/** Checks that a floating-point tensor holds as many numbers as its shape says. Throws MODEL_INVALID. */
export function assertTensorComplete(tensor: TensorProto): void {
  const dtype = dtypeOf(tensor.dataType);
  const count = elementCount(tensorDims(tensor));
  if (!dtype || isExternal(tensor)) return;
  const held = tensor.rawData.length
    ? tensor.rawData.length / bytesOf[dtype]
    : tensor[typedField(tensor.dataType)].length;
  if (held !== count) {
    throw new TailorError(
      'MODEL_INVALID',
      `Reading tensor ${quoted(tensor.name)}: its shape [${tensor.dims.join(', ')}] needs ${count} numbers, but it holds ${held}. Export the model again.`,
    );
  }
}

/**
 * The numbers of a floating-point tensor, row-major: Float64Array for float64, else Float32Array; exact.
 * HEAD_UNSUPPORTED for other types, MODEL_INVALID where data and shape disagree, and the errors of external data.
 */
export async function readTensor(file: ModelFile, tensor: TensorProto): Promise<FloatArray> {
  const dtype = dtypeOf(tensor.dataType);
  if (!dtype) {
    throw new TailorError(
      'HEAD_UNSUPPORTED',
      `Reading tensor ${quoted(tensor.name)}: it holds ${dataTypeName(tensor.dataType)}; heads are float32, float16, bfloat16 or float64.`,
    );
  }
  assertTensorComplete(tensor);
  if (isExternal(tensor)) {
    const bytes = elementCount(tensorDims(tensor)) * bytesOf[dtype];
    return decodeFloats(dtype, await readExternal(file, tensor, bytes));
  }
  return decodeStored(tensor);
}

/** As readTensor, for a floating-point tensor whose numbers are in the model's own file. */
export function decodeStored(tensor: TensorProto): FloatArray {
  const dtype = dtypeOf(tensor.dataType);
  if (dtype && tensor.rawData.length > 0) return decodeFloats(dtype, tensor.rawData);
  switch (dtype) {
    case 'float64':
      return Float64Array.from(tensor.doubleData);
    case 'float32':
      return Float32Array.from(tensor.floatData);
    case 'float16':
      return Float32Array.from(tensor.int32Data, fromFloat16);
    case 'bfloat16':
      return Float32Array.from(tensor.int32Data, fromBfloat16);
    default:
      return new Float32Array();
  }
}

/** The whole numbers of a small int64 tensor kept in the model itself (shapes, axes), or undefined. */
export function readInts(tensor: TensorProto): number[] | undefined {
  if (isExternal(tensor) || tensor.dataType !== DataType.INT64) return undefined;
  const { rawData } = tensor;
  if (rawData.length === 0) return tensor.int64Data.map(Number);
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Array.from({ length: rawData.length >> 3 }, (_, i) => Number(view.getBigInt64(8 * i, true)));
}

/** `values` of shape `dims` with its axes reordered: axis i of the result is axis perm[i] of the source. */
export function transposed<T extends FloatArray>(
  values: T,
  dims: readonly number[],
  perm: readonly number[],
): T {
  const strides = new Array<number>(dims.length).fill(1);
  for (let axis = dims.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * dims[axis + 1];
  const lengths = perm.map((axis) => dims[axis]);
  const steps = perm.map((axis) => strides[axis]);
  const result = new (values.constructor as new (length: number) => T)(values.length);
  const index = new Array<number>(dims.length).fill(0);
  let from = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = values[from];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < lengths[axis]) break;
      from -= steps[axis] * lengths[axis];
      index[axis] = 0;
    }
  }
  return result;
}
