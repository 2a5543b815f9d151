/** The features that `diagnose` reads: small ones into memory, others chunk by chunk. */
import type { LinearHead } from '../array/linear-head.js';
import type { FeatureSet } from '../features/feature-set.js';
import type { FeatureStream } from '../features/feature-stream.js';
import { fitStream } from '../features/fit-stream.js';
import type { Model } from '../features/model.js';
import { type OpenFeaturesOptions, openFeatures } from '../features/open-features.js';
import { readFeatures } from '../features/read-features.js';
import { largeFeatures } from './large-features.js';

/** `spec` as openFeatures or, without a target, readFeatures takes it. `whole` reads it at once whatever its size. */
export async function readDiagnosed(
  spec: string,
  target: Model | LinearHead | undefined,
  { whole, ...options }: OpenFeaturesOptions & { whole: boolean },
): Promise<FeatureSet | FeatureStream> {
  const stream = whole ? undefined : await largeFeatures(spec);
  if (stream) return target ? fitStream(stream, target) : stream;
  return target ? openFeatures(spec, target, options) : readFeatures(spec);
}
