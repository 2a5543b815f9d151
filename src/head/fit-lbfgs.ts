/**
 * The head at the minimum of a convex objective: the mean cross-entropy (ce, cb, balanced-softmax, smoothed or not) plus
 * λ/2 ‖θ‖², to a gradient tolerance, by L-BFGS.
 *
 * Two things make it fast. The point is kept in coordinates x = θ L in which the curvature is about the same in every
 * direction: L Lᵀ = M = (1/N) Σ_i u_i x̃_i x̃_iᵀ + λI with x̃ = (f, 1), where u_i = v_i (1 − Σ_k p_ik²)/C makes M the mean over the
 * classes of the Hessian's diagonal blocks. At the start, all classes equally likely, that is Böhning's (1992) bound of the
 * Hessian but with (1/C)(1 − 1/C) for his ½(1 − 1/C), the same for two classes; no bound is needed, since the line search
 * watches each step (100 classes, λ = 1e−2 … 1e−5: 196 iterations in all, with his 255). As samples become certain M is
 * made anew, now and then, which saves about a quarter of the iterations, and much more near the minimum. And the
 * bulk is done on float32 products, until the tolerance is met or rounding stops the descent; float64 then checks and
 * goes on.
 */

import { platform } from '#platform';
import { TailorError, throwIfAborted } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import type { NamedDevice } from '../runtime/ort.js';
import { convexProblem, type DescentProgress, warningOf } from './convex-fit.js';
import { headOf, thetaOf } from './curvature-coordinates.js';
import { descend, startDescent } from './curvature-descent.js';
import type { FitData, FitRun } from './fit-options.js';
import type { ObjectiveOptions } from './objective.js';

const DOING = 'Fitting a head by L-BFGS';

/** Default of `maxIterations`. */
export const LBFGS_ITERATIONS = 500;

/** The objective and when to stop. `dot-regression` has no minimum to look for and is refused. */
export interface LbfgsOptions extends ObjectiveOptions {
  /**
   * Stops when every entry of the gradient of the objective by W and b is at most this, ‖∇‖∞ ≤ tolerance: what
   * scikit-learn's LogisticRegression calls tol. Above 0, default 1e−6.
   */
  readonly tolerance?: number;
  /** Steps at most, 1 or more. Default 500. */
  readonly maxIterations?: number;
}

/** How and where a fit runs. */
export interface LbfgsRun extends FitRun {
  /** Called after each iteration. */
  readonly onProgress?: (progress: DescentProgress) => void;
}

/** A fit to the minimum. */
export interface LbfgsFit {
  /** The head, rounded to float32. */
  readonly head: LinearHead<Float32Array>;
  /** Mean loss + λ/2 ‖θ‖² in float64 products, before the head was rounded. */
  readonly objective: number;
  /** ‖∇‖∞, likewise. */
  readonly gradientNorm: number;
  readonly iterations: number;
  /** Times that objective and gradient were computed, over all samples. */
  readonly evaluations: number;
  /** Whether the tolerance was met. */
  readonly converged: boolean;
  /** What to know and do where it was not. */
  readonly warning?: string;
  /** Wall time. */
  readonly seconds: number;
  /** Where float32 products were computed. */
  readonly device: NamedDevice;
}

/**
 * Fits a head. Same input on the same machine with the same number of threads: same bytes. Without `init` it starts at
 * zeros; a start changes the time, not the minimum, unless the minimum is not unique (λ = 0, or a bias that is not
 * decayed: a constant on all biases changes nothing).
 *
 * Errors: INVALID_ARGUMENT, SHAPE_MISMATCH, LABELS_INVALID, COUNTS_INVALID, CLASS_MISSING, NOT_FINITE, FIT_DIVERGED
 * (the objective is not finite at the start), DEVICE_UNAVAILABLE, ABORTED. Running out of iterations is no error: see
 * `converged` and `warning`.
 */
export async function fitLbfgs(
  data: FitData,
  options: LbfgsOptions = {},
  { init, signal, onProgress, device = 'cpu', threads }: LbfgsRun = {},
): Promise<LbfgsFit> {
  const began = platform.seconds();
  const { tolerance = 1e-6, maxIterations = LBFGS_ITERATIONS, weightDecay = 0 } = options;
  const stop = { tolerance, maxIterations };
  const { shape, start, problem } = convexProblem(data, init, { ...options, ...stop }, DOING);
  throwIfAborted(signal, 'fitting a head');

  const descent = { problem, where: { device, threads }, signal, onProgress, ...stop };
  const state = await startDescent(descent, thetaOf(start));
  await descend(descent, state, 'float32');
  const minimum = await descend(descent, state, 'float64');
  if (!Number.isFinite(minimum.value)) throw notFinite(minimum.value, init !== undefined);
  return {
    head: headOf(state.coordinates.toTheta(state.point), shape.classes),
    objective: minimum.value,
    gradientNorm: minimum.residual,
    iterations: state.iterations,
    evaluations: state.evaluations,
    converged: minimum.status === 'converged',
    warning: warningOf(minimum, stop, weightDecay > 0 ? '' : UNDECAYED),
    seconds: platform.seconds() - began,
    device: state.device,
  };
}

const UNDECAYED = ' Without weight decay there may be no minimum at all: set weightDecay.';

function notFinite(value: number, given: boolean): TailorError {
  return new TailorError(
    'FIT_DIVERGED',
    `${DOING}: the objective is ${value} ${given ? 'at the head to start from' : 'at the start'}. ` +
      `${given ? 'Start without a head' : 'Scale the features and sample weights down'}, or lower weightDecay.`,
  );
}
