/** The extraction pipeline: samples of a data source through the part of a model in front of its head, rows handed on in order. */
import { TailorError, throwIfAborted } from '../array/errors.js';
import { assertFiniteRows, matrix } from '../array/matrix.js';
import type { Preprocess } from '../data/preprocess.js';
import type { DataSource } from '../data/sample.js';
import type { HeadLocation } from '../onnx/head-location.js';
import { openSession } from '../runtime/session.js';
import { type DeviceTensor, toFloat32Data } from '../runtime/tensors.js';
import { type Batch, batchReader } from './batch.js';
import type { ExtractionReport } from './feature-set.js';
import { startProgress } from './progress.js';
import { rowsOf } from './read-features.js';
import { type ExtractOptions, forEachBatch, passSizes, runBatch } from './run-batches.js';
import type { InputKeeper } from './verification-inputs.js';

/** What is extracted with. */
export interface Extractor {
  /** The model cut behind the features: outputs are `features` and `logits`, the same for kind 'logits'. */
  readonly bytes: Uint8Array;
  readonly features: string;
  readonly logits: string;
  readonly location: HeadLocation;
  readonly sha256: string;
  /** File name of the model. */
  readonly name?: string;
  readonly classes?: readonly string[];
  readonly preprocess?: Preprocess;
  /** Why the model's own preprocessing cannot be used, if it has one. */
  readonly preprocessProblem?: string;
}

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
  const { signal, onProgress, device, threads, keep } = options;
  const doing = `Extracting features of ${source.name}`;
  const stopped = `extracting features of ${source.name}`;
  const { from, to, batch } = passRange(source, options, doing);
  const { preprocess, preprocessProblem } = extractor;
  const { classes, dimensions } = extractor.location;
  throwIfAborted(signal, stopped);
  const outputs = [...new Set([extractor.features, extractor.logits])];
  const session = await openSession(extractor.bytes, { device, threads });
  const report = startProgress(to - from);
  try {
    options.onOpened?.(session);
    const reader = batchReader({ source, inputs: session.inputs, batch, preprocess, preprocessProblem });
    onProgress?.(report(0));
    await forEachBatch(reader, { from, to }, signal, stopped, async (read) => {
      const results = await runBatch(session, read, outputs);
      keep?.keep(read);
      const { start, samples } = read;
      const features = rowsFrom(results, extractor.features, {
        columns: dimensions,
        read,
        doing,
        what: 'feature',
      });
      const logits = rowsFrom(results, extractor.logits, { columns: classes, read, doing, what: 'logit' });
      await take({ start, samples, features, logits });
      onProgress?.(report(start + samples - from));
    });
  } finally {
    await session.release();
  }
  const { seconds, samplesPerSecond } = report(to - from);
  const { refusedDevices, partlyOnCpu } = session;
  return { device: session.device, refusedDevices, partlyOnCpu, seconds, samplesPerSecond };
}

/** The samples that are run; INVALID_ARGUMENT for a range that is not one. */
function passRange(
  source: DataSource,
  options: ExtractRowsOptions,
  doing: string,
): { from: number; to: number; batch: number } {
  const { samples, batch } = passSizes(source, options, doing);
  const { from = 0, to = samples } = options;
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= samples)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the samples from ${from} to before ${to} were asked for; there are ${samples}, and one or more are needed.`,
    );
  }
  return { from, to, batch: Math.min(batch, to - from) };
}

interface Expected {
  readonly columns: number;
  readonly read: Batch;
  readonly doing: string;
  readonly what: 'feature' | 'logit';
}

/** The rows of a result that are not padding, checked. */
function rowsFrom(
  results: Readonly<Record<string, DeviceTensor>>,
  name: string,
  { columns, read, doing, what }: Expected,
): Float32Array {
  const { data, dims } = results[name];
  const shape = rowsOf(dims);
  if (!shape || shape[0] < read.samples || shape[1] !== columns) {
    throw new TailorError(
      'MODEL_INVALID',
      `${doing}: the ${what}s "${name}" of ${read.samples} samples come out as [${dims.join(', ')}]; ` +
        `[${read.samples}, ${columns}] is needed, with one row per sample.`,
    );
  }
  const values = toFloat32Data(data, `the ${what}s`).subarray(0, read.samples * columns);
  const axis = what === 'feature' ? 'dimension' : 'class';
  assertFiniteRows(matrix(values, read.samples, columns), doing, what, axis, read.start);
  return values;
}
