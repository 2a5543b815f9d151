/** The floating-point types of ONNX tensors, and float16 and bfloat16 in terms of JavaScript's numbers. */
import { TensorProto_DataType as DataType } from 'onnx-buf';
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

const wide = new Float64Array(1);
const wideWords = new Uint32Array(wide.buffer);
// Adding and taking away 1.5·2^52 rounds a small number to a whole one, ties to even: what IEEE addition does.
const toWhole = 6755399441055744;

/** Bits of `value` in a 16-bit format of `mantissa` stored bits, rounded once to nearest, ties to even. */
function encode16(value: number, mantissa: number, bias: number): number {
  const infinity = (2 * bias + 1) << mantissa;
  if (Number.isNaN(value)) return infinity | (1 << (mantissa - 1));
  wide[0] = value;
  const sign = (wideWords[1] >>> 31) << 15;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | infinity;
  const exponent = Math.max(((wideWords[1] >>> 20) & 0x7ff) - 1023, 1 - bias);
  const steps = magnitude * 2 ** (mantissa - exponent) + toWhole - toWhole;
  // A subnormal has fewer than 2^mantissa steps and its exponent bits come out 0; a carry out of the mantissa
  // lands in the exponent, as it should.
  const bits = ((exponent + bias) << mantissa) + steps - (1 << mantissa);
  return sign | Math.min(bits, infinity);
}

function decode16(bits: number, mantissa: number, bias: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits & 0x7fff) >> mantissa;
  const fraction = bits & ((1 << mantissa) - 1);
  if (exponent === 2 * bias + 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - mantissa);
  return sign * (fraction + (1 << mantissa)) * 2 ** (exponent - bias - mantissa);
}

/** The 16 bits of the float16 nearest to `value` (ties to even; from 65520 on, infinity). */
export const toFloat16 = (value: number): number => encode16(value, 10, 15);
/** The number that the 16 bits of a float16 stand for, exactly. */
export const fromFloat16 = (bits: number): number => decode16(bits, 10, 15);
/** The 16 bits of the bfloat16 nearest to `value` (ties to even). */
export const toBfloat16 = (value: number): number => encode16(value, 7, 127);
/** The number that the 16 bits of a bfloat16 stand for, exactly. */
export const fromBfloat16 = (bits: number): number => decode16(bits, 7, 127);

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
