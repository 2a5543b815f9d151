/** Extraction into a folder of shards: of any size, in parts by several machines, and continued after it was killed. */
import { TailorError } from '../../array/errors.js';
import { checkLabels } from '../../data/check-labels.js';
import { alignLabels, type NamedLabels } from '../../data/class-names.js';
import type { DataSource } from '../../data/sample.js';
import type { ValueInfo } from '../../runtime/values.js';
import { fixedBatch } from '../batch.js';
import { chooseBatch } from '../choose-batch.js';
import { defaultBatch } from '../default-batch.js';
import { type Extractor, extractRows } from '../extract-rows.js';
import type { ExtractionReport } from '../feature-set.js';
import type { Model, PreprocessOption } from '../model.js';
import { modelValues } from '../model-values.js';
import { startProgress } from '../progress.js';
import { type ExtractOptions, passSizes } from '../run-batches.js';
import { beginStore } from './begin-store.js';
import { identityOf } from './identity.js';
import { keptInputs } from './kept-inputs.js';
import { assertPart, inputsFile, shardsOfPart, WHOLE } from './layout.js';
import type { StorePart } from './manifest.js';
import { originOf } from './origin.js';
import { gaps, PartStore } from './part-store.js';
import { shardWriter, writeStoreFile } from './write-shard.js';

/** Options of `extractStore`. */
export interface ExtractStoreOptions extends ExtractOptions {
  /** How pictures become inputs, in place of what the model's metadata say. */
  readonly preprocess?: PreprocessOption;
  /** Go on with a store that was not finished, in its batch and on its device. Default false. */
  readonly resume?: boolean;
  /** Begin again where a store is. Default false. */
  readonly overwrite?: boolean;
  /** Only the shards of one of several tasks, which may all write to the same folder. Default: all. */
  readonly part?: StorePart;
  /** Samples of a shard, a multiple of the batch. Default: what makes shards of about 64 MB. */
  readonly shardRows?: number;
}

/** What was done. */
export interface StoreReport {
  /** In this part. */
  readonly samples: number;
  /** D. */
  readonly dimensions: number;
  /** C. */
  readonly classCount: number;
  /** Class names in class order. */
  readonly classes?: readonly string[];
  /** Whether there are labels. */
  readonly labelled: boolean;
  /** Of this part. */
  readonly shards: number;
  /** Which part this was; 1 of 1 for all. */
  readonly part: StorePart;
  /** Samples that are run at once. */
  readonly batch: number;
  /** Everything was there already: nothing was run. */
  readonly cached: boolean;
  /** Samples that were there already. */
  readonly resumed: number;
  /** Of what was run; absent where nothing was. */
  readonly extraction?: ExtractionReport;
}

/**
 * Extracts features, logits and labels of `source` into the folder `folder`: shards (.npz) and a manifest, which is written
 * again after each shard. Memory: one shard and a few batches. Killed at any moment and resumed, it ends with the same bytes as
 * when it is not. A store that is complete and holds the same is left as it is (`cached`).
 *
 * Throws FILE_EXISTS for a store that holds something else (naming what), or that is not finished or damaged without `resume`, and for a
 * folder with files of others; FILE_BUSY where another run writes the same part; FORMAT_INVALID for a damaged manifest; FILE_UNWRITABLE; INVALID_ARGUMENT; and what `Model.extract` throws.
 */
