/** Writes the files of a store: each to a temporary file, then renamed, then looked at again for its checksum. */
import { platform } from '#platform';
import { allocate } from '../../array/allocate.js';
import type { NpyContent } from '../../array/npy.js';
import { npzChunks } from '../../array/npz.js';
import type { ExtractedRows } from '../extract-rows.js';
import { shardFile } from './layout.js';
import type { StoreFile, StoreShard } from './manifest.js';

/** What the rows of a shard are written with. */
export interface ShardContent {
  /** Of the whole set. */
  readonly samples: number;
  readonly shardRows: number;
  readonly dimensions: number;
  readonly classCount: number;
  /** Of the whole set, in the model's class order. */
  readonly labels?: Int32Array;
  readonly classes?: readonly string[];
}

/** Takes rows in order and hands on each shard that is full. */
export interface ShardWriter {
  /** Rows that follow those of the last call; the first ones begin a shard. */
  add(rows: ExtractedRows): Promise<void>;
}

/** Memory: one shard. `origin` is asked for with the first one, in JSON. */
export function shardWriter(
  folder: string,
  content: ShardContent,
  origin: () => string,
  written: (shard: StoreShard) => Promise<void>,
): ShardWriter {
  const { samples, shardRows, dimensions, classCount, labels, classes } = content;
  const rows = Math.min(shardRows, samples);
  const doing = `Writing the feature store ${folder}`;
  const features = allocate(Float32Array, rows * dimensions, doing);
  const logits = allocate(Float32Array, rows * classCount, doing);

  const write = async (start: number, count: number) => {
    const arrays: Record<string, NpyContent> = {
      features: { shape: [count, dimensions], data: features.subarray(0, count * dimensions) },
    };
    if (labels) arrays.labels = { shape: [count], data: labels.subarray(start, start + count) };
    arrays.logits = { shape: [count, classCount], data: logits.subarray(0, count * classCount) };
    if (classes) arrays.classes = { strings: classes };
    arrays.origin = { shape: [], strings: [origin()] };
    const file = await writeStoreFile(folder, shardFile(start / shardRows), count, arrays);
    await written({ start, ...file });
  };

  return {
    async add(given) {
      for (let done = 0; done < given.samples; ) {
        const at = given.start + done;
        const begin = at - (at % shardRows);
        const end = Math.min(begin + shardRows, samples);
        const count = Math.min(given.samples - done, end - at);
        copyRows(features, at - begin, given.features, done, count, dimensions);
        copyRows(logits, at - begin, given.logits, done, count, classCount);
        done += count;
        if (at + count === end) await write(begin, end - begin);
      }
    },
  };
}

/** Writes arrays and says what the file has become. For who holds the lock of the part. */
export async function writeStoreFile(
  folder: string,
  file: string,
  samples: number,
  arrays: Readonly<Record<string, NpyContent>>,
): Promise<StoreFile> {
  const path = platform.joinPath(folder, file);
  await platform.writeFile(path, npzChunks(arrays), { overwrite: true, locked: true });
  return {
    file,
    samples,
    bytes: (await platform.info(path))!.bytes,
    sha256: await platform.sha256File(path),
  };
}

function copyRows(
  into: Float32Array,
  to: number,
  from: Float32Array,
  first: number,
  count: number,
  columns: number,
): void {
  into.set(from.subarray(first * columns, (first + count) * columns), to * columns);
}
