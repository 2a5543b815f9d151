/** Writes zip archives with stored entries: same entries, same bytes. Zip64 where a size needs it, as Python's zipfile. */
import { platform } from '#platform';

/** One entry; its content comes in parts so that a large array is written without a copy of it. */
export interface ZipContent {
  readonly name: string;
  readonly parts: readonly Uint8Array[];
}

/** 1980-01-01 00:00, the first date of the format: a real one would change the bytes from run to run. */
const FIXED_DATE = 0x0021;
const UTF8_FLAG = 0x0800;
/** What a 32-bit (16-bit) field holds when the number stands in the zip64 field instead. */
const IN_ZIP64 = 0xffffffff;
const COUNT_IN_ZIP64 = 0xffff;

/**
 * The archive in chunks, in order.
 * @param zip64From sizes and offsets from here on go to zip64 fields; lower than the default only to test that.
 */
export function* zipChunks(contents: Iterable<ZipContent>, zip64From = IN_ZIP64): Generator<Uint8Array> {
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, parts } of contents) {
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    const crc = parts.reduce((before, part) => platform.crc32(part, before), 0);
    const entry = { name: new TextEncoder().encode(name), crc, bytes, offset };
    const header = localHeader(entry, zip64From);
    yield header;
    yield* parts;
    directory.push(directoryRecord(entry, zip64From));
    offset += header.length + bytes;
  }
  yield* directory;
  const directoryBytes = directory.reduce((sum, record) => sum + record.length, 0);
  yield endRecords(directory.length, directoryBytes, offset, zip64From);
}

interface Entry {
  name: Uint8Array;
  crc: number;
  bytes: number;
  offset: number;
}

function localHeader({ name, crc, bytes }: Entry, zip64From: number): Uint8Array {
  const large = bytes >= zip64From;
  const header = new Writer(30 + name.length + (large ? 20 : 0));
  header.u32(0x04034b50).u16(large ? 45 : 20);
  header.u16(UTF8_FLAG).u16(0).u16(0).u16(FIXED_DATE).u32(crc);
  header.u32(large ? IN_ZIP64 : bytes).u32(large ? IN_ZIP64 : bytes);
  header
    .u16(name.length)
    .u16(large ? 20 : 0)
    .raw(name);
  if (large) header.u16(1).u16(16).u64(bytes).u64(bytes);
  return header.bytes;
}

function directoryRecord({ name, crc, bytes, offset }: Entry, zip64From: number): Uint8Array {
  const large = bytes >= zip64From;
  const far = offset >= zip64From;
  const wide = (large ? 16 : 0) + (far ? 8 : 0);
  const record = new Writer(46 + name.length + (wide ? 4 + wide : 0));
  const version = wide ? 45 : 20;
  record.u32(0x02014b50).u16(version).u16(version);
  record.u16(UTF8_FLAG).u16(0).u16(0).u16(FIXED_DATE).u32(crc);
  record.u32(large ? IN_ZIP64 : bytes).u32(large ? IN_ZIP64 : bytes);
  record.u16(name.length).u16(wide ? 4 + wide : 0);
  record.u16(0).u16(0).u16(0).u32(0);
  record.u32(far ? IN_ZIP64 : offset).raw(name);
  if (wide) record.u16(1).u16(wide);
  if (large) record.u64(bytes).u64(bytes);
  if (far) record.u64(offset);
  return record.bytes;
}

function endRecords(count: number, bytes: number, offset: number, zip64From: number): Uint8Array {
  const wide = bytes >= zip64From || offset >= zip64From || count >= COUNT_IN_ZIP64;
  const end = new Writer(22 + (wide ? 56 + 20 : 0));
  if (wide) {
    end.u32(0x06064b50).u64(44).u16(45).u16(45).u32(0).u32(0);
    end.u64(count).u64(count).u64(bytes).u64(offset);
    end
      .u32(0x07064b50)
      .u32(0)
      .u64(offset + bytes)
      .u32(1);
  }
  const shortCount = wide ? COUNT_IN_ZIP64 : count;
  end.u32(0x06054b50).u16(0).u16(0).u16(shortCount).u16(shortCount);
  end
    .u32(wide ? IN_ZIP64 : bytes)
    .u32(wide ? IN_ZIP64 : offset)
    .u16(0);
  return end.bytes;
}

/** Little-endian fields one after the other. */
class Writer {
  readonly bytes: Uint8Array;
  #view: DataView;
  #at = 0;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.#view = new DataView(this.bytes.buffer);
  }

  u16(value: number): this {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
    return this;
  }

  u64(value: number): this {
    this.#view.setBigUint64(this.#at, BigInt(value), true);
    this.#at += 8;
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }
}
