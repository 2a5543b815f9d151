/**
 * Zip archives as numpy, Python's zipfile and Info-ZIP write them: stored and deflated entries, zip64 (PKWARE's
 * APPNOTE 4.3). Only the directory at the end is read on opening; then one entry at a time.
 */
import { platform } from '#platform';
import type { ByteSource } from './byte-source.js';
import { TailorError } from './errors.js';
import { assertInflatable, inflateTo, MAX_ARRAY_BYTES } from './inflate.js';
import { limit, limitExceeded } from './limits.js';

/** An entry as the directory describes it. */
export interface ZipEntry {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** Of the local header. */
  readonly offset: number;
}

/** An opened archive. */
export interface ZipArchive {
  readonly source: ByteSource;
  /** By name, in the order of the directory. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** Where the directory starts: no entry reaches beyond. */
  readonly directoryOffset: number;
  /** Entries that were unpacked: together they keep to the limit `unpackedBytes`. */
  readonly unpacked: Set<ZipEntry>;
}

/** A comment is at most this long, so the end record starts at most 22 bytes more before the end. */
const MAX_COMMENT_BYTES = 65_535;

/** Whether bytes begin as a zip archive does, an empty one too. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b;
}

/** Reads the directory. FORMAT_INVALID (not a zip, cut off, damaged, duplicate names), FORMAT_UNSUPPORTED, LIMIT_EXCEEDED. */
export async function openZip(source: ByteSource): Promise<ZipArchive> {
  const { entries: count, bytes, offset, end } = await findDirectory(source);
  if (offset + bytes !== end) {
    throw invalid(source, `its directory should end at byte ${end}, but ends at ${offset + bytes}`);
  }
  if (bytes > limit('zipDirectoryBytes')) {
    throw limitExceeded('zipDirectoryBytes', `Reading ${source.name}: its zip directory has ${bytes} bytes`);
  }
  const directory = await source.read(offset, bytes);
  const view = viewOf(directory);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes || view.getUint32(at, true) !== 0x02014b50) {
      throw invalid(source, `entry ${i} of its directory is damaged`);
    }
    const nameEnd = at + 46 + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const next = extraEnd + view.getUint16(at + 32, true);
    if (next > bytes) throw invalid(source, `entry ${i} of its directory is cut off`);
    const name = decodeName(directory.subarray(at + 46, nameEnd));
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    if (flags & 1) throw unsupported(source, name, 'is encrypted');
    if (method !== 0 && method !== 8) throw unsupported(source, name, `is compressed by method ${method}`);
    const sizes = [
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ];
    const [size, compressedBytes, start] = zip64Sizes(sizes, view, nameEnd, extraEnd, source);
    if (entries.has(name))
      throw invalid(source, `two entries are named ${name}, and it is unclear which is meant`);
    if (start + 30 + compressedBytes > offset || (method === 0 && size !== compressedBytes)) {
      throw invalid(source, `entry ${name} has impossible sizes`);
    }
    entries.set(name, {
      name,
      method,
      crc: view.getUint32(at + 16, true),
      compressedBytes,
      bytes: size,
      offset: start,
    });
    at = next;
  }
  if (at !== bytes) throw invalid(source, `its directory announces ${count} entries, but holds more`);
  assertApart([...entries.values()], source);
  return { source, entries, directoryOffset: offset, unpacked: new Set() };
}

/** Entries that share bytes are how a small archive holds petabytes (Fifield 2019, "A better zip bomb"). */
function assertApart(entries: ZipEntry[], source: ByteSource): void {
  let before: ZipEntry | undefined;
  for (const entry of entries.sort((a, b) => a.offset - b.offset)) {
    // The local header has the name again, and maybe more.
    const least = before && before.offset + 30 + before.name.length + before.compressedBytes;
    if (least !== undefined && least > entry.offset) {
      throw invalid(source, `entries ${before?.name} and ${entry.name} overlap`);
    }
    before = entry;
  }
}

