/** Means of features by class, what heads without training are made of. */
import { TailorError } from '../array/errors.js';
import { denseData } from '../array/matrix.js';
import { listNames } from '../array/text.js';
import type { FitShape } from './fit-checks.js';
import type { FitData } from './fit-options.js';

/**
 * μ_k, row-major [C, D] in float64: Σ s_i f_i / Σ s_i over the samples of class k, with the sample weights s. CLASS_MISSING
 * for a class without a sample, or with weights of 0 only. `data` is taken as checked.
 */
export function classMeans(
  { features, labels, sampleWeights }: FitData,
  { classes, dimensions }: FitShape,
  doing: string,
): Float64Array {
  const rows = denseData(features);
  const means = new Float64Array(classes * dimensions);
  const totals = new Float64Array(classes);
  for (let i = 0; i < labels.length; i++) {
    const share = sampleWeights ? sampleWeights[i] : 1;
    const to = labels[i] * dimensions;
    const from = i * dimensions;
    totals[labels[i]] += share;
    for (let d = 0; d < dimensions; d++) means[to + d] += share * rows[from + d];
  }
  const empty = Array.from(totals.keys()).filter((k) => totals[k] === 0);
  if (empty.length > 0) {
    throw new TailorError(
      'CLASS_MISSING',
      `${doing}: no sample of class ${listNames(empty)}, and the mean of every class is needed. Add samples.`,
    );
  }
  for (let k = 0; k < classes; k++) {
    for (let d = 0; d < dimensions; d++) means[k * dimensions + d] /= totals[k];
  }
  return means;
}
