/** Which group a wrong answer goes to: the confusion matrix of a long-tailed classifier, cut down to many, medium, few. */
import { assertLabels } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import type { Matrix } from '../array/matrix.js';
import { argmaxRows } from './argmax.js';
import { assertLabelledLogits } from './evaluate.js';
import { GROUPS, type Group, type PerGroup } from './groups.js';

/** What `groupConfusion` looks at; exactly one of `logits` and `predictions`. */
export interface GroupConfusionOptions {
  /** Logits, [N, C], finite; the largest of a row is the prediction. */
  readonly logits?: Matrix;
  /** Predicted classes, [N], whole numbers in 0 … C−1. */
  readonly predictions?: ArrayLike<number>;
  /** True classes, [N], whole numbers in 0 … C−1. */
  readonly labels: ArrayLike<number>;
  /** Group of each class, [C]; see groupClasses. */
  readonly groups: readonly Group[];
}

/** Where the samples of one group of true classes go; shares 0 … 1, first per class, then averaged over its classes. */
export interface GroupConfusionRow {
  /** Group of the true class. */
  readonly group: Group;
  /** Classes of this group that have samples. */
  readonly classes: number;
  /** Samples of these classes. */
  readonly samples: number;
  /** Share predicted as each group that has classes; they add up to 1. */
  readonly predicted: PerGroup<number>;
  /** Share predicted as the true class: the group's accuracy. */
  readonly right: number;
  /** Share predicted as another class of the same group; `right` + `wrongWithin` = `predicted[group]`. */
  readonly wrongWithin: number;
}

/** Rows in the order many, medium, few; a group without samples has no row, a group without classes no column. */
export interface GroupConfusion {
  /** A row for each group that has samples: many, medium, few. */
  readonly rows: GroupConfusionRow[];
}

/**
 * Groups' confusion of the predictions of a classifier. Rare classes that are taken for frequent ones stand in the row
 * 'few', column 'many'. Errors: INVALID_ARGUMENT (neither or both of logits and predictions, no samples),
 * SHAPE_MISMATCH, LABELS_INVALID, NOT_FINITE.
 */
export function groupConfusion({
  logits,
  predictions,
  labels,
  groups,
}: GroupConfusionOptions): GroupConfusion {
  const predicted = predictionsOf(logits, predictions, labels, groups.length);
  const classes = groups.length;
  const column = Uint8Array.from(groups, (group) => GROUPS.indexOf(group));
  const width = GROUPS.length;
  const total = new Float64Array(classes);
  const hits = new Float64Array(classes);
  const to = new Float64Array(classes * width);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    total[label]++;
    to[label * width + column[predicted[i]]]++;
    if (predicted[i] === label) hits[label]++;
  }

  const present = GROUPS.filter((group) => groups.includes(group));
  const rows: GroupConfusionRow[] = [];
  for (const group of present) {
    const members = Array.from(groups.keys()).filter((k) => groups[k] === group && total[k] > 0);
    if (members.length === 0) continue;
    const mean = (share: (k: number) => number) =>
      members.reduce((sum, k) => sum + share(k), 0) / members.length;
    rows.push({
      group,
      classes: members.length,
      samples: members.reduce((sum, k) => sum + total[k], 0),
      predicted: Object.fromEntries(
        present.map((other) => [other, mean((k) => to[k * width + GROUPS.indexOf(other)] / total[k])]),
      ),
      right: mean((k) => hits[k] / total[k]),
      wrongWithin: mean((k) => (to[k * width + GROUPS.indexOf(group)] - hits[k]) / total[k]),
    });
  }
  return { rows };
}

/** Checks everything and gives the predicted classes, [N]. */
function predictionsOf(
  logits: Matrix | undefined,
  predictions: ArrayLike<number> | undefined,
  labels: ArrayLike<number>,
  classes: number,
): ArrayLike<number> {
  const doing = 'Counting which groups are taken for which';
  if ((logits === undefined) === (predictions === undefined)) {
    throw new TailorError('INVALID_ARGUMENT', `${doing}: give either logits or predictions.`);
  }
  if (logits) {
    const [, columns] = assertLabelledLogits(logits, labels, doing);
    if (columns !== classes) {
      throw new TailorError(
        'SHAPE_MISMATCH',
        `${doing}: the logits have ${columns} classes, but ${classes} groups were given. Give the group of every class, in class order.`,
      );
    }
    return argmaxRows(logits);
  }
  const given = predictions!;
  if (given.length !== labels.length) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: there are ${given.length} predictions, but ${labels.length} labels. Give one label per prediction.`,
    );
  }
  if (given.length === 0) {
    throw new TailorError('INVALID_ARGUMENT', `${doing}: there are no samples; at least one is needed.`);
  }
  assertLabels(labels, classes, doing);
  // A prediction out of range is as wrong as such a label, and the message says which number it is.
  assertLabels(given, classes, `${doing} (predictions)`);
  return given;
}
