/** The bytes of picture files. */
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { limit, limitExceeded } from '../array/limits.js';

/**
 * Reads a picture file. A pipe or a device is refused: reading it might never end. A symbolic link is followed, wherever it points
 * to: data sets are often made of links.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, LIMIT_EXCEEDED.
 */
export async function readPicture(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const info = await platform.info(path);
  if (info && info.kind !== 'file') {
    const what = info.kind === 'folder' ? 'a folder' : 'a pipe or a device';
    throw new TailorError(
      'FILE_UNREADABLE',
      `Reading ${path}: it is ${what}, not a picture file. Remove it.`,
    );
  }
  if (info) assertPictureBytes(info.bytes, path);
  return platform.readFile(path);
}

/** LIMIT_EXCEEDED for more bytes than are decoded. */
export function assertPictureBytes(bytes: number, path: string): void {
  if (bytes <= limit('pictureBytes')) return;
  throw limitExceeded('pictureBytes', `Reading ${path}: it has ${bytes} bytes`);
}
