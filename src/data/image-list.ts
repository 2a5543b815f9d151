/** Picture files named by a list, as ImageNet-LT comes (Liu et al. 2019, "Large-Scale Long-Tailed Recognition in an Open World"). */
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { limit, limitExceeded, MAX_LABEL } from '../array/limits.js';
import { type LabelledFile, labelledFiles } from './labelled-pictures.js';
import type { DataSource } from './sample.js';
import { trimCell } from './table-cells.js';

/** Where the pictures are, and what their labels mean. */
export interface ImageListOptions {
  /** The folder that the paths start from. Default: the list's own. */
  readonly root?: string;
  /** The model's class names, in class order: labels are their indices. Default: unnamed classes, 0 to the largest label. */
  readonly classes?: readonly string[];
}

/**
 * The pictures (see imageFolder) of a text file with lines of `path label`, in its order. The label, a whole number from
 * 0, stands behind the last space; a path may have spaces, and is absolute or starts from `root`. Empty lines do not count.
 * Pictures are decoded when read, upright by their EXIF orientation.
 * @throws FILE_NOT_FOUND (the list, or the first picture), FORMAT_INVALID (a line that is none, naming it; no line),
 * LABELS_INVALID; reading a sample: FILE_NOT_FOUND, FORMAT_INVALID with its path, DEPENDENCY_MISSING.
 */
export async function imageList(
  path: string,
  { root = platform.folderOf(path), classes }: ImageListOptions = {},
): Promise<DataSource> {
  const doing = `Reading the list ${path}`;
  const samples: LabelledFile[] = [];
  const most = classes?.length ?? limit('classes');
  for (const [index, untrimmed] of (await readLines(path, doing)).entries()) {
    const line = trimCell(untrimmed);
    if (line === '') continue;
    const space = line.lastIndexOf(' ');
    const label = line.slice(space + 1);
    if (space < 0 || !/^\d+$/.test(label)) {
      throw new TailorError(
        'FORMAT_INVALID',
        `${doing}: line ${index + 1} is "${line}", not a path, a space and a label. Is it a list of pictures?`,
      );
    }
    if (!classes && Number(label) >= most && Number(label) <= MAX_LABEL) {
      throw limitExceeded('classes', `${doing}: line ${index + 1} has the label ${label}`);
    }
    if (Number(label) >= most) {
      throw new TailorError(
        'LABELS_INVALID',
        `${doing}: line ${index + 1} has the label ${label}; with ${most} classes labels are 0 … ${most - 1}.`,
      );
    }
    const name = line.slice(0, space);
    samples.push({ path: placeOf(root, name), name, label: Number(label) });
  }
  if (samples.length === 0) {
    throw new TailorError(
      'FORMAT_INVALID',
      `${doing}: it names no picture; lines of "path label" are needed.`,
    );
  }
  const [{ path: first }] = samples;
  if ((await platform.info(first))?.kind !== 'file') {
    throw new TailorError(
      'FILE_NOT_FOUND',
      `${doing}: there is no ${first}, which it names first. Say where its paths start: root=FOLDER.`,
    );
  }
  return labelledFiles(path, classes, samples);
}

async function readLines(path: string, doing: string): Promise<string[]> {
  const bytes = await platform.readFile(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).split(/\r\n|\n|\r/);
  } catch (cause) {
    throw new TailorError('FORMAT_INVALID', `${doing}: it is no text in UTF-8.`, { cause });
  }
}

function placeOf(root: string, file: string): string {
  const isAbsolute = /^(?:[\\/]|[a-z]:[\\/])/i.test(file);
  return isAbsolute ? file : platform.joinPath(root, file);
}
