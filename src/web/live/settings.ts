/** What the sliders say, as one change of the logits: z_k ← scale_k z_k + offset_k. */
import type { ClassCounts } from '../../array/class-counts.js';
import { matrix, vector } from '../../array/matrix.js';
import { type AdjustContext, adjustmentTransform, type MultiplicativeConvention } from '../../head/adjust.js';
import type { GridMethod } from '../../head/candidates.js';
import type { ClassTransform } from '../../head/class-transform.js';
import type { TargetPrior } from '../../head/target-prior.js';

/** Where the sliders stand. An `AdjustChoice` whose temperature is a number has the same fields. */
export interface LiveSettings {
  /** 'none': the original head, with a temperature at most. */
  readonly method: 'none' | GridMethod;
  /** τ of additive and tau-norm, γ of multiplicative. */
  readonly parameter: number;
  /** Of multiplicative. Default 'published-code'. */
  readonly convention?: MultiplicativeConvention;
  /** All logits are divided by it; above 0, default 1. Moves no answer, only how sure they are. */
  readonly temperature?: number;
  /** Default 'uniform'. */
  readonly targetPrior?: TargetPrior;
}

/** Of a head all that a change by class depends on, each [C]. */
export interface HeadNumbers {
  /** ‖w_k‖. */
  readonly norms: Float64Array;
  /** b_k. */
  readonly bias: Float64Array;
}

/**
 * The change that `settings` ask for. INVALID_ARGUMENT (a parameter or prior out of range), COUNTS_INVALID, HEAD_OVERFLOW, as
 * `adjust` has them.
 */
export function liveTransform(
  settings: LiveSettings,
  { norms, bias }: HeadNumbers,
  counts: ClassCounts | undefined,
): ClassTransform {
  const { method, parameter, convention, temperature = 1, targetPrior } = settings;
  const classes = bias.length;
  // The weights themselves are not asked for: their norms are given.
  const head = { weight: matrix(new Float64Array(0), classes, 0), bias: vector(bias) };
  const context: AdjustContext = { counts, targetPrior };
  const adjusted = adjustmentTransform(
    head,
    { ...adjustmentOf(method, parameter, convention), ...context },
    norms,
  );
  if (temperature === 1) return adjusted;
  const cooled = adjustmentTransform(head, { method: 'temperature', temperature });
  const divided = (numbers: Float64Array) => numbers.map((value, k) => value * cooled.rowScale[k]);
  return {
    rowScale: divided(adjusted.rowScale),
    biasScale: divided(adjusted.biasScale),
    biasShift: divided(adjusted.biasShift),
  };
}

function adjustmentOf(
  method: LiveSettings['method'],
  parameter: number,
  convention: MultiplicativeConvention | undefined,
) {
  switch (method) {
    case 'multiplicative':
      return { method, gamma: parameter, convention };
    case 'none':
      return { method };
    default:
      return { method, tau: parameter };
  }
}
