/**
 * safetensors: named arrays behind a JSON header (safetensors-header.ts), as the Python package `safetensors` reads and writes
 * them. The format has no strings but texts under `__metadata__`: an axis of strings is a JSON array there, one string itself.
 */
import { platform } from '#platform';
import { type ArrayFile, listOf } from './array-file.js';
import { HOST_IS_LITTLE_ENDIAN, swapBytes } from './byte-order.js';
import { openByteSource } from './byte-source.js';
import { TailorError } from './errors.js';
import { bfloat16ToFloat32 } from './float16.js';
import { decodeNumbers, type NpyArray, type NpyContent, type NumericArray } from './npy.js';
import { heldRows, type NpyRows } from './npy-rows.js';
import {
  METADATA,
  readSafetensorsHeader,
  TENSOR_BYTES,
  type TensorInfo,
  type TensorType,
} from './safetensors-header.js';

/** Of each type what numpy calls it; numpy has no bfloat16. */
const NUMPY: Readonly<Record<TensorType, string>> = {
  ...{ BOOL: '|b1', U8: '|u1', I8: '|i1', I16: '<i2', U16: '<u2', F16: '<f2', BF16: 'bfloat16' },
  ...{ I32: '<i4', U32: '<u4', F32: '<f4', F64: '<f8', I64: '<i8', U64: '<u8' },
};

/**
 * Opens a safetensors file by path or bytes: only the header is read. bool comes as 0 and 1, float16 and bfloat16 as float32 (exact).
 * Texts of `__metadata__` are arrays of strings: [n] for a JSON array of strings, one of shape [] for any other.
 * @param name what to call it in messages; default the path.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, FORMAT_INVALID (cut off, damaged, a name twice, tensors that overlap, reach beyond the
 * file or leave gaps, a size that does not fit the shape), LIMIT_EXCEEDED; `read` and `rows`
 * FORMAT_UNSUPPORTED for other number types.
 */
