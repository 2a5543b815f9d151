/** Where things are in a feature store: names of its files, sizes of its shards, and who of several tasks writes which. */
import { platform } from '#platform';
import { TailorError } from '../../array/errors.js';
import type { StorePart } from './manifest.js';

/** Bytes of a shard: large enough for fast reads, small enough to be lost with a machine. */
const SHARD_BYTES = 64_000_000;

/** The whole set in one part. */
export const WHOLE: StorePart = { index: 1, count: 1 };

/** Shards [from, to) of a set. */
export interface ShardRange {
  readonly from: number;
  readonly to: number;
}

/** Samples of a shard of about 64 MB: a multiple of the batch. */
export function defaultShardRows(dimensions: number, classes: number, batch: number): number {
  const rows = SHARD_BYTES / (4 * (dimensions + classes + 1));
  return Math.max(1, Math.round(rows / batch)) * batch;
}

/** What a part has: whole shards, so that they are the same for any number of parts. Empty where there are more parts than shards. */
export function shardsOfPart(samples: number, shardRows: number, { index, count }: StorePart): ShardRange {
  const shards = Math.ceil(samples / shardRows);
  return { from: Math.floor(((index - 1) * shards) / count), to: Math.floor((index * shards) / count) };
}

/** INVALID_ARGUMENT unless 1 ≤ index ≤ count. */
export function assertPart({ index, count }: StorePart, doing: string): void {
  if (Number.isSafeInteger(index) && Number.isSafeInteger(count) && index >= 1 && index <= count) return;
  throw new TailorError(
    'INVALID_ARGUMENT',
    `${doing}: part ${index} of ${count} was asked for; parts are 1 of n to n of n.`,
  );
}

export const shardFile = (shard: number) => `shard-${String(shard).padStart(5, '0')}.npz`;

const partName = (stem: string, { index, count }: StorePart, ending: string) =>
  count === 1 ? `${stem}.${ending}` : `${stem}-${index}-of-${count}.${ending}`;

export const manifestFile = (part: StorePart) => partName('manifest', part, 'json');
export const inputsFile = (part: StorePart) => partName('inputs', part, 'npz');

const MANIFEST = /^manifest(?:-\d+-of-\d+)?\.json$/;
const SHARD = /^shard-(\d{5,})\.npz$/;
/** What platform.writeFile leaves behind when it is killed. */
const TEMPORARY = /^\.(.+)\.[0-9a-f]{12}\.tmp$/;

export const isManifest = (file: string) => MANIFEST.test(file);

/** The file that a temporary one would have become; else the name itself. */
export const targetOf = (file: string) => TEMPORARY.exec(file)?.[1] ?? file;

/** Whether a file, or what it would have become, is one that a part writes. */
export function belongsTo(file: string, part: StorePart, { from, to }: ShardRange): boolean {
  const target = targetOf(file);
  if (target === manifestFile(part) || target === inputsFile(part)) return true;
  const shard = SHARD.exec(target);
  return shard !== null && Number(shard[1]) >= from && Number(shard[1]) < to;
}

/** Whether a file, or what it would have become, is one of any store. */
export function isStoreFile(file: string): boolean {
  const target = targetOf(file);
  return MANIFEST.test(target) || SHARD.test(target) || /^inputs(?:-\d+-of-\d+)?\.npz$/.test(target);
}

/** Whether a name, or what it would have become, is one that a store gives to what is not its manifest. */
export const isStoreContent = (file: string) => isStoreFile(file) && !isManifest(targetOf(file));

/** Names of the files in a folder; none where there is no folder. FILE_UNWRITABLE where something else is. */
export async function filesIn(folder: string, doing: string): Promise<string[]> {
  const info = await platform.info(folder);
  if (!info) return [];
  if (info.kind === 'folder') return platform.listFolder(folder);
  throw new TailorError(
    'FILE_UNWRITABLE',
    `${doing}: ${folder} is no folder, and a feature store is one. Give another name.`,
  );
}
