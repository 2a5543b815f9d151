/** The bytes of picture files. */
import { platform } from '#platform';
import { limit, limitExceeded } from '../array/limits.js';
import { fileFound } from '../array/read-found.js';

/** Reads a picture file. @throws FILE_NOT_FOUND, FILE_UNREADABLE (also for a pipe or a device), LIMIT_EXCEEDED. */
export async function readPicture(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const info = await fileFound(path);
  if (info) assertPictureBytes(info.bytes, path);
  return platform.readFile(path);
}

/** LIMIT_EXCEEDED for more bytes than are decoded. */
export function assertPictureBytes(bytes: number, path: string): void {
  if (bytes <= limit('pictureBytes')) return;
  throw limitExceeded('pictureBytes', `Reading ${path}: it has ${bytes} bytes`);
}
