/** Inflating with a promised size: one output array, and any other size is an error. */

import { Gunzip, Inflate } from 'fflate';
import { platform } from '#platform';
import { allocate } from './allocate.js';
import { TailorError } from './errors.js';
import { limit, limitExceeded } from './limits.js';

/** Deflate gives at most 258 bytes for two bits (1032 : 1); what claims more lies about its size. */
const MAX_DEFLATE_RATIO = 1032;
/** What one Uint8Array of Node 20 holds. */
export const MAX_ARRAY_BYTES = 2 ** 32;
/** What is handed to the library at a time: bounds its buffer, as 64 KiB of deflate give at most 66 MiB. */
const PIECE = 65_536;

/** Raw deflate to exactly `bytes` bytes. @throws FORMAT_INVALID, LIMIT_EXCEEDED; `name` is for messages. */
export function inflateTo(raw: Uint8Array, bytes: number, name: string): Uint8Array<ArrayBuffer> {
  return fill(raw, bytes, name, (onPart) => new Inflate(onPart));
}

/** A gzip file of one member, its size and checksum checked. @throws FORMAT_INVALID, LIMIT_EXCEEDED. */
export function gunzip(raw: Uint8Array, name: string): Uint8Array<ArrayBuffer> {
  if (raw.length < 18) throw invalid(name, `its ${raw.length} bytes are no gzip file`);
  const trailer = new DataView(raw.buffer, raw.byteOffset + raw.length - 8, 8);
  const content = fill(raw, trailer.getUint32(4, true), name, (onPart) => new Gunzip(onPart));
  if (platform.crc32(content) !== trailer.getUint32(0, true)) throw invalid(name, 'its checksum is wrong');
  return content;
}

/** LIMIT_EXCEEDED for a size that is impossible, or beyond the limit `unpackedBytes`. */
export function assertInflatable(packed: number, bytes: number, name: string): void {
  const claims = `Reading ${name}: it claims to grow from ${packed} to ${bytes} bytes`;
  if (bytes > packed * MAX_DEFLATE_RATIO || bytes > MAX_ARRAY_BYTES) {
    throw new TailorError(
      'LIMIT_EXCEEDED',
      `${claims}. Deflate cannot do more than ${MAX_DEFLATE_RATIO} : 1, and at most ${MAX_ARRAY_BYTES} bytes fit one ` +
        'array; it is damaged or made to harm.',
    );
  }
  if (bytes - packed > limit('unpackedBytes')) throw limitExceeded('unpackedBytes', claims);
}

/** Whether the bytes start as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function fill(
  raw: Uint8Array,
  bytes: number,
  name: string,
  open: (onPart: (part: Uint8Array) => void) => { push(part: Uint8Array, final: boolean): void },
): Uint8Array<ArrayBuffer> {
  assertInflatable(raw.length, bytes, name);
  const content = allocate<Uint8Array<ArrayBuffer>>(Uint8Array, bytes, `Reading ${name}`);
  let filled = 0;
  const stream = open((part) => {
    if (filled + part.length > bytes) throw new RangeError(`more than ${bytes} bytes`);
    content.set(part, filled);
    filled += part.length;
  });
  try {
    for (let at = 0; at === 0 || at < raw.length; at += PIECE) {
      stream.push(raw.subarray(at, at + PIECE), at + PIECE >= raw.length);
    }
  } catch (cause) {
    throw invalid(name, `it cannot be inflated to its ${bytes} bytes (${(cause as Error).message})`, cause);
  }
  if (filled !== bytes) throw invalid(name, `it inflates to ${filled} bytes instead of ${bytes}`);
  return content;
}

function invalid(name: string, found: string, cause?: unknown): TailorError {
  return new TailorError('FORMAT_INVALID', `Reading ${name}: ${found}. Write or fetch it again.`, { cause });
}
