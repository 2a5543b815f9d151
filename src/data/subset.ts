/** Some samples of a data source. */
import { TailorError } from '../array/errors.js';
import { fingerprintPart } from './fingerprint.js';
import type { DataSource } from './sample.js';

/**
 * The samples of `source` at `indices`, in that order, with their labels. Nothing is copied; an index may occur twice.
 * @param name for messages and provenance.
 * @throws INVALID_ARGUMENT for an index that is not 0 … length−1.
 */
export function subset(
  source: DataSource,
  indices: ArrayLike<number>,
  name = `${indices.length} of ${source.length} samples of ${source.name}`,
): DataSource {
  for (let i = 0; i < indices.length; i++) {
    if (!(Number.isInteger(indices[i]) && indices[i] >= 0 && indices[i] < source.length)) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `Taking a subset of ${source.name}: index ${indices[i]} is out of range; it has samples 0 … ${source.length - 1}.`,
      );
    }
  }
  const chosen = Float64Array.from(indices);
  const { labels } = source;
  const bytes = new Uint8Array(chosen.buffer);
  return {
    name,
    length: chosen.length,
    labels: labels && Int32Array.from(chosen, (index) => labels[index]),
    classes: source.classes,
    read: (index) => source.read(chosen[index]),
    sampleName: (index) => source.sampleName?.(chosen[index]) ?? `${chosen[index]}`,
    ...(source.picturePath && { picturePath: (index) => source.picturePath!(chosen[index]) }),
    ...(source.fingerprint && {
      fingerprint: async () => fingerprintPart(await source.fingerprint!(), bytes),
    }),
    close: () => source.close?.() ?? Promise.resolve(),
  };
}
