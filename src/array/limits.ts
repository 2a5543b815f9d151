/**
 * The limits of what files may ask for. A file of a few bytes can claim gigabytes; what is beyond a limit is refused before memory
 * is taken for it. They hold for the whole process, since they protect its memory, and every one can be raised.
 *
 * What cannot be more (bytes of a protobuf message, characters of a string) is no limit of this table: what refuses it says why.
 */
import { TailorError } from './errors.js';

/** One limit: what it is without being set, and why there is one. */
export interface LimitDescription {
  /** What it is unless it was set. */
  readonly default: number;
  /** What is counted. */
  readonly unit: string;
  /** Why there is a limit, and why this one. */
  readonly reason: string;
  /** It cannot be set higher. Default: the largest whole number. */
  readonly most?: number;
}

/** The largest label that an Int32Array of them can be counted by. */
export const MAX_LABEL = 2 ** 31 - 2;

/** Default, unit, and what it cannot be set above; the reasons stand below, where pages that do not ask for them can leave them. */
const TABLE = {
  zipDirectoryBytes: { default: 2 ** 24, unit: 'bytes' },
  unpackedBytes: { default: 2 ** 31, unit: 'bytes' },
  npyHeaderBytes: { default: 65_535, unit: 'bytes' },
  arrayAxes: { default: 64, unit: 'axes' },
  strings: { default: 2 ** 22, unit: 'strings' },
  stringBytes: { default: 2 ** 20, unit: 'bytes' },
  nameLength: { default: 10_000, unit: 'characters' },
  safetensorsHeaderBytes: { default: 2 ** 24, unit: 'bytes' },
  parquetFooterBytes: { default: 2 ** 24, unit: 'bytes' },
  parquetMetadataValues: { default: 2 ** 21, unit: 'values' },
  parquetPageBytes: { default: 2 ** 28, unit: 'bytes' },
  parquetPageHeaderBytes: { default: 2 ** 16, unit: 'bytes' },
  parquetPageValues: { default: 2 ** 26, unit: 'values' },
  classes: { default: 2 ** 20, unit: 'classes', most: MAX_LABEL + 1 },
  jsonBytes: { default: 2 ** 26, unit: 'bytes' },
  jsonDepth: { default: 100, unit: 'levels' },
  pictureBytes: { default: 2 ** 28, unit: 'bytes' },
  picturePixels: { default: Math.floor(2 ** 28 / 3), unit: 'pixels' },
  inputSide: { default: 16_384, unit: 'pixels' },
  tableColumns: { default: 100_000, unit: 'columns' },
  tableCells: { default: 2 ** 27, unit: 'values' },
  tableInputs: { default: 20_000, unit: 'inputs' },
  logitsClasses: { default: 2 ** 14, unit: 'classes' },
  headOperators: { default: 2 ** 20, unit: 'operators' },
  madeUpNumbers: { default: 2 ** 26, unit: 'numbers' },
  batchSamples: { default: 2 ** 16, unit: 'samples' },
  layerDimensions: { default: 4096, unit: 'dimensions' },
} as const satisfies Readonly<Record<string, Omit<LimitDescription, 'reason'>>>;

/** Name of a limit, as options have it; the command line writes picture-pixels for picturePixels. */
export type LimitName = keyof typeof TABLE;

/** A number for each limit. */
export type Limits = Readonly<Record<LimitName, number>>;

/** The names, in the order of the table. */
export const LIMIT_NAMES = Object.keys(TABLE) as readonly LimitName[];