export async function extractStore(
  model: Model,
  source: DataSource,
  folder: string,
  options: ExtractStoreOptions = {},
): Promise<StoreReport> {
  const { preprocess, resume = false, overwrite = false, part = WHOLE, shardRows, ...extraction } = options;
  const doing = `Extracting features of ${source.name} to ${folder}`;
  assertPart(part, doing);
  const { samples } = passSizes(source, extraction, doing);
  const extractor = await model.extractor(preprocess);
  const { inputs } = modelValues(model.file);
  const named = labelsOf(source, extractor, samples, doing);
  const identity = await identityOf(extractor, source, named, { samples, limit: extraction.limit });
  const start = await beginStore({
    ...{ folder, part, identity, shardRows, resume, overwrite, doing },
    batch: fixedBatch(inputs) ?? (extraction.batch === 'auto' ? undefined : extraction.batch),
    device: kindOf(extraction),
    chooseBatch: async () =>
      extraction.batch === 'auto'
        ? (await chooseBatch(extractor, source, extraction)).batch
        : defaultBatch(extractor, extraction),
  });
  const range = shardsOfPart(samples, start.making.shardRows, part);
  const store = new PartStore({ folder, part, identity, start, range, named });
  const { dimensions, classCount } = identity.model;
  const report = {
    ...{
      samples: store.total,
      dimensions,
      classCount,
      classes: named.classes,
      labelled: Boolean(named.labels),
    },
    ...{ shards: range.to - range.from, part, batch: start.making.batch },
  };
  if (start.cached) return { ...report, cached: true, resumed: store.total };
  const resumed = store.rows;
  try {
    const found = await fillGaps(store, { extractor, source }, extraction);
    await finish(store, { extractor, source, inputs }, extraction);
    return { ...report, cached: false, resumed, extraction: found };
  } catch (error) {
    if (!(error instanceof TailorError && error.code === 'ABORTED')) throw error;
    throw new TailorError(
      'ABORTED',
      `${error.message} ${store.rows} of ${store.total} samples are in ${folder}; go on with --resume.`,
      { cause: error },
    );
  } finally {
    await start.lock?.release();
  }
}

/** 'cuda' of 'cuda:1'; undefined for auto, and for devices of several kinds. */
function kindOf({ device = 'auto', devices = [device] }: Pick<ExtractOptions, 'device' | 'devices'>) {
  const kinds = new Set(devices.map(kindOfName));
  const [kind] = kinds;
  return kinds.size > 1 || kind === 'auto' ? undefined : kind;
}

const kindOfName = (device: string) => device.split(':', 1)[0];

function labelsOf(source: DataSource, extractor: Extractor, samples: number, doing: string): NamedLabels {
  checkLabels(source.labels, source.length, undefined, source.name);
  const { classes } = extractor.location;
  const labels = source.labels?.slice(0, samples);
  return alignLabels({ labels, classes: source.classes }, extractor.classes, classes, doing);
}

/** What is run. */
interface Running {
  readonly extractor: Extractor;
  readonly source: DataSource;
}

/** Extracts the shards that are not there. */
async function fillGaps(
  store: PartStore,
  { extractor, source }: Running,
  options: ExtractOptions,
): Promise<ExtractionReport | undefined> {
  const { folder, identity, start, named } = store.parts;
  const { samples, model } = identity;
  const { batch, shardRows } = start.making;
  const resumed = store.rows;
  const clock = startProgress(store.total - resumed);
  const writer = shardWriter(
    folder,
    { samples, shardRows, dimensions: model.dimensions, classCount: model.classCount, ...named },
    () => JSON.stringify(originOf(identity, store.device)),
    (shard) => store.add(shard),
  );
  let done = 0;
  let extraction: ExtractionReport | undefined;
  for (const { from, to } of gaps(store)) {
    const before = done;
    extraction = await extractRows(
      extractor,
      source,
      {
        ...options,
        ...{ batch, from, to },
        // A store is made on devices of one kind.
        ...(!kindOf(options) &&
          store.device !== null && { device: store.device as ExtractOptions['device'] }),
        onOpened: ({ device }) => {
          store.device = kindOfName(device);
        },
        onProgress(progress) {
          const now = clock(before + progress.done);
          options.onProgress?.({ ...now, done: resumed + now.done, total: store.total });
        },
      },
      (rows) => writer.add(rows),
    );
    done += to - from;
  }
  const { seconds, samplesPerSecond } = clock(done);
  return extraction && { ...extraction, seconds, samplesPerSecond };
}

/** The kept inputs, and the manifest that says that all is done. */
async function finish(
  store: PartStore,
  { extractor, source, inputs }: Running & { inputs: readonly ValueInfo[] },
  { signal }: ExtractOptions,
): Promise<void> {
  const { folder, part } = store.parts;
  if (store.total === 0) return store.save(null, true);
  const { from, total } = store;
  const kept = await keptInputs(extractor, inputs, source, {
    from,
    samples: total,
    parts: part.count,
    signal,
  });
  const file = await writeStoreFile(folder, inputsFile(part), kept.samples, kept.arrays);
  return store.save(file, true);
}
