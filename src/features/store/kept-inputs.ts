/** A few inputs of a store, so that a model with a new head can be run on real data later: as a feature file keeps them. */
import { throwIfAborted } from '../../array/errors.js';
import type { NpyContent } from '../../array/npy.js';
import type { DataSource } from '../../data/sample.js';
import { subset } from '../../data/subset.js';
import type { ValueInfo } from '../../runtime/values.js';
import { batchReader } from '../batch.js';
import type { Extractor } from '../extract-rows.js';
import { inputEntries } from '../feature-set.js';
import { inputKeeper } from '../verification-inputs.js';

/** Of all parts together; see verification-inputs.ts. */
const MOST_SAMPLES = 64;
const MOST_BYTES = 8_000_000;
/** Read together. */
const BATCH = 16;

/** Which samples are looked at. */
export interface KeptRange {
  readonly from: number;
  readonly samples: number;
  /** Into so many parts the set is divided. */
  readonly parts: number;
  readonly signal?: AbortSignal;
}

/**
 * The arrays input_rows and input:NAME of some samples that are spread over a range. They are read once more at the end: what a
 * killed process had kept is lost with it.
 */
export async function keptInputs(
  { preprocess, preprocessProblem }: Extractor,
  inputs: readonly ValueInfo[],
  source: DataSource,
  { from, samples, parts, signal }: KeptRange,
): Promise<{ samples: number; arrays: Record<string, NpyContent> }> {
  const wanted = Math.min(Math.ceil(MOST_SAMPLES / parts), samples);
  const rows = Int32Array.from({ length: wanted }, (_, i) => from + Math.floor((i * samples) / wanted));
  const some = subset(source, rows, source.name);
  const reader = batchReader({ source: some, inputs, batch: BATCH, preprocess, preprocessProblem });
  const keeper = inputKeeper(wanted, { samples: wanted, bytes: MOST_BYTES / parts });
  for (let at = 0; at < wanted; at += reader.size) {
    throwIfAborted(signal, `reading inputs of ${source.name}`);
    keeper.keep(await reader.read(at, Math.min(reader.size, wanted - at)));
  }
  const kept = keeper.inputs();
  const named = { ...kept, rows: kept.rows.map((row) => rows[row]) };
  return { samples: named.rows.length, arrays: inputEntries(named) };
}
