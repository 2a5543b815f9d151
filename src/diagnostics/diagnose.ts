/** The verb: everything that features, labels and a head tell about what imbalance did. */
import type { DiagnoseSource } from './diagnose-input.js';
import type { DiagnoseOptions } from './diagnose-options.js';
import type { Diagnostics } from './diagnostics.js';

export type { DiagnoseOptions } from './diagnose-options.js';

/**
 * Diagnoses one set. Passes over the features: statistics; with a head or logits the class means (NC4, theorem 2). Memory beside the features: O(D² + CD + C²). Device: cpu unless another is named; float64 stays on cpu or cuda.
 *
 * Throws INVALID_ARGUMENT, SHAPE_MISMATCH (head, names or sets that do not fit each other), LABELS_INVALID (a set without
 * labels), COUNTS_INVALID, NOT_FINITE, DEVICE_UNAVAILABLE, ABORTED.
 */
export async function diagnose(source: DiagnoseSource, options: DiagnoseOptions = {}): Promise<Diagnostics> {
  // Loaded when needed: it is a fifth of what pages would load at first.
  const { diagnoseSource } = await import('./diagnose-source.js');
  return diagnoseSource(source, options);
}
