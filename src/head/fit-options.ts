/** What the fits of a head take and return, with defaults. The checks are in fit-checks.ts. */
import type { ClassCounts } from '../array/class-counts.js';
import type { TailorError } from '../array/errors.js';
import type { Features } from '../array/feature-rows.js';
import type { LinearHead } from '../array/linear-head.js';
import type { FloatArray, Matrix } from '../array/matrix.js';
import type { Device, NamedDevice } from '../runtime/ort.js';

/** What a head is fitted to. */
export interface FitData {
  /** Features f, [N, D]: the inputs of the head. In memory, or read piece by piece. */
  readonly features: Features;
  /** Labels y, [N], whole numbers 0 … C−1. */
  readonly labels: Int32Array;
  /** Number of classes C, 2 or more. */
  readonly classes: number;
  /**
   * N_k, [C], for the class weights of `cb` and the priors of `balanced-softmax`; default: the counted labels. A fold
   * of a training set gives those of the whole set here.
   */
  readonly counts?: ClassCounts;
  /** Factor s_i ≥ 0 on each sample's loss, [N]. Used as it is: not normalised, and not part of the counts. Default 1. */
  readonly sampleWeights?: Float32Array;
}

/** What is in memory: references compute on nothing else. */
export interface HeldFitData extends FitData {
  readonly features: Matrix<Float32Array>;
}

/** Names of the losses; see `LossOptions`. */
export type LossName = 'ce' | 'cb' | 'balanced-softmax' | 'dot-regression';

/** Every loss, in the order in which messages list them. */
export const LOSSES: readonly LossName[] = ['ce', 'cb', 'balanced-softmax', 'dot-regression'];

/** The loss that a fit makes small. Every loss is a mean over samples: divided by their number, not by their weights. */
export interface LossOptions {
  /**
   * `ce` (default): cross-entropy. `cb`: cross-entropy times the class weight v_y (Cui et al. 2019).
   * `balanced-softmax`: cross-entropy on z + τ log π while training (Menon et al. 2020). `dot-regression`:
   * (w_y·f − ‖w_y‖‖f‖)² / (2‖w_y‖‖f‖) with the norms held constant (Yang et al. 2022); it has no bias and no softmax.
   */
  readonly loss?: LossName;
  /** β of `cb`, 0 … 1; 0 is `ce`, default 1, the limit of weights in proportion to 1/N_k. `wb` uses 0.9999. */
  readonly beta?: number;
  /** τ of `balanced-softmax`, a finite number. Default 1. */
  readonly tau?: number;
  /** ε of label smoothing, 0 ≤ ε < 1: the target is (1−ε)·one-hot + ε/C, as in PyTorch. Default 0. Not for dot-regression. */
  readonly labelSmoothing?: number;
}

/** Names of the learning-rate schedules, or the factor at epoch e (from 0) of E. */
export type Schedule =
  | 'constant'
  | 'cosine'
  | 'cosine-published'
  | ((epoch: number, epochs: number) => number);

/** How samples come into an epoch. */
export type Sampling = 'plain' | 'class-balanced' | 'square-root';

/** Radius η of MaxNorm: ‖w_k‖ ≤ η for every row. */
export type MaxNorm =
  | {
      /** η itself, above 0. */
      readonly radius: number;
    }
  | {
      /** t in η = n_min + t (n_max − n_min) over the row norms of the head that the fit starts from, 0 … 1. */
      readonly relative: number;
    };

