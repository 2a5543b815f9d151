/** Reads features into memory: from files with `features` [N, D] and what else a FeatureSet holds, and from feature stores. */
import { type ArrayFile, listOf } from '../array/array-file.js';
import { TailorError } from '../array/errors.js';
import { type Matrix, matrix } from '../array/matrix.js';
import { toFloat32, toLabels } from '../array/npy.js';
import { listNames } from '../array/text.js';
import { readClasses } from '../data/read-classes.js';
import type { Feed } from '../runtime/session.js';
import { openFeatureArrays } from './feature-arrays.js';
import { FeatureSet, type Origin, type VerificationInputs } from './feature-set.js';

const INPUT = 'input:';

/**
 * Reads a feature file (.npz, .safetensors, .parquet) by path or bytes, or a feature store by its folder. Needed: `features` [N, D] (further
 * axes of length 1 are dropped; any number type, held as float32). Optional: `labels` [N], `logits` [N, C], `classes` (strings, [C]), and what `save` adds.
 *
 * Throws FILE_NOT_FOUND, FORMAT_INVALID (damaged, no features, an unfinished store), SHAPE_MISMATCH, LABELS_INVALID,
 * NOT_FINITE, LIMIT_EXCEEDED (no room for all of them at once; see openFeatureStream).
 */
export async function readFeatures(source: string | Uint8Array, name?: string): Promise<FeatureSet> {
  return featuresOf(await openFeatureArrays(source, name));
}

/** As readFeatures, from what is open already. */
export async function featuresOf(npz: ArrayFile): Promise<FeatureSet> {
  if (!npz.has('features')) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading features from ${npz.name}: there is no array "features"; it holds ${listOf(npz.names)}. ` +
        'Make the file with extract, or your own with features and labels (docs/features.md).',
    );
  }
  return new FeatureSet({
    name: npz.name,
    features: await readMatrix(npz, 'features'),
    labels: npz.has('labels') ? toLabels(await npz.read('labels'), `labels of ${npz.name}`) : undefined,
    logits: npz.has('logits') ? await readMatrix(npz, 'logits') : undefined,
    classes: await readClasses(npz),
    origin: npz.has('origin') ? parseOrigin((await npz.read('origin')).strings?.[0]) : undefined,
    verificationInputs: await readInputs(npz),
  });
}

async function readMatrix(npz: ArrayFile, array: string): Promise<Matrix<Float32Array>> {
  const found = await npz.read(array);
  const [samples, columns] = rowsOf(found.shape) ?? [];
  if (samples === undefined || columns === undefined) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `Reading ${array} of ${npz.name}: the shape is [${found.shape.join(', ')}]; [samples, ${array === 'features' ? 'dimensions' : 'classes'}] is needed.`,
    );
  }
  return matrix(toFloat32(found, `${array} of ${npz.name}`), samples, columns);
}

/** [N, D] of a shape [N, D], [N, D, 1, 1], [N, 1, D] …: of the axes behind the first, at most one is longer than 1. */
export function rowsOf(shape: readonly number[]): [rows: number, columns: number] | undefined {
  const [rows, ...rest] = shape;
  if (rest.length === 0 || rest.filter((size) => size !== 1).length > 1) return undefined;
  return [rows, rest.reduce((product, size) => product * size, 1)];
}

/** Other programs may use the name `origin` for something else: what is not ours is left aside. */
function parseOrigin(text: string | undefined): Origin | undefined {
  if (text === undefined) return undefined;
  try {
    const origin = JSON.parse(text) as Partial<Origin> | null;
    return typeof origin?.model?.sha256 === 'string' ? (origin as Origin) : undefined;
  } catch {
    return undefined;
  }
}

async function readInputs(npz: ArrayFile): Promise<VerificationInputs | undefined> {
  const names = npz.names.filter((name) => name.startsWith(INPUT));
  if (names.length === 0 || !npz.has('input_rows')) return undefined;
  const { data, shape } = await npz.read('input_rows');
  const rows = Int32Array.from(data, Number);
  const inputs = new Map<string, Feed>();
  let fits = shape.length === 1 && rows.length > 0;
  for (const name of names) {
    const found = await npz.read(name);
    fits &&= found.strings === undefined && found.shape[0] === rows.length;
    inputs.set(name.slice(INPUT.length), { data: found.data, dims: found.shape });
  }
  if (fits) return { rows, inputs: Object.fromEntries(inputs) };
  throw new TailorError(
    'FORMAT_INVALID',
    `Reading features from ${npz.name}: input_rows and ${listNames(names)} must be numbers, one row per kept sample. ` +
      'Extract the features again, or leave these arrays out.',
  );
}
