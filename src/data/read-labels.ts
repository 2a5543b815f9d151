/** Labels that lie in a file of their own. */
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { parseNpy, toLabels } from '../array/npy.js';
import { openNpz } from '../array/npz.js';
import { parseIdxLabels } from './idx.js';
import { readJson } from './read-json.js';

/**
 * Reads labels from .npy, .npz (its `labels`), IDX (gzipped or not), or a .json array of whole numbers.
 * @throws LABELS_INVALID, FORMAT_INVALID, FILE_NOT_FOUND.
 */
export async function readLabels(path: string): Promise<Int32Array> {
  const name = path.toLowerCase();
  if (name.endsWith('.npz')) return toLabels(await (await openNpz(path)).read('labels'), `labels of ${path}`);
  if (!name.endsWith('.json')) {
    const bytes = await platform.readFile(path);
    return name.endsWith('.npy') ? toLabels(parseNpy(bytes, path), path) : parseIdxLabels(bytes, path);
  }
  const json = await readJson(path, 'labels');
  if (!Array.isArray(json)) {
    throw new TailorError(
      'LABELS_INVALID',
      `Reading labels from ${path}: a JSON array of whole numbers is needed.`,
    );
  }
  // Number(null) would be a label.
  const data = Float64Array.from(json, (label: unknown) => (typeof label === 'number' ? label : Number.NaN));
  return toLabels({ dtype: '<f8', shape: [data.length], data }, path);
}
