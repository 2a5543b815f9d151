/**
 * Walks over a structure of Thrift's compact protocol and builds nothing of it. What the library builds objects of has been
 * through here: a file of a few bytes could otherwise ask for numbers of millions of digits, or for structures without end.
 */
import { limit } from '../limits.js';
import { invalid, tooMuch } from './refusal.js';

/** Parquet's own structures nest eight deep: what goes beyond this is none of them. */
const MAX_THRIFT_DEPTH = 32;

/**
 * The place behind the structure that starts at `start`, or undefined when `bytes` end before it does.
 * @param what it is, for messages: 'footer'.
 * @throws FORMAT_INVALID, LIMIT_EXCEEDED.
 */
export function skipStructure(
  bytes: Uint8Array,
  start: number,
  name: string,
  what: string,
): number | undefined {
  const most = limit('parquetMetadataValues');
  let at = start;
  let values = 0;

  const varint = (): number => {
    let value = 0;
    // 64 bits come in at most ten bytes.
    for (let i = 0; i < 10; i++) {
      const byte = bytes[at++];
      if (byte === undefined) throw CUT_OFF;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw invalid(name, `its ${what} has a number of more than 64 bits`);
  };
  const skip = (type: number, inList: boolean, depth: number): void => {
    if (++values > most) {
      const instead = 'Write fewer columns, or larger row groups.';
      throw tooMuch('parquetMetadataValues', name, `its ${what} has more values`, instead);
    }
    if (depth > MAX_THRIFT_DEPTH) throw invalid(name, `its ${what} is nested ${depth} deep`);
    switch (type) {
      case 1:
      case 2:
        at += inList ? 1 : 0;
        break;
      case 3:
        at += 1;
        break;
      case 4:
      case 5:
      case 6:
        varint();
        break;
      case 7:
        at += 8;
        break;
      case 8: {
        const length = varint();
        at += length;
        break;
      }
      case 9:
        skipList(depth);
        break;
      case 12:
        skipFields(depth);
        break;
      default:
        throw invalid(name, `its ${what} has a value of type ${type}, which Parquet does not use`);
    }
    if (at > bytes.length) throw CUT_OFF;
  };
  const skipList = (depth: number): void => {
    const head = bytes[at++];
    if (head === undefined) throw CUT_OFF;
    const length = head >> 4 === 15 ? varint() : head >> 4;
    for (let i = 0; i < length; i++) skip(head & 0x0f, true, depth + 1);
  };
  const skipFields = (depth: number): void => {
    for (;;) {
      const head = bytes[at++];
      if (head === undefined) throw CUT_OFF;
      if ((head & 0x0f) === 0) return;
      if (head >> 4 === 0) varint();
      skip(head & 0x0f, false, depth + 1);
    }
  };

  try {
    skipFields(0);
    return at;
  } catch (error) {
    if (error === CUT_OFF) return undefined;
    throw error;
  }
}

const CUT_OFF = new Error('the bytes end here');
