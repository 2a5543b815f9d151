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
import { type CrossEntropyProblem, openObjective, sampleCurvatures } from '../compute/objective-graph.js';
import type { NamedDevice } from '../runtime/ort.js';
import { type Coordinates, curvatureCoordinates, headOf, thetaOf } from './curvature-coordinates.js';
import { assertFitData, assertNumber, startHead } from './fit-checks.js';
import type { FitData, FitRun } from './fit-options.js';
import { type CurvaturePair, type MinimizeOptions, type Minimum, minimize } from './lbfgs.js';
import { crossEntropyProblem, largest, type ObjectiveOptions } from './objective.js';

const DOING = 'Fitting a head by L-BFGS';

/** Iterations before coordinates are made anew for the first time; a renewal costs about as much as six. */
const FIRST_RENEWAL = 20;

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

/** Where a fit stands. */
export interface LbfgsProgress {
  readonly iteration: number;
  readonly maxIterations: number;
  readonly objective: number;
  readonly gradientNorm: number;
}

/** How and where a fit runs. */
export interface LbfgsRun extends FitRun {
  /** Called after each iteration. */
  readonly onProgress?: (progress: LbfgsProgress) => void;
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
  /** What to know and do when it was not. */
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
  { init, signal, onProgress, ...where }: LbfgsRun = {},
): Promise<LbfgsFit> {
  const began = platform.seconds();
  const { tolerance = 1e-6, maxIterations = 500 } = options;
  const shape = assertFitData(data, DOING);
  assertOptions(options, tolerance, maxIterations);
  const problem = crossEntropyProblem(data, shape, options, DOING);
  const start = startHead(init, shape, DOING);
  const { classes } = shape;
  throwIfAborted(signal, 'fitting a head');

  const fit: Fitting = { problem, where, signal, onProgress, tolerance, maxIterations };
  const even = problem.weights.map((v) => (v * (1 - 1 / classes)) / classes);
  const coordinates = await curvatureCoordinates(problem, even, { ...where, signal });
  const state: State = {
    coordinates,
    point: coordinates.fromTheta(thetaOf(start)),
    memory: [],
    iterations: 0,
    evaluations: 0,
    renewal: FIRST_RENEWAL,
    scale: 0,
    device: 'cpu',
  };
  await descend(fit, state, 'float32');
  const { value, residual, status } = await descend(fit, state, 'float64');
  if (!Number.isFinite(value)) throw notFinite(value, init !== undefined);
  return {
    head: headOf(state.coordinates.toTheta(state.point), classes),
    objective: value,
    gradientNorm: residual,
    iterations: state.iterations,
    evaluations: state.evaluations,
    converged: status === 'converged',
    warning:
      status === 'converged' ? undefined : describe(status, residual, tolerance, maxIterations, options),
    seconds: platform.seconds() - began,
    device: state.device,
  };
}

