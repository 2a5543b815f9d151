/** Picks rows of features by number, in any order, from where they are read best in order. */

import { TailorError } from './errors.js';
import { type FeatureRows, READ_NUMBERS, READS } from './feature-rows.js';
import { firstNonFinite } from './matrix.js';

/** Numbers between two wanted rows that are rather read with them: 256 KB, which take as long as a read of their own. */
const GAP_NUMBERS = 2 ** 16;

/** Neighbours that are read at once. */
interface Run {
  /** Places of the sorted list. */
  readonly start: number;
  readonly end: number;
  /** First row, and how many. */
  readonly from: number;
  readonly count: number;
}

/**
 * Puts row indices[i] of `source` into row i of `target`, row-major [n, D] or longer. Rows may be wanted more than once. They are
 * read in the order of the file, neighbours at once, with up to 16 MB besides.
 *
 * Throws NOT_FINITE with the sample's number and what `read` throws. `doing` is the start of the message.
 */
export async function gatherRows(
  source: FeatureRows,
  indices: Int32Array,
  target: Float32Array,
  doing: string,
): Promise<void> {
  const { dimensions } = source;
  const count = indices.length;
  // Row and place in one number, exact below 2⁵³: numbers are sorted many times faster than by a comparison of ours.
  const sorted = Float64Array.from(indices, (row, place) => row * count + place).sort();
  const rowOf = (at: number) => Math.floor(sorted[at] / count);
  const runs = runsOf(count, rowOf, dimensions);
  let next = 0;
  const readOn = async () => {
    while (next < runs.length) {
      const run = runs[next++];
      const data = await source.read(run.from, run.count);
      for (let at = run.start; at < run.end; at++) {
        const row = rowOf(at);
        const from = (row - run.from) * dimensions;
        target.set(data.subarray(from, from + dimensions), (sorted[at] - row * count) * dimensions);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: READS }, readOn));
  } catch (error) {
    next = runs.length;
    throw error;
  }
  assertFinite(target, indices, dimensions, doing);
}

/** Wanted rows in runs that are read at once. */
function runsOf(count: number, rowOf: (at: number) => number, dimensions: number): Run[] {
  const gap = Math.floor(GAP_NUMBERS / dimensions);
  const most = Math.max(1, Math.floor(READ_NUMBERS / dimensions));
  const runs: Run[] = [];
  for (let start = 0; start < count; ) {
    const from = rowOf(start);
    let last = from;
    let end = start + 1;
    for (; end < count; end++) {
      const row = rowOf(end);
      if (row - last > gap + 1 || row - from >= most) break;
      last = row;
    }
    runs.push({ start, end, from, count: last - from + 1 });
    start = end;
  }
  return runs;
}

function assertFinite(target: Float32Array, indices: Int32Array, dimensions: number, doing: string): void {
  const filled = target.subarray(0, indices.length * dimensions);
  const at = firstNonFinite(filled);
  if (at < 0) return;
  throw new TailorError(
    'NOT_FINITE',
    `${doing}: the feature of sample ${indices[Math.floor(at / dimensions)]}, dimension ${at % dimensions} is ${filled[at]}; ` +
      'every number must be finite. Look at that sample, its preprocessing, and the weights.',
  );
}
