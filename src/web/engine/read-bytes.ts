/** The bytes of what a page was given. */
import { TailorError } from '../../array/errors.js';
import { firstLine } from '../../array/text.js';

/** Reads a file, or takes the bytes as they are. FILE_UNREADABLE where the file has changed or gone since it was chosen. */
export async function readBytes(name: string, data: Blob | Uint8Array): Promise<Uint8Array> {
  if (data instanceof Uint8Array) return data;
  try {
    return new Uint8Array(await data.arrayBuffer());
  } catch (cause) {
    throw new TailorError(
      'FILE_UNREADABLE',
      `Reading ${name}: the browser cannot read it (${firstLine(cause)}). It may have been changed, moved, or be too large (2 GB at most): choose it again.`,
      { cause },
    );
  }
}

/** The text of a file. FORMAT_INVALID where it is none. */
export async function readText(name: string, data: Blob | Uint8Array): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readBytes(name, data));
  } catch (cause) {
    if (cause instanceof TailorError) throw cause;
    throw new TailorError('FORMAT_INVALID', `Reading ${name}: it is no text in UTF-8.`, { cause });
  }
}
