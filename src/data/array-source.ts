/** Data sources of numpy arrays: .npz and .npy with pictures or with inputs of the model. */
import { listOf } from '../array/array-file.js';
import { nameOf } from '../array/byte-source.js';
import { TailorError } from '../array/errors.js';
import { toLabels } from '../array/npy.js';
import { type NpyRows, openNpyRows, type RowsOptions } from '../array/npy-rows.js';
import { openNpz } from '../array/npz.js';
import { checkLabels } from './check-labels.js';
import { fingerprintPath } from './fingerprint.js';
import { readClasses } from './read-classes.js';
import { readLabels } from './read-labels.js';
import type { DataSource, Picture, Sample } from './sample.js';

/** How the arrays are read. */
export interface ArraySourceOptions extends RowsOptions {
  /** File with the labels, its path or bytes (see readLabels); takes the place of the archive's own. */
  readonly labels?: string | Uint8Array;
  /** What to call it in messages and provenance. Default: the path. */
  readonly name?: string;
}

/** Names in an .npz that are no inputs of the model. */
const RESERVED = ['labels', 'classes'];

/**
 * An .npz. Its arrays, samples along the first axis:
 * - `images` uint8 [N, H, W, 3], [N, H, W, 1] or [N, H, W]: pictures, to be preprocessed. Of another type (float
 *   [N, C, H, W], …): fed to the model's only input as it is;
 * - or `inputs`, any number type: fed to the model's only input as it is, the first axis being the batch;
 * - or, with neither, every other array: fed to the model's input of its name;
 * - `labels` whole numbers [N] and `classes` strings [C]: both optional.
 *
 * Large uncompressed arrays are read row by row (npy-rows.ts), others are held in memory.
 * @throws FORMAT_INVALID, SHAPE_MISMATCH (lengths differ), LABELS_INVALID, and as openNpz does.
 */
export async function npzSource(
  file: string | Uint8Array,
  { labels: given, name, ...rowsOptions }: ArraySourceOptions = {},
): Promise<DataSource> {
  const npz = await openNpz(file, name);
  const open = (array: string) => npz.rows(array, rowsOptions);
  const classes = await readClasses(npz);
  const labels = given
    ? await readLabels(given)
    : npz.has('labels')
      ? toLabels(await npz.read('labels'), `labels of ${npz.name}`)
      : undefined;
  const marked = (source: DataSource): DataSource => ({ ...source, ...fingerprintPath(file) });
  if (npz.has('images') && npz.has('inputs')) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading ${npz.name}: it has both images and inputs, and it is unclear which to use. Keep one of them.`,
    );
  }
  if (npz.has('images')) {
    const rows = await open('images');
    const doing = `images of ${npz.name}`;
    if (!isBytes(rows)) return marked(makeSource(npz.name, new Map([['', rows]]), labels, classes));
    return marked(pictureSource(npz.name, rows, pictureDims(rows, doing), labels, classes));
  }
  if (npz.has('inputs'))
    return marked(makeSource(npz.name, new Map([['', await open('inputs')]]), labels, classes));
  const inputs = new Map<string, NpyRows>();
  for (const array of npz.names) if (!RESERVED.includes(array)) inputs.set(array, await open(array));
  if (inputs.size === 0) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading ${npz.name}: it holds ${listOf(npz.names)}; pictures under \`images\`, inputs under ` +
        '`inputs`, or arrays named as the inputs of the model are needed.',
    );
  }
  return marked(makeSource(npz.name, inputs, labels, classes));
}

/**
 * A .npy: uint8 [N, H, W, 3 or 1] are pictures, everything else is fed to the model's only input as it is.
 * Labels come from a file of their own, or there are none.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, FORMAT_INVALID, FORMAT_UNSUPPORTED, LIMIT_EXCEEDED, LABELS_INVALID.
 */
export async function npySource(
  file: string | Uint8Array,
  { labels: given, name = nameOf(file), ...rowsOptions }: ArraySourceOptions = {},
): Promise<DataSource> {
  const rows = await openNpyRows(file, rowsOptions);
  const labels = given ? await readLabels(given) : undefined;
  const channels = rows.shape[3];
  if (isBytes(rows) && rows.shape.length === 4 && (channels === 1 || channels === 3)) {
    return {
      ...pictureSource(name, rows, pictureDims(rows, name), labels, undefined),
      ...fingerprintPath(file),
    };
  }
  return { ...makeSource(name, new Map([['', rows]]), labels, undefined), ...fingerprintPath(file) };
}

function makeSource(
  name: string,
  inputs: ReadonlyMap<string, NpyRows>,
  labels: Int32Array | undefined,
  classes: readonly string[] | undefined,
): DataSource {
  const [[firstName, first]] = inputs;
  for (const [input, rows] of inputs) {
    if (rows.shape[0] !== first.shape[0]) {
      throw new TailorError(
        'SHAPE_MISMATCH',
        `Reading ${name}: ${input || 'inputs'} has ${rows.shape[0]} samples, but ${firstName} has ${first.shape[0]}. ` +
          'The first axis of every array counts the samples.',
      );
    }
  }
  checkLabels(labels, first.shape[0], classes, name);
  const read = async (index: number): Promise<Sample> => {
    const made: [string, { data: Awaited<ReturnType<NpyRows['read']>>; dims: number[] }][] = [];
    for (const [input, rows] of inputs) {
      made.push([input, { data: await rows.read(index), dims: rows.shape.slice(1) }]);
    }
    return { kind: 'tensor', inputs: Object.fromEntries(made) };
  };
  return { name, length: first.shape[0], labels, classes, read };
}

function pictureSource(
  name: string,
  rows: NpyRows,
  { height, width, channels }: Pick<Picture, 'height' | 'width' | 'channels'>,
  labels: Int32Array | undefined,
  classes: readonly string[] | undefined,
): DataSource {
  checkLabels(labels, rows.shape[0], classes, name);
  const read = async (index: number): Promise<Sample> => {
    const data = await rows.read(index);
    // isBytes has made sure of the type; a clamped array cannot come out of a file.
    return { kind: 'picture', picture: { width, height, channels, data: data as Uint8Array } };
  };
  return { name, length: rows.shape[0], labels, classes, read };
}

function isBytes(rows: NpyRows): boolean {
  return /u1$/.test(rows.dtype);
}

function pictureDims({ shape }: NpyRows, doing: string): Pick<Picture, 'height' | 'width' | 'channels'> {
  const [, height, width, channels = 1] = shape;
  if (
    (shape.length === 3 || shape.length === 4) &&
    (channels === 1 || channels === 3) &&
    height > 0 &&
    width > 0
  ) {
    return { height, width, channels };
  }
  const hint =
    shape[1] === 3 || shape[1] === 1 ? ' Move the channels to the end: images.transpose(0, 2, 3, 1).' : '';
  throw new TailorError(
    'SHAPE_MISMATCH',
    `Reading ${doing}: pictures of type uint8 have the shape [N, H, W, 3], [N, H, W, 1] or [N, H, W], but it has [${shape.join(', ')}].${hint}`,
  );
}
