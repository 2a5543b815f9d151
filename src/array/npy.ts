/**
 * numpy's .npy: one array in one file. Reads what numpy.save writes, except pickled objects, structured, complex,
 * long double and date types; writes what numpy.load reads.
 */
import { HOST_IS_LITTLE_ENDIAN, swapBytes } from './byte-order.js';
import { TailorError } from './errors.js';
import { float16ToFloat32 } from './float16.js';
import { limit, limitExceeded, MAX_LABEL } from './limits.js';
import { encodeNpyHeader, type NpyHeader, parseNpyHeader } from './npy-header.js';
import { decodeStrings, encodeStrings } from './npy-strings.js';

/** The typed arrays that a .npy can be read into or written from. */
export type NumericArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** An array as read: C order (last axis fastest), native byte order. */
export interface NpyArray {
  /** numpy's type string as the file has it: '<f4', '>i8', '|b1', '<U7' …. */
  readonly dtype: string;
  /** Axis lengths; [] for a single number. */
  readonly shape: number[];
  /**
   * The numbers, in C order. bool comes as 0 and 1 in a Uint8Array, float16 as Float32Array (exact), everything else as
   * the typed array of its own width. May share memory with the bytes it was read from. Empty for strings.
   */
  readonly data: NumericArray;
  /** The strings of a 'U' or 'S' array, in C order; absent for numbers. */
  readonly strings?: string[];
}

/** What can be written: numbers in C order, or strings (default shape [strings.length]). */
export type NpyContent =
  | {
      /** Length of each axis; their product is the length of `data`. */
      readonly shape: readonly number[];
      /** In C order. */
      readonly data: NumericArray;
    }
  | {
      /** Length of each axis; default one axis. */
      readonly shape?: readonly number[];
      /** In C order. */
      readonly strings: readonly string[];
    };

/**
 * Reads the bytes of one .npy file: any of int, uint (1 to 8 bytes), float16, float32, float64, bool, 'U' and 'S'
 * strings; either byte order; C or Fortran order; header versions 1 to 3.
 * @param name what to call the array in messages.
 * @throws FORMAT_INVALID (not .npy, damaged, header and length disagree), FORMAT_UNSUPPORTED (object arrays and other
 * types), LIMIT_EXCEEDED.
 */