/** Reads one entry and checks its CRC-32. Stored entries of bytes in memory share that memory. */
export async function readZipEntry(archive: ZipArchive, entry: ZipEntry): Promise<Uint8Array> {
  const { source } = archive;
  const { name, compressedBytes, bytes } = entry;
  if (bytes > MAX_ARRAY_BYTES || compressedBytes > MAX_ARRAY_BYTES) {
    throw new TailorError(
      'LIMIT_EXCEEDED',
      `Reading ${name} of ${source.name}: it has ${bytes} bytes; at most ${MAX_ARRAY_BYTES} fit one array. Split it.`,
    );
  }
  if (entry.method !== 0) assertHeld(archive, entry);
  const raw = await source.read(await zipEntryStart(archive, entry), compressedBytes);
  const content = entry.method === 0 ? raw : inflateTo(raw, bytes, `${name} of ${source.name}`);
  const crc = platform.crc32(content);
  if (crc !== entry.crc) {
    throw invalid(
      source,
      `entry ${name} is damaged: its checksum is ${crc.toString(16)}, not ${entry.crc.toString(16)}`,
    );
  }
  return content;
}

/** Entries below the limit one by one may be beyond it together. */
function assertHeld({ source, unpacked }: ZipArchive, entry: ZipEntry): void {
  assertInflatable(entry.compressedBytes, entry.bytes, `${entry.name} of ${source.name}`);
  unpacked.add(entry);
  let grown = 0;
  for (const { bytes, compressedBytes } of unpacked) grown += bytes - compressedBytes;
  if (grown <= limit('unpackedBytes')) return;
  unpacked.delete(entry);
  throw limitExceeded(
    'unpackedBytes',
    `Reading ${entry.name} of ${source.name}: with what was unpacked before, it claims to grow by ${grown} bytes`,
  );
}

/** Where the content of an entry starts, after its local header, which must agree with the directory. */
export async function zipEntryStart(
  { source, directoryOffset }: ZipArchive,
  entry: ZipEntry,
): Promise<number> {
  const { name, compressedBytes } = entry;
  const view = viewOf(await source.read(entry.offset, 30));
  if (view.getUint32(0, true) !== 0x04034b50) {
    throw invalid(source, `entry ${name} does not start where its directory says`);
  }
  const nameBytes = view.getUint16(26, true);
  const start = entry.offset + 30 + nameBytes + view.getUint16(28, true);
  if (start + compressedBytes > directoryOffset) throw invalid(source, `entry ${name} has impossible sizes`);
  const rest = await source.read(entry.offset + 30, start - entry.offset - 30);
  if (decodeName(rest.subarray(0, nameBytes)) !== name) {
    throw invalid(source, `entry ${name} has another name at its own place`);
  }
  assertSame(entry, view, rest.subarray(nameBytes), source);
  return start;
}

/** What the local header says is what the directory says, or another program would read something else than this one. */
function assertSame(entry: ZipEntry, view: DataView, extra: Uint8Array, source: ByteSource): void {
  const { name, method, crc, bytes, compressedBytes } = entry;
  const flags = view.getUint16(6, true);
  let same = view.getUint16(8, true) === method && (flags & 1) === 0;
  // Written in a stream, sizes and checksum stand behind the content.
  if ((flags & 8) === 0) {
    const sizes = [view.getUint32(22, true), view.getUint32(18, true)];
    const [size, packed] = zip64Sizes(sizes, viewOf(extra), 0, extra.length, source);
    same &&= view.getUint32(14, true) === crc && size === bytes && packed === compressedBytes;
  }
  if (!same) throw invalid(source, `entry ${name} is described otherwise at its own place`);
}

interface Directory {
  entries: number;
  bytes: number;
  offset: number;
  /** Where the record that describes the directory starts. */
  end: number;
}

