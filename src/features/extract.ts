/** The extraction pipeline: a data source through the part of a model in front of its head. */
import { allocate } from '../array/allocate.js';
import { TailorError, throwIfAborted } from '../array/errors.js';
import { assertFiniteRows, matrix } from '../array/matrix.js';
import { VERSION } from '../array/version.js';
import { checkLabels } from '../data/check-labels.js';
import type { Preprocess } from '../data/preprocess.js';
import type { DataSource } from '../data/sample.js';
import type { HeadLocation } from '../onnx/head-location.js';
import { openSession } from '../runtime/session.js';
import { type DeviceTensor, toFloat32Data } from '../runtime/tensors.js';
import { type Batch, batchReader } from './batch.js';
import { alignLabels } from './class-names.js';
import { FeatureSet } from './feature-set.js';
import { startProgress } from './progress.js';
import { rowsOf } from './read-features.js';
import { type ExtractOptions, forEachBatch, passSizes, runBatch } from './run-batches.js';
import { inputKeeper } from './verification-inputs.js';

export type { ExtractOptions } from './run-batches.js';

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
  const { samples, batch } = passSizes(source, options, doing);
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
  const outputs = [...new Set([extractor.features, extractor.logits])];
  const session = await openSession(extractor.bytes, { device, threads });
  const report = startProgress(samples);
  try {
    const reader = batchReader({ source, inputs: session.inputs, batch, preprocess, preprocessProblem });
    onProgress?.(report(0));
    await forEachBatch(reader, samples, signal, `extracting features of ${source.name}`, async (read) => {
      const results = await runBatch(session, read, outputs);
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
