/** Checks that all fits share: data, losses, the head to start from. */
import { assertCounts, assertLabels, countLabels } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { featureRows } from '../array/feature-rows.js';
import { assertFiniteHead, headShape, type LinearHead, linearHead } from '../array/linear-head.js';
import { assertFiniteRows, matrix } from '../array/matrix.js';
import { listNames } from '../array/text.js';
import { type FitData, LOSSES, type LossOptions } from './fit-options.js';

/** Shapes that a checked `FitData` has. */
export interface FitShape {
  readonly samples: number;
  readonly classes: number;
  readonly dimensions: number;
  /** Labels counted; 0 for a class without a sample. */
  readonly counted: readonly number[];
}

/**
 * Checks data and returns its shape. INVALID_ARGUMENT for one class or no sample, SHAPE_MISMATCH, LABELS_INVALID,
 * COUNTS_INVALID, NOT_FINITE for a feature that is not a number; features that are not in memory are looked at when they are read.
 */
export function assertFitData(data: FitData, doing: string): FitShape {
  const { features, labels, classes, counts, sampleWeights } = data;
  const { samples, dimensions, held } = featureRows(features);
  if (!(Number.isInteger(classes) && classes >= 2)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: there ${classes === 1 ? 'is 1 class' : `are ${classes} classes`}; a head tells 2 or more classes apart.`,
    );
  }
  if (samples === 0 || dimensions === 0) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the features are ${samples} × ${dimensions}; give at least one sample and one dimension.`,
    );
  }
  for (const [name, list] of [
    ['labels', labels],
    ['sample weights', sampleWeights],
  ] as const) {
    if (list && list.length !== samples) {
      throw new TailorError(
        'SHAPE_MISMATCH',
        `${doing}: there are ${samples} features, but ${list.length} ${name}. Give one per sample.`,
      );
    }
  }
  assertLabels(labels, classes, doing);
  if (counts) assertCounts(counts, classes, doing);
  if (held) assertFiniteRows(matrix(held, samples, dimensions), doing, 'feature', 'dimension');
  if (sampleWeights) assertSampleWeights(sampleWeights, doing);
  return { samples, classes, dimensions, counted: countLabels(labels, classes) };
}

function assertSampleWeights(weights: Float32Array, doing: string): void {
  const at = weights.findIndex((s) => !(Number.isFinite(s) && s >= 0));
  if (at >= 0) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the weight of sample ${at} is ${weights[at]}; weights are finite and at least 0.`,
    );
  }
}

/**
 * Checks a loss and fills in its defaults. `cb` and `balanced-softmax` need a sample (or a count) of every class and
 * refuse with CLASS_MISSING: the weight 1/N_k and the prior log π_k of an empty class do not exist. `ce` and
 * `dot-regression` are defined without, and leave such a class to its start and the decay.
 */
export function checkLoss(
  { loss = 'ce', beta = 1, tau = 1, labelSmoothing = 0 }: LossOptions,
  { counts }: FitData,
  { counted }: FitShape,
  doing: string,
): Required<LossOptions> {
  if (!LOSSES.includes(loss)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: there is no loss "${loss}"; choose ${LOSSES.join(', ')}.`,
    );
  }
  assertNumber(doing, 'beta', beta, beta >= 0 && beta <= 1, 'a number from 0 to 1');
  assertNumber(doing, 'tau', tau, Number.isFinite(tau), 'a finite number');
  const smooth =
    labelSmoothing >= 0 && labelSmoothing < 1 && (labelSmoothing === 0 || loss !== 'dot-regression');
  assertNumber(
    doing,
    'labelSmoothing',
    labelSmoothing,
    smooth,
    'at least 0 and below 1, and 0 with dot-regression',
  );
  const empty = counts ? [] : Array.from(counted.keys()).filter((k) => counted[k] === 0);
  if (empty.length > 0 && (loss === 'cb' || loss === 'balanced-softmax')) {
    throw new TailorError(
      'CLASS_MISSING',
      `${doing}: no sample of class ${listNames(empty)}, and ${loss} needs one of each class. ` +
        'Add samples, give counts, or use the loss ce.',
    );
  }
  return { loss, beta, tau, labelSmoothing };
}

/** Throws INVALID_ARGUMENT with name, value and what is allowed, unless `valid`. */
export function assertNumber(
  doing: string,
  name: string,
  value: number,
  valid: boolean,
  allowed: string,
): void {
  if (!valid) {
    throw new TailorError('INVALID_ARGUMENT', `${doing}: ${name} is ${value}; it must be ${allowed}.`);
  }
}

/** Checks the head to start from against the data (SHAPE_MISMATCH, NOT_FINITE); zeros where there is none. */
export function startHead(init: LinearHead | undefined, shape: FitShape, doing: string): LinearHead {
  const { classes, dimensions } = shape;
  if (!init) {
    return linearHead(new Float32Array(classes * dimensions), new Float32Array(classes), classes, dimensions);
  }
  const [c, d] = headShape(init);
  if (c !== classes || d !== dimensions || init.bias.shape[0] !== classes) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: the head to start from has ${c} classes × ${d} dimensions, the data ${classes} × ${dimensions}. ` +
        'Start from the head that these features belong to, or without one.',
    );
  }
  assertFiniteHead(init, doing);
  return init;
}
