/** Checks and warnings of `select`. */
import { assertCounts, countLabels } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { assertFiniteHead, headShape } from '../array/linear-head.js';
import type { FloatArray } from '../array/matrix.js';
import { listNames } from '../array/text.js';
import { assertReplicates } from '../evaluation/bootstrap.js';
import { assertLabelledLogits } from '../evaluation/evaluate.js';
import type { SelectOptions } from './selection.js';

/** What `select` is doing, for its messages. */
export const SELECTING = 'Choosing a head on validation';

/** Checks the options that `select` reads itself; returns C and the classes without validation samples. */
export function assertSelectOptions<T extends FloatArray>({
  head,
  logits,
  labels,
  counts,
  folds = 5,
  bootstrap = 2000,
  missing = 'error',
}: SelectOptions<T>): { classes: number; missingClasses: number[] } {
  const [samples, classes] = assertLabelledLogits(logits, labels, SELECTING);
  if (headShape(head)[0] !== classes) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${SELECTING}: the head has ${headShape(head)[0]} classes, the logits have ${classes}; give the logits of this head.`,
    );
  }
  assertFiniteHead(head, SELECTING);
  assertCounts(counts, classes, SELECTING);
  assertReplicates(bootstrap, 100, SELECTING);
  if (!(Number.isInteger(folds) && folds >= 2) || samples < 2) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${SELECTING}: ${folds} folds of ${samples} samples were asked for; at least 2 folds and 2 samples are needed.`,
    );
  }
  const missingClasses = countLabels(labels, classes).flatMap((n, k) => (n === 0 ? [k] : []));
  if (missingClasses.length > 0 && missing === 'error') {
    throw new TailorError(
      'CLASS_MISSING',
      `${SELECTING}: ${list(missingClasses)} of ${classes} ${missingClasses.length > 1 ? 'have' : 'has'} no validation sample, so the accuracy there is unknown. ` +
        "Add at least one sample of each class (20 are usual), or average over the other classes (missing: 'skip', --skip-missing).",
    );
  }
  return { classes, missingClasses };
}

/** What a caller should know about classes with few samples, as sentences. `present` is the samples per class. */
export function warnAboutSize(present: readonly number[], wanted: number, folds: number): string[] {
  const classesWith = (test: (n: number) => boolean) => present.flatMap((n, k) => (test(n) ? [k] : []));
  const warnings: string[] = [];
  const missing = classesWith((n) => n === 0);
  if (missing.length > 0) warnings.push(`Without validation samples, not in any average: ${list(missing)}.`);
  const single = classesWith((n) => n === 1);
  if (single.length > 0) {
    warnings.push(
      `With a single validation sample: ${list(single)}. While that sample is held out, the choice is made without its class, and the interval is too narrow.`,
    );
  }
  const small = classesWith((n) => n > 1 && n < wanted);
  if (small.length > 0) {
    warnings.push(
      `With fewer than ${wanted} validation samples: ${list(small)}. Some folds have none of them; the interval is rough.`,
    );
  }
  if (folds < wanted) {
    warnings.push(
      `No class has ${wanted} validation samples: ${folds} folds were used instead of ${wanted}.`,
    );
  }
  return warnings;
}

/** 'class 3' or 'classes 1, 2, 3, 4, 5, … 5 more'. */
function list(classes: readonly number[]): string {
  return `${classes.length > 1 ? 'classes' : 'class'} ${listNames(classes)}`;
}
