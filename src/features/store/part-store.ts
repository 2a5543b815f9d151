/** A store, or the part of one, while it is written: which shards are there, and its manifest. */
import type { NamedLabels } from '../../data/class-names.js';
import type { StoreStart } from './begin-store.js';
import type { ShardRange } from './layout.js';
import type { StoreFile, StoreIdentity, StorePart, StoreShard } from './manifest.js';
import { writeManifest } from './write-manifest.js';

/** What a PartStore is made of. */
export interface PartStoreParts {
  readonly folder: string;
  readonly part: StorePart;
  readonly identity: StoreIdentity;
  readonly start: StoreStart;
  readonly range: ShardRange;
  readonly named: NamedLabels;
}

/** A store that is being written: what is there, and its manifest. */
export class PartStore {
  readonly parts: PartStoreParts;
  shards: readonly StoreShard[];
  device: string | null;

  constructor(parts: PartStoreParts) {
    this.parts = parts;
    this.shards = parts.start.shards;
    this.device = parts.start.making.device;
  }

  /** Samples that are there. */
  get rows(): number {
    return this.shards.reduce((sum, { samples }) => sum + samples, 0);
  }

  /** The first sample of this part. */
  get from(): number {
    const { identity, start, range } = this.parts;
    return Math.min(range.from * start.making.shardRows, identity.samples);
  }

  /** Samples that this part will have. */
  get total(): number {
    const { identity, start, range } = this.parts;
    return Math.min(range.to * start.making.shardRows, identity.samples) - this.from;
  }

  add(shard: StoreShard): Promise<void> {
    this.shards = [...this.shards, shard].sort((a, b) => a.start - b.start);
    return this.save(null, false);
  }

  async save(inputs: StoreFile | null, complete: boolean): Promise<void> {
    const { folder, part, identity, start } = this.parts;
    await start.lock?.assertHeld();
    const { device, shards } = this;
    await writeManifest({
      ...{ folder, part, identity, shards, inputs, complete },
      making: { ...start.making, device },
    });
  }
}

/** The samples of runs of shards that are not there. */
export function gaps({ parts, shards }: PartStore): { from: number; to: number }[] {
  const { range, start, identity } = parts;
  const { shardRows } = start.making;
  const there = new Set(shards.map((shard) => shard.start));
  const found: { from: number; to: number }[] = [];
  for (let shard = range.from; shard < range.to; shard++) {
    const from = shard * shardRows;
    if (there.has(from)) continue;
    const to = Math.min(from + shardRows, identity.samples);
    const last = found.at(-1);
    if (last?.to === from) last.to = to;
    else found.push({ from, to });
  }
  return found;
}
