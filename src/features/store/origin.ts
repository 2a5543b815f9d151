/** Where the features of a store come from, as feature files say it. */
import { VERSION } from '../../array/version.js';
import type { Origin } from '../feature-set.js';
import type { StoreIdentity } from './manifest.js';

/** As in a feature file, so that a shard is one. */
export function originOf(
  { model, source, preprocess }: Pick<StoreIdentity, 'model' | 'source' | 'preprocess'>,
  device: string | null,
  version = VERSION,
): Origin {
  const { sha256, name, output } = model;
  return {
    model: { sha256, ...(name !== null && { name }), output },
    source: source.name,
    ...(preprocess && { preprocess }),
    device: device ?? 'none',
    version,
  };
}
