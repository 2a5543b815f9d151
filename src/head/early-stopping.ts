/** Early stopping: keeps, of every head in training, the epoch that does best on validation. */
import { assertLabels } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { featureRows } from '../array/feature-rows.js';
import type { LinearHead } from '../array/linear-head.js';
import type { FloatArray } from '../array/matrix.js';
import { type HeadLogitsOptions, headLogits } from '../compute/head-logits.js';
import { summarizeAccuracy, tallyClasses } from '../evaluation/accuracy.js';
import { argmaxRows } from '../evaluation/argmax.js';
import type { FeatureSet } from '../features/feature-set.js';
import { assertNumber } from './fit-checks.js';
import type { EpochEnd, FitData } from './fit-options.js';

/** Options of early stopping. */
export interface EarlyStopping {
  /** Labelled features; used for choosing, so no test set. */
  readonly validation: FeatureSet;
  /** Stop after so many epochs, 1 or more, without a better average for any head. Default: run all, and keep the best. */
  readonly patience?: number;
}

/** The best epoch of one configuration. */
export interface BestEpoch {
  /** From 1. */
  readonly epoch: number;
  /** Average per-class accuracy on validation there. */
  readonly average: number;
  readonly head: LinearHead<FloatArray>;
}

/**
 * A watcher of heads that are trained on `data`: hand `onEpoch` to fitSgd, then ask `best`. The first of equally good
 * epochs is kept. Throws LABELS_INVALID, SHAPE_MISMATCH, INVALID_ARGUMENT; `onEpoch` ABORTED, DEVICE_UNAVAILABLE.
 */
export function watchValidation(
  { validation, patience = Number.POSITIVE_INFINITY }: EarlyStopping,
  { features, classes }: FitData,
  where: HeadLogitsOptions = {},
): {
  onEpoch(end: EpochEnd<FloatArray>): Promise<'stop' | undefined>;
  best(configuration: number): BestEpoch | undefined;
} {
  const doing = 'Stopping early';
  const whole = patience === Number.POSITIVE_INFINITY || (Number.isInteger(patience) && patience >= 1);
  assertNumber(doing, 'patience', patience, whole, 'a whole number of at least 1');
  const labels = validation.requireLabels(doing);
  assertLabels(labels, classes, doing);
  const { dimensions } = featureRows(features);
  if (validation.dimensions !== dimensions) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: validation (${validation.name}) has ${validation.dimensions} dimensions, the training features ${dimensions}. ` +
        'Extract both with the same model.',
    );
  }
  const kept = new Map<number, BestEpoch>();
  return {
    async onEpoch({ epoch, configurations, heads }) {
      for (const [place, configuration] of configurations.entries()) {
        const predictions = argmaxRows(await headLogits(heads[place], validation.features, where));
        const { average } = summarizeAccuracy(tallyClasses(predictions, labels, classes));
        if (average > (kept.get(configuration)?.average ?? -1)) {
          kept.set(configuration, { epoch: epoch + 1, average, head: heads[place] });
        }
      }
      const latest = Math.max(...configurations.map((configuration) => kept.get(configuration)!.epoch));
      return epoch + 1 - latest >= patience ? 'stop' : undefined;
    },
    best: (configuration) => kept.get(configuration),
  };
}
