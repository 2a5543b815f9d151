/** The extraction pipeline: samples of a data source through the part of a model in front of its head, rows handed on in order. */
import { TailorError, throwIfAborted } from '../array/errors.js';
import { assertFiniteRows, matrix } from '../array/matrix.js';
import type { DataSource } from '../data/sample.js';
import { toFloat32Data } from '../runtime/tensors.js';
import { batchReader } from './batch.js';
import { chooseBatch } from './choose-batch.js';
import { defaultBatch } from './default-batch.js';
import type { Extractor } from './extractor.js';
import type { ExtractionReport } from './feature-set.js';
import { startProgress } from './progress.js';
import { rowsOf } from './read-features.js';
import { type ExtractOptions, passSizes, runBatches } from './run-batches.js';
import { type FinishedBatch, openPool } from './session-pool.js';
import type { InputKeeper } from './verification-inputs.js';

export type { Extractor } from './extractor.js';

/** Rows of some samples, which follow each other. The arrays are valid until `take` is done. */
export interface ExtractedRows {
  /** Index of the first sample in the source. */
  readonly start: number;
  readonly samples: number;
  /** [samples · D]. */
  readonly features: Float32Array;
  /** [samples · C]. */
  readonly logits: Float32Array;
}

/** Which samples of a source `extractRows` runs, and what it keeps of their inputs. */
export interface ExtractRowsOptions extends ExtractOptions {
  /** First sample. Default 0. */
  readonly from?: number;
  /** Sample behind the last one. Default: all that `limit` allows. */
  readonly to?: number;
  /** Shown every batch that was run, as it was fed. */
  readonly keep?: InputKeeper;
  /** Called once, before the first sample: where the model runs. What it throws ends the extraction. */
  readonly onOpened?: (on: Pick<ExtractionReport, 'device' | 'refusedDevices' | 'partlyOnCpu'>) => void;
}

/**
 * Runs samples [from, to) of the source in order and hands on their rows. Batches start at `from`: rows do not depend on how a
 * range was cut, where the cuts are multiples of the batch. Progress counts the samples of the range.
 *
 * Throws what `Model.extract` throws, beside what labels and class names may have wrong.
 */
export async function extractRows(
  extractor: Extractor,
  source: DataSource,
  options: ExtractRowsOptions,
  take: (rows: ExtractedRows) => void | Promise<void>,
): Promise<ExtractionReport> {
  const { signal, onProgress, keep } = options;
  const doing = `Extracting features of ${source.name}`;
  const stopped = `extracting features of ${source.name}`;
  const range = passRange(source, options, doing);
  const { from, to } = range;
  const { preprocess, preprocessProblem } = extractor;
  const { classes, dimensions } = extractor.location;
  throwIfAborted(signal, stopped);
  const outputs = [...new Set([extractor.features, extractor.logits])];
  const probe = options.batch === 'auto' ? await chooseBatch(extractor, source, options) : undefined;
  const batch = probe?.batch ?? range.batch ?? Math.min(range.all, await defaultBatch(extractor, options));
  // Of the whole source, not of the range: how it was cut must not show in the rows.
  const pool = await openPool(extractor, { ...options, batches: Math.ceil(range.all / batch) });
  const report = startProgress(to - from);
  let size: number;
  try {
    options.onOpened?.(pool);
    const reader = batchReader({
      ...{ source, inputs: pool.inputs, batch: Math.min(batch, to - from), preprocess, preprocessProblem },
      // Threads take a moment to start.
      inThreads: options.workers !== 0 && to - from > batch,
    });
    size = probe?.batch ?? reader.size;
    try {
      onProgress?.(report(0));
    } catch (error) {
      // Its threads are running; afterwards runBatches closes it.
      await reader.close();
      throw error;
    }
    await runBatches({ reader, pool, outputs, range, signal, doing: stopped }, async (read) => {
      keep?.keep(read);
      const { start, samples } = read;
      const rows = { start, samples, doing };
      const features = rowsFrom(read, extractor.features, { ...rows, columns: dimensions, what: 'feature' });
      const logits = rowsFrom(read, extractor.logits, { ...rows, columns: classes, what: 'logit' });
      await take({ start, samples, features, logits });
      onProgress?.(report(start + samples - from));
    });
  } finally {
    await pool.stop();
  }
  const { seconds, samplesPerSecond } = report(to - from);
  const { device, refusedDevices, partlyOnCpu } = pool;
  return {
    ...{ device, refusedDevices, partlyOnCpu, seconds, samplesPerSecond },
    ...{ batch: size, batchTrials: probe?.trials },
  };
}

/** The samples that are run; INVALID_ARGUMENT for a range that is not one. */
function passRange(
  source: DataSource,
  options: ExtractRowsOptions,
  doing: string,
): { from: number; to: number; all: number; batch?: number } {
  const { samples, batch } = passSizes(source, options, doing);
  const { from = 0, to = samples } = options;
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= samples)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the samples from ${from} to before ${to} were asked for; there are ${samples}, and one or more are needed.`,
    );
  }
  return { from, to, all: samples, batch };
}

interface Expected {
  readonly start: number;
  readonly samples: number;
  readonly columns: number;
  readonly doing: string;
  readonly what: 'feature' | 'logit';
}

/** The rows of a result that are not padding, checked. */
function rowsFrom(
  { results }: FinishedBatch,
  name: string,
  { start, samples, columns, doing, what }: Expected,
): Float32Array {
  const { data, dims } = results[name];
  const shape = rowsOf(dims);
  if (!shape || shape[0] < samples || shape[1] !== columns) {
    throw new TailorError(
      'MODEL_INVALID',
      `${doing}: the ${what}s "${name}" of ${samples} samples come out as [${dims.join(', ')}]; ` +
        `[${samples}, ${columns}] is needed, with one row per sample.`,
    );
  }
  const values = toFloat32Data(data, `the ${what}s`).subarray(0, samples * columns);
  const axis = what === 'feature' ? 'dimension' : 'class';
  assertFiniteRows(matrix(values, samples, columns), doing, what, axis, start);
  return values;
}
