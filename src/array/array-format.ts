/** Formats of files of named arrays, told by the ending of a name or by the first bytes. */
import { isZip } from './zip-read.js';

/** The format that a name's ending says: '.npz', '.safetensors', '.parquet'. */
export type ArrayFormat = 'npz' | 'safetensors' | 'parquet';

const FORMATS: readonly ArrayFormat[] = ['npz', 'safetensors', 'parquet'];

/** How many first bytes `formatOfBytes` looks at. */
export const TELLING_BYTES = 9;

/** The format that a path's ending says; undefined for any other ending. */
export function formatOfName(path: string): ArrayFormat | undefined {
  return FORMATS.find((format) => path.toLowerCase().endsWith(`.${format}`));
}

/** The format of a file that begins so; undefined where its beginning does not tell. */
export function formatOfBytes(start: Uint8Array): ArrayFormat | undefined {
  if (isZip(start)) return 'npz';
  // PAR1, or PARE where it is encrypted.
  if (start[0] === 0x50 && start[1] === 0x41 && start[2] === 0x52) return 'parquet';
  // The length of a header in 8 bytes, of which none needs the upper four, and its {.
  const isShort = start.subarray(4, 8).every((byte) => byte === 0);
  return start[8] === 0x7b && isShort ? 'safetensors' : undefined;
}
