/** A head that nobody has to choose: made with a parameter that was named, or given. It is judged on validation all the same. */
import { countLabels } from '../array/class-counts.js';
import type { Matrix } from '../array/matrix.js';
import { headLogits } from '../compute/head-logits.js';
import { argmaxRows } from '../evaluation/argmax.js';
import { assertReplicates } from '../evaluation/bootstrap.js';
import type { FeatureSet } from '../features/feature-set.js';
import type { Model } from '../features/model.js';
import { measureImprovement } from '../head/improvement.js';
import { resolveTargetPrior, type TargetPrior } from '../head/target-prior.js';
import type { SessionOptions } from '../runtime/session.js';
import type { ChosenHead } from './chosen-head.js';
import type { GivenHead } from './recalibrate-options.js';

interface TakeOptions extends SessionOptions {
  readonly model: Model;
  /** With logits of the original head. */
  readonly validation: FeatureSet;
  readonly labels: Int32Array;
  readonly targetPrior: TargetPrior;
  readonly bootstrap?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
  /** Completes 'It was applied because …'. */
  readonly why: string;
}

/** The head as it is, with what it gains on validation. `improvement` is in-sample, and nothing was chosen for it. */
export async function takeHead(
  { method, parameters = {}, head }: GivenHead,
  options: TakeOptions,
): Promise<ChosenHead> {
  const { model, validation, labels, targetPrior, bootstrap = 2000, seed = 0, why } = options;
  assertReplicates(bootstrap, 100, 'Recalibrating');
  const { classes } = model.location;
  const { device, threads, signal } = options;
  const logits = await headLogits(head, validation.features, { device, threads, signal });
  const hits = (of: Matrix) => Uint8Array.from(argmaxRows(of), (k, i) => (k === labels[i] ? 1 : 0));
  const q = resolveTargetPrior(targetPrior, classes, 'Recalibrating');
  const weights = q ?? new Float64Array(classes).fill(1);
  const improvement = measureImprovement(hits(logits), hits(validation.logits as Matrix), labels, weights, {
    replicates: bootstrap,
    seed,
  });
  const percent = (value: number) => (value * 100).toFixed(1);
  const missing = countLabels(labels, classes).filter((n) => n === 0).length;
  const notes = [
    ...(missing > 0
      ? [`Without validation samples, not in any average: ${missing} of ${classes} classes.`]
      : []),
    ...(improvement.significant
      ? []
      : [
          `On validation this is not beyond noise: the average changes by ${percent(improvement.average)} points (95 % interval ${improvement.interval.map(percent).join(' … ')}). It was applied because ${why}.`,
        ]),
  ];
  return { method, parameters, head, kept: false, improvement, notes };
}
