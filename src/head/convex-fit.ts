/** What fits to the minimum of a convex objective share: when to stop, how to tell where they stand, and their set-up. */
import { TailorError } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import type { CrossEntropyProblem } from '../compute/objective-graph.js';
import { assertFitData, assertNumber, type FitShape, startHead } from './fit-checks.js';
import type { FitData } from './fit-options.js';
import type { Minimum } from './lbfgs.js';
import { crossEntropyProblem, type ObjectiveOptions } from './objective.js';

/** When a descent ends. */
export interface StopOptions {
  /** Stops when the largest entry of the gradient is at most this; above 0. */
  readonly tolerance: number;
  /** Steps at most, 1 or more. */
  readonly maxIterations: number;
}

/** Where a descent stands. */
export interface DescentProgress {
  /** Steps done, and at most. */
  readonly iteration: number;
  readonly maxIterations: number;
  readonly objective: number;
  /** Largest entry of the gradient. */
  readonly gradientNorm: number;
}

/** A checked problem, and the head that its descent starts from. */
export interface ConvexProblem {
  readonly shape: FitShape;
  readonly start: LinearHead;
  readonly problem: CrossEntropyProblem;
}

/**
 * Checks data, options and the head to start from (default zeros). Throws INVALID_ARGUMENT (also for `dot-regression`,
 * which has no minimum), SHAPE_MISMATCH, LABELS_INVALID, COUNTS_INVALID, CLASS_MISSING, NOT_FINITE.
 */
export function convexProblem(
  data: FitData,
  init: LinearHead | undefined,
  { tolerance, maxIterations, ...options }: ObjectiveOptions & StopOptions,
  doing: string,
): ConvexProblem {
  const shape = assertFitData(data, doing);
  const start = startHead(init, shape, doing);
  if (options.loss === 'dot-regression') {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: dot-regression holds norms constant, so its slope is not the gradient of a function and has no minimum ` +
        'to look for. Use the loss ce, cb or balanced-softmax, or a method with the solver sgd or adamw.',
    );
  }
  const above = Number.isFinite(tolerance) && tolerance > 0;
  assertNumber(doing, 'tolerance', tolerance, above, 'a finite number above 0');
  const whole = Number.isInteger(maxIterations) && maxIterations >= 1;
  assertNumber(doing, 'maxIterations', maxIterations, whole, 'a whole number of at least 1');
  return { shape, start, problem: crossEntropyProblem(data, shape, options, doing) };
}

/** What to know and do where a descent ended short of its tolerance; undefined where it did not. */
export function warningOf(
  { status, residual }: Pick<Minimum, 'status' | 'residual'>,
  { tolerance, maxIterations }: StopOptions,
  advice = '',
): string | undefined {
  if (status === 'converged') return undefined;
  const reached = `the gradient is ${residual.toExponential(1)}, the tolerance ${tolerance.toExponential(1)}`;
  return status === 'stalled'
    ? `Stopped where float64 tells no point from a better one: ${reached}. Use a higher tolerance, or scale the features.`
    : `Stopped after ${maxIterations} iterations short of the minimum: ${reached}. Raise maxIterations or the tolerance.${advice}`;
}
