/** Numbers on their way into and out of a session: element types, conversions, ranges. */
import type { Tensor } from 'onnxruntime-common';
import { allocate } from '../array/allocate.js';
import { TailorError } from '../array/errors.js';
import { float16ToFloat32, toFloat16 } from '../array/float16.js';
import type { NumericArray } from '../array/npy.js';
import { largestOf } from '../onnx/dtypes.js';

/** What a tensor holds: numbers, or strings. */
export type TensorData = NumericArray | string[];

/** A result of a session. `type` is the element type of `data`: float16 is widened to float32. */
export interface DeviceTensor {
  readonly type: string;
  readonly data: TensorData;
  readonly dims: readonly number[];
}

interface NumberType {
  readonly make: new (length: number) => NumericArray;
  readonly whole: boolean;
  readonly low: number | bigint;
  readonly high: number | bigint;
}

/** Every element type a model's input may have here. bfloat16 and the 4-bit types are not known to onnxruntime's tensors. */
const NUMBER_TYPES: Readonly<Record<string, NumberType>> = {
  float32: { make: Float32Array, whole: false, low: -largestOf.float32, high: largestOf.float32 },
  float64: { make: Float64Array, whole: false, low: -largestOf.float64, high: largestOf.float64 },
  float16: { make: Float32Array, whole: false, low: -largestOf.float16, high: largestOf.float16 },
  int8: { make: Int8Array, whole: true, low: -128, high: 127 },
  uint8: { make: Uint8Array, whole: true, low: 0, high: 255 },
  bool: { make: Uint8Array, whole: true, low: 0, high: 1 },
  int16: { make: Int16Array, whole: true, low: -32768, high: 32767 },
  uint16: { make: Uint16Array, whole: true, low: 0, high: 65535 },
  int32: { make: Int32Array, whole: true, low: -2147483648, high: 2147483647 },
  uint32: { make: Uint32Array, whole: true, low: 0, high: 4294967295 },
  int64: { make: BigInt64Array, whole: true, low: -(2n ** 63n), high: 2n ** 63n - 1n },
  uint64: { make: BigUint64Array, whole: true, low: 0n, high: 2n ** 64n - 1n },
};

/**
 * Converts numbers to the array that onnxruntime wants for an element type (for float16: its bits). Returns `data`
 * itself where nothing is to be done. Nothing is lost silently: INVALID_ARGUMENT for a number out of the type's range
 * or, for whole-number types, with a fraction; rounding to a shorter float is allowed, NaN and infinity pass.
 */
export function castTo(type: string, data: TensorData, what = 'a tensor'): TensorData {
  if (type === 'string' || Array.isArray(data)) {
    if (type === 'string' && Array.isArray(data)) return data;
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Converting ${what} to ${type}: strings and numbers do not convert into each other.`,
    );
  }
  const target = NUMBER_TYPES[type];
  if (!target) throw noSuchType(type, what);
  if (data instanceof target.make && type !== 'float16' && type !== 'bool') return data;
  assertRange(type, target, data, what);
  const converted = convert(target, data);
  return type === 'float16' ? Uint16Array.from(converted as Float32Array, toFloat16) : converted;
}

/**
 * An array of zeros that holds values of an element type; float16 values are held as float32. INVALID_ARGUMENT for a
 * type that is not known, LIMIT_EXCEEDED where there is no room.
 */
export function emptyOf(type: string, length: number, doing: string): NumericArray {
  const target = NUMBER_TYPES[type];
  if (!target) throw noSuchType(type, 'a tensor');
  return allocate(target.make, length, doing);
}

/** Lowest and highest number of a whole-number type of up to 32 bits; undefined for the others. */
export function wholeRange(type: string): { low: number; high: number } | undefined {
  const { whole, low, high } = NUMBER_TYPES[type] ?? {};
  return whole && typeof low === 'number' && typeof high === 'number' ? { low, high } : undefined;
}

/** As `castTo` for a float32 result: features and logits are held as float32 whatever the model computes in. */
export function toFloat32Data(data: TensorData, what: string): Float32Array {
  return castTo('float32', data, what) as Float32Array;
}

/** Reads a result of onnxruntime, from wherever it lies. */
export async function fromRuntime(tensor: Tensor): Promise<DeviceTensor> {
  const data: unknown = await tensor.getData();
  const dims = [...tensor.dims];
  if (tensor.type !== 'float16') return { type: tensor.type, data: data as TensorData, dims };
  // A Uint16Array, or where the engine knows it a Float16Array: the same bits.
  const { buffer, byteOffset, length } = data as Uint16Array;
  return {
    type: 'float32',
    data: float16ToFloat32(new Uint16Array(buffer, byteOffset, length)),
    dims,
  };
}

function noSuchType(type: string, what: string): TailorError {
  return new TailorError(
    'INVALID_ARGUMENT',
    `Converting ${what} to ${type}: onnxruntime's tensors have no such type; they have ${Object.keys(NUMBER_TYPES).join(', ')}.`,
  );
}

function assertRange(type: string, { whole, low, high }: NumberType, data: NumericArray, what: string): void {
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    const special = typeof value === 'number' && !Number.isFinite(value);
    const wrong = whole
      ? special || value < low || value > high || (typeof value === 'number' && !Number.isInteger(value))
      : !special && (value < low || value > high);
    if (wrong) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `Converting ${what} to ${type}: number ${i} is ${value}; ${type} holds ${whole ? 'whole numbers ' : ''}from ${low} to ${high}.`,
      );
    }
  }
}

function convert({ make }: NumberType, data: NumericArray): NumericArray {
  const result = new make(data.length);
  if (result instanceof BigInt64Array || result instanceof BigUint64Array) {
    for (let i = 0; i < data.length; i++) result[i] = BigInt(data[i]);
  } else {
    for (let i = 0; i < data.length; i++) result[i] = Number(data[i]);
  }
  return result;
}
