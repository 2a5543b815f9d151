/** Early stopping: keeps, of every head in training, the epoch that does best on validation. */
import { assertLabels } from '../array/class-counts.js';
import type { LinearHead } from '../array/linear-head.js';
import type { FloatArray } from '../array/matrix.js';
import { headLogits } from '../compute/head-logits.js';
import { summarizeAccuracy, tallyClasses } from '../evaluation/accuracy.js';
import { argmaxRows } from '../evaluation/argmax.js';
import type { FeatureSet } from '../features/feature-set.js';
import type { SessionOptions } from '../runtime/session.js';
import type { EpochEnd } from './fit-options.js';

/** Options of early stopping. */
export interface EarlyStopping {
  /** Labelled features; used for choosing, so no test set. */
  readonly validation: FeatureSet;
  /** Stop after so many epochs without a better average for any head. Default: run all epochs, and keep the best. */
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

/** A watcher: hand `onEpoch` to fitSgd, then ask `best`. The first of equally good epochs is kept. */
export function watchValidation(
  { validation, patience = Number.POSITIVE_INFINITY }: EarlyStopping,
  where: SessionOptions = {},
): {
  onEpoch(end: EpochEnd<FloatArray>): Promise<'stop' | undefined>;
  best(configuration: number): BestEpoch | undefined;
} {
  const doing = 'Stopping early';
  const labels = validation.requireLabels(doing);
  assertLabels(labels, validation.classCount, doing);
  const kept = new Map<number, BestEpoch>();
  return {
    async onEpoch({ epoch, configurations, heads }) {
      for (const [place, configuration] of configurations.entries()) {
        const predictions = argmaxRows(await headLogits(heads[place], validation.features, where));
        const { average } = summarizeAccuracy(tallyClasses(predictions, labels, validation.classCount));
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
