/** What every pass of a data source through a model shares: how many samples, one batch after another, the run itself. */
import { TailorError, throwIfAborted } from '../array/errors.js';
import type { DataSource } from '../data/sample.js';
import type { Session, SessionOptions } from '../runtime/session.js';
import type { DeviceTensor } from '../runtime/tensors.js';
import type { Batch, BatchReader } from './batch.js';
import type { Progress } from './progress.js';

/** Options of `Model.extract`, and of every other pass of a data source through a model. */
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

/** Samples to be run, and rows of a batch: never more than there are samples, so that no memory is held for nothing. */
export function passSizes(
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

function assertWhole(doing: string, what: string, value: number, least = 1): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new TailorError(
    'INVALID_ARGUMENT',
    `${doing}: ${what} is ${value}; a whole number of 1 or more is needed.`,
  );
}

/** Samples [from, to) of a source. */
export interface SampleRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Reads the next batch while `use` works on this one; nothing is left running when it returns or throws. `doing` completes
 * 'Stopped while …'.
 */
export async function forEachBatch(
  reader: BatchReader,
  { from: first, to }: SampleRange,
  signal: AbortSignal | undefined,
  doing: string,
  use: (batch: Batch) => Promise<void>,
): Promise<void> {
  const start = (from: number) => {
    const reading = reader.read(from, Math.min(reader.size, to - from));
    // Its failure is seen when it is awaited; until then it is nobody's unhandled rejection.
    reading.catch(() => {});
    return reading;
  };
  let next: Promise<Batch> | undefined = start(first);
  try {
    while (next) {
      const read: Batch = await next;
      throwIfAborted(signal, doing);
      const from: number = read.start + read.samples;
      next = from < to ? start(from) : undefined;
      await use(read);
    }
  } finally {
    await next?.catch(() => {});
  }
}

/** Runs one batch; a failure of several samples at once says what often helps. */
export async function runBatch(
  session: Session,
  { feeds, samples }: Batch,
  outputs: readonly string[],
): Promise<Record<string, DeviceTensor>> {
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
