/** Keeps a few inputs as they were fed, so that a model with a new head can be run on real data later. */
import type { NumericArray } from '../array/npy.js';
import type { Feed } from '../runtime/session.js';
import type { Batch } from './batch.js';
import type { VerificationInputs } from './feature-set.js';

/** How much is kept at most. */
export interface KeepLimits {
  readonly samples: number;
  readonly bytes: number;
}

/** As many as a verification needs to see every kind of input; and so few that the feature file stays small. */
const IN_FEATURE_FILE: KeepLimits = { samples: 64, bytes: 8_000_000 };

/** Is shown every batch as it was fed, and gives back what it kept. */
export interface InputKeeper {
  keep(batch: Batch): void;
  inputs(): VerificationInputs;
}

/** Picks samples that are spread evenly over the set: sources are often sorted by class. */
export function inputKeeper(samples: number, limits: KeepLimits = IN_FEATURE_FILE): InputKeeper {
  const wanted = Math.min(limits.samples, samples);
  let rows = Array.from({ length: wanted }, (_, i) => Math.floor((i * samples) / wanted));
  const kept = new Map<number, Map<string, NumericArray>>();
  let shapes: Readonly<Record<string, readonly number[]>> = {};

  return {
    keep({ start, samples: count, feeds }) {
      if (kept.size === 0) {
        const bytes = Object.values(feeds).reduce((sum, feed) => sum + rowBytes(feed), 0);
        const fitting = Math.max(1, Math.min(wanted, Math.floor(limits.bytes / bytes)));
        rows = Array.from({ length: fitting }, (_, i) => Math.floor((i * samples) / fitting));
        shapes = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, feed.dims.slice(1)]));
      }
      for (const row of rows) {
        if (row < start || row >= start + count || !sameShapes(shapes, feeds)) continue;
        kept.set(row, new Map(Object.entries(feeds).map(([name, feed]) => [name, rowOf(feed, row - start)])));
      }
    },
    inputs() {
      const found = [...kept.keys()].sort((a, b) => a - b);
      const inputs: Record<string, Feed> = {};
      for (const [name, shape] of Object.entries(shapes)) {
        inputs[name] = {
          data: join(found.map((row) => kept.get(row)?.get(name) as NumericArray)),
          dims: [found.length, ...shape],
        };
      }
      return { rows: Int32Array.from(found), inputs };
    },
  };
}

function rowBytes({ data, dims }: Feed): number {
  return (data as NumericArray).byteLength / dims[0];
}

function rowOf({ data, dims }: Feed, row: number): NumericArray {
  const numbers = data.length / dims[0];
  return (data as NumericArray).slice(row * numbers, (row + 1) * numbers);
}

/** Models with free input sizes may get samples of several; only those of the first one's are kept. */
function sameShapes(
  shapes: Readonly<Record<string, readonly number[]>>,
  feeds: Readonly<Record<string, Feed>>,
): boolean {
  return Object.entries(shapes).every(([name, shape]) => `${feeds[name].dims.slice(1)}` === `${shape}`);
}

function join(parts: readonly NumericArray[]): NumericArray {
  const [first] = parts;
  const all = new (first.constructor as new (length: number) => NumericArray)(parts.length * first.length);
  parts.forEach((part, i) => {
    (all as Float32Array).set(part as Float32Array, i * first.length);
  });
  return all;
}
