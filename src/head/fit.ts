/** The verb `fit`: a method by name, with its published settings, ends as (W, b). */
import { assertCounts, type ClassCounts } from '../array/class-counts.js';
import { TailorError, throwIfAborted } from '../array/errors.js';
import { FeatureSet } from '../features/feature-set.js';
import type { FeatureStream } from '../features/feature-stream.js';
import type { EarlyStopping } from './early-stopping.js';
import { assertFitData, startHead } from './fit-checks.js';
import { type FitConfiguration, isStochastic, withRecipe } from './fit-configuration.js';
import { fitDirectly, passesOf } from './fit-directly.js';
import type { FitData, FitProgress, FitRun } from './fit-options.js';
import { fitStochastic } from './fit-stochastic.js';
import { type FittedHead, survivorsOf } from './fitted-head.js';

const DOING = 'Fitting a head';

/** What `fit` takes beside configurations. */
export interface FitVerbRun extends FitRun {
  /** Training samples per class, [C], where `train` is a part of the training set. Default: its labels are counted. */
  readonly counts?: ClassCounts;
  /**
   * Called after each epoch or iteration, and for formulas not at all. `epochs`, what all configurations together may take,
   * falls where one of them ends early; the last call has `epoch` = `epochs`.
   */
  readonly onProgress?: (progress: FitProgress) => void;
  /** Stochastic solvers keep the epoch that does best on validation (`bestEpoch` among the parameters). */
  readonly earlyStopping?: EarlyStopping;
  /**
   * A configuration that diverges does not fail the others: its `FittedHead` says so in `diverged`, and `chooseFit` leaves
   * it out. FIT_DIVERGED is thrown when all have diverged. Default false: it is thrown when one has.
   */
  readonly keepDiverged?: boolean;
}

/**
 * Fits one head, or one per configuration, in their order: stochastic ones that share their batches side by side in one
 * product.
 *
 * A stream (openFeatureStream) is read piece by piece: its labels are in memory, its features are not. sgd and adamw give the head
 * of the set in memory bit for bit, formulas and descents the same up to rounding; lws and etf hold logits [N, C].
 *
 * @param train - features with labels; every class needs a sample, but for `ce`
 * @throws INVALID_ARGUMENT (unknown method, a setting it does not have, a head to start from is missing), SHAPE_MISMATCH (the
 * head to start from, or validation, is of another size), LABELS_INVALID, COUNTS_INVALID, CLASS_MISSING, NOT_FINITE,
 * HEAD_OVERFLOW, LIMIT_EXCEEDED (no room for what must be in memory), what reading a stream throws, FIT_DIVERGED (epoch, step, what to change), ABORTED, DEVICE_UNAVAILABLE.
 */
export async function fit(
  train: FeatureSet | FeatureStream,
  configurations: FitConfiguration | readonly FitConfiguration[],
  run: FitVerbRun = {},
): Promise<FittedHead[]> {
  const list = Array.isArray(configurations) ? configurations : [configurations as FitConfiguration];
  const { counts, onProgress, earlyStopping, ...where } = run;
  const data = fitData(train, counts);
  const start = startHead(run.init, assertFitData(data, DOING), DOING);
  const tasks = list.map((configuration) => withRecipe(configuration, run.init));
  const stochastic = tasks.filter(isStochastic);
  if (earlyStopping && stochastic.length === 0) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${DOING}: early stopping chooses among epochs, and nothing here is trained in epochs. Use the solver sgd or adamw, or leave it out.`,
    );
  }
  const direct = tasks.filter((task) => !isStochastic(task));
  const progressOf = joinProgress(
    onProgress,
    direct.reduce((sum, task) => sum + passesOf(task), 0),
  );
  const fits = new Map<FitConfiguration, FittedHead>();
  if (stochastic.length > 0) {
    const made = await fitStochastic(data, stochastic, {
      ...where,
      earlyStopping,
      onProgress: progressOf(0),
    });
    for (const [place, task] of stochastic.entries()) fits.set(task, made[place]);
  }
  for (const task of direct) {
    throwIfAborted(run.signal, 'fitting a head');
    const progress = progressOf(passesOf(task));
    fits.set(task, await fitDirectly(data, task, start, { ...where, onProgress: progress }));
  }
  const all = tasks.map((task) => fits.get(task)!);
  survivorsOf(all);
  return all;
}

/** Counts default to those of the training set; a fold or a subset has those of the whole. */
function fitData(train: FeatureSet | FeatureStream, counts: ClassCounts | undefined): FitData {
  const labels = train instanceof FeatureSet ? train.requireLabels(DOING) : train.labels;
  if (counts) assertCounts(counts, train.classCount, DOING);
  return { features: train.features, labels, classes: train.classCount, counts };
}

/** One count over fits that follow one another: called at the beginning of each with the epochs announced for it. */
function joinProgress(report: FitVerbRun['onProgress'], announced: number) {
  let before = 0;
  let after = announced;
  let own = 0;
  return (epochs: number): FitVerbRun['onProgress'] => {
    before += own;
    after -= epochs;
    own = 0;
    return (progress) => {
      own = progress.epoch;
      report?.({
        epoch: before + progress.epoch,
        epochs: before + progress.epochs + after,
        loss: progress.loss,
      });
    };
  };
}
