/** Feature files in the format that their name says. */
import type { FeatureSet } from './feature-set.js';

/**
 * Writes a set to a file that readFeatures reads: `.npz`, `.safetensors` or `.parquet`. Same set, same bytes. Parquet, with a row per
 * sample, does not keep the verification inputs.
 * @param overwrite replace an existing file; default false.
 * @throws FORMAT_UNSUPPORTED (another ending), FILE_EXISTS, FILE_UNWRITABLE.
 */
export async function writeFeatures(
  path: string,
  set: FeatureSet,
  { overwrite = false }: { overwrite?: boolean } = {},
): Promise<void> {
  await set.save(path, { overwrite });
}
