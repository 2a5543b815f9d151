/** The shards of one part of a store, whatever the parts in which the store was made. */
import { TailorError } from '../../array/errors.js';
import { shardsOfPart } from './layout.js';
import type { StoreManifest, StorePart, StoreShard } from './manifest.js';
import { storeOf } from './store-of.js';
import { completeSet } from './store-state.js';

/** Some shards that follow one another. */
export interface PartOfStore {
  /** The manifests that list them. */
  readonly set: readonly StoreManifest[];
  /** Their `start` counts from the first sample of the part. */
  readonly shards: readonly StoreShard[];
  /** The first sample of the part in the whole set. */
  readonly from: number;
  /** In the part. */
  readonly samples: number;
}

/**
 * Of a whole store any part of any number; else only the very part that was made.
 * @throws FORMAT_INVALID where it is missing, unfinished, or damaged.
 */
export function partOf(manifests: readonly StoreManifest[], part: StorePart, doing: string): PartOfStore {
  const own = manifests.find((manifest) => isPart(manifest, part) && manifest.complete);
  if (part.count > 1 && !own && manifests.length > 0 && !completeSet(manifests)) {
    throw new TailorError('FORMAT_INVALID', `${doing}: ${whyNot(manifests, part)}`);
  }
  const { set, shards } =
    own && part.count > 1 ? { set: [own], shards: own.shards } : storeOf(manifests, doing);
  const [{ samples, shardRows }] = set;
  const range = shardsOfPart(samples, shardRows, part);
  const [from, to] = [range.from * shardRows, range.to * shardRows].map((row) => Math.min(row, samples));
  const mine = shards.filter(({ start }) => start >= from && start < to);
  let next = from;
  for (const { start, samples: rows } of mine) next = start === next ? next + rows : -1;
  if (next !== to) {
    throw new TailorError(
      'FORMAT_INVALID',
      `${doing}: ${nameOf(part)} is said to be complete, but its shards are not all of its ${to - from} samples. ` +
        `Extract it again (--shard ${part.index}/${part.count} --force).`,
    );
  }
  return {
    set,
    shards: mine.map((shard) => ({ ...shard, start: shard.start - from })),
    from,
    samples: to - from,
  };
}

function whyNot(manifests: readonly StoreManifest[], part: StorePart): string {
  const own = manifests.find((manifest) => isPart(manifest, part));
  const task = `extract --shard ${part.index}/${part.count} --resume`;
  if (own) {
    return `${nameOf(part)} is unfinished, ${own.rows} samples so far. Go on with it (${task}).`;
  }
  const { count } = manifests[0].part;
  if (count === part.count) return `${nameOf(part)} is missing. Run that task (${task}).`;
  const there = count === 1 ? 'a store in one part' : `parts of ${count}`;
  return `${nameOf(part)} was asked for, and the folder holds ${there} that ${count === 1 ? 'is' : 'are'} not finished. Finish the extraction first (--resume), or ask for the parts in which it is made.`;
}

const isPart = ({ part }: StoreManifest, { index, count }: StorePart) =>
  part.index === index && part.count === count;

const nameOf = ({ index, count }: StorePart) => `part ${index} of ${count}`;
