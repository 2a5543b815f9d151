/** What fills the rows of batches with samples. */
import type { NumericArray } from '../array/npy.js';
import type { Feed } from '../runtime/session.js';
import type { InputRows } from './write-sample.js';

/** Fills rows, in the thread of the caller or in others. */
export interface RowsMaker {
  /** Batches that can be filled side by side. */
  readonly width: number;
  /** The rows of `samples` samples from `start` on, for every input of the model. */
  fill(start: number, samples: number): Promise<ReadonlyMap<string, InputRows>>;
  /** Takes back the memory of feeds. */
  recycle(feeds: Readonly<Record<string, Feed>>): void;
  /** Drops what is under way. */
  close(): Promise<void>;
}

/** All the rows that the memory of a feed has room for. */
export function wholeMemory({ data, dims }: Feed): InputRows {
  const rows = data as NumericArray;
  const make = rows.constructor as new (buffer: ArrayBufferLike) => NumericArray;
  return { data: new make(rows.buffer), dims: dims.slice(1), numbers: rows.length / dims[0] };
}
