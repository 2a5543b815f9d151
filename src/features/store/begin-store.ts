/** What is done with a folder before anything is extracted into it: taken as it is, gone on with, cleared, or refused. */
import { platform } from '#platform';
import { TailorError } from '../../array/errors.js';
import type { FileLock } from '../../array/platform.js';
import { listNames } from '../../array/text.js';
import { differences, differencesOfMaking } from './differences.js';
import {
  belongsTo,
  defaultShardRows,
  filesIn,
  isManifest,
  isStoreContent,
  isStoreFile,
  manifestFile,
  shardsOfPart,
  targetOf,
} from './layout.js';
import type { StoreIdentity, StoreMaking, StoreManifest, StorePart, StoreShard } from './manifest.js';
import { completeSet, damagedFiles, intactShards, readState } from './store-state.js';
import { writeManifest } from './write-manifest.js';

/** What was asked for. */
export interface StoreRequest {
  readonly folder: string;
  readonly part: StorePart;
  readonly identity: StoreIdentity;
  readonly batch?: number;
  readonly shardRows?: number;
  /** Kind of the device that was named; absent for auto. */
  readonly device?: string;
  /** The batch of a new store where none was asked for. */
  readonly chooseBatch: () => Promise<number>;
  readonly resume: boolean;
  readonly overwrite: boolean;
  /** Begins messages. */
  readonly doing: string;
}

/** Where the extraction starts; `cached` where everything is there. */
export interface StoreStart {
  readonly making: StoreMaking;
  /** That are there and as their manifest says. */
  readonly shards: readonly StoreShard[];
  readonly cached: boolean;
  /** Of the part, to be released when it is done; none where nothing is to be written. */
  readonly lock?: FileLock;
}

/**
 * FILE_EXISTS for a store that holds something else, is unfinished or damaged without `resume`, or files that no store has written;
 * FILE_BUSY where another run writes the same part; FORMAT_INVALID; INVALID_ARGUMENT.
 */
