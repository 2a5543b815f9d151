/** Feature files in the format that their name says. */
import { TailorError } from '../array/errors.js';
import type { FeatureSet } from './feature-set.js';

/** Endings of the files that features are written to and read from. */
export const FEATURE_ENDINGS: readonly string[] = ['.npz'];

/**
 * Writes a set to a file. Same set, same bytes.
 * @param overwrite replace an existing file; default false.
 * @throws FORMAT_UNSUPPORTED (another ending), FILE_EXISTS, FILE_UNWRITABLE.
 */
export async function writeFeatures(
  path: string,
  set: FeatureSet,
  options: { overwrite?: boolean } = {},
): Promise<void> {
  const ending = FEATURE_ENDINGS.find((known) => path.toLowerCase().endsWith(known));
  switch (ending) {
    case '.npz':
      return set.save(path, options);
    default:
      throw new TailorError(
        'FORMAT_UNSUPPORTED',
        `Writing features to ${path}: the name says no format that is written here; let it end in ${FEATURE_ENDINGS.join(', ')}.`,
      );
  }
}
