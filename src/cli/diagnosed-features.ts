/** The features that `diagnose` reads: small ones into memory, others chunk by chunk. */
import type { LinearHead } from '../array/linear-head.js';
import { featureArrays } from '../features/feature-arrays.js';
import type { FeatureSet } from '../features/feature-set.js';
import { type FeatureStream, featureStreamOf } from '../features/feature-stream.js';
import { fitStream } from '../features/fit-stream.js';
import type { Model } from '../features/model.js';
import { type OpenFeaturesOptions, openFeatures } from '../features/open-features.js';
import { readFeatures } from '../features/read-features.js';

/** Features and logits of fewer bytes than this are read at once: so many chunks hold besides what is computed. */
export const IN_MEMORY_BYTES = 2 ** 28;

/** `spec` as openFeatures or, without a target, readFeatures takes it. `whole` reads it at once whatever its size. */
export async function readDiagnosed(
  spec: string,
  target: Model | LinearHead | undefined,
  { whole, ...options }: OpenFeaturesOptions & { whole: boolean },
): Promise<FeatureSet | FeatureStream> {
  const file = whole ? undefined : await featureArrays(spec);
  if (file?.has('labels')) {
    const stream = await featureStreamOf(file);
    const bytes = 4 * stream.samples * (stream.dimensions + (stream.logitWidth ?? 0));
    if (bytes > IN_MEMORY_BYTES) return target ? fitStream(stream, target) : stream;
  }
  return target ? openFeatures(spec, target, options) : readFeatures(spec);
}
