/** Samples whose pairs are looked at, drawn from one set or several. */
import { denseData } from '../array/matrix.js';
import { shuffleKey } from '../array/random.js';
import { type Diagnosable, diagnosedRows } from './diagnosed-rows.js';

/** Samples without those that are zero, in their own order. */
export interface PairSamples {
  /** Row-major [n, D]. */
  readonly features: Float32Array;
  readonly dimensions: number;
  /** ‖f‖, [n]. */
  readonly norms: Float64Array;
  /** [n]. */
  readonly labels: Int32Array;
}

/** All samples, or where there are more than `limit` those with the lowest keys of `seed`. */
export async function drawSamples(
  sets: readonly Diagnosable[],
  limit: number,
  seed: number,
): Promise<PairSamples> {
  const drawn = lowestKeys(
    sets.reduce((sum, set) => sum + set.samples, 0),
    limit,
    seed,
  );
  const dimensions = sets[0].dimensions;
  const features = new Float32Array(drawn.length * dimensions);
  const norms: number[] = [];
  const labels: number[] = [];
  let offset = 0;
  let at = 0;
  for (const set of sets.map(diagnosedRows)) {
    for await (const chunk of set.chunks()) {
      const rows = denseData(chunk.features);
      const samples = chunk.labels.length;
      for (; at < drawn.length && drawn[at] < offset + samples; at++) {
        const from = (drawn[at] - offset) * dimensions;
        let square = 0;
        for (let d = from; d < from + dimensions; d++) square += rows[d] * rows[d];
        if (square === 0) continue;
        features.set(rows.subarray(from, from + dimensions), labels.length * dimensions);
        norms.push(Math.sqrt(square));
        labels.push(chunk.labels[drawn[at] - offset]);
      }
      offset += samples;
    }
  }
  const kept = features.subarray(0, labels.length * dimensions);
  return { dimensions, features: kept, norms: Float64Array.from(norms), labels: Int32Array.from(labels) };
}

/** f/‖f‖, row-major [n, D]. */
export function unitRows({ features, norms, dimensions }: PairSamples): Float32Array {
  const units = new Float32Array(features.length);
  for (let i = 0; i < norms.length; i++) {
    for (let at = i * dimensions; at < (i + 1) * dimensions; at++) units[at] = features[at] / norms[i];
  }
  return units;
}

/** Numbers below `total`, ascending: all, or the `limit` whose keys are lowest. No two keys are the same. */
function lowestKeys(total: number, limit: number, seed: number): Uint32Array {
  const all = Uint32Array.from({ length: total }, (_, i) => i);
  if (total <= limit) return all;
  const keys = all.map((i) => shuffleKey(seed, i));
  const most = keys.slice().sort()[limit - 1];
  return all.filter((i) => keys[i] <= most);
}
