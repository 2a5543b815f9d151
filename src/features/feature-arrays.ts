/** Opens whatever holds features: .npz, or the folder of a feature store. */
import { platform } from '#platform';
import type { ArrayFile } from '../array/array-file.js';
import { openNpz } from '../array/npz.js';
import { isStore, openStore } from './store/read-store.js';

/**
 * Opens a feature file (bytes, or a path told by its ending) or a feature store (a folder).
 * @param name what to call it in messages; default the path.
 * @throws what openNpz and openStore throw.
 */
export async function openFeatureArrays(source: string | Uint8Array, name?: string): Promise<ArrayFile> {
  if (typeof source !== 'string') return openNpz(source, name);
  if ((await platform.info(source))?.kind === 'folder') return openStore(source);
  return openNpz(source, name);
}

/** The same of what has features; undefined for anything else, such as a data source. */
export async function featureArrays(spec: string): Promise<ArrayFile | undefined> {
  const kind = (await platform.info(spec))?.kind;
  if (kind === 'folder') return (await isStore(spec)) ? openStore(spec) : undefined;
  if (kind !== 'file' || !spec.toLowerCase().endsWith('.npz')) return undefined;
  const npz = await openNpz(spec);
  return npz.has('features') ? npz : undefined;
}
