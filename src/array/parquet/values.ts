/** The values of a page in their plain encodings. */
import { decodeNumbers, type NumericArray } from '../npy.js';
import type { ValueType } from './columns.js';
import { invalid } from './refusal.js';

/** Numbers, or texts. */
export type Values = NumericArray | string[];

const NUMBERS: Readonly<
  Record<Exclude<ValueType, 'string'>, { readonly kind: 'f' | 'i' | 'u'; readonly itemBytes: number }>
> = {
  float16: { kind: 'f', itemBytes: 2 },
  float32: { kind: 'f', itemBytes: 4 },
  float64: { kind: 'f', itemBytes: 8 },
  int32: { kind: 'i', itemBytes: 4 },
  uint32: { kind: 'u', itemBytes: 4 },
  int64: { kind: 'i', itemBytes: 8 },
  uint64: { kind: 'u', itemBytes: 8 },
};

/** What numpy calls the type of `valuesOf(type)`: float16 is read as float32. */
export function numpyType(type: ValueType): string {
  if (type === 'string') return '<U';
  const { kind, itemBytes } = NUMBERS[type];
  return type === 'float16' ? '<f4' : `<${kind}${itemBytes}`;
}

/** Room for `length` values of a type, as `plainValues` gives them. */
export function arrayOf(type: ValueType): NumericArrayMaker | undefined {
  if (type === 'string') return undefined;
  const none = decodeNumbers(new Uint8Array(0), { ...NUMBERS[type], littleEndian: true });
  return none.constructor as NumericArrayMaker;
}

interface NumericArrayMaker {
  new (length: number): NumericArray;
  readonly BYTES_PER_ELEMENT: number;
}

/** PLAIN: one after the other, texts behind their lengths. FORMAT_INVALID when the bytes end before. */
export function plainValues(bytes: Uint8Array, type: ValueType, count: number, name: string): Values {
  if (type === 'string') return texts(bytes, count, name);
  const { itemBytes } = NUMBERS[type];
  assertBytes(bytes, count * itemBytes, name);
  return decodeNumbers(bytes.subarray(0, count * itemBytes), { ...NUMBERS[type], littleEndian: true });
}

/** BYTE_STREAM_SPLIT: the first bytes of all numbers, then the second ones, and so on. */
export function splitValues(bytes: Uint8Array, type: ValueType, count: number, name: string): Values {
  if (type === 'string') throw invalid(name, 'texts are split into streams of bytes');
  const { itemBytes } = NUMBERS[type];
  assertBytes(bytes, count * itemBytes, name);
  const joined = new Uint8Array(count * itemBytes);
  for (let b = 0; b < itemBytes; b++) {
    for (let i = 0; i < count; i++) joined[i * itemBytes + b] = bytes[b * count + i];
  }
  return plainValues(joined, type, count, name);
}

function texts(bytes: Uint8Array, count: number, name: string): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const all: string[] = [];
  for (let at = 0; all.length < count; ) {
    assertBytes(bytes, at + 4, name);
    const end = at + 4 + view.getUint32(at, true);
    assertBytes(bytes, end, name);
    try {
      all.push(utf8.decode(bytes.subarray(at + 4, end)));
    } catch (error) {
      throw invalid(name, 'a text is not UTF-8', error);
    }
    at = end;
  }
  return all;
}

function assertBytes(bytes: Uint8Array, needed: number, name: string): void {
  if (bytes.length >= needed) return;
  throw invalid(name, `a page has ${bytes.length} bytes of values, ${needed} are needed`);
}
