/** Opens whatever holds features: .npz, .safetensors, .parquet, or the folder of a feature store. */
import { platform } from '#platform';
import type { ArrayFile } from '../array/array-file.js';
import { formatOfName } from '../array/array-format.js';
import { openArrays } from '../array/open-arrays.js';

/** Loaded when a folder is given, which no page can do. */
const stores = () => import('./store/read-store.js');

/**
 * Opens a feature file (bytes or a path, in any format of openArrays) or a feature store (a folder).
 * @param name what to call it in messages; default the path.
 * @throws what openArrays and openStore throw.
 */
export async function openFeatureArrays(source: string | Uint8Array, name?: string): Promise<ArrayFile> {
  const isFolder = typeof source === 'string' && (await platform.info(source))?.kind === 'folder';
  return isFolder ? (await stores()).openStore(source) : openArrays(source, name);
}

/** The same of what has features; undefined for anything else, such as a data source. */
export async function featureArrays(spec: string): Promise<ArrayFile | undefined> {
  const kind = (await platform.info(spec))?.kind;
  if (kind === 'folder') {
    const { isStore, openStore } = await stores();
    return (await isStore(spec)) ? openStore(spec) : undefined;
  }
  const format = formatOfName(spec);
  if (kind !== 'file' || !format) return undefined;
  const file = await openArrays(spec);
  // Pictures and inputs come in .npz as well; the others hold features, or are refused for what they lack.
  return format !== 'npz' || file.has('features') ? file : undefined;
}
