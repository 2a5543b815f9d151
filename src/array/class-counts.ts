/** Training samples per class, in class order: what the prior π_k = N_k / N comes from. */
import { TailorError } from './errors.js';

/** N_k for k = 0 … C−1: 1e−100 … 1e100, not necessarily sorted or whole (weighted samples). */
export type ClassCounts = ArrayLike<number>;

/**
 * Counts and priors from here to there: far beyond what anyone counts, and such that their sums, shares and the ratios of these are
 * numbers of float64 with all their digits.
 */
export const [LEAST_COUNT, MOST_COUNT] = [1e-100, 1e100];

/** Checks counts against the number of classes; throws COUNTS_INVALID naming the first class that is wrong. */
export function assertCounts(counts: ClassCounts, classes: number, doing: string): void {
  if (counts.length !== classes) {
    throw new TailorError(
      'COUNTS_INVALID',
      `${doing}: the head has ${classes} classes, but ${counts.length} class counts were given. Give one count per class, in class order.`,
    );
  }
  for (let k = 0; k < classes; k++) {
    if (!(counts[k] >= LEAST_COUNT && counts[k] <= MOST_COUNT)) {
      throw new TailorError(
        'COUNTS_INVALID',
        `${doing}: the count of class ${k} is ${counts[k]}; every count must be a finite number above 0 (${LEAST_COUNT} … ${MOST_COUNT}). ` +
          'A class that was never trained on has no prior: give it a small positive count if you want it adjusted.',
      );
    }
  }
}

/**
 * The prior π_k = N_k / Σ N, [C], in float64. A class may have the count 0 here, but not all. COUNTS_INVALID for a count that is
 * negative, not a number or above 1e100, and where the sum is 0.
 */
export function prior(counts: ClassCounts): Float64Array {
  let total = 0;
  for (let k = 0; k < counts.length; k++) {
    if (!(counts[k] >= 0 && counts[k] <= MOST_COUNT)) {
      throw new TailorError(
        'COUNTS_INVALID',
        `Computing a prior: the count of class ${k} is ${counts[k]}; counts are finite numbers of at least 0, up to ${MOST_COUNT}.`,
      );
    }
    total += counts[k];
  }
  if (!(total > 0)) {
    throw new TailorError(
      'COUNTS_INVALID',
      `Computing a prior: the counts of ${counts.length} classes add up to ${total}; at least one must be above 0.`,
    );
  }
  return Float64Array.from(counts, (n) => n / total);
}

/**
 * Counts labels 0 … classes−1, [classes]. Classes without a sample count 0. The labels are not checked here and must be in range:
 * what reads or takes labels throws LABELS_INVALID.
 */
export function countLabels(labels: ArrayLike<number>, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++) counts[labels[i]]++;
  return counts;
}

/** Throws LABELS_INVALID naming the first label that is not a whole number in 0 … classes−1. */
export function assertLabels(labels: ArrayLike<number>, classes: number, doing: string): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new TailorError(
        'LABELS_INVALID',
        `${doing}: label ${label} of sample ${i} is out of range; with ${classes} classes labels are 0 … ${classes - 1}.`,
      );
    }
  }
}