async function findDirectory(source: ByteSource): Promise<Directory> {
  const tailBytes = Math.min(source.size, 22 + MAX_COMMENT_BYTES);
  const tailOffset = source.size - tailBytes;
  const tail = await source.read(tailOffset, tailBytes);
  const view = viewOf(tail);
  for (let at = tailBytes - 22; at >= 0; at--) {
    // The comment's length must reach the end exactly, or the signature is just part of a comment.
    if (view.getUint32(at, true) !== 0x06054b50 || at + 22 + view.getUint16(at + 20, true) !== tailBytes)
      continue;
    const end = tailOffset + at;
    const found = {
      entries: view.getUint16(at + 10, true),
      bytes: view.getUint32(at + 12, true),
      offset: view.getUint32(at + 16, true),
      end,
    };
    const is64 = at >= 20 && view.getUint32(at - 20, true) === 0x07064b50;
    if (is64) {
      const wide = await readZip64Directory(
        source,
        toNumber(view.getBigUint64(at - 12, true), source),
        end - 20,
      );
      const agree = (short: number, none: number, long: number) => short === none || short === long;
      if (
        !agree(found.entries, 0xffff, wide.entries) ||
        !agree(found.bytes, 0xffffffff, wide.bytes) ||
        !agree(found.offset, 0xffffffff, wide.offset)
      ) {
        throw invalid(source, 'its two end records contradict each other');
      }
      return wide;
    }
    if (view.getUint16(at + 4, true) !== 0 || found.entries !== view.getUint16(at + 8, true)) {
      throw new TailorError(
        'FORMAT_UNSUPPORTED',
        `Reading ${source.name}: zip archives in several parts are not read.`,
      );
    }
    return found;
  }
  throw invalid(source, source.size === 0 ? 'it is empty (0 bytes)' : 'the end of a zip archive is missing');
}

async function readZip64Directory(source: ByteSource, offset: number, locator: number): Promise<Directory> {
  if (offset + 56 > locator) throw invalid(source, 'its zip64 end record is not where it should be');
  const view = viewOf(await source.read(offset, 56));
  if (view.getUint32(0, true) !== 0x06064b50) throw invalid(source, 'its zip64 end record is damaged');
  return {
    entries: toNumber(view.getBigUint64(32, true), source),
    bytes: toNumber(view.getBigUint64(40, true), source),
    offset: toNumber(view.getBigUint64(48, true), source),
    end: offset,
  };
}

/** Replaces each size of 0xffffffff by the next 64-bit number of the zip64 extra field (APPNOTE 4.5.3). */
function zip64Sizes(
  sizes: number[],
  view: DataView,
  start: number,
  end: number,
  source: ByteSource,
): number[] {
  if (!sizes.includes(0xffffffff)) return sizes;
  let at = start;
  while (at + 4 <= end && view.getUint16(at, true) !== 1) at += 4 + view.getUint16(at + 2, true);
  const fieldEnd = Math.min(end, at + 4 + (at + 4 <= end ? view.getUint16(at + 2, true) : 0));
  at += 4;
  return sizes.map((size) => {
    if (size !== 0xffffffff) return size;
    if (at + 8 > fieldEnd) throw invalid(source, 'a zip64 size is missing');
    at += 8;
    return toNumber(view.getBigUint64(at - 8, true), source);
  });
}

function toNumber(value: bigint, source: ByteSource): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(source, 'a zip64 size is impossible');
  return Number(value);
}

/** UTF-8 as Python writes it when not plain ASCII; names in older code pages keep a replacement sign. */
function decodeName(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function invalid(source: ByteSource, found: string, cause?: unknown): TailorError {
  return new TailorError(
    'FORMAT_INVALID',
    `Reading ${source.name} as a zip archive (.npz): ${found}. Write or fetch it again.`,
    { cause },
  );
}

function unsupported(source: ByteSource, name: string, what: string): TailorError {
  return new TailorError(
    'FORMAT_UNSUPPORTED',
    `Reading ${source.name}: entry ${name} ${what}; stored and deflated entries are read. Write it with numpy.savez.`,
  );
}
