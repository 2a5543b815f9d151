/** What every source with labels is checked for. */
import { assertLabels } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';

/** One label per sample (SHAPE_MISMATCH), each the index of a class where classes are named (LABELS_INVALID). */
export function checkLabels(
  labels: Int32Array | undefined,
  samples: number,
  classes: readonly string[] | undefined,
  name: string,
): void {
  if (!labels) return;
  if (labels.length !== samples) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `Reading ${name}: it has ${samples} samples, but ${labels.length} labels. Give one label per sample.`,
    );
  }
  if (classes) assertLabels(labels, classes.length, `Reading ${name}`);
}
