/** Files that were found in a folder, not named by whoever asks. */
import { platform } from '#platform';
import { TailorError } from './errors.js';
import type { FileInfo } from './platform.js';

/**
 * What is at a path that was found in a folder: a file, through symbolic links as well, since data sets are often made of links.
 * FILE_UNREADABLE for a folder, and for a pipe or a device: reading it might never end. Undefined where nothing is.
 */
export async function fileFound(path: string): Promise<FileInfo | undefined> {
  const info = await platform.info(path);
  if (!info || info.kind === 'file') return info;
  const what = info.kind === 'folder' ? 'a folder' : 'a pipe or a device';
  throw new TailorError(
    'FILE_UNREADABLE',
    `Reading ${path}: it is ${what}, where a file should be. Remove it.`,
  );
}

/** Reads it whole. FILE_NOT_FOUND, FILE_UNREADABLE. */
export async function readFound(path: string): Promise<Uint8Array<ArrayBuffer>> {
  await fileFound(path);
  return platform.readFile(path);
}
