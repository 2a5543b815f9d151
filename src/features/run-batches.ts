/** What every pass of a data source through a model shares: how many samples, one batch after another, the run itself. */
import { TailorError, throwIfAborted } from '../array/errors.js';
import type { DataSource } from '../data/sample.js';
import type { Batch, BatchReader } from './batch.js';
import type { Progress } from './progress.js';
import type { FinishedBatch, PoolOptions, SessionPool } from './session-pool.js';

/** Options of `Model.extract`, and of every other pass of a data source through a model. */
export interface ExtractOptions extends PoolOptions {
  /**
   * Samples run at once, 1 or more; a model with a fixed batch size is fed in that size. Default 64, on cpu
   * fewer where inputs are large, 8 or more: as many as 5 MB of inputs hold (16 for 160 × 160 pictures). 'auto' tries a few sizes first
   * (see chooseBatch). Passes over layers take 64 for both.
   */
  readonly batch?: number | 'auto';
  /** Only the first so many samples. Default all. A source that is sorted by class then lacks the last classes. */
  readonly limit?: number;
  /** Stops between batches with ABORTED. */
  readonly signal?: AbortSignal;
  /** Called before the first and after every batch. */
  readonly onProgress?: (progress: Progress) => void;
}

/** Rows of a batch where nothing else is said; see also defaultBatch. */
export const DEFAULT_BATCH = 64;

/**
 * Samples to be run, and rows of a batch where a number was asked for: never more than there are samples, so that no memory is held
 * for nothing.
 */
export function passSizes(
  source: DataSource,
  { batch, limit = source.length }: Pick<ExtractOptions, 'batch' | 'limit'>,
  doing: string,
): { samples: number; batch?: number } {
  const open = batch === undefined || batch === 'auto';
  if (!open) assertWhole(doing, 'batch', batch);
  assertWhole(doing, 'limit', limit, source.length === 0 ? 0 : 1);
  const samples = Math.min(limit, source.length);
  if (samples === 0) throw new TailorError('INVALID_ARGUMENT', `${doing}: the source has no samples.`);
  return { samples, batch: open ? undefined : Math.min(batch, samples) };
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

/** A pass of a range of samples through a model. */
export interface BatchPass {
  readonly reader: BatchReader;
  readonly pool: SessionPool;
  /** Tensors that are wanted. */
  readonly outputs: readonly string[];
  readonly range: SampleRange;
  readonly signal?: AbortSignal;
  /** Completes 'Stopped while …'. */
  readonly doing: string;
}

/**
 * Calls `use` with one batch after another, in order, whatever session ran it. The next batch is read while those before are run
 * and used: in memory are as many batches as the pool has places, and those that are read. The reader is closed afterwards. When it
 * has thrown, nothing is running any more, and the pool is stopped.
 */
export async function runBatches(
  { reader, pool, outputs, range: { from: first, to }, signal, doing }: BatchPass,
  use: (batch: FinishedBatch) => void | Promise<void>,
): Promise<void> {
  const underWay: Promise<void>[] = [];
  let before: Promise<void> = Promise.resolve();
  let failed = false;
  const useInTurn = async (running: Promise<FinishedBatch>, turn: Promise<void>) => {
    const finished = await running;
    await turn;
    throwIfAborted(signal, doing);
    await use(finished);
    reader.recycle(finished.feeds);
  };
  const reading: Promise<Batch>[] = [];
  let from = first;
  const readOn = () => {
    for (; reading.length < reader.width && from < to; from += reader.size) {
      const batch = reader.read(from, Math.min(reader.size, to - from));
      // It is seen when it is awaited; until then it is nobody's unhandled rejection.
      batch.catch(() => {});
      reading.push(batch);
    }
  };
  try {
    for (readOn(); reading.length > 0 && !failed; readOn()) {
      const batch = await reading[0];
      while (underWay.length >= pool.places) await underWay.shift();
      throwIfAborted(signal, doing);
      reading.shift();
      before = useInTurn(pool.run(batch, outputs), before);
      underWay.push(before);
      // As above; and nothing more is begun.
      before.catch(() => {
        failed = true;
      });
    }
    for (const using of underWay) await using;
  } catch (error) {
    await Promise.all([pool.stop(), reader.close()]);
    await Promise.allSettled([...reading, ...underWay]);
    throw error;
  } finally {
    await reader.close();
  }
}
