/** Picture files in one folder per class, as a page gets a folder: a list of files with their paths. */
import { TailorError } from '../array/errors.js';
import { assertPictures, type ClassFolderOptions, isPicture, labelFolders } from './class-folders.js';
import { labelledPictures } from './labelled-pictures.js';
import type { DataSource } from './sample.js';

/** One file of a folder: what a page's `File` gives with `webkitRelativePath` and `arrayBuffer`. */
export interface PictureFile {
  /** From the chosen folder on, with '/': 'val/cat/01.png'. */
  readonly path: string;
  /** The bytes; asked for when the picture is. */
  read(): Uint8Array | Promise<Uint8Array>;
}

/** How the files are taken. */
export interface PictureFilesOptions extends ClassFolderOptions {
  /** For messages and provenance. Default: the folder that all files are in, or 'the given files'. */
  readonly name?: string;
}

/**
 * The counterpart of imageFolder for files that are at hand: same order (by class, then by file name), same labels, same
 * rules. The files are those of one folder whose subfolders are the classes ('val/cat/01.png'), or of the subfolders
 * themselves ('cat/01.png'); hidden files, other files and deeper folders are left aside.
 * @throws FORMAT_INVALID (no subfolder, no picture), FORMAT_UNSUPPORTED (bmp and others), LABELS_INVALID (folders that are no
 * classes), INVALID_ARGUMENT (the option classes); reading a sample: FORMAT_INVALID with its path, DEPENDENCY_MISSING.
 */
export function pictureFiles(
  files: readonly PictureFile[],
  { name, ...options }: PictureFilesOptions = {},
): DataSource {
  const parts = files.map((file) => ({
    file,
    path: file.path.split('/').filter((part) => part !== '' && part !== '.'),
  }));
  const [first] = parts;
  const inOne =
    first !== undefined && parts.every(({ path }) => path.length > 1 && path[0] === first.path[0]);
  const source = name ?? (inOne ? first.path[0] : 'the given files');
  const depth = inOne ? 1 : 0;
  const inFolders = parts.filter(({ path }) => path.length === depth + 2 && !path[depth].startsWith('.'));
  const folders = [...new Set(inFolders.map(({ path }) => path[depth]))].sort(byCodeUnit);
  if (folders.length === 0) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading pictures of ${source}: it has no subfolder. One subfolder per class is needed, with the pictures in it.`,
    );
  }
  const { classes, labels } = labelFolders(source, folders, options);
  const labelOf = new Map(folders.map((folder, i) => [folder, labels[i]]));
  const pictures = inFolders
    .filter(({ file, path }) => isPicture(file.path, path[depth + 1], source))
    .map(({ file, path }) => ({ file, name: path[depth + 1], label: labelOf.get(path[depth])! }))
    .sort((a, b) => a.label - b.label || byCodeUnit(a.name, b.name))
    .map(({ file, label }) => ({ path: file.path, label, read: () => file.read() }));
  assertPictures(source, folders.length, pictures.length);
  return labelledPictures(source, classes, pictures);
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
