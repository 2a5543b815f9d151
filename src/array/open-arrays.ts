/** Opens files of named arrays in whichever format they are. */

import type { ArrayFile } from './array-file.js';
import { formatOfBytes, formatOfName, TELLING_BYTES } from './array-format.js';
import { openByteSource } from './byte-source.js';
import { openNpz } from './npz.js';
import { openSafetensors } from './safetensors.js';

/**
 * Opens .npz, .safetensors or .parquet: a path by its ending and, where that says nothing, by its first bytes; bytes by these and then
 * by `name`. What nothing tells of is taken for .npz. The reader of Parquet is loaded when it is first needed.
 * @param name what to call it in messages; default the path.
 * @throws what the reader of the format throws: FILE_NOT_FOUND, FILE_UNREADABLE, FORMAT_INVALID, FORMAT_UNSUPPORTED, LIMIT_EXCEEDED.
 */
export async function openArrays(source: string | Uint8Array, name?: string): Promise<ArrayFile> {
  switch (await formatOf(source, name)) {
    case 'safetensors':
      return openSafetensors(source, name);
    case 'parquet': {
      const { openParquet } = await import('./parquet/parquet.js');
      return openParquet(source, name);
    }
    default:
      return openNpz(source, name);
  }
}

async function formatOf(source: string | Uint8Array, name?: string) {
  if (typeof source !== 'string') return formatOfBytes(source) ?? formatOfName(name ?? '');
  const told = formatOfName(source);
  if (told) return told;
  const file = await openByteSource(source, name);
  return formatOfBytes(await file.read(0, Math.min(file.size, TELLING_BYTES)));
}
