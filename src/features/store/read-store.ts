/** A feature store as one file of arrays: `features`, `labels`, `logits`, … of all its shards, read as they are asked for. */
import { platform } from '#platform';
import { allocate } from '../../array/allocate.js';
import { type ArrayFile, listOf } from '../../array/array-file.js';
import { TailorError } from '../../array/errors.js';
import type { NpyArray, NumericArray } from '../../array/npy.js';
import type { NpyRows } from '../../array/npy-rows.js';
import { openNpz } from '../../array/npz.js';
import { readFound } from '../../array/read-found.js';
import { isManifest, WHOLE } from './layout.js';
import { STORE_FORMAT, type StoreManifest, type StorePart, type StoreShard } from './manifest.js';
import { mergeInputs } from './merge-inputs.js';
import { originOf } from './origin.js';
import { partOf } from './part-of.js';
import { pieceOf, type StorePiece } from './piece.js';
import { readState } from './store-state.js';

/** Whether a path is a folder with a manifest of ours; false for a path where nothing is. FILE_UNREADABLE where it may not be read. */
export async function isStore(path: string): Promise<boolean> {
  if ((await platform.info(path))?.kind !== 'folder') return false;
  const file = (await platform.listFolder(path)).find(isManifest);
  if (file === undefined) return false;
  const text = new TextDecoder().decode(await readFound(platform.joinPath(path, file)));
  return text.includes(`"${STORE_FORMAT}"`);
}

/** A store, or a part of one. */
export interface OpenStore extends ArrayFile {
  /** Which samples these are. */
  readonly piece: StorePiece;
}

/**
 * Opens a store by the path of its folder: one manifest.json, or those of all parts. Only manifests are read; shards when their
 * rows are asked for, a row at a time and none of them kept. A shard is read once from end to end for its sha256 before features or
 * logits are taken from it, and not again in this process while it stays the same file; labels have a checksum of their own.
 *
 * With `part` only its shards, without kept inputs; the others may be missing yet where the store was made in as many parts. A part
 * without shards has no samples.
 * @throws FORMAT_INVALID (no store, damaged, unfinished, parts missing or of different things), FORMAT_UNSUPPORTED,
 * FILE_NOT_FOUND.
 */
export async function openStore(folder: string, part: StorePart = WHOLE): Promise<OpenStore> {
  const doing = `Reading the feature store ${folder}`;
  const { manifests } = await readState(folder, part, { overwrite: false, doing });
  const { set, shards, from, samples } = partOf(manifests, part, doing);
  const [manifest] = set;
  const { model, source, classes } = manifest;
  const widths: Readonly<Record<string, number | undefined>> = {
    features: model.dimensions,
    ...(source.labels && { labels: undefined }),
    logits: model.classCount,
  };
  const inputs = part.count === 1 ? await mergeInputs(folder, set) : {};
  const strings = stringsOf(set, classes);
  const names = [...Object.keys(widths), ...Object.keys(strings), ...Object.keys(inputs)];
  const open = opener(folder, widths);
  const rows = (array: string): NpyRows => {
    const width = widths[array];
    const shape = width === undefined ? [samples] : [samples, width];
    const make = array === 'labels' ? Int32Array : Float32Array;
    const read = async (index: number, count = 1) =>
      readRows({ shards, open, array, make, width: width ?? 1, doing }, index, count);
    return { dtype: array === 'labels' ? '<i4' : '<f4', shape, read };
  };
  const read = async (array: string): Promise<NpyArray> => {
    if (Object.hasOwn(inputs, array)) return inputs[array];
    if (Object.hasOwn(strings, array)) return strings[array];
    if (!Object.hasOwn(widths, array)) {
      throw new TailorError(
        'FORMAT_INVALID',
        `${doing}: there is no array named ${array}; it holds ${listOf(names)}.`,
      );
    }
    const all = rows(array);
    return { dtype: all.dtype, shape: [...all.shape], data: await all.read(0, samples) };
  };
  return {
    name: folder,
    piece: await pieceOf(manifest, { folder, part, from, samples }),
    names,
    has: (array) => names.includes(array),
    read,
    async rows(array) {
      if (Object.hasOwn(widths, array)) return rows(array);
      const { dtype, shape, data } = await read(array);
      const row = data.length / Math.max(1, shape[0] ?? 1);
      return { dtype, shape, read: (index, count = 1) => data.subarray(index * row, (index + count) * row) };
    },
  };
}

