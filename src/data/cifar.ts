/**
 * CIFAR-10 and CIFAR-100 in the official binary layout (cs.toronto.edu/~kriz/cifar.html): records of one label byte
 * (CIFAR-100: coarse, then fine) and the red, green and blue plane of 32 × 32 pixels.
 */
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { assertNameLengths } from '../array/names.js';
import { readFound } from '../array/read-found.js';
import { checkLabels } from './check-labels.js';
import { fingerprintFiles } from './fingerprint.js';
import type { DataSource, Sample } from './sample.js';

/** 'cifar100' has the 100 fine labels, 'cifar100-coarse' the 20 of their groups. */
export type CifarVariant = 'cifar10' | 'cifar100' | 'cifar100-coarse';

/** Which part of which data set. */
export interface CifarOptions {
  /** Which files of a folder. Needed for a folder that has both; without effect on a single file. */
  readonly split?: 'train' | 'test';
  /** Default: told by the files; fine labels for CIFAR-100. */
  readonly variant?: CifarVariant;
}

interface Layout {
  readonly labelBytes: number;
  readonly labelByte: number;
  readonly classes: number;
  readonly names: string;
  readonly train: readonly string[];
  readonly test: readonly string[];
}

const HUNDRED = { labelBytes: 2, train: ['train.bin'], test: ['test.bin'] };
const LAYOUTS: Record<CifarVariant, Layout> = {
  cifar10: {
    labelBytes: 1,
    labelByte: 0,
    classes: 10,
    names: 'batches.meta.txt',
    train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`),
    test: ['test_batch.bin'],
  },
  cifar100: { ...HUNDRED, labelByte: 1, classes: 100, names: 'fine_label_names.txt' },
  'cifar100-coarse': { ...HUNDRED, labelByte: 0, classes: 20, names: 'coarse_label_names.txt' },
};
const SIDE = 32;
const PIXELS = SIDE * SIDE;

/**
 * A folder with the official files, or one .bin file. Class names come from the text file beside them, where it is.
 * @throws FILE_NOT_FOUND (naming what is missing), FORMAT_INVALID (no whole records), LABELS_INVALID, INVALID_ARGUMENT.
 */
export async function cifarSource(path: string, { split, variant }: CifarOptions = {}): Promise<DataSource> {
  const info = await platform.info(path);
  if (!info)
    throw new TailorError('FILE_NOT_FOUND', `Reading CIFAR from ${path}: there is no such file or folder.`);
  const isFolder = info.kind === 'folder';
  const chosen = isFolder
    ? await chooseFiles(path, split, variant)
    : { files: [path], variant: tell(path, info.bytes, variant), name: path };
  const layout = LAYOUTS[chosen.variant];
  const record = layout.labelBytes + 3 * PIXELS;
  const parts: Uint8Array[] = [];
  for (const file of chosen.files) {
    const bytes = await readFound(file);
    if (bytes.length === 0 || bytes.length % record !== 0) {
      throw new TailorError(
        'FORMAT_INVALID',
        `Reading ${file} as ${chosen.variant}: its ${bytes.length} bytes are no whole number of records of ${record} bytes. ` +
          'The file is damaged or of another variant.',
      );
    }
    parts.push(bytes);
  }
  const records = parts.flatMap((part) =>
    Array.from({ length: part.length / record }, (_, i) => part.subarray(i * record, (i + 1) * record)),
  );
  const labels = Int32Array.from(records, (bytes) => bytes[layout.labelByte]);
  const classes = await readNames(isFolder ? path : platform.folderOf(path), layout);
  const { name } = chosen;
  checkLabels(labels, records.length, classes ?? new Array(layout.classes).fill(''), name);
  return {
    name,
    length: records.length,
    labels,
    classes,
    read: (index) => interleave(records[index].subarray(layout.labelBytes)),
    fingerprint: () =>
      fingerprintFiles(chosen.files.map((file) => ({ path: file, name: platform.baseName(file) }))),
  };
}

/** Whether a folder holds the official files of a variant. */
export async function isCifarFolder(path: string): Promise<boolean> {
  const files = await platform.listFolder(path);
  return Object.values(LAYOUTS).some(({ train, test }) =>
    [...train, ...test].some((file) => files.includes(file)),
  );
}

function interleave(planes: Uint8Array): Sample {
  const data = new Uint8Array(3 * PIXELS);
  for (let i = 0; i < PIXELS; i++) {
    data[3 * i] = planes[i];
    data[3 * i + 1] = planes[PIXELS + i];
    data[3 * i + 2] = planes[2 * PIXELS + i];
  }
  return { kind: 'picture', picture: { width: SIDE, height: SIDE, channels: 3, data } };
}

async function chooseFiles(
  path: string,
  split: 'train' | 'test' | undefined,
  variant: CifarVariant | undefined,
): Promise<{ files: string[]; variant: CifarVariant; name: string }> {
  const there = await platform.listFolder(path);
  const has = (name: CifarVariant) =>
    [...LAYOUTS[name].train, ...LAYOUTS[name].test].some((file) => there.includes(file));
  const found = variant ?? (has('cifar10') ? 'cifar10' : 'cifar100');
  if (!variant && has('cifar10') && has('cifar100')) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Reading CIFAR from ${path}: it holds files of CIFAR-10 and of CIFAR-100. Say which: cifar10 or cifar100.`,
    );
  }
  const { train, test } = LAYOUTS[found];
  if (!split && train.some((file) => there.includes(file)) && test.some((file) => there.includes(file))) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Reading CIFAR from ${path}: it holds training and test files. Say which: split=train or split=test.`,
    );
  }
  const part = split ?? (test.some((file) => there.includes(file)) ? 'test' : 'train');
  const wanted = part === 'train' ? train : test;
  const missing = wanted.filter((file) => !there.includes(file));
  if (missing.length > 0) {
    throw new TailorError(
      'FILE_NOT_FOUND',
      `Reading CIFAR from ${path}: ${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing for ${found}, ${part}.`,
    );
  }
  return {
    files: wanted.map((file) => platform.joinPath(path, file)),
    variant: found,
    name: `${path} (${found}, ${part})`,
  };
}

/** A single file tells its variant by its size; by its name where both would fit. */
function tell(path: string, bytes: number, variant: CifarVariant | undefined): CifarVariant {
  if (variant) return variant;
  const fits = (['cifar10', 'cifar100'] as const).filter(
    (name) => bytes % (LAYOUTS[name].labelBytes + 3 * PIXELS) === 0,
  );
  if (fits.length === 2) return /^(train|test)\.bin$/.test(platform.baseName(path)) ? 'cifar100' : 'cifar10';
  return fits[0] ?? 'cifar10';
}

async function readNames(folder: string, layout: Layout): Promise<string[] | undefined> {
  const path = platform.joinPath(folder, layout.names);
  if (!(await platform.info(path))) return undefined;
  const text = new TextDecoder().decode(await readFound(path));
  const names = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (names.length === layout.classes) {
    assertNameLengths(names, `Reading ${path}`);
    return names;
  }
  throw new TailorError(
    'FORMAT_INVALID',
    `Reading ${path}: it names ${names.length} classes instead of ${layout.classes}. Fetch it again or remove it.`,
  );
}
