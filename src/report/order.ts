/** Classes in the order of a report, most training samples first, and many of them cut into few. */
import { GROUPS, type Group } from '../evaluation/groups.js';

/** Class indices by descending count; of equal counts the lower index first. */
export function byCount(counts: ArrayLike<number>): number[] {
  return Array.from({ length: counts.length }, (_, k) => k).sort((a, b) => counts[b] - counts[a] || a - b);
}

/** Neighbours in `order` put together into at most `most` bins whose sizes differ by one at most. */
export function cutIntoBins<T>(order: readonly T[], most: number): T[][] {
  const bins = Math.min(most, order.length);
  return Array.from({ length: bins }, (_, b) =>
    order.slice(Math.floor((b * order.length) / bins), Math.floor(((b + 1) * order.length) / bins)),
  );
}

/** Mean of the values that are there; null where none is. */
export function meanOf(values: readonly (number | null | undefined)[]): number | null {
  let sum = 0;
  let n = 0;
  for (const value of values) {
    if (value == null) continue;
    sum += value;
    n++;
  }
  return n > 0 ? sum / n : null;
}

/** The q-quantile, linearly interpolated, of numbers in ascending order. */
export function quantileOf(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

/** The group that most of the classes belong to; of equals the one with more training samples. */
export function prevailingGroup(
  classes: readonly number[],
  groups: readonly Group[] | undefined,
): Group | undefined {
  if (!groups) return undefined;
  const sizes = GROUPS.map((group) => classes.filter((k) => groups[k] === group).length);
  return GROUPS[sizes.indexOf(Math.max(...sizes))];
}

/** Runs of neighbours in `items` of one group: [from, to) with their group. */
export function groupRuns<T>(
  items: readonly T[],
  groupOf: (item: T) => Group | undefined,
): { group: Group; from: number; to: number }[] {
  const runs: { group: Group; from: number; to: number }[] = [];
  items.forEach((item, i) => {
    const group = groupOf(item);
    if (!group) return;
    const last = runs.at(-1);
    if (last?.group === group && last.to === i) last.to = i + 1;
    else runs.push({ group, from: i, to: i + 1 });
  });
  return runs;
}
