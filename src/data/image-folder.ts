/** Picture files in one folder per class. */

import { decodePicture } from '#pictures';
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { listNames } from '../array/text.js';
import type { DataSource } from './sample.js';

/** What the folders stand for. */
export interface ImageFolderOptions {
  /**
   * The model's class names, in class order. The folders must be named by them, or all by class indices (0, 1, …);
   * classes without a folder are allowed. Default: the folders' names sorted by code unit are the classes.
   */
  readonly classes?: readonly string[];
  /**
   * Without `classes`: how folders are put in order. Needed when all names are whole numbers that sort differently as
   * names (0, 1, 10, 2, as torchvision's ImageFolder does) and as numbers. Default 'name'.
   */
  readonly order?: 'name' | 'number';
}

const PICTURES = /\.(png|jpe?g|webp|avif|gif|tiff?)$/i;
/** Pictures that the decoder does not know: skipping them in silence would change the class counts. */
const UNREADABLE = /\.(bmp|heic|heif|jp2|jxl|ico|psd|dng|cr2|nef)$/i;

/**
 * A folder with one subfolder per class, which holds the pictures (png, jpeg, webp, avif, gif, tiff). Hidden files and
 * files that are no pictures are left aside; pictures are decoded when read, upright by their EXIF orientation.
 * Samples are ordered by class, then by file name (code units).
 * @throws FILE_NOT_FOUND, FORMAT_INVALID (no subfolder, no picture), LABELS_INVALID (folders that are no classes, or
 * more than one),
 * FORMAT_UNSUPPORTED (bmp and others); reading a sample: FORMAT_INVALID with its path, DEPENDENCY_MISSING.
 */
export async function imageFolder(
  path: string,
  { classes, order }: ImageFolderOptions = {},
): Promise<DataSource> {
  const folders = await listClassFolders(path);
  const indices = classes ? matchClasses(path, folders, classes) : undefined;
  const names = classes ?? sortFolders(path, folders, order);
  const samples: { path: string; label: number }[] = [];
  const labelled = folders.map((folder, i) => ({
    folder,
    label: indices ? indices[i] : names.indexOf(folder),
  }));
  for (const { folder, label } of labelled.sort((a, b) => a.label - b.label)) {
    for (const file of await platform.listFolder(platform.joinPath(path, folder))) {
      const full = platform.joinPath(path, folder, file);
      if (file.startsWith('.')) continue;
      if (UNREADABLE.test(file)) {
        throw new TailorError(
          'FORMAT_UNSUPPORTED',
          `Reading pictures of ${path}: ${full} is of a kind that is not decoded. Convert it to png, jpeg or webp.`,
        );
      }
      if (PICTURES.test(file)) samples.push({ path: full, label });
    }
  }
  if (samples.length === 0) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading pictures of ${path}: its ${folders.length} subfolders hold no pictures. Give the folder whose subfolders are the classes.`,
    );
  }
  return {
    name: path,
    length: samples.length,
    labels: Int32Array.from(samples, ({ label }) => label),
    classes: names,
    read: async (index) => {
      const { path: file } = samples[index];
      return { kind: 'picture', picture: await decodePicture(await platform.readFile(file), file) };
    },
    sampleName: (index) => samples[index].path,
  };
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

/** The class index of each folder. */
function matchClasses(path: string, folders: readonly string[], classes: readonly string[]): number[] {
  const byName = new Map(classes.map((name, k) => [name, k]));
  const named = folders.map((folder) => byName.get(folder));
  if (named.every((k) => k !== undefined)) {
    const twice = folders.filter((folder) => classes.indexOf(folder) !== byName.get(folder));
    if (twice.length === 0) return named;
    throw new TailorError(
      'LABELS_INVALID',
      `Reading pictures of ${path}: the model has several classes named ${listNames(twice)}, so that the folders do not ` +
        `tell which is meant. Name every folder by the index of its class (0 … ${classes.length - 1}).`,
    );
  }
  const numbered = folders.map((folder) => (/^(0|[1-9]\d{0,8})$/.test(folder) ? Number(folder) : -1));
  if (numbered.every((k) => k >= 0 && k < classes.length)) return numbered;
  const strangers = folders.filter((folder) => !byName.has(folder));
  throw new TailorError(
    'LABELS_INVALID',
    `Reading pictures of ${path}: ${strangers.length} of ${folders.length} folders are no class of the model: ${listNames(strangers)}. ` +
      `Name every folder by a class (${listNames(classes)}) or by its index (0 … ${classes.length - 1}).`,
  );
}

function sortFolders(
  path: string,
  folders: readonly string[],
  order: 'name' | 'number' | undefined,
): string[] {
  const numbers = folders.every((folder) => /^\d{1,9}$/.test(folder));
  if (!numbers) {
    if (order !== 'number') return [...folders];
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Reading pictures of ${path}: order=number needs folders named by whole numbers.`,
    );
  }
  const sorted = folders.toSorted((a, b) => Number(a) - Number(b));
  if (order === 'number') return sorted;
  if (order === undefined && sorted.some((folder, i) => folder !== folders[i])) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Reading pictures of ${path}: its folders are numbers, and sorted by name (${folders.slice(0, 4).join(', ')}, …, as ` +
        `torchvision does) they are other classes than sorted by number (${sorted.slice(0, 4).join(', ')}, …). ` +
        'Say which the model was trained with: order=name or order=number.',
    );
  }
  return [...folders];
}
