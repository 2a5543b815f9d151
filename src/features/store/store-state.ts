/** What is in the folder of a store before it is written to. */
import { platform } from '#platform';
import { TailorError } from '../../array/errors.js';
import { filesIn, isManifest, manifestFile, shardsOfPart } from './layout.js';
import {
  readManifest,
  type StoreFile,
  type StoreManifest,
  type StorePart,
  type StoreShard,
} from './manifest.js';

/** The manifests of a folder. */
export interface StoreState {
  /** Every file in it. */
  readonly files: readonly string[];
  readonly manifests: readonly StoreManifest[];
  /** Of the part that is meant. */
  readonly own?: StoreManifest;
}

/** Reads all manifests of a folder; FORMAT_INVALID for one that is damaged, unless `overwrite`. */
export async function readState(
  folder: string,
  part: StorePart,
  { overwrite, doing }: { overwrite: boolean; doing: string },
): Promise<StoreState> {
  const files = await filesIn(folder, doing);
  const manifests: StoreManifest[] = [];
  let own: StoreManifest | undefined;
  for (const file of files.filter(isManifest)) {
    try {
      const manifest = await readManifest(platform.joinPath(folder, file));
      manifests.push(manifest);
      if (file === manifestFile(part)) own = manifest;
    } catch (error) {
      // Another task may be removing its own; what is to be overwritten may be anything.
      const gone = error instanceof TailorError && error.code === 'FILE_NOT_FOUND';
      if (!gone && !overwrite) throw error;
    }
  }
  return { files, manifests, own };
}

/** Manifests that are a whole set by themselves: the one of an undivided store, or complete ones of every part of n. */
export function completeSet(manifests: readonly StoreManifest[]): readonly StoreManifest[] | undefined {
  const counts = [...new Set(manifests.map(({ part }) => part.count))].sort((a, b) => a - b);
  for (const count of counts) {
    const parts = manifests.filter(({ part, complete }) => part.count === count && complete);
    if (parts.length === count) return parts.sort((a, b) => a.part.index - b.part.index);
  }
  return undefined;
}

/** The shards of a manifest that are as it says: size and sha256. */
export async function intactShards(
  folder: string,
  { shards, part, samples, shardRows }: StoreManifest,
): Promise<StoreShard[]> {
  const { from, to } = shardsOfPart(samples, shardRows, part);
  const intact: StoreShard[] = [];
  for (const shard of shards) {
    const number = shard.start / shardRows;
    if (number >= from && number < to && (await isIntact(folder, shard, true))) intact.push(shard);
  }
  return intact;
}

/** Names of the files of complete manifests that are gone or of another size; with `checksums` also those with other bytes. */
export async function damagedFiles(
  folder: string,
  set: readonly StoreManifest[],
  { checksums }: { checksums: boolean },
): Promise<string[]> {
  const damaged: string[] = [];
  for (const file of set.flatMap(({ shards, inputs }) => [...shards, ...(inputs ? [inputs] : [])])) {
    if (!(await isIntact(folder, file, checksums))) damaged.push(file.file);
  }
  return damaged;
}

async function isIntact(folder: string, { file, bytes, sha256 }: StoreFile, checksum: boolean) {
  const path = platform.joinPath(folder, file);
  if ((await platform.info(path))?.bytes !== bytes) return false;
  return !checksum || (await platform.sha256File(path)) === sha256;
}
