/** What goes into `select` and what comes out. */
import type { ClassCounts } from '../array/class-counts.js';
import type { LinearHead } from '../array/linear-head.js';
import type { FloatArray, Matrix } from '../array/matrix.js';
import type { GroupThresholds, PerGroup } from '../evaluation/groups.js';
import type { MultiplicativeConvention } from './adjust.js';
import type { ExtraCandidate, GridMethod, Grids, MethodParameters } from './candidates.js';
import type { Improvement } from './improvement.js';
import type { Standing } from './one-standard-error.js';
import type { TargetPrior } from './target-prior.js';

/** What `select` chooses from and on. */
export interface SelectOptions<T extends FloatArray = FloatArray> {
  /** The original head; returned as it is when nothing is beyond noise. */
  readonly head: LinearHead<T>;
  /** Logits of the original head on validation, [N, C]. */
  readonly logits: Matrix;
  /** True classes of validation, [N]. */
  readonly labels: ArrayLike<number>;
  /** Training samples per class, [C]. */
  readonly counts: ClassCounts;
  /** Adjustments to search, default additive, multiplicative and tau-norm; [] for extra candidates only. */
  readonly methods?: readonly GridMethod[];
  /** Conventions of multiplicative adjustment to search, default both. */
  readonly conventions?: readonly MultiplicativeConvention[];
  /** Values to try per method, default 0 … 2 in steps of 0.05. */
  readonly grids?: Partial<Grids>;
  /**
   * The largest number that the model's own type holds, where it is narrower than that of `head` (65504 for float16).
   * Candidates beyond it are left out, with a warning. Default: that of the type of `head`.
   */
  readonly largestNumber?: number;
  /** Heads made elsewhere, e.g. fitted on training features. */
  readonly candidates?: readonly ExtraCandidate<T>[];
  /**
   * The classes' frequencies where the model will be used. The criterion is Σ_k q_k a_k, the accuracy to be expected
   * there; for 'uniform', the default, that is the average per-class accuracy.
   */
  readonly targetPrior?: TargetPrior;
  /** Folds of the cross-validation, a whole number ≥ 2, default 5. */
  readonly folds?: number;
  /** Seed of folds and bootstrap, a whole number, default 0: same seed, same selection. */
  readonly seed?: number;
  /** Of many, medium and few in the table; default defaultThresholds(C). */
  readonly thresholds?: GroupThresholds;
  /** Replicates behind interval and p, 100 … 1,000,000, default 2000. */
  readonly bootstrap?: number;
  /** A class without validation samples: 'error' (CLASS_MISSING, default), or 'skip' to average over the others. */
  readonly missing?: 'error' | 'skip';
  /** Stops between candidates with ABORTED. */
  readonly signal?: AbortSignal;
  /** Called after each candidate was scored; `done` rises to `total`. */
  readonly onProgress?: (progress: { done: number; total: number }) => void;
}

/** A method with its parameters; method 'none' is the original head. */
export interface Choice {
  /** 'none' for the original head, else the name of an adjustment or of an extra candidate. */
  readonly method: string;
  /** Of the method; empty where it has none. */
  readonly parameters: MethodParameters;
}

/** One line of the table: accuracies on the complete validation set (optimistic for whichever is best of many). */
export interface CandidateRow extends Choice, PerGroup<number>, Standing {
  /** Mean per-class accuracy; equals `score` for a uniform target. */
  readonly average: number;
}

/** One method on its own. */
export interface MethodSummary {
  /** Name of the method. */
  readonly method: string;
  /** Set for multiplicative adjustment. */
  readonly convention?: string;
  /** The rule's choice among this method's candidates on the complete set. */
  readonly candidate: Choice;
  /** Out-of-fold Σ_k v_k a_k when the parameter of this method is chosen by the same cross-validation. */
  readonly outOfFold: number;
}

/** Result of `select`; all but the heads is plain data for JSON. */
export interface Selection<T extends FloatArray = FloatArray> {
  /** What to use: `candidate` if it is beyond noise, else the original head. */
  readonly chosen: Choice & {
    /** Weight and bias, ready to be grafted. */
    readonly head: LinearHead<T>;
  };
  /** What the rule proposes on the complete validation set, whether beyond noise or not (for callers that force it). */
  readonly candidate: Choice & {
    /** Weight and bias, ready to be grafted. */
    readonly head: LinearHead<T>;
  };
  /** Place of `candidate` in `table`; 0 is the original head. */
  readonly row: number;
  /** Whether `candidate` differs from the original head and its improvement is significant. */
  readonly beyondNoise: boolean;
  /** Out-of-fold gain of the selection procedure over the original head. */
  readonly improvement: Improvement;
  /** Every candidate: the original head, the grids of the methods in their order, the extra candidates in theirs. */
  readonly table: CandidateRow[];
  /** The best of each method by itself. */
  readonly methods: MethodSummary[];
  /** What was chosen without each fold: choices that agree show a stable selection. */
  readonly foldChoices: Choice[];
  /** Folds used: less than asked for when no class has that many samples. */
  readonly folds: number;
  /** N of validation. */
  readonly samples: number;
  /** Classes without a validation sample. */
  readonly missingClasses: number[];
  /** Where many, medium and few were cut. */
  readonly thresholds: GroupThresholds;
  /** What a user should know about the choice, in sentences. */
  readonly warnings: string[];
}
