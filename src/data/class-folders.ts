/** Folders that are named by classes, and which of their files are pictures: the rules of imageFolder and pictureFiles. */
import { TailorError } from '../array/errors.js';
import { listNames } from '../array/text.js';

/** What the folders stand for. */
export interface ClassFolderOptions {
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

/** Whether the file at `path` is a picture that is decoded; FORMAT_UNSUPPORTED for one that is not. Hidden files are none. */
export function isPicture(path: string, name: string, source: string): boolean {
  if (name.startsWith('.')) return false;
  if (UNREADABLE.test(name)) {
    throw new TailorError(
      'FORMAT_UNSUPPORTED',
      `Reading pictures of ${source}: ${path} is of a kind that is not decoded. Convert it to png, jpeg or webp.`,
    );
  }
  return PICTURES.test(name);
}

/** Refuses folders without a picture: FORMAT_INVALID. */
export function assertPictures(source: string, folders: number, pictures: number): void {
  if (pictures > 0) return;
  throw new TailorError(
    'FORMAT_INVALID',
    `Reading pictures of ${source}: its ${folders} subfolders hold no pictures. Give the folder whose subfolders are the classes.`,
  );
}

/**
 * The classes, and the label of each of the `folders`, which come sorted by code unit.
 * @throws LABELS_INVALID (folders that are no classes, or more than one), INVALID_ARGUMENT (numbers whose order is not said).
 */
export function labelFolders(
  source: string,
  folders: readonly string[],
  { classes, order }: ClassFolderOptions,
): { classes: readonly string[]; labels: number[] } {
  if (classes) return { classes, labels: matchClasses(source, folders, classes) };
  const names = sortFolders(source, folders, order);
  return { classes: names, labels: folders.map((folder) => names.indexOf(folder)) };
}

/** The class index of each folder. */
function matchClasses(source: string, folders: readonly string[], classes: readonly string[]): number[] {
  const byName = new Map(classes.map((name, k) => [name, k]));
  const named = folders.map((folder) => byName.get(folder));
  if (named.every((k) => k !== undefined)) {
    const twice = folders.filter((folder) => classes.indexOf(folder) !== byName.get(folder));
    if (twice.length === 0) return named;
    throw new TailorError(
      'LABELS_INVALID',
      `Reading pictures of ${source}: the model has several classes named ${listNames(twice)}, so that the folders do not ` +
        `tell which is meant. Name every folder by the index of its class (0 … ${classes.length - 1}).`,
    );
  }
  const numbered = folders.map((folder) => (/^(0|[1-9]\d{0,8})$/.test(folder) ? Number(folder) : -1));
  if (numbered.every((k) => k >= 0 && k < classes.length)) return numbered;
  const strangers = folders.filter((folder) => !byName.has(folder));
  throw new TailorError(
    'LABELS_INVALID',
    `Reading pictures of ${source}: ${strangers.length} of ${folders.length} folders are no class of the model: ${listNames(strangers)}. ` +
      `Name every folder by a class (${listNames(classes)}) or by its index (0 … ${classes.length - 1}).`,
  );
}

function sortFolders(
  source: string,
  folders: readonly string[],
  order: 'name' | 'number' | undefined,
): string[] {
  const numbers = folders.every((folder) => /^\d{1,9}$/.test(folder));
  if (!numbers) {
    if (order !== 'number') return [...folders];
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Reading pictures of ${source}: order=number needs folders named by whole numbers.`,
    );
  }
  const sorted = folders.toSorted((a, b) => Number(a) - Number(b));
  if (order === 'number') return sorted;
  if (order === undefined && sorted.some((folder, i) => folder !== folders[i])) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Reading pictures of ${source}: its folders are numbers, and sorted by name (${folders.slice(0, 4).join(', ')}, …, as ` +
        `torchvision does) they are other classes than sorted by number (${sorted.slice(0, 4).join(', ')}, …). ` +
        'Say which the model was trained with: order=name or order=number.',
    );
  }
  return [...folders];
}
