/** Reads files: whole, with their checksum, or for their checksum alone. */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { allocate } from './allocate.js';
import { readError } from './file-errors.node.js';
import { assertSame, markOf } from './file-mark.node.js';
import type { FileChecksum } from './platform.js';

/** Bytes that are hashed at once: some milliseconds, for which nothing else runs. */
const HASHED_AT_ONCE = 2 ** 23;

/** Bytes between two places where the checksum of a file's beginning is kept. */
const BETWEEN_STOPS = 2 ** 24;

/** What one read of Node takes at most. */
const LARGEST_READ = 2 ** 31 - 1;

/** The whole file. FILE_NOT_FOUND, FILE_UNREADABLE, FILE_CHANGED. */
export function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return unchanged(path, (file) => readRest(file));
}

/** The whole file and its checksum, which is made while the next bytes come. The errors of `readWhole`. */
export function readHashed(
  path: string,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; checksum: FileChecksum }> {
  return unchanged(path, async (file, size) => {
    // Devices, pipes and files that the system makes up have no size; what is too large, Node refuses in its own words.
    if (size === 0 || size > LARGEST_READ) {
      const bytes = await readRest(file);
      return { bytes, checksum: { sha256: await hashBytes([bytes]), ofParts: (parts) => hashBytes(parts) } };
    }
    const bytes = allocate<Uint8Array<ArrayBuffer>>(Uint8Array, size, `Reading ${path}`);
    const hash = createHash('sha256');
    const stops: Stop[] = [];
    let [hashed, read] = [0, 0];
    for (;;) {
      const reading = file.read(bytes, read, Math.min(HASHED_AT_ONCE, size - read), read);
      hash.update(bytes.subarray(hashed, read));
      hashed = read;
      if (hashed >= (stops.at(-1)?.at ?? 0) + BETWEEN_STOPS) stops.push({ at: hashed, hash: hash.copy() });
      const { bytesRead } = await reading;
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    const whole = read === size ? bytes : bytes.slice(0, read);
    const checksum = { sha256: hash.digest('hex'), ofParts: (parts: Parts) => hashFrom(stops, whole, parts) };
    return { bytes: whole, checksum };
  });
}

type Parts = readonly Uint8Array[];

/** A hash on its way, after the first `at` bytes. */
interface Stop {
  readonly at: number;
  readonly hash: Hash;
}

/** Hashes `parts` from the last of the stops that lies within what they have of `bytes` at their beginning. */
function hashFrom(stops: readonly Stop[], bytes: Uint8Array, parts: Parts): Promise<string> {
  let same = 0;
  for (const part of parts) {
    if (part.buffer !== bytes.buffer || part.byteOffset !== bytes.byteOffset + same) break;
    same += part.length;
  }
  const stop = stops.findLast(({ at }) => at <= same);
  if (!stop) return hashBytes(parts);
  let skip = stop.at;
  const rest = parts.map((part) => {
    const left = part.subarray(skip);
    skip = Math.max(0, skip - part.length);
    return left;
  });
  return hashBytes(rest, stop.hash.copy());
}

/** Sha256 of a file that is read piece by piece. FILE_NOT_FOUND, FILE_UNREADABLE. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    const file = await open(path, 'r');
    try {
      // A megabyte is hashed in a millisecond: nobody waits for it.
      const buffer = new Uint8Array(2 ** 20);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readError(path, error);
  }
  return hash.digest('hex');
}

/** Sha256 of bytes in memory, in pieces, so that whatever waits is served in between. */
export async function hashBytes(parts: readonly Uint8Array[], hash = createHash('sha256')): Promise<string> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += HASHED_AT_ONCE) {
      if (at > 0) await setImmediate();
      hash.update(part.subarray(at, at + HASHED_AT_ONCE));
    }
  }
  return hash.digest('hex');
}

/** Calls `read` with the open file and its size, 0 where it has none. */
async function unchanged<T>(path: string, read: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
  try {
    const file = await open(path, 'r');
    try {
      const before = await file.stat({ bigint: true });
      const found = await read(file, before.isFile() ? Number(before.size) : 0);
      // Of a file that is written to while it is read, a part is old and a part new.
      if (before.isFile()) assertSame(path, markOf(before), await file.stat({ bigint: true }));
      return found;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readError(path, error);
  }
}

async function readRest(file: FileHandle): Promise<Uint8Array<ArrayBuffer>> {
  const { buffer, byteOffset, byteLength } = await file.readFile();
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