function assertOptions({ loss }: LbfgsOptions, tolerance: number, maxIterations: number): void {
  if (loss === 'dot-regression') {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${DOING}: dot-regression holds norms constant, so its slope is not the gradient of a function and has no minimum ` +
        'to look for. Use the solver sgd or adamw, or another loss.',
    );
  }
  assertNumber(
    DOING,
    'tolerance',
    tolerance,
    Number.isFinite(tolerance) && tolerance > 0,
    'a finite number above 0',
  );
  const whole = Number.isInteger(maxIterations) && maxIterations >= 1;
  assertNumber(DOING, 'maxIterations', maxIterations, whole, 'a whole number of at least 1');
}

/** What stays the same during a fit. */
interface Fitting {
  readonly problem: CrossEntropyProblem;
  readonly where: Pick<FitRun, 'device' | 'threads'>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LbfgsProgress) => void;
  readonly tolerance: number;
  readonly maxIterations: number;
}

/** Where a fit stands. */
interface State {
  coordinates: Coordinates;
  /** [C, D+1] in these coordinates. */
  point: Float64Array;
  /** Pairs in these coordinates. */
  memory: CurvaturePair[];
  iterations: number;
  evaluations: number;
  /** Iterations at which coordinates are made anew. */
  renewal: number;
  /** ‖∇‖∞ at the start. */
  scale: number;
  device: NamedDevice;
}

/** Goes on in one number type until nothing more is to be had from it. */
async function descend(fit: Fitting, state: State, type: 'float32' | 'float64'): Promise<Minimum> {
  const rough = type === 'float32';
  for (;;) {
    const minimum = await descendInPlace(fit, state, type);
    const out = state.iterations >= fit.maxIterations;
    if (minimum.status === 'max-iterations' && !out) {
      await renewCoordinates(fit, state);
      continue;
    }
    // Pairs from where float32 no longer descends hold rounding instead of curvature.
    if (rough && minimum.status === 'stalled') state.memory.length = 0;
    return minimum;
  }
}

/** Goes on in the present coordinates, until the next renewal at most. */
async function descendInPlace(
  { problem, where, signal, onProgress, tolerance, maxIterations }: Fitting,
  state: State,
  type: 'float32' | 'float64',
): Promise<Minimum> {
  // Just below the tolerance, so that float64 rarely has more to do than to agree; and not below what is left of a
  // float32 gradient when its parts cancel.
  const stop: Partial<MinimizeOptions> & Pick<MinimizeOptions, 'tolerance'> =
    type === 'float64'
      ? { tolerance }
      : {
          tolerance: () => Math.max(0.9 * tolerance, 3e-7 * state.scale),
          noise: 1e-6,
          trials: 8,
          restart: false,
          patience: 12,
        };
  // WebGPU has no float64, and what is left to do is small; only cuda is kept to.
  const device = type === 'float64' && where.device !== 'cuda' ? 'cpu' : where.device;
  const coordinates = state.coordinates.inverseFactor;
  const session = await openObjective(problem, { ...where, device, type, coordinates });
  if (type === 'float32') state.device = session.device;
  const before = state.iterations;
  try {
    const minimum = await minimize(
      async (x) => {
        throwIfAborted(signal, 'fitting a head');
        const { value, gradient, thetaGradient } = await session.evaluate(x, signal);
        const residual = largest(thetaGradient);
        state.scale ||= residual;
        return { value, gradient, residual };
      },
      state.point,
      {
        maxIterations: Math.min(maxIterations, state.renewal) - before,
        memory: state.memory,
        ...stop,
        onIteration: (iteration, { value, residual }) => {
          onProgress?.({
            iteration: before + iteration,
            maxIterations,
            objective: value,
            gradientNorm: residual,
          });
        },
      },
    );
    state.point = minimum.point;
    state.iterations += minimum.iterations;
    state.evaluations += minimum.evaluations;
    return minimum;
  } finally {
    await session.release();
  }
}

/** Coordinates for the curvature where the fit stands, and the point in them; the next time after twice as long. */
async function renewCoordinates({ problem, where, signal }: Fitting, state: State): Promise<void> {
  const run = { ...where, signal };
  const { inverseFactor: coordinates } = state.coordinates;
  const curvatures = await sampleCurvatures(problem, state.point, { ...run, coordinates });
  const theta = state.coordinates.toTheta(state.point);
  state.coordinates = await curvatureCoordinates(problem, curvatures, run);
  state.point = state.coordinates.fromTheta(theta);
  state.memory.length = 0;
  state.renewal = 2 * state.renewal + FIRST_RENEWAL;
}

function notFinite(value: number, given: boolean): TailorError {
  return new TailorError(
    'FIT_DIVERGED',
    `${DOING}: the objective is ${value} ${given ? 'at the head to start from' : 'at the start'}. ` +
      `${given ? 'Start without a head' : 'Scale the features and sample weights down'}, or lower weightDecay.`,
  );
}

function describe(
  status: Minimum['status'],
  residual: number,
  tolerance: number,
  maxIterations: number,
  { weightDecay = 0 }: LbfgsOptions,
): string {
  const reached = `the gradient is ${residual.toExponential(1)}, the tolerance ${tolerance.toExponential(1)}`;
  if (status === 'stalled') {
    return `Stopped where float64 tells no point from a better one: ${reached}. Use a higher tolerance, or scale the features.`;
  }
  const without =
    weightDecay > 0 ? '' : ' Without weight decay there may be no minimum at all: set weightDecay.';
  return `Stopped after ${maxIterations} iterations short of the minimum: ${reached}. Raise maxIterations or the tolerance.${without}`;
}
