/** The floating-point types of ONNX tensors, and float16 and bfloat16 in terms of JavaScript's numbers. */

import { TensorProto_DataType as DataType } from 'onnx-buf';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../array/float16.js';
import type { FloatArray } from '../array/matrix.js';

/** The types a head can be stored in. */
export type HeadDtype = 'float32' | 'float16' | 'bfloat16' | 'float64';

/** ONNX's number for each type. */
export const dataTypeOf: Readonly<Record<HeadDtype, number>> = {
  float32: DataType.FLOAT,
  float16: DataType.FLOAT16,
  bfloat16: DataType.BFLOAT16,
  float64: DataType.DOUBLE,
};

/** Bytes of one number in `raw_data`. */
export const bytesOf: Readonly<Record<HeadDtype, number>> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float64: 8,
};

/** The largest finite number of each type. */
export const largestOf: Readonly<Record<HeadDtype, number>> = {
  float32: 3.4028234663852886e38,
  float16: 65504,
  bfloat16: 3.3895313892515355e38,
  float64: Number.MAX_VALUE,
};

/** The head type that ONNX's number `dataType` stands for; undefined for every other tensor type. */
export function dtypeOf(dataType: number): HeadDtype | undefined {
  switch (dataType) {
    case DataType.FLOAT:
      return 'float32';
    case DataType.FLOAT16:
      return 'float16';
    case DataType.BFLOAT16:
      return 'bfloat16';
    case DataType.DOUBLE:
      return 'float64';
    default:
      return undefined;
  }
}

/** ONNX's own name of a tensor type (`INT8`), or its number where it has none. */
export function dataTypeName(dataType: number): string {
  return DataType[dataType] ?? `type ${dataType}`;
}

/** `values` rounded to what `dtype` can hold (nearest, ties to even; infinity where they do not fit). */
export function roundTo(dtype: HeadDtype, values: ArrayLike<number>): FloatArray {
  if (dtype === 'float64') return Float64Array.from(values);
  if (dtype === 'float32') return Float32Array.from(values);
  const rounded = new Float32Array(values.length);
  for (let i = 0; i < rounded.length; i++) {
    rounded[i] =
      dtype === 'float16' ? fromFloat16(toFloat16(values[i])) : fromBfloat16(toBfloat16(values[i]));
  }
  return rounded;
}

/** Little-endian bytes of `values` in `dtype`, as `raw_data` holds them. */
export function encodeFloats(dtype: HeadDtype, values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * bytesOf[dtype]);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    if (dtype === 'float32') view.setFloat32(4 * i, values[i], true);
    else if (dtype === 'float64') view.setFloat64(8 * i, values[i], true);
    else view.setUint16(2 * i, dtype === 'float16' ? toFloat16(values[i]) : toBfloat16(values[i]), true);
  }
  return bytes;
}

/** The numbers in little-endian `bytes`: Float64Array for float64, else Float32Array; exact. */
export function decodeFloats(dtype: HeadDtype, bytes: Uint8Array): FloatArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.byteLength / bytesOf[dtype];
  const values = dtype === 'float64' ? new Float64Array(length) : new Float32Array(length);
  for (let i = 0; i < length; i++) {
    if (dtype === 'float32') values[i] = view.getFloat32(4 * i, true);
    else if (dtype === 'float64') values[i] = view.getFloat64(8 * i, true);
    else {
      const bits = view.getUint16(2 * i, true);
      values[i] = dtype === 'float16' ? fromFloat16(bits) : fromBfloat16(bits);
    }
  }
  return values;
}
