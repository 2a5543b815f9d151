/** Assembles batches: samples of a source, preprocessed, in the element types and shapes that a model takes. */
import { breathe } from '../array/breathe.js';
import { TailorError } from '../array/errors.js';
import type { NumericArray } from '../array/npy.js';
import type { Preprocess } from '../data/preprocess.js';
import type { DataSource } from '../data/sample.js';
import type { Feed, ValueInfo } from '../runtime/session.js';
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
  read(start: number, samples: number): Promise<Batch>;
  /** Takes back the memory of feeds that nobody needs any more, for a later batch. */
  recycle(feeds: Batch['feeds']): void;
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
}

/** Checks what can be checked before the first sample. INVALID_ARGUMENT, SHAPE_MISMATCH. */
export function batchReader(options: BatchOptions): BatchReader {
  const { source, inputs, batch } = options;
  const fixed = fixedBatch(inputs);
  const size = fixed ?? batch;
  const free: ReadonlyMap<string, InputRows>[] = [];
  return {
    size,
    async read(start, samples) {
      const kept = free.pop() ?? new Map<string, InputRows>();
      const buffers = new Map<string, InputRows>();
      const rows = fixed ?? samples;
      await forEachIndex(samples, READ_AHEAD, async (row) => {
        const sample = await source.read(start + row);
        const doing = `Reading sample ${nameOf(source, start + row)} of ${source.name}`;
        writeSample({ ...options, sample, row, size, buffers, kept, doing });
        await breathe();
      });
      const feeds: Record<string, Feed> = {};
      for (const { name } of inputs) {
        // writeSample has filled every input.
        const { data, dims, numbers } = buffers.get(name) as InputRows;
        // Repeating a real sample cannot make a number that no sample makes, as zeros might (0/0).
        for (let row = samples; row < rows; row++) data.copyWithin(row * numbers, 0, numbers);
        feeds[name] = { data: data.subarray(0, rows * numbers), dims: [rows, ...dims] };
      }
      return { start, samples, feeds };
    },
    recycle(feeds) {
      free.push(new Map(Object.entries(feeds).map(([name, feed]) => [name, wholeMemory(feed)])));
    },
  };
}

/** All the rows that the memory of a feed has room for. */
function wholeMemory({ data, dims }: Feed): InputRows {
  const rows = data as NumericArray;
  const make = rows.constructor as new (buffer: ArrayBufferLike) => NumericArray;
  return { data: new make(rows.buffer), dims: dims.slice(1), numbers: rows.length / dims[0] };
}

/** The batch size that the model is built for, or undefined where every input leaves it open. */
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
  return sizes[0];
}

/** Calls `task` for 0 … count−1, at most `width` at a time; waits for those under way before it throws. */
async function forEachIndex(
  count: number,
  width: number,
  task: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next < count && !failed) {
      try {
        await task(next++);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(width, count) }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

function nameOf(source: DataSource, index: number): string {
  return source.sampleName?.(index) ?? `${index}`;
}
