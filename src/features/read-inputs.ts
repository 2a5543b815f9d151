/** Inputs of a data source as a model would be fed them, without running it. */
import { throwIfAborted } from '../array/errors.js';
import type { DataSource } from '../data/sample.js';
import { subset } from '../data/subset.js';
import { batchReader } from './batch.js';
import type { VerificationInputs } from './feature-set.js';
import type { Model } from './model.js';
import { modelValues } from './model-values.js';
import { inputKeeper } from './verification-inputs.js';

/** Options of `readInputs`. */
export interface ReadInputsOptions {
  /** At most so many samples, spread evenly over the source. Default 256. */
  readonly samples?: number;
  /** Stops between batches with ABORTED. */
  readonly signal?: AbortSignal;
}

/** What is kept in memory at most; large pictures give fewer samples. */
const MOST_BYTES = 256_000_000;
const BATCH = 16;

/**
 * Reads and preprocesses some samples of `source`, for verify. Errors as Model.extract, but for labels: SHAPE_MISMATCH,
 * INVALID_ARGUMENT, ABORTED, and what the source throws.
 */
export async function readInputs(
  model: Model,
  source: DataSource,
  { samples = 256, signal }: ReadInputsOptions = {},
): Promise<VerificationInputs> {
  const wanted = Math.min(samples, source.length);
  const rows = Int32Array.from({ length: wanted }, (_, i) => Math.floor((i * source.length) / wanted));
  const reader = batchReader({
    source: subset(source, rows),
    inputs: modelValues(model.file).inputs,
    batch: BATCH,
    preprocess: model.preprocess,
  });
  const keeper = inputKeeper(wanted, { samples: wanted, bytes: MOST_BYTES });
  for (let from = 0; from < wanted; from += reader.size) {
    throwIfAborted(signal, `reading inputs of ${source.name}`);
    keeper.keep(await reader.read(from, Math.min(reader.size, wanted - from)));
  }
  const kept = keeper.inputs();
  return { rows: kept.rows.map((row) => rows[row]), inputs: kept.inputs };
}
