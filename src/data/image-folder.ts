/** Picture files in one folder per class. */

import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { assertPictures, type ClassFolderOptions, isPicture, labelFolders } from './class-folders.js';
import { type LabelledFile, labelledFiles } from './labelled-pictures.js';
import type { DataSource } from './sample.js';

/** What the folders stand for. */
export type ImageFolderOptions = ClassFolderOptions;

/**
 * A folder with one subfolder per class, which holds the pictures (png, jpeg, webp, avif, gif, tiff). Hidden files and
 * files that are no pictures are left aside; pictures are decoded when read, upright by their EXIF orientation.
 * Samples are ordered by class, then by file name (code units).
 * @throws FILE_NOT_FOUND, FORMAT_INVALID (no subfolder, no picture), LABELS_INVALID (folders that are no classes, or
 * more than one),
 * FORMAT_UNSUPPORTED (bmp and others); reading a sample: FORMAT_INVALID with its path, DEPENDENCY_MISSING.
 */
export async function imageFolder(path: string, options: ImageFolderOptions = {}): Promise<DataSource> {
  const folders = await listClassFolders(path);
  const { classes, labels } = labelFolders(path, folders, options);
  const samples: LabelledFile[] = [];
  const labelled = folders.map((folder, i) => ({ folder, label: labels[i] }));
  for (const { folder, label } of labelled.sort((a, b) => a.label - b.label)) {
    for (const file of await platform.listFolder(platform.joinPath(path, folder))) {
      const full = platform.joinPath(path, folder, file);
      if (isPicture(full, file, path)) samples.push({ path: full, name: `${folder}/${file}`, label });
    }
  }
  assertPictures(path, folders.length, samples.length);
  return labelledFiles(path, classes, samples);
}

async function listClassFolders(path: string): Promise<string[]> {
  const info = await platform.info(path);
  if (info?.kind !== 'folder') {
    throw new TailorError(
      'FILE_NOT_FOUND',
      `Reading pictures of ${path}: there is no such folder. Check the path.`,
    );
  }
  const folders: string[] = [];
  for (const name of await platform.listFolder(path)) {
    if (name.startsWith('.')) continue;
    if ((await platform.info(platform.joinPath(path, name)))?.kind === 'folder') folders.push(name);
  }
  if (folders.length > 0) return folders;
  throw new TailorError(
    'FORMAT_INVALID',
    `Reading pictures of ${path}: it has no subfolder. One subfolder per class is needed, with the pictures in it.`,
  );
}
