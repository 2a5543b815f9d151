/** Groups of classes that stand beside each other in a report. */
import { GROUPS, type Group } from '../evaluation/groups.js';

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
