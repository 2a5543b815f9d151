/**
 * Learnable weight scaling (Kang et al. 2020, section 4.4): the head is kept but for one positive factor per class,
 * z_k = s_k (w_k·f + b_k), as their code has it, with the bias inside. They train the factors on class-balanced batches;
 * here the loss that such batches have on average, `cb` with β = 1, is minimised exactly.
 *
 * The loss is convex in s. The search goes by u = log s, which keeps s above 0 and has no minima of its own: where the
 * gradient by u, s·∂/∂s, vanishes at s > 0, that by s does.
 */
import { platform } from '#platform';
import { TailorError, throwIfAborted } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import { denseData, type FloatArray, type Matrix } from '../array/matrix.js';
import { headLogits } from '../compute/head-logits.js';
import type { CrossEntropyProblem } from '../compute/objective-graph.js';
import { foldTransform, identityTransform } from './class-transform.js';
import { convexProblem, type DescentProgress, warningOf } from './convex-fit.js';
import type { FitData, FitRun, LossOptions } from './fit-options.js';
import { fitTemperature } from './fit-temperature.js';
import { type Evaluation, minimize } from './lbfgs.js';
import { largest } from './objective.js';
import { restBetween } from './rest.js';

const DOING = 'Fitting the scales of classes';

/** Default of `maxIterations`. */
export const LWS_ITERATIONS = 200;

/** Options of `fitScales`. */
export interface LwsOptions extends LossOptions {
  /** Default `cb` with β = 1. dot-regression is refused. */
  readonly loss?: LossOptions['loss'];
  /** Stops when every ∂/∂ log s_k of the mean loss is at most this. Above 0, default 1e−7. */
  readonly tolerance?: number;
  /** Steps at most, 1 or more. Default 200. */
  readonly maxIterations?: number;
}

/** A head with fitted scales. */
export interface LwsFit<T extends FloatArray> {
  readonly head: LinearHead<T>;
  /** s_k, [C]. */
  readonly scales: Float64Array;
  /** Mean loss at the scales. */
  readonly objective: number;
  /** Largest |∂/∂ log s_k|. */
  readonly gradientNorm: number;
  readonly iterations: number;
  /** Whether the tolerance was met. */
  readonly converged: boolean;
  /** What to know and do where it was not. */
  readonly warning?: string;
  readonly seconds: number;
}

/**
 * Fits s and folds it: (s_k w_k, s_k b_k). Logits come from onnxruntime, all else is computed in float64. A logit that helps
 * no sample drives its scale towards 0.
 *
 * Errors: INVALID_ARGUMENT, SHAPE_MISMATCH, LABELS_INVALID, COUNTS_INVALID, CLASS_MISSING, NOT_FINITE, FIT_DIVERGED,
 * HEAD_OVERFLOW, ABORTED.
 */
export async function fitScales<T extends FloatArray>(
  head: LinearHead<T>,
  data: FitData,
  options: LwsOptions = {},
  run: Omit<FitRun, 'init'> & { readonly onProgress?: (progress: DescentProgress) => void } = {},
): Promise<LwsFit<T>> {
  const began = platform.seconds();
  const { loss = 'cb', tolerance = 1e-7, maxIterations = LWS_ITERATIONS } = options;
  const { device = 'cpu', threads, signal, onProgress } = run;
  const stop = { tolerance, maxIterations };
  const { shape, problem } = convexProblem(data, head, { ...options, loss, ...stop }, DOING);
  const { classes } = shape;
  const answers = await headLogits(head, data.features, { device, threads, signal });
  const logits = denseData(answers);

  const rest = restBetween();
  const minimum = await minimize(
    async (u) => {
      await rest();
      throwIfAborted(signal, 'fitting the scales of classes');
      return scaledLoss(u, logits, problem);
    },
    startOf(answers, problem),
    {
      ...stop,
      onIteration: (iteration, { value, residual }) => {
        onProgress?.({ iteration, maxIterations, objective: value, gradientNorm: residual });
      },
    },
  );
  if (!(Number.isFinite(minimum.value) && Number.isFinite(minimum.residual))) {
    throw new TailorError(
      'FIT_DIVERGED',
      `${DOING}: the loss is ${minimum.value} and its slope ${minimum.residual}, so there is nowhere to go. Scale the head or the features down first.`,
    );
  }
  const scales = minimum.point.map(Math.exp);
  const transform = { ...identityTransform(classes), rowScale: scales, biasScale: scales };
  return {
    head: foldTransform(head, transform, { doing: DOING, advice: 'Scale the head down first.' }),
    scales,
    objective: minimum.value,
    gradientNorm: minimum.residual,
    iterations: minimum.iterations,
    converged: minimum.status === 'converged',
    warning: warningOf(minimum, stop, HELPLESS),
    seconds: platform.seconds() - began,
  };
}

/**
 * u = 0 where the head does better than no head at all. From a worse one the first step can be so long that all scales are 0 and
 * every slope is, too: there the search begins at the best scale that all classes have in common, and not below logits of size 1.
 */
function startOf(answers: Matrix, problem: CrossEntropyProblem): Float64Array {
  const { classes, labels } = problem;
  const logits = denseData(answers);
  const start = new Float64Array(classes);
  const { value } = scaledLoss(start, logits, problem);
  const without = scaledLoss(
    start.map(() => Number.NEGATIVE_INFINITY),
    logits,
    problem,
  ).value;
  // What is not finite is told by the search.
  if (!(value > without && Number.isFinite(value))) return start;
  const temperature = fitTemperature(answers, labels, { range: [1, 1e40] });
  return start.fill(-Math.log(Math.min(temperature, Math.max(1, largest(logits)))));
}

const HELPLESS = ' A class whose logit helps no sample has no best scale: it goes to 0 without end.';

/** (1/N) Σ v_i CE(s∘z_i + a, t_i) at u = log s, and its derivative by u: (1/N) Σ_i v_i (p_ik − t_ik) s_k z_ik. */
function scaledLoss(
  u: Float64Array,
  logits: FloatArray,
  { labels, weights, offset, labelSmoothing: smoothing }: CrossEntropyProblem,
): Evaluation {
  const classes = u.length;
  const scales = u.map(Math.exp);
  const gradient = new Float64Array(classes);
  const z = new Float64Array(classes);
  const p = new Float64Array(classes);
  let loss = 0;
  for (let i = 0; i < labels.length; i++) {
    const share = weights[i] / labels.length;
    let top = -Infinity;
    for (let k = 0; k < classes; k++) {
      z[k] = scales[k] * logits[i * classes + k] + offset[k];
      if (z[k] > top) top = z[k];
    }
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += p[k] = Math.exp(z[k] - top);
    const logSum = top + Math.log(sum);
    for (let k = 0; k < classes; k++) {
      const target = (k === labels[i] ? 1 - smoothing : 0) + smoothing / classes;
      if (target > 0) loss += share * target * (logSum - z[k]);
      gradient[k] += share * (p[k] / sum - target) * (z[k] - offset[k]);
    }
  }
  return { value: loss, gradient, residual: largest(gradient) };
}
