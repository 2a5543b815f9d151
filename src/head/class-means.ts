/** Means of features by class, what heads without training are made of. */
import { TailorError } from '../array/errors.js';
import { chunksOf, featureRows, rowsPerPiece } from '../array/feature-rows.js';
import { listNames } from '../array/text.js';
import type { FitShape } from './fit-checks.js';
import type { FitData } from './fit-options.js';

/**
 * μ_k, row-major [C, D] in float64: Σ s_i f_i / Σ s_i over the samples of class k, with the sample weights s. CLASS_MISSING
 * for a class without a sample, or with weights of 0 only. `data` is taken as checked; of features from a file NOT_FINITE and what
 * reading throws. Samples are added one by one in their order, so it does not matter how they are read.
 */
export async function classMeans(
  { features, labels, sampleWeights }: FitData,
  { classes, dimensions }: FitShape,
  doing: string,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const rows = featureRows(features);
  const means = new Float64Array(classes * dimensions);
  const totals = new Float64Array(classes);
  for await (const { from, count, data } of chunksOf(rows, rows.held ? rows.samples : rowsPerPiece(rows), {
    doing,
    signal,
  })) {
    for (let i = from; i < from + count; i++) {
      const share = sampleWeights ? sampleWeights[i] : 1;
      const to = labels[i] * dimensions;
      const at = (i - from) * dimensions;
      totals[labels[i]] += share;
      for (let d = 0; d < dimensions; d++) means[to + d] += share * data[at + d];
    }
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
