/** The extraction pipeline: a data source through the part of a model in front of its head. */
import { allocate } from '../array/allocate.js';
import { TailorError, throwIfAborted } from '../array/errors.js';
import { assertFiniteRows, matrix } from '../array/matrix.js';
import { VERSION } from '../array/version.js';
import { checkLabels } from '../data/check-labels.js';
import type { Preprocess } from '../data/preprocess.js';
import type { DataSource } from '../data/sample.js';
import type { HeadLocation } from '../onnx/head-location.js';
import { openSession, type Session, type SessionOptions } from '../runtime/session.js';
import { type DeviceTensor, toFloat32Data } from '../runtime/tensors.js';
import { type Batch, type BatchReader, batchReader } from './batch.js';
import { alignLabels } from './class-names.js';
import { FeatureSet } from './feature-set.js';
import { type Progress, startProgress } from './progress.js';
import { rowsOf } from './read-features.js';
import { inputKeeper } from './verification-inputs.js';

/** Options of `Model.extract`. */
export interface ExtractOptions extends SessionOptions {
  /** Samples run at once, 1 or more; a model with a fixed batch size is fed in that size. Default 64. */
  readonly batch?: number;
  /** Only the first so many samples. Default all. A source that is sorted by class then lacks the last classes. */
  readonly limit?: number;
  /** Stops between batches with ABORTED. */
  readonly signal?: AbortSignal;
  /** Called before the first and after every batch. */
  readonly onProgress?: (progress: Progress) => void;
}

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

/** Runs every sample of the source; see `Model.extract`. */
export async function extractFeatures(
  extractor: Extractor,
  source: DataSource,
  options: ExtractOptions,
): Promise<FeatureSet> {
  const { signal, onProgress, device, threads } = options;
  const doing = `Extracting features of ${source.name}`;
  const { samples, batch } = assertSizes(source, options, doing);
  const { sha256, name, preprocess, preprocessProblem } = extractor;
  const { classes: classCount, dimensions, output } = extractor.location;
  checkLabels(source.labels, source.length, undefined, source.name);
  const named = alignLabels(
    { labels: source.labels?.slice(0, samples), classes: source.classes },
    extractor.classes,
    classCount,
    doing,
  );
  throwIfAborted(signal, `extracting features of ${source.name}`);
  const features = allocate(Float32Array, samples * dimensions, doing);
  const logits = allocate(Float32Array, samples * classCount, doing);
  const keeper = inputKeeper(samples);
  const session = await openSession(extractor.bytes, { device, threads });
  const report = startProgress(samples);
  try {
    const reader = batchReader({ source, inputs: session.inputs, batch, preprocess, preprocessProblem });
    onProgress?.(report(0));
    await forEachBatch(reader, samples, signal, source.name, async (read) => {
      const results = await runBatch(session, extractor, read);
      keeper.keep(read);
      store(results, extractor.features, {
        into: features,
        columns: dimensions,
        read,
        doing,
        what: 'feature',
      });
      store(results, extractor.logits, { into: logits, columns: classCount, read, doing, what: 'logit' });
      onProgress?.(report(read.start + read.samples));
    });
  } finally {
    await session.release();
  }
  const { seconds, samplesPerSecond } = report(samples);
  const { refusedDevices, partlyOnCpu } = session;
  return new FeatureSet({
    ...named,
    name: source.name,
    features: matrix(features, samples, dimensions),
    logits: matrix(logits, samples, classCount),
    classCount,
    verificationInputs: keeper.inputs(),
    origin: {
      model: { sha256, name, output },
      source: source.name,
      preprocess,
      device: session.device,
      version: VERSION,
    },
    extraction: { device: session.device, refusedDevices, partlyOnCpu, seconds, samplesPerSecond },
  });
}

/** Samples to be run, and rows of a batch: never more than there are samples, so that no memory is held for nothing. */
function assertSizes(
  source: DataSource,
  { batch = 64, limit = source.length }: ExtractOptions,
  doing: string,
): { samples: number; batch: number } {
  assertWhole(doing, 'batch', batch);
  assertWhole(doing, 'limit', limit, source.length === 0 ? 0 : 1);
  const samples = Math.min(limit, source.length);
  if (samples === 0) throw new TailorError('INVALID_ARGUMENT', `${doing}: the source has no samples.`);
  return { samples, batch: Math.min(batch, samples) };
}

/** Reads the next batch while `use` works on this one; nothing is left running when it returns or throws. */
async function forEachBatch(
  reader: BatchReader,
  samples: number,
  signal: AbortSignal | undefined,
  sourceName: string,
  use: (batch: Batch) => Promise<void>,
): Promise<void> {
  const start = (from: number) => {
    const reading = reader.read(from, Math.min(reader.size, samples - from));
    // Its failure is seen when it is awaited; until then it is nobody's unhandled rejection.
    reading.catch(() => {});
    return reading;
  };
  let next: Promise<Batch> | undefined = start(0);
  try {
    while (next) {
      const read: Batch = await next;
      throwIfAborted(signal, `extracting features of ${sourceName}`);
      const from: number = read.start + read.samples;
      next = from < samples ? start(from) : undefined;
      await use(read);
    }
  } finally {
    await next?.catch(() => {});
  }
}

async function runBatch(
  session: Session,
  { features, logits }: Extractor,
  { feeds, samples }: Batch,
): Promise<Record<string, DeviceTensor>> {
  const outputs = logits === features ? [features] : [features, logits];
  try {
    return await session.run(feeds, outputs);
  } catch (error) {
    if (!(error instanceof TailorError && error.code === 'MODEL_INVALID' && samples > 1)) throw error;
    throw new TailorError(
      error.code,
      `${error.message} If the model was exported for one sample at a time, use batch 1.`,
      { cause: error },
    );
  }
}

interface Storing {
  readonly into: Float32Array;
  readonly columns: number;
  readonly read: Batch;
  readonly doing: string;
  readonly what: 'feature' | 'logit';
}

/** Copies the rows of a result that are not padding to their place. */
function store(
  results: Readonly<Record<string, DeviceTensor>>,
  name: string,
  { into, columns, read, doing, what }: Storing,
): void {
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
  into.set(values, read.start * columns);
}

function assertWhole(doing: string, what: string, value: number, least = 1): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new TailorError(
    'INVALID_ARGUMENT',
    `${doing}: ${what} is ${value}; a whole number of 1 or more is needed.`,
  );
}
