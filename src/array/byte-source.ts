/** Bytes that are read by range: a file without loading it, or bytes that are in memory already. */
import { platform } from '#platform';
import { TailorError } from './errors.js';

/** A file or bytes, read piece by piece. */
export interface ByteSource {
  /** For messages: the path, or 'the given bytes'. */
  readonly name: string;
  readonly size: number;
  /**
   * FORMAT_INVALID when the range goes past the end; FILE_CHANGED for a file that is another by now than it was when it was opened.
   * May share memory with the source.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** What a source is called in messages where it was given no name: its path. */
export function nameOf(source: string | Uint8Array): string {
  return typeof source === 'string' ? source : 'the given bytes';
}

/** Opens a path (FILE_NOT_FOUND, FILE_UNREADABLE) or wraps bytes. */
export async function openByteSource(
  source: string | Uint8Array,
  name = nameOf(source),
): Promise<ByteSource> {
  if (typeof source !== 'string') {
    return {
      name,
      size: source.length,
      read: async (offset, length) => {
        if (offset < 0 || offset + length > source.length) {
          throw new TailorError(
            'FORMAT_INVALID',
            `Reading ${name}: ${length} bytes from offset ${offset} are needed, but it ends after ${source.length}.`,
          );
        }
        return source.subarray(offset, offset + length);
      },
    };
  }
  const info = await platform.info(source);
  if (!info) {
    throw new TailorError('FILE_NOT_FOUND', `Reading ${name}: there is no such file. Check the path.`);
  }
  if (info.kind !== 'file') {
    const what = info.kind === 'folder' ? 'a folder' : 'a device or pipe, which cannot be read by parts';
    throw new TailorError('FILE_UNREADABLE', `Reading ${name}: it is ${what}. Give a file.`);
  }
  const { bytes: size, mark } = info;
  return { name, size, read: (offset, length) => platform.readRange(source, offset, length, mark) };
}
