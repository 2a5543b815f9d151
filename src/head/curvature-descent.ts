/**
 * The descent of fit-lbfgs.ts: L-BFGS in coordinates that follow the curvature, first on float32 products, then on float64.
 */
import { throwIfAborted } from '../array/errors.js';
import { type CrossEntropyProblem, openObjective, sampleCurvatures } from '../compute/objective-graph.js';
import { isCuda, type NamedDevice } from '../runtime/ort.js';
import type { SessionOptions } from '../runtime/session.js';
import type { DescentProgress, StopOptions } from './convex-fit.js';
import { type Coordinates, curvatureCoordinates } from './curvature-coordinates.js';
import { type CurvaturePair, type MinimizeOptions, type Minimum, minimize } from './lbfgs.js';
import { largest } from './objective.js';

/** Iterations before coordinates are made anew for the first time; a renewal costs about as much as six. */
const FIRST_RENEWAL = 20;

/** What stays the same during a descent. */
export interface Descent extends StopOptions {
  readonly problem: CrossEntropyProblem;
  readonly where: SessionOptions;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DescentProgress) => void;
}

/** Where a descent stands; changed in place. */
export interface DescentState {
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
  /** Where float32 products are computed. */
  device: NamedDevice;
}

/** The start of a descent at the head θ, [C, D+1], in coordinates for the curvature where all classes are equally likely. */
export async function startDescent(
  { problem, where, signal }: Descent,
  theta: Float64Array,
): Promise<DescentState> {
  const { classes, weights } = problem;
  const even = weights.map((v) => (v * (1 - 1 / classes)) / classes);
  const coordinates = await curvatureCoordinates(problem, even, { ...where, signal });
  return {
    coordinates,
    point: coordinates.fromTheta(theta),
    memory: [],
    iterations: 0,
    evaluations: 0,
    renewal: FIRST_RENEWAL,
    scale: 0,
    device: 'cpu',
  };
}

/** Goes on in one number type until nothing more is to be had from it. */
export async function descend(
  descent: Descent,
  state: DescentState,
  type: 'float32' | 'float64',
): Promise<Minimum> {
  const rough = type === 'float32';
  for (;;) {
    const minimum = await descendInPlace(descent, state, type);
    const out = state.iterations >= descent.maxIterations;
    if (minimum.status === 'max-iterations' && !out) {
      await renewCoordinates(descent, state);
      continue;
    }
    // Pairs from where float32 no longer descends hold rounding instead of curvature.
    if (rough && minimum.status === 'stalled') state.memory.length = 0;
    return minimum;
  }
}

/** Goes on in the present coordinates, until the next renewal at most. */
async function descendInPlace(
  { problem, where, signal, onProgress, tolerance, maxIterations }: Descent,
  state: DescentState,
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
  const device = type === 'float64' && !isCuda(where.device) ? 'cpu' : where.device;
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
async function renewCoordinates({ problem, where, signal }: Descent, state: DescentState): Promise<void> {
  const run = { ...where, signal };
  const { inverseFactor: coordinates } = state.coordinates;
  const curvatures = await sampleCurvatures(problem, state.point, { ...run, coordinates });
  const theta = state.coordinates.toTheta(state.point);
  state.coordinates = await curvatureCoordinates(problem, curvatures, run);
  state.point = state.coordinates.fromTheta(theta);
  state.memory.length = 0;
  state.renewal = 2 * state.renewal + FIRST_RENEWAL;
}
