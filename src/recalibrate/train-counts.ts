/** Where the class counts come from. */
import { assertCounts, type ClassCounts } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import type { Model } from '../features/model.js';

/** `given`, or else what the model says in its metadata. COUNTS_INVALID where neither is there, or they do not fit the head. */
export function trainCountsOf(model: Model, given: ClassCounts | undefined): ClassCounts {
  const doing = 'Recalibrating';
  const counts = given ?? model.trainCounts;
  if (!counts) {
    throw new TailorError(
      'COUNTS_INVALID',
      `${doing}: how many samples of each class the model was trained on is not known. Give counts (--counts), or write them into the model's metadata onnx_tailor.counts.`,
    );
  }
  assertCounts(counts, model.location.classes, doing);
  return counts;
}
