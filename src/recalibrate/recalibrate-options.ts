/** What `recalibrate` is told. */
import type { ClassCounts } from '../array/class-counts.js';
import type { LinearHead } from '../array/linear-head.js';
import type { GroupThresholds } from '../evaluation/groups.js';
import type { FeatureSet, VerificationInputs } from '../features/feature-set.js';
import type { MultiplicativeConvention } from '../head/adjust.js';
import type { GridMethod, MethodParameters } from '../head/candidates.js';
import type { FitMethod } from '../head/recipes.js';
import type { TargetPrior } from '../head/target-prior.js';
import type { SessionOptions } from '../runtime/session.js';

/** What `recalibrate` can be told to use: everything, one adjustment, or one method of `fit`. */
export type RecalibrateMethod = 'auto' | GridMethod | FitMethod;

/** A head and what is to be said of it in the new model. */
export interface GivenHead {
  /** What it is called in the result and in its metadata. */
  readonly method: string;
  /** Default: none. */
  readonly parameters?: MethodParameters;
  /** Shape of the model's head. */
  readonly head: LinearHead;
}

/** How far a search is: first the fits, where there are any, then the candidates; each count rises to its own `total`. */
export interface RecalibrateProgress {
  /** What is counted. */
  readonly what: 'fits' | 'candidates';
  /** Of fits with a fraction: what the one under way has done. */
  readonly done: number;
  /** How many there are of `what`. */
  readonly total: number;
}

/** Options of `recalibrate`. */
export interface RecalibrateOptions extends SessionOptions {
  /** Labelled features for choosing; not the training set, and not the test set. */
  readonly validation: FeatureSet;
  /** Training samples per class, [C]. Default: the model's metadata onnx_tailor.counts. */
  readonly counts?: ClassCounts;
  /**
   * Features of the training set, with labels: heads fitted to them compete with the adjustments. A head is chosen on
   * `validation` all the same.
   */
  readonly train?: FeatureSet;
  /** `auto` (default) searches the adjustments and, with `train`, fitted heads; a fitted method needs `train`. */
  readonly method?: RecalibrateMethod;
  /** Of multiplicative adjustment; default: both are searched. */
  readonly convention?: MultiplicativeConvention;
  /**
   * A fixed parameter (τ or γ) for a named method instead of a search. It was not chosen on validation, so it is used
   * whether it helps there or not; `improvement` says which.
   */
  readonly parameter?: number;
  /** A head made elsewhere, e.g. by `fit`, instead of a search: used whether it helps on validation or not, as `parameter` is. */
  readonly head?: GivenHead;
  /** Divide all logits by T afterwards: a number, or 'fit' for the T that minimises NLL under the target prior. */
  readonly temperature?: number | 'fit';
  /** Class frequencies to tailor for. Default 'uniform'. */
  readonly targetPrior?: TargetPrior;
  /** `significant` (default) keeps the original head when the improvement is not beyond noise; `always` does not. */
  readonly apply?: 'significant' | 'always';
  /** Labelled features that nothing is chosen on: evaluated before and after. */
  readonly test?: FeatureSet;
  /** Inputs for the proof. Default: those that `validation` has kept, else random numbers. */
  readonly inputs?: VerificationInputs;
  /** Where `inputs` came from, for the report. */
  readonly inputsName?: string;
  /** Folds of the cross-validation, default 5. */
  readonly folds?: number;
  /** Of folds and bootstrap, default 0. */
  readonly seed?: number;
  /** Replicates of the bootstrap, default 2000. */
  readonly bootstrap?: number;
  /** Bounds of many, medium and few. Default by number of classes. */
  readonly thresholds?: GroupThresholds;
  /** What to do about a class without a validation sample: 'error' (default), or 'skip' to average over the others. */
  readonly missing?: 'error' | 'skip';
  /** File name that the result will have; see ChangeModelOptions. */
  readonly outName?: string;
  /** Stops between fits, candidates and runs with ABORTED. */
  readonly signal?: AbortSignal;
  /** Called while heads are fitted and candidates are scored. */
  readonly onProgress?: (progress: RecalibrateProgress) => void;
}
