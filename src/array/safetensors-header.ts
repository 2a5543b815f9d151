/**
 * The header of a safetensors file (github.com/huggingface/safetensors, "Format"): 8 bytes with its length N, then N bytes of
 * JSON, `{"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [BEGIN, END]}, …, "__metadata__": {"KEY": "TEXT"}}`, then
 * the numbers. Read as strictly as the reference does: the tensors cover the bytes behind the header exactly, without gaps.
 */
import type { ByteSource } from './byte-source.js';
import { TailorError } from './errors.js';
import { repeatedKey } from './json-keys.js';
import { limit, limitExceeded } from './limits.js';

/** Number types that are read, with their widths in bytes; those behind float64 are the ones of the reference that are not. */
export const TENSOR_BYTES = {
  ...{ BOOL: 1, U8: 1, I8: 1, I16: 2, U16: 2, F16: 2, BF16: 2 },
  ...{ I32: 4, U32: 4, F32: 4, F64: 8, I64: 8, U64: 8 },
} as const;

/** A number type that is read. */
export type TensorType = keyof typeof TENSOR_BYTES;

/** Where a tensor stands. */
export interface TensorInfo {
  /** As the file has it; TENSOR_BYTES has those that are read. */
  readonly dtype: string;
  readonly shape: number[];
  /** From the beginning of the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** What the header says, checked against the size of the file. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Texts under `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** The name that no tensor has. */
export const METADATA = '__metadata__';

type Json = Readonly<Record<string, unknown>>;

/** Reads and checks the header. FORMAT_INVALID, LIMIT_EXCEEDED. */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const { name, size } = source;
  if (size < 8) {
    throw invalid(name, size === 0 ? 'it is empty (0 bytes)' : `${size} bytes are too few for a header`);
  }
  const start = await source.read(0, 8);
  const length = Number(new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true));
  if (length > size - 8) {
    throw invalid(
      name,
      `its first 8 bytes promise a header of ${length} bytes, but ${size - 8} follow: it is cut off or no safetensors file`,
    );
  }
  if (length > limit('safetensorsHeaderBytes')) {
    throw limitExceeded('safetensorsHeaderBytes', `Reading ${name}: its header has ${length} bytes`);
  }
  const header = parseHeader(await source.read(8, length), name);
  const tensors = new Map<string, TensorInfo>();
  for (const [tensor, info] of Object.entries(header)) {
    if (tensor !== METADATA) tensors.set(tensor, parseTensor(tensor, info, 8 + length, name));
  }
  assertCovered(tensors, 8 + length, size, name);
  return { tensors, metadata: parseMetadata(header[METADATA], name) };
}

function parseHeader(bytes: Uint8Array, name: string): Json {
  // The format demands it, so that the first bytes tell it from others.
  if (bytes[0] !== 0x7b) throw invalid(name, 'its header does not begin with {');
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    throw invalid(name, `its header is not JSON in UTF-8 (${(error as Error).message})`, error);
  }
  const twice = repeatedKey(text);
  if (twice !== undefined) {
    throw invalid(name, `its header has the name ${twice} twice, and it is unclear which is meant`);
  }
  return header as Json;
}

function parseTensor(tensor: string, info: unknown, dataStart: number, name: string): TensorInfo {
  const { dtype, shape, data_offsets: offsets } = (info ?? {}) as Json;
  if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw invalid(name, `${tensor} needs a dtype, a shape and two data_offsets in whole numbers from 0`);
  }
  if (shape.length > limit('arrayAxes')) {
    throw limitExceeded('arrayAxes', `Reading ${name}: ${tensor} has ${shape.length} axes`);
  }
  const [begin, end] = offsets;
  const bytes = end - begin;
  const width: number | undefined = Object.hasOwn(TENSOR_BYTES, dtype)
    ? TENSOR_BYTES[dtype as TensorType]
    : undefined;
  const needed = width && shape.reduce((product, size) => product * size, width);
  if (bytes < 0 || (needed !== undefined && needed !== bytes)) {
    throw invalid(
      name,
      `${tensor} is ${dtype} [${shape.join(', ')}]${needed === undefined ? '' : `, which takes ${needed} bytes`}, but stands at bytes ${begin} to ${end}`,
    );
  }
  return { dtype, shape, offset: dataStart + begin, bytes };
}

/** Every byte behind the header belongs to one tensor: none to two, and none to none. */
function assertCovered(
  tensors: ReadonlyMap<string, TensorInfo>,
  dataStart: number,
  size: number,
  name: string,
): void {
  const sorted = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes);
  let at = dataStart;
  let before = 'the header';
  for (const [tensor, { offset, bytes }] of sorted) {
    if (offset !== at) {
      const what = offset < at ? 'overlaps' : `leaves a gap of ${offset - at} bytes behind`;
      throw invalid(name, `${tensor} ${what} ${before}`);
    }
    at += bytes;
    before = tensor;
  }
  if (at === size) return;
  throw invalid(
    name,
    at > size
      ? `its tensors end at byte ${at}, but it ends after ${size}: it is cut off`
      : `${size - at} bytes at its end belong to no tensor`,
  );
}

function parseMetadata(metadata: unknown, name: string): Map<string, string> {
  if (metadata === undefined) return new Map();
  const entries = isObject(metadata) ? Object.entries(metadata) : undefined;
  if (entries?.every((entry): entry is [string, string] => typeof entry[1] === 'string')) {
    return new Map(entries);
  }
  throw invalid(name, `${METADATA} must be an object of texts`);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function invalid(name: string, found: string, cause?: unknown): TailorError {
  return new TailorError(
    'FORMAT_INVALID',
    `Reading ${name} as safetensors: ${found}. Write or fetch it again.`,
    { cause },
  );
}