function stringsOf(
  set: readonly StoreManifest[],
  classes: readonly string[] | null,
): Record<string, NpyArray> {
  const devices = [...new Set(set.flatMap(({ device }) => device ?? []))].join(' + ');
  const origin = JSON.stringify(originOf(set[0], devices, set[0].writer));
  const array = (strings: readonly string[], shape: number[]): NpyArray => ({
    ...{ dtype: '<U', shape, data: new Uint8Array(0), strings: [...strings] },
  });
  return { ...(classes && { classes: array(classes, [classes.length]) }), origin: array([origin], []) };
}

type OpenShard = (shard: StoreShard, array: string) => Promise<NpyRows>;

/** Opens arrays of shards, each once. */
function opener(folder: string, widths: Readonly<Record<string, number | undefined>>): OpenShard {
  const opened = new Map<string, Promise<NpyRows>>();
  return (shard, array) => {
    // They are asked for once, and held by who did.
    if (array === 'labels')
      return openShard(platform.joinPath(folder, shard.file), shard, array, widths[array]);
    const key = `${shard.file}/${array}`;
    let rows = opened.get(key);
    if (!rows) {
      rows = openShard(platform.joinPath(folder, shard.file), shard, array, widths[array]);
      opened.set(key, rows);
    }
    return rows;
  };
}

async function openShard(
  path: string,
  shard: StoreShard,
  array: string,
  width: number | undefined,
): Promise<NpyRows> {
  const { bytes, mark } = (await platform.info(path)) ?? {};
  const again = 'Run the extraction again with --resume, which looks at every shard.';
  if (bytes !== shard.bytes) {
    throw new TailorError(
      bytes === undefined ? 'FILE_NOT_FOUND' : 'FORMAT_INVALID',
      `Reading ${path}: ${bytes === undefined ? 'it is gone' : `it has ${bytes} bytes`}; the store's manifest says ${shard.bytes} bytes. ${again}`,
    );
  }
  const labels = array === 'labels';
  if (!labels) await assertBytes(path, shard, mark, again);
  // What is read whole is checked by the CRC-32 of its entry.
  const rows = await (await openNpz(path)).rows(array, labels ? {} : { wholeBelow: 0 });
  const shape = width === undefined ? [shard.samples] : [shard.samples, width];
  const type = labels ? 'i4' : 'f4';
  if (`${rows.shape}` === `${shape}` && rows.dtype.endsWith(type)) return rows;
  throw new TailorError(
    'FORMAT_INVALID',
    `Reading ${path}: ${array} is ${rows.dtype} [${rows.shape.join(', ')}]; [${shape.join(', ')}] is needed. ${again}`,
  );
}

/** Files whose bytes were looked at, with the mark that they had and the checksum that was found. */
const checked = new Map<string, string>();

/** FORMAT_INVALID for a shard that is not what was written: one bit is enough. */
async function assertBytes(
  path: string,
  { sha256 }: StoreShard,
  mark: string | undefined,
  again: string,
): Promise<void> {
  const state = `${mark} ${sha256}`;
  if (mark !== undefined && checked.get(path) === state) return;
  const found = await platform.sha256File(path);
  if (found !== sha256) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading ${path}: it is damaged, or another file: its sha256 is ${found.slice(0, 12)}…, the store's manifest says ${sha256.slice(0, 12)}…. ${again}`,
    );
  }
  checked.set(path, state);
}

interface ReadRows {
  readonly shards: readonly StoreShard[];
  readonly open: OpenShard;
  readonly array: string;
  readonly make: Float32ArrayConstructor | Int32ArrayConstructor;
  readonly width: number;
  readonly doing: string;
}

async function readRows(
  { shards, open, array, make, width, doing }: ReadRows,
  from: number,
  count: number,
): Promise<NumericArray> {
  const to = from + count;
  const needed = shards.filter(({ start, samples }) => start < to && start + samples > from);
  // Shards are what their manifest says before memory is taken for it.
  for (const shard of needed) await open(shard, array);
  const result: Float32Array | Int32Array = allocate<Float32Array | Int32Array>(make, count * width, doing);
  for (const shard of needed) {
    const first = Math.max(from, shard.start);
    const last = Math.min(to, shard.start + shard.samples);
    const rows = await open(shard, array);
    const part = await rows.read(first - shard.start, last - first);
    if (needed.length === 1) return part;
    result.set(part as Float32Array, (first - from) * width);
  }
  return result;
}
