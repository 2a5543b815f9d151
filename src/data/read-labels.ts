/** Labels that lie in a file of their own. */
import { platform } from '#platform';
import { formatOfBytes, formatOfName } from '../array/array-format.js';
import { nameOf } from '../array/byte-source.js';
import { TailorError } from '../array/errors.js';
import { isGzip } from '../array/inflate.js';
import { parseNpy, toLabels } from '../array/npy.js';
import { openArrays } from '../array/open-arrays.js';
import { parseIdxLabels } from './idx.js';
import { readJson } from './read-json.js';

/**
 * Reads labels, by path or bytes, from .npy, .npz, .safetensors or .parquet (its `labels`), IDX (gzipped or not), or a JSON array of whole numbers. A
 * path's kind is told by its ending, that of bytes by their beginning.
 * @throws LABELS_INVALID, FORMAT_INVALID, FILE_NOT_FOUND.
 */
export async function readLabels(source: string | Uint8Array, name = nameOf(source)): Promise<Int32Array> {
  const kind = typeof source === 'string' ? kindOfName(source) : kindOfBytes(source);
  if (kind === 'arrays')
    return toLabels(await (await openArrays(source, name)).read('labels'), `labels of ${name}`);
  if (kind !== 'json') {
    const bytes = typeof source === 'string' ? await platform.readFile(source) : source;
    return kind === 'npy' ? toLabels(parseNpy(bytes, name), name) : parseIdxLabels(bytes, name);
  }
  const json = await readJson(source, 'labels', name);
  if (!Array.isArray(json)) {
    throw new TailorError(
      'LABELS_INVALID',
      `Reading labels from ${name}: a JSON array of whole numbers is needed.`,
    );
  }
  // Number(null) would be a label.
  const data = Float64Array.from(json, (label: unknown) => (typeof label === 'number' ? label : Number.NaN));
  return toLabels({ dtype: '<f8', shape: [data.length], data }, name);
}

type LabelFile = 'arrays' | 'npy' | 'json' | 'idx';

function kindOfName(path: string): LabelFile {
  if (formatOfName(path)) return 'arrays';
  return (['npy', 'json'] as const).find((kind) => path.toLowerCase().endsWith(`.${kind}`)) ?? 'idx';
}

function kindOfBytes(bytes: Uint8Array): LabelFile {
  if (formatOfBytes(bytes)) return 'arrays';
  if (bytes[0] === 0x93) return 'npy';
  // IDX begins with zeros, or as gzip.
  return bytes[0] === 0 || isGzip(bytes) ? 'idx' : 'json';
}
