/** Long-tailed subsets of a balanced data set by the exponential profile (Hasegawa & Sato 2024, 4.1 and A.4.1). */
import { assertLabels, countLabels } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { shuffleKey } from '../array/random.js';

/** How the subset is drawn. */
export interface LongTailOptions {
  /** Imbalance factor ρ = largest / smallest class, ≥ 1. Default 100. */
  readonly imbalance?: number;
  /** Samples of each class that are set aside for validation before the tail is cut, ≥ 0. Default 20. */
  readonly validationPerClass?: number;
  /** Samples of each class that are set aside for testing after those, ≥ 0. Default 0: most data sets have a test set. */
  readonly testPerClass?: number;
  /** Which samples are drawn: a whole number from 0 to 2³²−1. Default 0. */
  readonly seed?: number;
  /** Training samples per class instead of the profile; whole numbers ≥ 0. */
  readonly counts?: readonly number[];
}

/** Indices into the whole set, ascending; no index is in two of them. */
export interface LongTailSplit {
  /** [Σ `counts`]. */
  readonly train: Int32Array;
  /** [C · `validationPerClass`]. */
  readonly validation: Int32Array;
  /** [C · `testPerClass`]; empty by default. */
  readonly test: Int32Array;
  /** Training samples per class, in class order: class 0 is the largest. */
  readonly counts: number[];
}

/**
 * Draws validation, test and a long-tailed training set. Within each class the samples are ordered by
 * shuffleKey(seed, index); the first `validationPerClass` are validation, the next `testPerClass` test, the next N_k
 * training, where N_k = floor(n_max · ρ^(−k/(C−1))) and n_max is the smallest number that a class has left before that.
 * python-export draws the same subsets.
 * @param labels class of each sample, [N].
 * @param classes number of classes C, ≥ 2.
 * @throws INVALID_ARGUMENT, LABELS_INVALID, COUNTS_INVALID, CLASS_MISSING (a class has too few samples).
 */
export function longTailSplit(
  labels: ArrayLike<number>,
  classes: number,
  { imbalance = 100, validationPerClass = 20, testPerClass = 0, seed = 0, counts }: LongTailOptions = {},
): LongTailSplit {
  const doing = 'Drawing a long-tailed subset';
  const check = (ok: boolean, what: string) => {
    if (!ok) throw new TailorError('INVALID_ARGUMENT', `${doing}: ${what}.`);
  };
  check(Number.isInteger(classes) && classes >= 2, `a long tail needs at least 2 classes, not ${classes}`);
  check(
    Number.isFinite(imbalance) && imbalance >= 1,
    `the imbalance factor must be at least 1, not ${imbalance}`,
  );
  for (const [part, perClass] of Object.entries({ validation: validationPerClass, test: testPerClass })) {
    check(
      Number.isInteger(perClass) && perClass >= 0,
      `${part} per class must be a whole number from 0, not ${perClass}`,
    );
  }
  check(
    Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32,
    `the seed must be a whole number from 0 to 2³²−1, not ${seed}`,
  );
  assertLabels(labels, classes, doing);

  const heldOut = validationPerClass + testPerClass;
  const left = countLabels(labels, classes).map((count) => count - heldOut);
  // Not Math.min(...left): a call takes some 100,000 arguments.
  const largest = left.reduce((least, count) => Math.min(least, count), Number.POSITIVE_INFINITY);
  const wanted = counts ? checkCounts(counts, classes, doing) : profile(largest, classes, imbalance);
  const short = wanted.findIndex((count, k) => count > left[k] || (count < 1 && !counts));
  if (short >= 0) {
    throw new TailorError(
      'CLASS_MISSING',
      `${doing}: class ${short} has ${left[short] + heldOut} samples; ${validationPerClass} for validation` +
        `${testPerClass ? `, ${testPerClass} for testing` : ''} and ` +
        `${counts ? wanted[short] : Math.max(1, wanted[short])} for training are needed${counts ? '' : ` (imbalance factor ${imbalance})`}. ` +
        'Set fewer aside, take a smaller factor, or more data.',
    );
  }

  const members: number[][] = Array.from({ length: classes }, () => []);
  for (let i = 0; i < labels.length; i++) members[labels[i]].push(i);
  const train: number[] = [];
  const validation: number[] = [];
  const test: number[] = [];
  members.forEach((indices, k) => {
    const keyed = indices
      .map((index) => ({ index, key: shuffleKey(seed, index) }))
      .sort((a, b) => a.key - b.key);
    for (const { index } of keyed.slice(0, validationPerClass)) validation.push(index);
    for (const { index } of keyed.slice(validationPerClass, heldOut)) test.push(index);
    for (const { index } of keyed.slice(heldOut, heldOut + wanted[k])) train.push(index);
  });
  return {
    train: Int32Array.from(train).sort(),
    validation: Int32Array.from(validation).sort(),
    test: Int32Array.from(test).sort(),
    counts: [...wanted],
  };
}

function profile(largest: number, classes: number, imbalance: number): number[] {
  return Array.from({ length: classes }, (_, k) =>
    Math.floor(Math.max(0, largest) * imbalance ** (-k / (classes - 1))),
  );
}

function checkCounts(counts: readonly number[], classes: number, doing: string): readonly number[] {
  const wrong = counts.findIndex((count) => !(Number.isInteger(count) && count >= 0));
  if (counts.length === classes && wrong < 0) return counts;
  throw new TailorError(
    'COUNTS_INVALID',
    `${doing}: ${wrong < 0 ? `${counts.length} counts for ${classes} classes` : `the count of class ${wrong} is ${counts[wrong]}`}; ` +
      'one whole number from 0 per class is needed.',
  );
}
