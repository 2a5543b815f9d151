/** Assembles batches: samples of a source, preprocessed, in the element types and shapes that a model takes. */
import { breathe } from '../array/breathe.js';
import { TailorError } from '../array/errors.js';
import { forEachIndex } from '../array/for-each-index.js';
import { limit, limitExceeded } from '../array/limits.js';
import type { Preprocess } from '../data/preprocess.js';
import type { DataSource } from '../data/sample.js';
import type { Feed, ValueInfo } from '../runtime/session.js';
import { pictureBatches } from './picture-batches.js';
import { type RowsMaker, wholeMemory } from './rows-maker.js';
import { type InputRows, writeSample } from './write-sample.js';

/** Pictures that are decoded at the same time: enough for the decoder's threads, few enough for memory. */
const READ_AHEAD = 8;

/** Inputs of some samples, ready to be fed. */
export interface Batch {
  /** Index of the first sample. */
  readonly start: number;
  /** Samples that count; the rows behind them are padding. */
  readonly samples: number;
  readonly feeds: Readonly<Record<string, Feed>>;
}

/** Makes one batch after another. */
export interface BatchReader {
  /** Rows of every batch: the model's fixed batch size, or what was asked for. */
  readonly size: number;
  /** Batches that can be read side by side. */
  readonly width: number;
  read(start: number, samples: number): Promise<Batch>;
  /** Takes back the memory of feeds that nobody needs any more, for a later batch. */
  recycle(feeds: Batch['feeds']): void;
  /** Drops what is being read, and lets go of threads. */
  close(): Promise<void>;
}

/** What a BatchReader needs. */
export interface BatchOptions {
  readonly source: DataSource;
  /** The model's inputs, first axis the batch. */
  readonly inputs: readonly ValueInfo[];
  /** Rows a batch should have, where the model leaves that open. */
  readonly batch: number;
  /** Needed for pictures. */
  readonly preprocess?: Preprocess;
  /** For the message when it is needed and not there. */
  readonly preprocessProblem?: string;
  /** Picture files are read in threads of their own, where there are such (Node). Default false. */
  readonly inThreads?: boolean;
}

/** Checks what can be checked before the first sample. INVALID_ARGUMENT, SHAPE_MISMATCH. */
export function batchReader(options: BatchOptions): BatchReader {
  const { inputs, batch, inThreads } = options;
  const fixed = fixedBatch(inputs);
  const size = fixed ?? batch;
  const threads = inThreads ? pictureBatches(options, size) : undefined;
  const { fill, recycle, width, close } = threads ?? samplesHere(options, size);
  return {
    ...{ size, recycle, width, close },
    async read(start, samples) {
      const filled = await fill(start, samples);
      const rows = fixed ?? samples;
      const feeds: Record<string, Feed> = {};
      for (const { name } of inputs) {
        // All inputs have been filled.
        const { data, dims, numbers } = filled.get(name) as InputRows;
        // Repeating a real sample cannot make a number that no sample makes, as zeros might (0/0).
        for (let row = samples; row < rows; row++) data.copyWithin(row * numbers, 0, numbers);
        feeds[name] = { data: data.subarray(0, rows * numbers), dims: [rows, ...dims] };
      }
      return { start, samples, feeds };
    },
  };
}

/** Samples of any kind, in the thread of the caller. */
function samplesHere(options: BatchOptions, size: number): RowsMaker {
  const { source } = options;
  const free: ReadonlyMap<string, InputRows>[] = [];
  return {
    width: 1,
    async fill(start, samples) {
      const kept = free.pop() ?? new Map<string, InputRows>();
      const buffers = new Map<string, InputRows>();
      await forEachIndex(samples, READ_AHEAD, async (row) => {
        const sample = await source.read(start + row);
        const doing = `Reading sample ${nameOf(source, start + row)} of ${source.name}`;
        writeSample({ ...options, sample, row, size, buffers, kept, doing });
        await breathe();
      });
      return buffers;
    },
    recycle(feeds) {
      free.push(new Map(Object.entries(feeds).map(([name, feed]) => [name, wholeMemory(feed)])));
    },
    close: async () => {},
  };
}

/** The batch size that the model is built for, or undefined where every input leaves it open. MODEL_INVALID, LIMIT_EXCEEDED. */
export function fixedBatch(inputs: readonly ValueInfo[]): number | undefined {
  const flat = inputs.find((input) => input.dims.length === 0);
  if (flat || inputs.length === 0) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Feeding the model: ${flat ? `its input "${flat.name}" is a single number and has no batch axis` : 'it has no inputs'}; ` +
        'every input needs the batch as its first axis. Make such inputs constants of the model.',
    );
  }
  const sizes = [...new Set(inputs.map((input) => input.dims[0]).filter((size) => typeof size === 'number'))];
  if (sizes.length > 1) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Feeding the model: its inputs have different first axes (${sizes.join(', ')}); every input needs the batch as its first axis.`,
    );
  }
  const [size] = sizes;
  if (size !== undefined && !(size >= 1)) {
    throw new TailorError(
      'MODEL_INVALID',
      `Feeding the model: it takes ${size} samples at once, which is not possible. Export the model again.`,
    );
  }
  if (size !== undefined && size > limit('batchSamples'))
    throw limitExceeded('batchSamples', `Feeding the model: it takes ${size} samples at once`);
  return size;
}

function nameOf(source: DataSource, index: number): string {
  return source.sampleName?.(index) ?? `${index}`;
}
