/** What is done with a folder before anything is extracted into it: taken as it is, gone on with, cleared, or refused. */
import { platform } from '#platform';
import { TailorError } from '../../array/errors.js';
import { differences, differencesOfMaking } from './differences.js';
import {
  belongsTo,
  defaultShardRows,
  isManifest,
  isStoreFile,
  manifestFile,
  shardsOfPart,
} from './layout.js';
import type { StoreIdentity, StoreMaking, StoreManifest, StorePart, StoreShard } from './manifest.js';
import { completeSet, intactShards, readState } from './store-state.js';

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
}

/** FILE_EXISTS for a store that holds something else, or is unfinished without `resume`; FORMAT_INVALID; INVALID_ARGUMENT. */
export async function beginStore(request: StoreRequest): Promise<StoreStart> {
  const { folder, part, identity, resume, overwrite, doing } = request;
  const { files, manifests, own } = await readState(folder, part, { overwrite, doing });
  const there = overwrite ? undefined : (own ?? nearest(manifests, part));
  if (!there) return fresh(request, await newMaking(request), files);
  // Copies of the data on several machines have times of their own.
  const times = own !== undefined;
  const same = (manifest: StoreManifest) => differences(manifest, identity, { times }).length === 0;
  const complete = own?.complete ? [own] : undefined;
  const set = own ? complete : completeSet(manifests);
  if (set?.every(same)) return { making: there, shards: [], cached: true };
  refuseOther(request, there, times);
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

function nearest(manifests: readonly StoreManifest[], { count }: StorePart): StoreManifest | undefined {
  return manifests.find(({ part }) => part.count === count) ?? manifests[0];
}

async function fresh(
  request: StoreRequest,
  making: StoreMaking,
  files: readonly string[],
): Promise<StoreStart> {
  await platform.makeFolder(request.folder);
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

/** Removes what no manifest will speak of: manifests first, so that none lists a file that is gone. */
async function clear(
  { folder, part, identity, overwrite }: StoreRequest,
  { shardRows }: StoreMaking,
  files: readonly string[],
  keep: readonly StoreShard[],
): Promise<void> {
  const range = shardsOfPart(identity.samples, shardRows, part);
  const kept = new Set(keep.map(({ file }) => file));
  if (keep.length > 0) kept.add(manifestFile(part));
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

function refusal(doing: string, what: string): TailorError {
  return new TailorError('FILE_EXISTS', `${doing}: ${what}`);
}
