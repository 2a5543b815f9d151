/** The manifests that make one set, and its shards in order. */
import { TailorError } from '../../array/errors.js';
import type { StoreManifest, StoreShard } from './manifest.js';
import { completeSet } from './store-state.js';

/** FORMAT_INVALID where the set is not whole, naming what is missing, or its parts are not of the same thing. */
export function storeOf(
  manifests: readonly StoreManifest[],
  doing: string,
): { set: readonly StoreManifest[]; shards: readonly StoreShard[] } {
  const invalid = (what: string) => new TailorError('FORMAT_INVALID', `${doing}: ${what}`);
  if (manifests.length === 0) {
    throw invalid('there is no manifest.json of one. Make a store with extract --out FOLDER/.');
  }
  const set = completeSet(manifests);
  if (!set) throw invalid(whatIsMissing(manifests));
  const [first] = set;
  for (const other of set) {
    const key = KEYS.find((of) => JSON.stringify(of(other)) !== JSON.stringify(of(first)));
    if (!key) continue;
    throw invalid(
      `parts ${first.part.index} and ${other.part.index} of ${first.part.count} are of different things: model, preprocessing, data, ` +
        'classes or shards differ. Extract one of them again (--force).',
    );
  }
  const shards = set.flatMap((manifest) => manifest.shards).sort((a, b) => a.start - b.start);
  let next = 0;
  for (const { start, samples } of shards) {
    if (start !== next)
      throw invalid(`samples from ${next} to ${start} are in no shard. Extract again (--resume).`);
    next += samples;
  }
  if (next === first.samples) return { set, shards };
  throw invalid(`samples from ${next} to ${first.samples} are in no shard. Extract again (--resume).`);
}

/** What parts of one set agree in. */
const KEYS: readonly ((manifest: StoreManifest) => unknown)[] = [
  ({ model }) => [model.sha256, model.output, model.dimensions, model.classCount],
  ({ preprocessSha256 }) => preprocessSha256,
  ({ source }) => [source.samples, source.sha256, source.labels],
  ({ classes }) => classes,
  ({ samples, shardRows }) => [samples, shardRows],
];

function whatIsMissing(manifests: readonly StoreManifest[]): string {
  const { count } = manifests[0].part;
  if (count === 1) {
    const { rows, samples } = manifests[0];
    return `it is unfinished, ${rows} of ${samples} samples. Go on with the extraction (--resume).`;
  }
  const done = new Set(
    manifests.filter(({ part, complete }) => part.count === count && complete).map(({ part }) => part.index),
  );
  // A damaged manifest may say any number of parts: only as many are looked at as are told.
  const missing: number[] = [];
  for (let index = 1; index <= count && missing.length < 12; index++)
    if (!done.has(index)) missing.push(index);
  const more = count - done.size - missing.length;
  const named = `${missing.join(', ')}${more > 0 ? `, … ${more} more` : ''}`;
  return `of ${count} parts ${named} ${missing.length > 1 ? 'are' : 'is'} missing or unfinished. Run those tasks (--shard i/${count} --resume).`;
}
