/** Opens what `--data SRC` names. */
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { npySource, npzSource } from './array-source.js';
import { choosePart } from './choose-part.js';
import { cifarSource, isCifarFolder } from './cifar.js';
import { idxSource } from './idx.js';
import { imageFolder } from './image-folder.js';
import { imageList } from './image-list.js';
import { tableFormat } from './read-table.js';
import type { DataSource } from './sample.js';
import { parseSourceSpec, type SourceKind, type SourceSpec } from './source-spec.js';
import { tableSource } from './table-source.js';

/** What is known of the model that the data is for. */
export interface OpenSourceOptions {
  /** The model's class names, which picture folders and labels of lists are matched with (see imageFolder, imageList). */
  readonly classes?: readonly string[];
  /** Names of the model's inputs (metadata onnx_tailor.columns), which columns of tables are matched with (see tableSource). */
  readonly columns?: readonly string[];
}

/** Which options go with which kind; those of the long tail go with all. */
const OPTIONS: Record<SourceKind, readonly (keyof SourceSpec)[]> = {
  folder: ['order'],
  npz: ['labels'],
  npy: ['labels'],
  idx: ['labels'],
  cifar: ['split'],
  cifar10: ['split'],
  cifar100: ['split'],
  'cifar100-coarse': ['split'],
  table: ['target'],
  list: ['root'],
};
/** The options that go with some kinds only. */
const SPECIAL = ['split', 'labels', 'order', 'target', 'root'] as const;

/**
 * Opens a data source: `[KIND:]PATH[?KEY=VALUE[&KEY=VALUE…]]`.
 *
 * KIND is folder (pictures, one subfolder per class), list (a text file of picture paths and labels), table, npz, npy,
 * idx, cifar, cifar10, cifar100 or cifar100-coarse. Without it the kind is told by what is there: a folder with CIFAR's
 * files or with subfolders; a file by its ending (.npz, .npy, .bin; .csv, .tsv and .arff, packed as .gz or not) or by
 * IDX's magic number (or gzip's).
 *
 * | key | for | meaning |
 * |---|---|---|
 * | `split=train` or `test` | CIFAR folders | which files; needed where both are there |
 * | `labels=FILE` | npz, npy, idx | labels from .npy, .npz, IDX or .json |
 * | `order=name` or `number` | picture folders named by numbers | how the classes are ordered |
 * | `target=COLUMN` | tables | which column holds the class (default: target, class or the last) |
 * | `root=FOLDER` | lists | where the paths start from (default: the list's folder) |
 * | `longtail=100` | all with labels | cut the training part to this imbalance factor ρ ≥ 1 (default: no cut) |
 * | `validation=20` | all with labels | set so many samples of each class aside first (default 0) |
 * | `test=20` | all with labels | set so many more of each class aside (default 0) |
 * | `part=train`, `validation` or `test` | with these three | which part to use; needed then |
 * | `seed=0` | with these three | which samples are drawn (default 0) |
 *
 * `cifar10:data?split=train&longtail=100&validation=20&part=validation` is the validation set that python-export set
 * aside with the same numbers. A path that itself has a `?` needs one more at its end.
 * @throws INVALID_ARGUMENT, FILE_NOT_FOUND, FORMAT_UNSUPPORTED (kind cannot be told), and what the kind throws.
 */
export async function openSource(spec: string, known: OpenSourceOptions = {}): Promise<DataSource> {
  const parsed = parseSourceSpec(spec);
  const kind = parsed.kind ?? (await tellKind(parsed.path));
  for (const key of SPECIAL) {
    if (parsed[key] !== undefined && !OPTIONS[kind].includes(key)) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `Reading the data source "${spec}": ${key} does not go with ${kind}. Leave it out.`,
      );
    }
  }
  return choosePart(await openKind(kind, parsed, known), parsed, spec);
}

function openKind(
  kind: SourceKind,
  spec: SourceSpec,
  { classes, columns }: OpenSourceOptions,
): Promise<DataSource> {
  const { path, labels, order, split, target, root } = spec;
  switch (kind) {
    case 'folder':
      return imageFolder(path, { classes, order });
    case 'npz':
      return npzSource(path, { labels });
    case 'npy':
      return npySource(path, { labels });
    case 'idx':
      return idxSource({ images: path, labels });
    case 'cifar':
      return cifarSource(path, { split });
    case 'table':
      return tableSource(path, { target, columns });
    case 'list':
      return imageList(path, { root, classes });
    default:
      return cifarSource(path, { split, variant: kind });
  }
}

async function tellKind(path: string): Promise<SourceKind> {
  const info = await platform.info(path);
  if (!info) {
    throw new TailorError(
      'FILE_NOT_FOUND',
      `Reading the data source ${path}: there is no such file or folder.`,
    );
  }
  const name = platform.baseName(path).toLowerCase();
  if (info.kind === 'folder') return (await isCifarFolder(path)) ? 'cifar' : 'folder';
  if (name.endsWith('.npz')) return 'npz';
  if (name.endsWith('.npy')) return 'npy';
  if (name.endsWith('.bin')) return 'cifar';
  if (tableFormat(name)) return 'table';
  if (info.kind !== 'file') {
    throw new TailorError(
      'FILE_UNREADABLE',
      `Reading the data source ${path}: it is a pipe or a device, which does not tell what it holds. Give a file.`,
    );
  }
  const [a, b, c] = await platform.readRange(path, 0, Math.min(3, info.bytes));
  if ((a === 0 && b === 0 && c === 8) || (a === 0x1f && b === 0x8b)) return 'idx';
  throw new TailorError(
    'FORMAT_UNSUPPORTED',
    `Reading the data source ${path}: its kind cannot be told from its name or first bytes. Write the kind before it: npz:, npy:, idx:, list:, cifar10:, …`,
  );
}
