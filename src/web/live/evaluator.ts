/**
 * What a slider's move changes. Logits are affine in the head and every adjustment works class by class, so the network is not
 * run again: the original logits are scaled and shifted, [N, C] whatever the width of the features. Made for the page's own
 * thread, where nothing may take longer than 50 ms: some 4 ms of a core for the accuracies of 10,000 × 100 and 17 ms more for
 * the calibration (test/page/live.test.ts prints what a move takes).
 */
import { matrix } from '../../array/matrix.js';
import {
  type AccuracySummary,
  perClassAccuracy,
  summarizeAccuracy,
  tallyClasses,
} from '../../evaluation/accuracy.js';
import { type Group, groupAccuracy, type PerGroup } from '../../evaluation/groups.js';
import { classShares } from '../../head/class-shares.js';
import { predictTransformed } from '../../head/predict-transformed.js';
import { resolveTargetPrior } from '../../head/target-prior.js';
import { calibrationSteps, type LiveCalibration, liveCalibration } from './calibration.js';
import { type HeadNumbers, type LiveSettings, liveTransform } from './settings.js';

/** Logits of one step of the calibration. */
const STEP = 50_000;

/** Accuracies, all shares 0 … 1: exactly those that `evaluate` gives for the changed logits. */
export interface LiveAccuracies extends AccuracySummary, PerGroup<number> {
  /** [C], null where a class has no sample. */
  readonly perClass: (number | null)[];
  /** Σ_k q_k a_k, the accuracy to be expected under the target prior; equals `average` for 'uniform'. */
  readonly expected: number;
}

/** What a `LiveEvaluator` is made of; a `LiveData` of the worker has the first part. */
export interface LiveInput extends HeadNumbers {
  /** Of the original head, row-major [N, C]. */
  readonly logits: Float32Array;
  /** [N]. */
  readonly labels: Int32Array;
}

/** Training samples per class and their groups, [C] each; `CountsFacts` has them. */
export interface LiveClasses {
  readonly counts: readonly number[];
  readonly groups: readonly Group[];
}

/** Evaluates settings on one labelled set. Every function throws TailorError for settings that are out of range. */
export interface LiveEvaluator {
  readonly samples: number;
  readonly classes: number;
  /** Fast: on every move. */
  accuracies(settings: LiveSettings): LiveAccuracies;
  /** The slower part: where it is shown. */
  calibration(settings: LiveSettings): LiveCalibration;
  /** The same in steps of some milliseconds. */
  calibrationSteps(settings: LiveSettings): Generator<void, LiveCalibration>;
  /** Both. */
  evaluate(settings: LiveSettings): LiveAccuracies & LiveCalibration;
}

/**
 * Makes an evaluator. Without `known` there are no groups, and only 'none' and 'tau-norm' can be evaluated.
 */
export function liveEvaluator(input: LiveInput, known?: LiveClasses): LiveEvaluator {
  const { logits, labels, bias } = input;
  const classes = bias.length;
  const rows = matrix(logits, labels.length, classes);
  const transformOf = (settings: LiveSettings) => liveTransform(settings, input, known?.counts);

  const accuracies = (settings: LiveSettings): LiveAccuracies => {
    const tally = tallyClasses(predictTransformed(rows, transformOf(settings), bias), labels, classes);
    const perClass = perClassAccuracy(tally);
    const q = resolveTargetPrior(settings.targetPrior ?? 'uniform', classes, 'Evaluating');
    const summary = summarizeAccuracy(tally);
    const share = q && classShares(tally.total, q);
    return {
      ...summary,
      ...(known && groupAccuracy(tally, known.groups)),
      perClass,
      expected: share ? share.reduce((sum, v, k) => sum + v * (perClass[k] ?? 0), 0) : summary.average,
    };
  };
  const calibration = (settings: LiveSettings) =>
    liveCalibration(logits, labels, transformOf(settings), bias);
  return {
    samples: labels.length,
    classes,
    accuracies,
    calibration,
    calibrationSteps: (settings) =>
      calibrationSteps(logits, labels, transformOf(settings), bias, Math.ceil(STEP / classes)),
    evaluate: (settings) => ({ ...accuracies(settings), ...calibration(settings) }),
  };
}
