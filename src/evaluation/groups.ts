/** Many, medium and few: classes grouped by how many training samples they had. */
import type { ClassCounts } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import type { ClassTally } from './accuracy.js';

/** A class is 'many' when N_k > many, 'few' when N_k < few, 'medium' otherwise (both bounds included). */
export interface GroupThresholds {
  /** Training samples that a class of `many` has more than. */
  readonly many: number;
  /** Training samples that a class of `few` has fewer than. */
  readonly few: number;
}

/** The groups in the order in which they are reported. */
export const GROUPS = ['many', 'medium', 'few'] as const;

/** One of the groups. */
export type Group = (typeof GROUPS)[number];

/** One number per group; a group without a class is absent. */
export interface PerGroup<T> {
  /** Of the classes with many training samples. */
  readonly many?: T;
  /** Of those between. */
  readonly medium?: T;
  /** Of those with few. */
  readonly few?: T;
}

/**
 * The thresholds of Hasegawa & Sato (2024), A.4.1: 1000 and 200 up to 10 classes (their CIFAR10-LT), 100 and 20 above
 * (CIFAR100-LT, mini-ImageNet-LT, ImageNet-LT, after Liu et al. 2019). Helena has its own, 500 and 200: pass them.
 */
export function defaultThresholds(classes: number): GroupThresholds {
  return classes <= 10 ? { many: 1000, few: 200 } : { many: 100, few: 20 };
}

/** The group of each class. INVALID_ARGUMENT when a threshold is not a number, or few > many (a class would be both). */
export function groupClasses(counts: ClassCounts, { many, few }: GroupThresholds): Group[] {
  if (!(Number.isFinite(many) && Number.isFinite(few) && few <= many)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Grouping classes by training count: the thresholds are many ${many} and few ${few}; both must be finite, and few at most many. ` +
        'A class is many above the first, few below the second, medium between.',
    );
  }
  return Array.from(counts, (n) => (n > many ? 'many' : n < few ? 'few' : 'medium'));
}

/** Mean per-class accuracy of each group, over its classes that have samples; groups without one are absent. */
export function groupAccuracy({ total, correct }: ClassTally, groups: readonly Group[]): PerGroup<number> {
  const result: { [G in Group]?: number } = {};
  for (const group of GROUPS) {
    let present = 0;
    let sum = 0;
    for (let k = 0; k < total.length; k++) {
      if (groups[k] !== group || total[k] === 0) continue;
      present++;
      sum += correct[k] / total[k];
    }
    if (present > 0) result[group] = sum / present;
  }
  return result;
}
