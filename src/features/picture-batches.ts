/** Batches of picture files, read in threads of their own: the thread of the caller stays free, and as many are read as needed. */
import { openPictureThreads } from '#pictures';
import { type Preprocess, preprocessDims } from '../data/preprocess.js';
import type { DataSource } from '../data/sample.js';
import type { ValueInfo } from '../runtime/session.js';
import { emptyOf } from '../runtime/tensors.js';
import { type RowsMaker, wholeMemory } from './rows-maker.js';

interface PictureOptions {
  readonly source: DataSource;
  readonly inputs: readonly ValueInfo[];
  readonly preprocess?: Preprocess;
}

/**
 * Batches that a thread makes from beginning to end; undefined where there are no threads, where samples are no picture files, or
 * where they do not fit the model as they are: the one sample after another that is tried then says what is wrong.
 * @param size rows of a batch.
 */
export function pictureBatches(
  { source, inputs, preprocess }: PictureOptions,
  size: number,
): RowsMaker | undefined {
  const { picturePath } = source;
  if (!picturePath || !preprocess || inputs.length !== 1) return undefined;
  const [{ name, type, dims: wanted }] = inputs;
  const dims = preprocessDims(preprocess);
  const fits =
    type === 'float32' &&
    wanted.length === dims.length + 1 &&
    dims.every((length, axis) => typeof wanted[axis + 1] === 'string' || wanted[axis + 1] === length);
  const threads = fits ? openPictureThreads() : undefined;
  if (!threads) return undefined;
  const numbers = dims.reduce((product, length) => product * length, 1);
  const free: Float32Array[] = [];
  return {
    width: threads.count,
    async fill(start, samples) {
      const paths = Array.from({ length: samples }, (_, row) => picturePath(start + row));
      const rows = free.pop() ?? (emptyOf(type, size * numbers, `A batch of ${size}`) as Float32Array);
      const data = await threads.fill({ paths, source: source.name, preprocess, rows });
      return new Map([[name, { data, dims, numbers }]]);
    },
    recycle: (feeds) => {
      free.push(wholeMemory(feeds[name]).data as Float32Array);
    },
    close: () => threads.close(),
  };
}
