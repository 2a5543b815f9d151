/** Opens what `--data SRC` names. */
import { platform } from '#platform';
import { countLabels } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { npySource, npzSource } from './array-source.js';
import { cifarSource, isCifarFolder } from './cifar.js';
import { idxSource } from './idx.js';
import { imageFolder } from './image-folder.js';
import { longTailSplit } from './long-tail.js';
import type { DataSource } from './sample.js';
import { parseSourceSpec, type SourceKind, type SourceSpec } from './source-spec.js';
import { subset } from './subset.js';

/** What is known of the model that the data is for. */
export interface OpenSourceOptions {
  /** The model's class names, which picture folders are matched with (see imageFolder). */
  readonly classes?: readonly string[];
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
};

/**
 * Opens a data source: `[KIND:]PATH[?KEY=VALUE[&KEY=VALUE…]]`.
 *
 * KIND is folder (pictures, one subfolder per class), npz, npy, idx, cifar, cifar10, cifar100 or cifar100-coarse.
 * Without it the kind is told by what is there: a folder with CIFAR's files or with subfolders; a file by its ending
 * (.npz, .npy, .bin) or by IDX's magic number (or gzip's).
 *
 * | key | for | meaning |
 * |---|---|---|
 * | `split=train` or `test` | CIFAR folders | which files; needed where both are there |
 * | `labels=FILE` | npz, npy, idx | labels from .npy, .npz, IDX or .json |
 * | `order=name` or `number` | picture folders named by numbers | how the classes are ordered |
 * | `longtail=100` | all with labels | cut the training part to this imbalance factor ρ ≥ 1 (default: no cut) |
 * | `validation=20` | all with labels | set so many samples of each class aside first (default 0) |
 * | `part=train` or `validation` | with longtail or validation | which part to use; needed then |
 * | `seed=0` | with longtail or validation | which samples are drawn (default 0) |
 *
 * `cifar10:data?split=train&longtail=100&validation=20&part=validation` is the validation set that python-export set
 * aside with the same numbers. A path that itself has a `?` needs one more at its end.
 * @throws INVALID_ARGUMENT, FILE_NOT_FOUND, FORMAT_UNSUPPORTED (kind cannot be told), and what the kind throws.
 */
export async function openSource(spec: string, { classes }: OpenSourceOptions = {}): Promise<DataSource> {
  const parsed = parseSourceSpec(spec);
  const kind = parsed.kind ?? (await tellKind(parsed.path));
  for (const key of ['split', 'labels', 'order'] as const) {
    if (parsed[key] !== undefined && !OPTIONS[kind].includes(key)) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `Reading the data source "${spec}": ${key} does not go with ${kind}. Leave it out.`,
      );
    }
  }
  return choosePart(await openKind(kind, parsed, classes), parsed, spec);
}

function openKind(
  kind: SourceKind,
  spec: SourceSpec,
  classes: readonly string[] | undefined,
): Promise<DataSource> {
  const { path, labels, order, split } = spec;
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
  const [a, b, c] = await platform.readRange(path, 0, Math.min(3, info.bytes));
  if ((a === 0 && b === 0 && c === 8) || (a === 0x1f && b === 0x8b)) return 'idx';
  throw new TailorError(
    'FORMAT_UNSUPPORTED',
    `Reading the data source ${path}: its kind cannot be told from its name or first bytes. Write the kind before it: npz:, npy:, idx:, cifar10:, …`,
  );
}

function choosePart(source: DataSource, spec: SourceSpec, name: string): DataSource {
  const { longtail, validation, part, seed } = spec;
  if (longtail === undefined && validation === undefined) {
    if (part === undefined && seed === undefined) return source;
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Reading the data source "${name}": part and seed go with longtail=… or validation=….`,
    );
  }
  if (part === undefined) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Reading the data source "${name}": say which part is meant: part=train or part=validation.`,
    );
  }
  if (!source.labels) {
    throw new TailorError(
      'LABELS_INVALID',
      `Reading the data source "${name}": parts are drawn by class, but it has no labels. Give them, e.g. labels=FILE.`,
    );
  }
  const classes =
    source.classes?.length ?? source.labels.reduce((most, label) => Math.max(most, label + 1), 0);
  const validationPerClass = validation ?? 0;
  // Without a factor nothing is cut: the training part is all that validation leaves.
  const counts =
    longtail === undefined
      ? countLabels(source.labels, classes).map((count) => Math.max(0, count - validationPerClass))
      : undefined;
  const split = longTailSplit(source.labels, classes, {
    imbalance: longtail,
    validationPerClass,
    seed,
    counts,
  });
  return subset(source, split[part], name);
}