export async function openSafetensors(source: string | Uint8Array, name?: string): Promise<ArrayFile> {
  const bytes = await openByteSource(source, name);
  const { tensors, metadata } = await readSafetensorsHeader(bytes);
  const names = [...tensors.keys(), ...[...metadata.keys()].filter((key) => !tensors.has(key))];
  const load = (info: TensorInfo, array: string, from = 0, length = info.bytes) => {
    const type = typeOf(info, `${array} of ${bytes.name}`);
    return bytes.read(info.offset + from, length).then((part) => decodeTensor(part, type));
  };
  const read = async (array: string): Promise<NpyArray> => {
    const info = tensors.get(array);
    if (info) {
      const data = await load(info, array);
      return { dtype: NUMPY[info.dtype as TensorType], shape: [...info.shape], data };
    }
    const text = metadata.get(array);
    if (text !== undefined) return parseText(text);
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading ${bytes.name}: there is no array named ${array}; it holds ${listOf(names)}.`,
    );
  };
  const rows = async (array: string): Promise<NpyRows> => {
    const info = tensors.get(array);
    // No axes, no rows, or rows of no numbers: whatever is to be said of these is said there.
    if (!info || info.bytes === 0 || info.shape.length === 0) {
      return heldRows(await read(array), `${array} of ${bytes.name}`);
    }
    const dtype = NUMPY[typeOf(info, `${array} of ${bytes.name}`)];
    const row = info.bytes / info.shape[0];
    return {
      ...{ dtype, shape: info.shape },
      read: (index, count = 1) => load(info, array, index * row, count * row),
    };
  };
  const has = (array: string) => tensors.has(array) || metadata.has(array);
  return { name: bytes.name, names, has, read, rows };
}

/**
 * Writes arrays to a safetensors file, streamed without a second copy of the numbers. Same arrays, same bytes; where there is at
 * most one text, the same that the Python package writes.
 * @param overwrite replace an existing file; default false.
 * @throws FILE_EXISTS, FILE_UNWRITABLE, SHAPE_MISMATCH, INVALID_ARGUMENT.
 */
export async function writeSafetensors(
  path: string,
  arrays: Readonly<Record<string, NpyContent>>,
  { overwrite = false }: { overwrite?: boolean } = {},
): Promise<void> {
  await platform.writeFile(path, safetensorsChunks(arrays), { overwrite });
}

/** The bytes of a safetensors file in order: the header, then each array. */
export function safetensorsChunks(arrays: Readonly<Record<string, NpyContent>>): Uint8Array[] {
  const header = new Map<string, unknown>();
  const texts = Object.entries(arrays).flatMap(([name, content]) =>
    'strings' in content ? [[name, textOf(name, content)] as const] : [],
  );
  if (texts.length > 0) header.set(METADATA, Object.fromEntries(texts));
  const bodies: Uint8Array[] = [];
  let at = 0;
  for (const [name, type, shape, data] of tensorsOf(arrays)) {
    header.set(name, { dtype: type, shape, data_offsets: [at, at + data.byteLength] });
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    bodies.push(HOST_IS_LITTLE_ENDIAN ? raw : swapBytes(raw, data.BYTES_PER_ELEMENT));
    at += data.byteLength;
  }
  // Not an object: it would sort names that are numbers to the front, and __proto__ is no name of it.
  const members = [...header].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const text = new TextEncoder().encode(`{${members.join()}}`);
  // Padded with blanks, so that the numbers begin at a multiple of 8.
  const start = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(start.buffer).setBigUint64(0, BigInt(start.length - 8), true);
  start.set(text, 8);
  return [start, ...bodies];
}

/** In the order of the reference: wide types first, so that every array is aligned, then by name. */
function tensorsOf(
  arrays: Readonly<Record<string, NpyContent>>,
): [name: string, type: TensorType, shape: readonly number[], data: NumericArray][] {
  const order = Object.keys(TENSOR_BYTES);
  return Object.entries(arrays)
    .flatMap(([name, content]): ReturnType<typeof tensorsOf> => {
      if ('strings' in content) return [];
      const { shape, data } = content;
      if (name === METADATA) throw unwritable(name, 'is not the name of an array in this format');
      const sizes = shape.every((size) => Number.isSafeInteger(size) && size >= 0);
      if (sizes && shape.reduce((a, b) => a * b, 1) === data.length) {
        return [[name, tensorType(data), shape, data]];
      }
      throw new TailorError(
        'SHAPE_MISMATCH',
        `Writing safetensors: the shape [${shape.join(', ')}] of ${name} does not fit ${data.length} items.`,
      );
    })
    .sort(([a, one], [b, other]) => order.indexOf(other) - order.indexOf(one) || (a < b ? -1 : 1));
}

function tensorType(data: NumericArray): TensorType {
  const bits = data.BYTES_PER_ELEMENT * 8;
  if (data instanceof Float32Array || data instanceof Float64Array) return bits === 32 ? 'F32' : 'F64';
  const signed = [Int8Array, Int16Array, Int32Array, BigInt64Array].some((type) => data instanceof type);
  return `${signed ? 'I' : 'U'}${bits as 8 | 16 | 32 | 64}`;
}

function textOf(name: string, { shape, strings }: Extract<NpyContent, { strings: unknown }>): string {
  if (shape === undefined || (shape.length === 1 && shape[0] === strings.length)) {
    return JSON.stringify(strings);
  }
  if (shape.length === 0 && strings.length === 1) return strings[0];
  throw unwritable(
    name,
    `has strings of shape [${shape.join(', ')}]; one string, or one axis of them, is kept`,
  );
}

function unwritable(name: string, why: string): TailorError {
  return new TailorError(
    'INVALID_ARGUMENT',
    `Writing safetensors: ${name} ${why}. Leave it out, or write .npz.`,
  );
}

function parseText(text: string): NpyArray {
  const array = text.startsWith('[') ? parseStrings(text) : undefined;
  const data = new Uint8Array(0);
  return array
    ? { dtype: '<U', shape: [array.length], data, strings: array }
    : { dtype: '<U', shape: [], data, strings: [text] };
}

function parseStrings(text: string): string[] | undefined {
  try {
    const array = JSON.parse(text) as unknown[];
    return array.every((item): item is string => typeof item === 'string') ? array : undefined;
  } catch {
    return undefined;
  }
}

function typeOf({ dtype }: TensorInfo, name: string): TensorType {
  if (Object.hasOwn(TENSOR_BYTES, dtype)) return dtype as TensorType;
  throw new TailorError(
    'FORMAT_UNSUPPORTED',
    `Reading ${name}: the type ${dtype} is not read; ${Object.keys(TENSOR_BYTES).join(', ')} are. Convert it before it is written.`,
  );
}

function decodeTensor(bytes: Uint8Array, type: TensorType): NumericArray {
  if (type === 'BF16') return bfloat16ToFloat32(decodeTensor(bytes, 'U16') as Uint16Array);
  const kind = NUMPY[type].charAt(1) as 'i' | 'u' | 'f' | 'b';
  return decodeNumbers(bytes, { kind, itemBytes: TENSOR_BYTES[type], littleEndian: true });
}
