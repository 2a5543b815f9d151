/** Features in a file or store that may be larger than memory: small ones are read at once, others piece by piece. */
import { platform } from '#platform';
import { formatOfName } from '../array/array-format.js';
import { featureArrays } from '../features/feature-arrays.js';
import { type FeatureStream, featureStreamOf } from '../features/feature-stream.js';

/** Features and logits of fewer bytes than this are read at once: so many chunks hold besides what is computed. */
export const IN_MEMORY_BYTES = 2 ** 28;

/** A stream of what is labelled and larger than that; undefined for what is to be read at once, or is no feature file. */
export async function largeFeatures(spec: string): Promise<FeatureStream | undefined> {
  const { kind, bytes: size = 0 } = (await platform.info(spec)) ?? {};
  // Small files are opened once, by what reads them. Packed ones would be held whole in any case; Parquet is not.
  if (kind === 'file' && size <= IN_MEMORY_BYTES && formatOfName(spec) !== 'parquet') return undefined;
  const file = await featureArrays(spec);
  if (!file?.has('labels')) return undefined;
  const stream = await featureStreamOf(file);
  const bytes = 4 * stream.samples * (stream.dimensions + (stream.logitWidth ?? 0));
  return bytes > IN_MEMORY_BYTES ? stream : undefined;
}
