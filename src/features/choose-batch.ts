/** How many samples are best run at once: tried with the first one. */
import { platform } from '#platform';
import { TailorError, throwIfAborted } from '../array/errors.js';
import type { NumericArray } from '../array/npy.js';
import type { DataSource } from '../data/sample.js';
import type { Feed, Session } from '../runtime/session.js';
import { emptyOf } from '../runtime/tensors.js';
import { type Batch, batchReader, fixedBatch } from './batch.js';
import type { Extractor } from './extractor.js';
import type { BatchTrial } from './feature-set.js';
import { DEFAULT_BATCH, type ExtractOptions, passSizes } from './run-batches.js';
import { openPool, type SessionPool } from './session-pool.js';

/** What `chooseBatch` found. */
export interface BatchProbe {
  /** Samples to be run at once. */
  readonly batch: number;
  /** What was tried, in order; empty where there was no choice. */
  readonly trials: readonly BatchTrial[];
}

/** Sizes that are tried; the first two are for models that were exported for one sample only, and for large inputs. */
const SIZES: readonly number[] = [1, 4, 8, 16, 32, 64, 128, 256, 512];

/** A larger batch must be faster by this much to be worth its memory. */
const GAIN = 1.05;

/** Most bytes of the inputs of a batch: several batches are in memory at the same time. */
const MAX_BYTES = 256e6;

/** A size is timed this often and its best run counts; a run that takes longer than that is neither repeated nor followed. */
const RUNS = 3;
const LONG_RUN = 2;

/**
 * Runs the first sample in batches of growing size, on the device and with the threads of `options`, and takes the size behind
 * which samples per second grow by less than 5 %, or inputs exceed 256 MB, or a run takes over 2 s, or memory ends. The answer
 * depends on the machine and on what else runs there: give a number where results must not.
 *
 * Throws what `extractRows` throws.
 */
export async function chooseBatch(
  extractor: Extractor,
  source: DataSource,
  options: ExtractOptions & { readonly from?: number },
): Promise<BatchProbe> {
  const { signal, from = 0 } = options;
  const doing = `Choosing a batch for ${source.name}`;
  const { samples } = passSizes(source, options, doing);
  const outputs = [...new Set([extractor.features, extractor.logits])];
  const pool = await openPool(extractor, { ...options, workers: Math.min(1, options.workers ?? 1) });
  try {
    const fixed = fixedBatch(pool.inputs);
    if (fixed !== undefined) return { batch: fixed, trials: [] };
    const { preprocess, preprocessProblem } = extractor;
    const reader = batchReader({ source, inputs: pool.inputs, batch: 1, preprocess, preprocessProblem });
    const one = await reader.read(from, 1);
    const bytes = Object.values(one.feeds).reduce(
      (sum, { data }) => sum + (data as NumericArray).byteLength,
      0,
    );
    const trials: BatchTrial[] = [];
    for (const batch of SIZES) {
      if (trials.length > 0 && (batch > samples || batch * bytes > MAX_BYTES)) break;
      throwIfAborted(signal, `choosing a batch for ${source.name}`);
      const seconds = await secondsOf(
        pool,
        repeated(one, batch, pool.inputs, doing),
        outputs,
        trials.length > 0,
      );
      if (seconds === undefined) break;
      trials.push({ batch, samplesPerSecond: batch / seconds });
      if (seconds > LONG_RUN) break;
      const [last, before] = [trials.at(-1)!, trials.at(-2)];
      if (before && last.samplesPerSecond < GAIN * before.samplesPerSecond) break;
    }
    return { batch: smallestGood(trials), trials };
  } finally {
    await pool.stop();
  }
}

/** The smallest that no larger one beats by the gain. */
function smallestGood(trials: readonly BatchTrial[]): number {
  const best = Math.max(...trials.map((trial) => trial.samplesPerSecond));
  const good = trials.find((trial) => trial.samplesPerSecond * GAIN >= best);
  return good?.batch ?? DEFAULT_BATCH;
}

/** Best of a few runs; undefined where the batch is too large for the model or the memory, if that `mayFail`. */
async function secondsOf(
  pool: SessionPool,
  batch: Batch,
  outputs: readonly string[],
  mayFail: boolean,
): Promise<number | undefined> {
  let best = Infinity;
  let next = batch;
  // The first run of a size sets up memory and, on a card, chooses kernels.
  for (let run = -1; run < RUNS; run++) {
    const start = platform.seconds();
    try {
      next = await pool.run(next, outputs);
    } catch (error) {
      const known = error instanceof TailorError && ['LIMIT_EXCEEDED', 'MODEL_INVALID'].includes(error.code);
      if (mayFail && known) return undefined;
      throw error;
    }
    const seconds = platform.seconds() - start;
    if (run >= 0 || seconds > LONG_RUN) best = Math.min(best, seconds);
    if (seconds > LONG_RUN) break;
  }
  return best;
}

/** A batch that has one sample in all rows. */
function repeated({ feeds }: Batch, samples: number, inputs: Session['inputs'], doing: string): Batch {
  const rows: Record<string, Feed> = {};
  for (const { name, type } of inputs) {
    const { data, dims } = feeds[name];
    const all = emptyOf(type, samples * data.length, doing);
    for (let row = 0; row < samples; row++)
      (all as Float32Array).set(data as Float32Array, row * data.length);
    rows[name] = { data: all, dims: [samples, ...dims.slice(1)] };
  }
  return { start: 0, samples, feeds: rows };
}
