/** Everything that is reported about the answers of a classifier on a labelled set. */
import { assertCounts, assertLabels, type ClassCounts } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { assertFiniteRows, type Matrix } from '../array/matrix.js';
import { type AccuracySummary, perClassAccuracy, summarizeAccuracy, tallyClasses } from './accuracy.js';
import { argmaxRows } from './argmax.js';
import { type AccuracyIntervals, assertReplicates, bootstrapAccuracy } from './bootstrap.js';
import { assertBins, type Calibration, calibrationSum } from './calibration.js';
import {
  defaultThresholds,
  type Group,
  type GroupThresholds,
  groupAccuracy,
  groupClasses,
  type PerGroup,
} from './groups.js';

/** What `evaluate` looks at. */
export interface EvaluateOptions {
  /** Logits before the softmax, [N, C], finite. Log-probabilities do as well: softmax takes them back. */
  readonly logits: Matrix;
  /** True classes, [N], whole numbers in 0 … C−1. */
  readonly labels: ArrayLike<number>;
  /** Training samples per class, [C], > 0: what many, medium and few are cut by. Without it there are no groups. */
  readonly counts?: ClassCounts;
  /** Default: defaultThresholds(C). */
  readonly thresholds?: GroupThresholds;
  /** Replicates behind the intervals, 1 … 1,000,000, default 1000; 0 leaves the intervals out. */
  readonly bootstrap?: number;
  /** Seed of the bootstrap, a whole number, default 0. */
  readonly seed?: number;
  /** Bins of the calibration errors, 1 … 1000, default 15. */
  readonly bins?: number;
  /** Class names, [C]; copied to `classNames`. */
  readonly classes?: readonly string[];
}

/**
 * Accuracies and calibration; fractions 0 … 1, `nll` in nats. `many`, `medium` and `few` are mean per-class accuracies
 * of the groups and absent where a group has no class with samples. Averages go over the classes that have samples.
 */
export interface Evaluation extends AccuracySummary, PerGroup<number>, Calibration {
  /** N. */
  readonly samples: number;
  /** Number of classes C of the logits. */
  readonly classes: number;
  /** Class names in class order, [C], where they were given. */
  readonly classNames?: readonly string[];
  /** Accuracy of each class, null where it has no sample. */
  readonly perClass: (number | null)[];
  /** Samples of each class in this set. */
  readonly perClassSamples: number[];
  /** Classes without a sample in this set. */
  readonly missingClasses: number[];
  /** Number of classes with samples in each group. */
  readonly groupSizes?: PerGroup<number>;
  /** Where many, medium and few were cut; absent without counts. */
  readonly thresholds?: GroupThresholds;
  /** 95 % intervals by the stratified bootstrap (bootstrap.ts). */
  readonly intervals?: AccuracyIntervals;
}

/**
 * Evaluates logits against labels: accuracy.ts, groups.ts, calibration.ts and bootstrap.ts hold the formulas and their
 * sources. Errors: INVALID_ARGUMENT (no samples, options out of range), SHAPE_MISMATCH (labels or names of another
 * length), LABELS_INVALID, COUNTS_INVALID, NOT_FINITE.
 */
export function evaluate({ logits, labels, ...options }: EvaluateOptions): Evaluation {
  const doing = 'Evaluating';
  assertLabelledLogits(logits, labels, doing);
  const pieces = evaluationSum(logits.shape[1], options);
  pieces.add(logits, labels);
  return pieces.result();
}

/** `evaluate` of logits that come in pieces. */
export interface EvaluationSum {
  /** Logits [n, C] with labels [n]; errors as `evaluate`. */
  add(logits: Matrix, labels: ArrayLike<number>): void;
  /** Predicted class of each sample so far. */
  predictions(): Int32Array;
  /** Of at least one sample. */
  result(): Evaluation;
}

/** The sums behind `evaluate`; memory O(N + BC) for B bins. Errors as there. */
export function evaluationSum(
  classes: number,
  {
    counts,
    thresholds,
    bootstrap = 1000,
    seed = 0,
    bins = 15,
    classes: classNames,
  }: Omit<EvaluateOptions, 'logits' | 'labels'>,
): EvaluationSum {
  const doing = 'Evaluating';
  assertReplicates(bootstrap, 0, doing);
  assertBins(bins);
  if (counts) assertCounts(counts, classes, doing);
  if (classNames && classNames.length !== classes) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: the logits have ${classes} classes, but ${classNames.length} class names were given. Give one per class, in class order.`,
    );
  }
  const limits = counts && (thresholds ?? defaultThresholds(classes));
  const groups = counts && limits && groupClasses(counts, limits);
  const calibration = calibrationSum(classes, bins);
  const answers: ArrayLike<number>[] = [];
  const truths: ArrayLike<number>[] = [];
  return {
    add(logits, labels) {
      assertLabelledLogits(logits, labels, doing);
      calibration.add(logits, labels);
      answers.push(argmaxRows(logits));
      truths.push(labels);
    },
    predictions: () => joinNumbers(answers),
    result() {
      const labels = joinNumbers(truths);
      const tally = tallyClasses(joinNumbers(answers), labels, classes);
      const perClass = perClassAccuracy(tally);
      const calibrated = calibration.result();
      if (!Number.isFinite(calibrated.nll)) {
        throw new TailorError(
          'NOT_FINITE',
          `${doing}: the logits lie so far apart that their mean loss does not fit float64. Divide them by a temperature.`,
        );
      }
      const present = (k: number) => tally.total[k] > 0;
      return {
        samples: labels.length,
        classes,
        ...summarizeAccuracy(tally),
        ...(groups && groupAccuracy(tally, groups)),
        ...calibrated,
        perClass,
        perClassSamples: Array.from(tally.total),
        missingClasses: perClass.flatMap((accuracy, k) => (accuracy === null ? [k] : [])),
        ...(classNames && { classNames }),
        ...(groups && { groupSizes: groupSizes(groups.filter((_, k) => present(k))), thresholds: limits }),
        ...(bootstrap > 0 && {
          intervals: bootstrapAccuracy(tally, groups, { replicates: bootstrap, seed }),
        }),
      };
    },
  };
}

function joinNumbers(parts: readonly ArrayLike<number>[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * Checks what every function of logits and labels needs: at least one sample and one class, one label per sample, all
 * in range, all logits finite. Returns [N, C].
 */
export function assertLabelledLogits(
  logits: Matrix,
  labels: ArrayLike<number>,
  doing: string,
): [samples: number, classes: number] {
  const [samples, classes] = logits.shape;
  if (!(samples > 0 && classes > 0)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the logits are ${samples} samples × ${classes} classes; at least one of each is needed.`,
    );
  }
  if (labels.length !== samples) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: there are ${samples} rows of logits, but ${labels.length} labels. Give one label per row.`,
    );
  }
  assertLabels(labels, classes, doing);
  assertFiniteRows(logits, doing, 'logit', 'class');
  return [samples, classes];
}

function groupSizes(groups: readonly Group[]): PerGroup<number> {
  const sizes: { [G in Group]?: number } = {};
  for (const group of groups) sizes[group] = (sizes[group] ?? 0) + 1;
  return sizes;
}
