/** What a store that is to be written will hold. */
import { platform } from '#platform';
import type { NamedLabels } from '../../data/class-names.js';
import { fingerprintPart } from '../../data/fingerprint.js';
import type { DataSource } from '../../data/sample.js';
import type { Extractor } from '../extract-rows.js';
import type { StoreIdentity } from './manifest.js';

/** Looks at the source's files, but not into them. `named` are the labels of the `samples` that are taken. */
export async function identityOf(
  { sha256, name, location, preprocess }: Extractor,
  source: DataSource,
  { labels, classes }: NamedLabels,
  { samples, limit }: { samples: number; limit?: number },
): Promise<StoreIdentity> {
  const { output, dimensions, classes: classCount } = location;
  const files = await source.fingerprint?.();
  const marks = labels ? new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength) : 'no labels';
  const whole = files && (await fingerprintPart(files, marks));
  const json = preprocess && new TextEncoder().encode(JSON.stringify(preprocess));
  return {
    model: { sha256, name: name ?? null, output, dimensions, classCount },
    preprocess: preprocess ?? null,
    preprocessSha256: json ? await platform.sha256(json) : null,
    source: {
      name: source.name,
      samples: source.length,
      sha256: whole?.sha256 ?? null,
      modified: whole?.modified == null ? null : new Date(whole.modified).toISOString(),
      labels: labels !== undefined,
    },
    classes: classes ?? null,
    limit: limit ?? null,
    samples,
  };
}
