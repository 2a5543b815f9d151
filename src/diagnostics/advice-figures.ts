/** What rules of advice compute from figures, and how they write numbers. */
import type { Group } from '../evaluation/groups.js';
import type { Diagnostics } from './diagnostics.js';

/** Counts of the set are those of training, and not all the same: what the paper says of training features is meant. */
function isTraining({ counts, trainCounts }: Diagnostics): boolean {
  return counts.every((n, k) => n === trainCounts[k]) && counts.some((n) => n !== counts[0]);
}

/** Counts that differ by less than so many times, or fewer classes, show no trend with the counts. */
const LEAST_IMBALANCE = 5;
const LEAST_CLASSES = 5;

/** Whether this is a training set that is long-tailed enough for something to follow its counts. */
export function isLongTailed(diagnostics: Diagnostics): boolean {
  const { imbalanceFactor, classes } = diagnostics;
  const enough = imbalanceFactor !== null && imbalanceFactor >= LEAST_IMBALANCE && classes >= LEAST_CLASSES;
  return enough && isTraining(diagnostics);
}

/** Mean over the classes of a group that have a value; null where none has. */
export function meanOf(
  { groups }: Diagnostics,
  group: Group,
  values: readonly (number | null)[] | undefined,
): number | null {
  const known = (values ?? []).filter((value, k): value is number => value !== null && groups[k] === group);
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

/** Mean cosine over pairs of different classes of one group. */
export function cosineAmong({ cosine, groups }: Diagnostics, group: Group): number | null {
  let sum = 0;
  let pairs = 0;
  for (const [k, row] of (cosine.matrix ?? []).entries()) {
    if (groups[k] !== group) continue;
    for (let l = 0; l < k; l++) {
      const value = row[l];
      if (groups[l] !== group || value === null) continue;
      sum += value;
      pairs++;
    }
  }
  return pairs > 0 ? sum / pairs : null;
}

/** Three significant digits; '?' for a figure that is not known. */
export function show(value: number | null): string {
  if (value === null) return '?';
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  const size = Math.abs(value);
  return size >= 100 && size < 1e6 ? value.toFixed(0) : value.toPrecision(3);
}

/** A share in percent. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** Up to five names, separated by commas. */
export function nameSome(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')}, …` : names.join(', ');
}