export async function beginStore(request: StoreRequest): Promise<StoreStart> {
  const { folder, part, doing } = request;
  // What is there already needs no right to write.
  const cached = await lookForWhole(request);
  if (cached) {
    await clearBehind(request, cached.making);
    return cached;
  }
  let making: StoreMaking | undefined;
  if ((await filesIn(folder, doing)).length === 0) {
    // Refused before there is a folder.
    making = await newMaking(request);
    await platform.makeFolder(folder);
  }
  const lock = await platform.lockFile(platform.joinPath(folder, manifestFile(part)), { alone: true });
  try {
    return { ...(await beginLocked(request, making)), lock };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The store that was asked for, where it is there. FILE_EXISTS where it is, and is damaged. */
async function lookForWhole(request: StoreRequest): Promise<StoreStart | undefined> {
  const { folder, part, identity, resume, overwrite, doing } = request;
  if (overwrite) return undefined;
  const { manifests, own } = await readState(folder, part, { overwrite, doing });
  const there = own ?? nearest(manifests, part);
  const set = own ? (own.complete ? [own] : undefined) : completeSet(manifests);
  // Copies of the data on several machines have times of their own.
  const same = (manifest: StoreManifest) =>
    differences(manifest, identity, { times: own !== undefined }).length === 0;
  if (!there || !set?.every(same)) return undefined;
  const damaged = await damagedFiles(folder, set, { checksums: resume });
  if (damaged.length === 0) return { making: there, shards: [], cached: true };
  if (own && resume) return undefined;
  const task = own ? '--resume' : `--shard i/${there.part.count} --resume`;
  throw refusal(
    doing,
    `the folder holds this store, but ${listNames(damaged, 6)} ${damaged.length > 1 ? 'are' : 'is'} not as its manifest says. ` +
      `Make ${damaged.length > 1 ? 'them' : 'it'} again (${task}), or begin again (--force).`,
  );
}

async function beginLocked(request: StoreRequest, making: StoreMaking | undefined): Promise<StoreStart> {
  const { folder, part, resume, overwrite, doing } = request;
  const { files, manifests, own: found } = await readState(folder, part, { overwrite, doing });
  // A run that was killed before its first shard has left nothing to be gone on with.
  const own = found && (found.complete || found.rows > 0) ? found : undefined;
  const there = overwrite
    ? undefined
    : (own ?? nearest(without(manifests, found && manifestFile(part)), part));
  if (!there) {
    if (!overwrite && !found) refuseForeign(request, files);
    return fresh(request, making ?? (await newMaking(request)), files);
  }
  refuseOther(request, there, own !== undefined);
  if (!own && there.part.count === part.count) {
    // Another task of the same job: shards are cut as it cuts them.
    return fresh(request, { ...there, device: null }, files);
  }
  if (!own) {
    throw refusal(
      doing,
      `the folder holds parts of ${there.part.count} (${manifestFile(there.part)}), which do not go together with other parts. ` +
        'Ask for the same number of parts, take another folder, or begin again (--force).',
    );
  }
  if (!resume) {
    throw refusal(
      doing,
      `the folder holds an unfinished store, ${own.rows} samples so far. Go on with it (--resume), or begin again (--force).`,
    );
  }
  const shards = await intactShards(folder, own);
  await clear(request, own, files, shards);
  return { making: own, shards, cached: false };
}

const without = (manifests: readonly StoreManifest[], name: string | undefined) =>
  manifests.filter(({ part }) => manifestFile(part) !== name);

/** Every store has a manifest before it has anything else: without one, files of these names are somebody's own. */
function refuseForeign({ doing }: StoreRequest, files: readonly string[]): void {
  const foreign = files.filter((file) => isStoreContent(file) && targetOf(file) === file);
  if (foreign.length === 0 || files.some(isManifest)) return;
  throw refusal(
    doing,
    `the folder holds ${listNames(foreign, 6)}, and no manifest that says that ${foreign.length > 1 ? 'they are' : 'it is'} of a feature store. ` +
      'Take another folder, or have files of these names removed (--force).',
  );
}

function nearest(manifests: readonly StoreManifest[], { count }: StorePart): StoreManifest | undefined {
  return manifests.find(({ part }) => part.count === count) ?? manifests[0];
}

async function fresh(
  request: StoreRequest,
  making: StoreMaking,
  files: readonly string[],
): Promise<StoreStart> {
  const { folder, part, identity } = request;
  // In the place of what was there, at once: from here on what lies around is known to be of no store.
  await writeManifest({
    ...{ folder, part, identity, making, shards: [], inputs: null, complete: false },
  });
  await clear(request, making, files, []);
  return { making, shards: [], cached: false };
}

function refuseOther(
  { identity, batch, shardRows, device, doing }: StoreRequest,
  there: StoreManifest,
  times: boolean,
): void {
  const making = { batch, shardRows, device };
  const found = [...differences(there, identity, { times }), ...differencesOfMaking(there, making)];
  if (found.length === 0) return;
  throw refusal(
    doing,
    `the folder holds ${there.complete ? 'a' : 'an unfinished'} store of something else. What differs: ${found.join('; ')}. ` +
      'Take another folder, ask for the same as before, or begin again (--force).',
  );
}

async function newMaking({ identity, shardRows, doing, ...request }: StoreRequest): Promise<StoreMaking> {
  const { dimensions, classCount } = identity.model;
  const batch = request.batch ?? (await request.chooseBatch());
  const rows = shardRows ?? defaultShardRows(dimensions, classCount, batch);
  if (Number.isSafeInteger(rows) && rows >= 1 && rows % batch === 0) {
    return { batch, device: null, shardRows: rows };
  }
  throw new TailorError(
    'INVALID_ARGUMENT',
    `${doing}: shards of ${rows} samples were asked for; a multiple of the batch, ${batch}, is needed.`,
  );
}

/** Removes what the manifest of the part does not speak of; other manifests first, so that none lists a file that is gone. */
async function clear(
  { folder, part, identity, overwrite }: StoreRequest,
  { shardRows }: StoreMaking,
  files: readonly string[],
  keep: readonly StoreShard[],
): Promise<void> {
  const range = shardsOfPart(identity.samples, shardRows, part);
  const kept = new Set([...keep.map(({ file }) => file), manifestFile(part)]);
  const gone = files.filter((file) => {
    if (kept.has(file)) return false;
    if (belongsTo(file, part, range)) return true;
    // Nobody else writes to an undivided store; parts of the same number are written by others.
    if (part.count === 1) return isStoreFile(file);
    return overwrite && isManifest(file) && !file.endsWith(`-of-${part.count}.json`);
  });
  const manifestsFirst = [...gone.filter(isManifest), ...gone.filter((file) => !isManifest(file))];
  for (const file of manifestsFirst) await platform.removeFile(platform.joinPath(folder, file));
}

/** Of a part that is complete: removes what dead runs have left behind their last step, where that may be done. */
async function clearBehind(
  { folder, part, identity, doing }: StoreRequest,
  { shardRows }: StoreMaking,
): Promise<void> {
  const manifest = platform.joinPath(folder, manifestFile(part));
  const range = shardsOfPart(identity.samples, shardRows, part);
  const isLeft = (file: string) => targetOf(file) !== file && belongsTo(file, part, range);
  const left = (await filesIn(folder, doing)).filter(isLeft);
  if (left.length === 0) return platform.clearBehind(manifest);
  // Shards are written by who holds the lock of the manifest.
  const lock = await platform.lockFile(manifest, { alone: true }).catch(() => undefined);
  if (!lock) return;
  for (const file of left) await platform.removeFile(platform.joinPath(folder, file)).catch(() => {});
  await lock.release();
}

function refusal(doing: string, what: string): TailorError {
  return new TailorError('FILE_EXISTS', `${doing}: ${what}`);
}