export function parseNpy(bytes: Uint8Array, name = 'the array'): NpyArray {
  const header = parseNpyHeader(bytes, name);
  const { dtype, shape, items, itemBytes, dataOffset } = header;
  const found = bytes.length - dataOffset;
  if (found !== items * itemBytes) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading ${name}: the header promises ${items} items of ${itemBytes} bytes (shape (${shape.join(', ')}), type ${dtype}), ` +
        `but ${found} bytes follow it. The file is ${found < items * itemBytes ? 'cut off' : 'longer than one array'}; write it again.`,
    );
  }
  // A plain view: slice() of Node's Buffer, which may come in here, does not copy.
  const body = new Uint8Array(bytes.buffer, bytes.byteOffset + dataOffset, found);
  if (header.kind === 'U' || header.kind === 'S') {
    const strings = toCOrder(decodeStrings(body, header, name), header);
    return { dtype, shape, data: new Uint8Array(0), strings };
  }
  return { dtype, shape, data: toCOrder(decodeNumbers(body, header), header) };
}

/**
 * The bytes of a .npy file: version 1.0, C order, little-endian, data at a multiple of 64 bytes, as numpy.save does.
 * Deterministic. @throws SHAPE_MISMATCH, INVALID_ARGUMENT (a string that numpy cannot hold).
 */
export function encodeNpy(content: NpyContent): Uint8Array<ArrayBuffer> {
  const { header, body } = npyParts(content);
  const bytes = new Uint8Array(header.length + body.length);
  bytes.set(header);
  bytes.set(body, header.length);
  return bytes;
}

/** Header and body of a .npy file apart, the body without a copy where possible, so that large ones can be streamed. */
export function npyParts(content: NpyContent): { header: Uint8Array; body: Uint8Array } {
  const items = 'strings' in content ? content.strings.length : content.data.length;
  const shape = content.shape ?? [items];
  if (
    !shape.every((size) => Number.isSafeInteger(size) && size >= 0) ||
    shape.reduce((a, b) => a * b, 1) !== items
  ) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `Writing a .npy array: the shape (${shape.join(', ')}) does not fit ${items} items.`,
    );
  }
  if ('strings' in content) {
    const { dtype, body } = encodeStrings(content.strings);
    return { header: encodeNpyHeader(dtype, shape), body };
  }
  const { data } = content;
  const width = data.BYTES_PER_ELEMENT;
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const body = HOST_IS_LITTLE_ENDIAN || width === 1 ? raw : swapBytes(raw, width);
  return { header: encodeNpyHeader(typeString(data), shape), body };
}

/** The numbers as float32: exact for floats up to 32 bits and integers up to 24 bits, else rounded. FORMAT_UNSUPPORTED for strings. */
export function toFloat32(array: NpyArray, name: string): Float32Array {
  if (array.strings) {
    throw new TailorError('FORMAT_UNSUPPORTED', `Reading ${name}: numbers are needed, but it holds strings.`);
  }
  const { data } = array;
  if (data instanceof Float32Array) return data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float32Array.from(data, Number);
  return new Float32Array(data);
}

/**
 * The numbers as labels: whole numbers from 0, integers of any width or floats that are whole. One axis (or [N, 1], which numpy
 * users often have).
 * @throws LABELS_INVALID naming the first item that is not a label, LIMIT_EXCEEDED for one beyond the limit `classes`.
 */
export function toLabels(array: NpyArray, name: string): Int32Array {
  const { shape, data, strings, dtype } = array;
  if (strings || shape.length < 1 || shape.slice(1).some((size) => size !== 1)) {
    throw new TailorError(
      'LABELS_INVALID',
      `Reading ${name}: labels are whole numbers of shape [N], but it has type ${dtype} and shape [${shape.join(', ')}].`,
    );
  }
  const labels = new Int32Array(data.length);
  const most = limit('classes');
  for (let i = 0; i < data.length; i++) {
    const label = Number(data[i]);
    if (!(label >= 0 && label < most && Number.isInteger(label))) throw noLabel(data[i], i, name);
    labels[i] = label;
  }
  return labels;
}

/** A label beyond the limit is whole and fits an Int32Array; others are none under any limit. */
function noLabel(found: number | bigint, index: number, name: string): TailorError {
  const label = Number(found);
  if (Number.isInteger(label) && label >= 0 && label <= MAX_LABEL) {
    return limitExceeded(
      'classes',
      `Reading ${name}: item ${index} is the label ${label}, of ${label + 1} classes`,
    );
  }
  return new TailorError(
    'LABELS_INVALID',
    `Reading ${name}: item ${index} is ${found}; labels are whole numbers from 0 to ${limit('classes') - 1}.`,
  );
}

/** The numbers in file order, in native byte order; shares memory where it can. `body` is a whole number of items. */
export function decodeNumbers(
  body: Uint8Array,
  { kind, itemBytes, littleEndian }: Pick<NpyHeader, 'kind' | 'itemBytes' | 'littleEndian'>,
): NumericArray {
  const swap = itemBytes > 1 && littleEndian !== HOST_IS_LITTLE_ENDIAN;
  const aligned = body.byteOffset % itemBytes === 0;
  // Not slice(): that of a Buffer does not copy.
  const native = swap ? swapBytes(body, itemBytes) : aligned ? body : new Uint8Array(body);
  const { buffer, byteOffset } = native;
  const length = native.length / itemBytes;
  switch (`${kind}${itemBytes}`) {
    case 'b1':
      return native.map((value) => (value ? 1 : 0));
    case 'u1':
      return native;
    case 'i1':
      return new Int8Array(buffer, byteOffset, length);
    case 'i2':
      return new Int16Array(buffer, byteOffset, length);
    case 'u2':
      return new Uint16Array(buffer, byteOffset, length);
    case 'i4':
      return new Int32Array(buffer, byteOffset, length);
    case 'u4':
      return new Uint32Array(buffer, byteOffset, length);
    case 'i8':
      return new BigInt64Array(buffer, byteOffset, length);
    case 'u8':
      return new BigUint64Array(buffer, byteOffset, length);
    case 'f2':
      return float16ToFloat32(new Uint16Array(buffer, byteOffset, length));
    case 'f4':
      return new Float32Array(buffer, byteOffset, length);
    default:
      return new Float64Array(buffer, byteOffset, length);
  }
}

/** Reorders from first axis fastest to last axis fastest. */
function toCOrder<T extends NumericArray | string[]>(items: T, { fortranOrder, shape }: NpyHeader): T {
  if (!fortranOrder || shape.length < 2 || items.length === 0) return items;
  const sorted = items.slice() as T;
  const steps = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1));
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < items.length; to++) {
    sorted[to] = items[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < shape[axis]) break;
      from -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return sorted;
}

function typeString(data: NumericArray): string {
  const width = data.BYTES_PER_ELEMENT;
  const kind =
    data instanceof Float32Array || data instanceof Float64Array
      ? 'f'
      : data instanceof Int8Array ||
          data instanceof Int16Array ||
          data instanceof Int32Array ||
          data instanceof BigInt64Array
        ? 'i'
        : 'u';
  return `${width === 1 ? '|' : '<'}${kind}${width}`;
}