/** One configuration of stochastic training. */
export interface SgdOptions extends LossOptions {
  /** `sgd` (default) or `adamw`. */
  readonly solver?: 'sgd' | 'adamw';
  /** Passes over the data, 1 or more. Default 10. */
  readonly epochs?: number;
  /** Samples per step, 1 or more; the last batch of an epoch may be smaller. Default 64. */
  readonly batch?: number;
  /** Learning rate before the schedule, above 0. Default 0.01. */
  readonly learningRate?: number;
  /** μ of SGD, 0 ≤ μ < 1: v ← μ v + g, θ ← θ − lr·v, as in PyTorch. Default 0.9. */
  readonly momentum?: number;
  /** Steps along g + μ v instead of v. Default false. */
  readonly nesterov?: boolean;
  /** Decay of AdamW's mean gradient, 0 ≤ β₁ < 1. Default 0.9. */
  readonly beta1?: number;
  /** Decay of AdamW's mean squared gradient, 0 ≤ β₂ < 1. Default 0.999. */
  readonly beta2?: number;
  /** Added to AdamW's root mean square, above 0. Default 1e−8. */
  readonly epsilon?: number;
  /** λ ≥ 0. Default 0. Added to the gradient as λθ (the loss gains λ/2 ‖θ‖²), or decoupled. */
  readonly weightDecay?: number;
  /** Decay the bias too. Default true, as the published code does. */
  readonly decayBias?: boolean;
  /** θ ← (1 − lr·λ) θ before the step instead of λθ in the gradient. Default: false for sgd, true for adamw. */
  readonly decoupledDecay?: boolean;
  /**
   * Factor on the learning rate in epoch e (from 0) of E: `constant` 1, `cosine` ½(1 + cos(πe/E)) (default),
   * `cosine-published` ½(1 + cos(π(e+1)/E)), or a function.
   */
  readonly schedule?: Schedule;
  /**
   * Whether the rate changes with each epoch (default, as published) or each step: then the schedule is asked at e + s/S for
   * step s of S. `cosine-published` knows whole epochs only.
   */
  readonly scheduleEvery?: 'epoch' | 'step';
  /** Rows of the weight are projected into a ball; the bias is not. Default 'none'. */
  readonly maxNorm?: MaxNorm | 'none';
  /** When rows are projected. Default `epoch`: after each epoch. */
  readonly maxNormEvery?: 'epoch' | 'step';
  /**
   * `plain` (default): each sample once per epoch. `class-balanced`: N samples drawn with replacement, every class as
   * likely as any other. `square-root`: a class in proportion to √N_k.
   */
  readonly sampling?: Sampling;
  /** Whole number that batches and random starts are drawn by. Default 0. */
  readonly seed?: number;
  /** The samples of each epoch in the order of training, one list per epoch: instead of seed and sampling. */
  readonly order?: readonly Int32Array[];
}

/** What an epoch did. */
export interface FitEpoch {
  /** Mean of the losses of the epoch's batches, each before the step that it led to, without the decay term. */
  readonly loss: number;
  /** Row norms ‖w_k‖ after the epoch. */
  readonly norms: {
    /** The smallest. */
    readonly min: number;
    /** Their mean. */
    readonly mean: number;
    /** The largest. */
    readonly max: number;
  };
  /** As the schedule had it at the start of this epoch. */
  readonly learningRate: number;
}

/** A fitted head. */
export interface Fit<T extends FloatArray = Float32Array> {
  readonly head: LinearHead<T>;
  readonly epochs: readonly FitEpoch[];
  /** Wall time, seconds; configurations that were fitted side by side share theirs equally. */
  readonly seconds: number;
  readonly device: NamedDevice;
  /** Only with `keepDiverged`: why the fit ended; `head` is then the last that was finite. */
  readonly diverged?: TailorError;
}

/** What all fits take beside their configurations. */
export interface FitRun {
  /** The head to start from, [C, D]. Default: zeros. */
  readonly init?: LinearHead;
  /** Default `cpu`: a step of training is some twenty small operators. `auto` takes cuda where it has them all. */
  readonly device?: Device;
  /** Threads within an operator; default: one per physical core, and for small steps of `fitSgd` one in all. */
  readonly threads?: number;
  /** Stops between epochs, or evaluations of an objective, with ABORTED. */
  readonly signal?: AbortSignal;
}

/** How far a fit is. */
export interface FitProgress {
  /** Epochs done (of lbfgs iterations, about as much work); configurations that cannot share them follow one another. */
  readonly epoch: number;
  /** In all, at most: less where a fit has ended early. */
  readonly epochs: number;
  /** Mean loss of the epoch over its configurations that have not diverged, NaN where none is left; of lbfgs the objective. */
  readonly loss: number;
}

/** What `onEpoch` is told. */
export interface EpochEnd<T extends FloatArray = Float32Array> {
  /** Epoch that has ended, from 0, of `epochs`. */
  readonly epoch: number;
  readonly epochs: number;
  /** Which of the configurations these are, and their heads as they are now (they may be kept). */
  readonly configurations: readonly number[];
  readonly heads: readonly LinearHead<T>[];
}

/** Options of `fitSgd` beside the configurations. */
export interface FitSgdRun extends FitRun {
  readonly onProgress?: (progress: FitProgress) => void;
  /** Called after each epoch; `'stop'` ends the fit of these configurations here (early stopping). */
  readonly onEpoch?: (end: EpochEnd<FloatArray>) => 'stop' | undefined | Promise<'stop' | undefined>;
  /**
   * With several configurations, one that diverges does not fail the others: its `Fit` says so in `diverged`. Default
   * false: FIT_DIVERGED is thrown.
   */
  readonly keepDiverged?: boolean;
}