/** Why there is a limit, and what is usual. */
const REASONS: Readonly<Record<LimitName, string>> = {
  zipDirectoryBytes:
    'The directory of a zip archive (.npz) is held in memory; 16 MiB name 200,000 entries, and an .npz has a handful.',
  unpackedBytes:
    'A packed file (.npz, .gz, .parquet) may hold so much more than it has bytes itself; bombs grow a thousandfold.',
  npyHeaderBytes:
    'The header of a .npy array; only structured types, which are not read, need more than version 1.0 can say.',
  arrayAxes: 'Axes of an array in a file; numpy has no more than 64.',
  strings:
    'Strings of one .npy array; empty ones take no bytes in the file, so that nothing else bounds them.',
  stringBytes: 'One string of a .npy array, padding included; names of classes and paths are far shorter.',
  nameLength: 'The name of a class: it stands in every table, report and model that is written.',
  safetensorsHeaderBytes:
    'The header of a safetensors file is held in memory; 16 MiB describe 150,000 tensors.',
  parquetFooterBytes:
    'The footer of a Parquet file is held in memory and grows there; 16 MiB describe 4,000 columns in 40 groups.',
  parquetMetadataValues:
    'Values in a footer or page header of a Parquet file; those of 100,000 columns of groups have as many.',
  parquetPageBytes: 'A page of a Parquet file, unpacked; writers make pages of about 1 MB.',
  parquetPageHeaderBytes:
    'The header of a page of a Parquet file; it has some ten numbers and the least and largest value.',
  parquetPageValues:
    'Values of a page of a Parquet file: repeated ones take no bytes; as many as fit a page unpacked.',
  classes:
    'Classes that labels speak of: every class below the highest takes memory, and a head of so many fills an ONNX file.',
  jsonBytes: 'A JSON file or text: parsed, it takes up to 15 times its bytes of memory.',
  jsonDepth: 'Arrays and objects within each other in JSON; what is read here has five.',
  pictureBytes: 'A picture file before it is decoded: several are read at a time.',
  picturePixels:
    'Pixels of a picture: as many take up to 700 MB while they are decoded (Pillow warns from there on); a file of 200 bytes may claim more.',
  inputSide: 'A side of the pictures that a model is fed: a million a side fit no memory.',
  tableColumns: 'Columns of a table (.csv, .tsv, .arff): each takes memory of its own, also for one comma.',
  tableCells: 'Values of a table, rows times columns: each takes 8 bytes or more, also an empty one.',
  tableInputs:
    'Inputs that the words of a table give, one for each; more come of a column of names or times.',
  logitsClasses:
    'Classes of logits without a linear head: their head is a matrix of C × C, 1 GiB, and nothing stored bears out what a model states.',
  headOperators:
    'Operators passed on the ways from all outputs of a model back to its heads: usual are some ten, and each output is followed.',
  madeUpNumbers:
    'Numbers that are made up for an input of a model to prove it on, 256 MiB: a file may state any shape.',
  batchSamples:
    'Samples that a model takes at once, where its file fixes it: memory for all of them is taken before the first is read.',
  layerDimensions: 'Dimensions of a layer that diagnose looks at: S_W has their square, 128 MB of numbers.',
};

/** All limits with their defaults and reasons. */
export const LIMITS: Readonly<Record<LimitName, LimitDescription>> = /* @__PURE__ */ describeAll();

function describeAll(): Record<LimitName, LimitDescription> {
  const rows = LIMIT_NAMES.map((name) => [name, { ...TABLE[name], reason: REASONS[name] }]);
  return Object.fromEntries(rows);
}

let inForce: Limits = Object.fromEntries(LIMIT_NAMES.map((name) => [name, TABLE[name].default])) as Record<
  LimitName,
  number
>;

/** The limits that hold now. */
export function currentLimits(): Limits {
  return inForce;
}

/** One of them. */
export function limit(name: LimitName): number {
  return inForce[name];
}

/**
 * Raises or lowers limits of what files may ask for, in the whole process (and in threads that start afterwards): for files that are
 * known to be good and larger than what is usual. LIMITS says what there is. An undefined one stays as it is.
 * @returns the limits that held before, so that `setLimits(before)` undoes it.
 * @throws INVALID_ARGUMENT for a name that is none and for what is no whole number from 1; then nothing is changed.
 */
export function setLimits(limits: Partial<Limits>): Limits {
  const before = inForce;
  const given = Object.entries(limits).filter((entry): entry is [string, number] => entry[1] !== undefined);
  for (const [name, value] of given) {
    if (!isLimitName(name)) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `Setting limits: there is none called "${name}"; there are ${LIMIT_NAMES.join(', ')}.`,
      );
    }
    const { most = Number.MAX_SAFE_INTEGER, unit }: Omit<LimitDescription, 'reason'> = TABLE[name];
    if (Number.isSafeInteger(value) && value >= 1 && value <= most) continue;
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Setting limits: ${name} is ${value}; a whole number of ${unit} from 1 to ${most} is needed.`,
    );
  }
  inForce = { ...before, ...(Object.fromEntries(given) as Partial<Limits>) };
  return before;
}

/** Whether there is a limit of this name. */
function isLimitName(name: string): name is LimitName {
  return Object.hasOwn(TABLE, name);
}

/** As the command line writes it: picture-pixels. */
export function limitOption(name: LimitName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * The refusal of what is beyond a limit, the one sentence for all of them.
 * @param found what was being done and what was found: 'Reading x.npy: its header has 70000 bytes'.
 * @param instead what else helps, as a sentence.
 */
export function limitExceeded(
  name: LimitName,
  found: string,
  { instead = '', cause }: { readonly instead?: string; readonly cause?: unknown } = {},
): TailorError {
  const { unit } = TABLE[name];
  return new TailorError(
    'LIMIT_EXCEEDED',
    `${found}; at most ${limit(name)} ${unit} are allowed. ${instead && `${instead} `}If the file is to be trusted, raise ` +
      `the limit: --allow ${limitOption(name)}=N, or setLimits({ ${name}: N }).`,
    { cause },
  );
}
