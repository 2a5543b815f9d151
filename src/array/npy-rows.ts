/**
 * Rows (first axis) of a .npy array. A small array is read whole, its checksum checked. One that is large, stored (not
 * compressed) and in C order is read row by row from the file, so that data sets larger than memory can be used; the
 * checksum of its zip entry is then not checked.
 */
import { type ByteSource, openByteSource } from './byte-source.js';
import { TailorError } from './errors.js';
import { limit } from './limits.js';
import { decodeNumbers, type NpyArray, type NumericArray, parseNpy } from './npy.js';
import { parseNpyHeader } from './npy-header.js';

/** An array that gives its rows. */
export interface NpyRows {
  /** numpy's name of the type, e.g. `<f4`; rows are given in the byte order of the machine. */
  readonly dtype: string;
  /** Of the whole array; at least one axis. */
  readonly shape: readonly number[];
  /**
   * The numbers of row `index` and those behind it, `count` rows (default 1) in C order. Do not write to them. Throws
   * FILE_UNREADABLE where the file is gone or was cut off meanwhile.
   */
  read(index: number, count?: number): NumericArray | Promise<NumericArray>;
}

/** How rows are held. */
export interface RowsOptions {
  /** Arrays of fewer bytes than this are held in memory whole. Default 256 MiB. */
  readonly wholeBelow?: number;
}

/** Opens a .npy file (path or bytes) by rows. Throws as parseNpy does, and FORMAT_INVALID for an array without axes. */
export async function openNpyRows(source: string | Uint8Array, options?: RowsOptions): Promise<NpyRows> {
  const bytes = await openByteSource(source);
  const whole = async () => parseNpy(await bytes.read(0, bytes.size), bytes.name);
  return openRows(bytes, { offset: 0, bytes: bytes.size }, whole, bytes.name, options);
}

/**
 * @param place where in `source` the .npy stands; undefined when it is compressed.
 * @param whole reads all of it.
 */
export async function openRows(
  source: ByteSource,
  place: { offset: number; bytes: number } | undefined,
  whole: () => Promise<NpyArray>,
  name: string,
  { wholeBelow = 2 ** 28 }: RowsOptions = {},
): Promise<NpyRows> {
  if (!place || place.bytes < wholeBelow) return heldRows(await whole(), name);
  const start = await source.read(place.offset, Math.min(place.bytes, limit('npyHeaderBytes') + 12));
  const header = parseNpyHeader(start, name);
  const { dtype, kind, shape, items, itemBytes, dataOffset } = header;
  if (header.fortranOrder || kind === 'U' || kind === 'S' || shape.length === 0)
    return heldRows(await whole(), name);
  if (place.bytes - dataOffset !== items * itemBytes) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading ${name}: the header promises ${items * itemBytes} bytes, but ${place.bytes - dataOffset} follow it. Write it again.`,
    );
  }
  assertRows(shape, items, name);
  const rowBytes = shape[0] === 0 ? 0 : (items / shape[0]) * itemBytes;
  return {
    dtype,
    shape,
    read: async (index, count = 1) =>
      decodeNumbers(
        await source.read(place.offset + dataOffset + index * rowBytes, count * rowBytes),
        header,
      ),
  };
}

/** Rows of an array that is in memory. FORMAT_INVALID for strings, an array without axes, and rows of no numbers. */
export function heldRows({ dtype, shape, data, strings }: NpyArray, name: string): NpyRows {
  if (strings || shape.length === 0) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading ${name}: numbers with the samples along the first axis are needed, but it has type ${dtype} and shape [${shape.join(', ')}].`,
    );
  }
  assertRows(shape, data.length, name);
  const row = shape[0] === 0 ? 0 : data.length / shape[0];
  return { dtype, shape, read: (index, count = 1) => data.subarray(index * row, (index + count) * row) };
}

/** Rows of no numbers take no bytes, so a file of 128 bytes could claim any number of samples. */
function assertRows(shape: readonly number[], items: number, name: string): void {
  if (items > 0 || shape[0] === 0) return;
  throw new TailorError(
    'FORMAT_INVALID',
    `Reading ${name}: its shape [${shape.join(', ')}] says ${shape[0]} samples of no numbers. Write it again.`,
  );
}
