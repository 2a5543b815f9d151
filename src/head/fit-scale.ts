/** One factor for a whole head, fitted so that its probabilities are honest: for heads whose length means nothing (etf, ncm). */
import { TailorError } from '../array/errors.js';
import { headShape, type LinearHead } from '../array/linear-head.js';
import type { FloatArray } from '../array/matrix.js';
import { headLogits } from '../compute/head-logits.js';
import { foldTransform, identityTransform } from './class-transform.js';
import { classBalancedWeights } from './class-weights.js';
import { assertFitData, checkLoss, startHead } from './fit-checks.js';
import type { FitData, FitRun, LossOptions } from './fit-options.js';
import { fitTemperature } from './fit-temperature.js';

/** A head with its factor. */
export interface ScaledHead<T extends FloatArray> {
  readonly head: LinearHead<T>;
  /** W and b of the head given, times this. */
  readonly scale: number;
}

/** Far beyond what any features of a network need. */
const RANGE = [1e-9, 1e9] as const;

/**
 * (s W, s b) with the s > 0 that makes the loss smallest: `ce`, or `cb` with its class weights. The loss is convex in s; s
 * stops at 1e9 where larger were always better (every sample is right), at 1e−9 where the logits know nothing. No
 * prediction changes. Sample weights are not supported.
 *
 * Errors: INVALID_ARGUMENT (another loss, smoothing, or sample weights), SHAPE_MISMATCH, LABELS_INVALID, COUNTS_INVALID,
 * CLASS_MISSING, NOT_FINITE, HEAD_OVERFLOW, ABORTED.
 */
export async function fitScale<T extends FloatArray>(
  head: LinearHead<T>,
  data: FitData,
  options: Pick<LossOptions, 'loss' | 'beta'> = {},
  { device = 'cpu', threads, signal }: Omit<FitRun, 'init'> = {},
): Promise<ScaledHead<T>> {
  const doing = 'Fitting the scale of a head';
  const shape = assertFitData(data, doing);
  startHead(head, shape, doing);
  const { loss, beta } = checkLoss(options, data, shape, doing);
  if ((loss !== 'ce' && loss !== 'cb') || data.sampleWeights) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: ${data.sampleWeights ? 'sample weights were given' : `the loss is ${loss}`}; only ce and cb without sample weights are fitted here.`,
    );
  }
  const weights = loss === 'cb' ? classBalancedWeights(data.counts ?? shape.counted, beta) : undefined;
  const logits = await headLogits(head, data.features, { device, threads, signal });
  const scale = 1 / fitTemperature(logits, data.labels, { weights, range: [1 / RANGE[1], 1 / RANGE[0]] });
  const [classes] = headShape(head);
  const factor = new Float64Array(classes).fill(scale);
  const transform = { ...identityTransform(classes), rowScale: factor, biasScale: factor };
  return { head: foldTransform(head, transform, { doing, advice: 'Scale the features down.' }), scale };
}
