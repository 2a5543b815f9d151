/**
 * What fits make small, over all samples at once: the mean loss plus λ/2 ‖θ‖², with its gradient, in float64. This is
 * the file to read, and what tests compare graphs with; src/compute/objective-graph.ts is the same made fast.
 *
 * `dot-regression` is not the objective of a minimiser: its norms ‖w_y‖‖f‖ are held constant, so its 'gradient',
 * (cos(w_y, f) − 1) f, is not the gradient by W of the value returned here, nor of any other function of W (its
 * derivative is not symmetric). Gradient descent may follow it; L-BFGS and line searches must not.
 */
import type { LinearHead } from '../array/linear-head.js';
import { denseData, matrix, vector } from '../array/matrix.js';
import { headLogitsReference } from '../compute/head-logits.js';
import type { CrossEntropyProblem } from '../compute/objective-graph.js';
import { assertFitData, assertNumber, checkLoss, type FitShape, startHead } from './fit-checks.js';
import type { FitData, HeldFitData, LossOptions } from './fit-options.js';
import { lossTerms } from './loss-terms.js';

/** A loss with its decay. */
export interface ObjectiveOptions extends LossOptions {
  /** λ ≥ 0: λ/2 ‖θ‖² is added to the mean loss. Default 0. */
  readonly weightDecay?: number;
  /** Whether the bias is part of θ in the decay. Default true. */
  readonly decayBias?: boolean;
}

/** An objective at a head. */
export interface Objective {
  /** Mean over the samples of s_i v_{y_i} times the loss. */
  readonly loss: number;
  /** loss + λ/2 ‖θ‖². */
  readonly value: number;
  /** By W, [C, D], and b, [C]; of dot-regression see the top of this file. */
  readonly gradient: LinearHead<Float64Array>;
  /** The largest entry of the gradient, ‖∇‖∞: what `fitLbfgs` holds its tolerance against. */
  readonly gradientNorm: number;
}

/**
 * The objective and its gradient at `head`, every product and sum in float64.
 *
 * Errors: INVALID_ARGUMENT, SHAPE_MISMATCH, LABELS_INVALID, COUNTS_INVALID, CLASS_MISSING, NOT_FINITE.
 */
export function objective(head: LinearHead, data: HeldFitData, options: ObjectiveOptions = {}): Objective {
  const doing = 'Computing an objective';
  const shape = assertFitData(data, doing);
  const { samples, classes, dimensions } = shape;
  startHead(head, shape, doing);
  const { features: held } = data;
  const problem = { ...crossEntropyProblem(data, shape, options, doing), features: held };
  const slopes = options.loss === 'dot-regression' ? dotRegression : crossEntropy;
  const { loss, dz } = slopes(head, problem);

  const features = denseData(held);
  const weight = denseData(head.weight);
  const bias = denseData(head.bias);
  const { weightDecay: decay } = problem;
  const biasDecay = problem.decayBias ? decay : 0;
  // ∂/∂W = (1/N) dzᵀ F + λW,  ∂/∂b = (1/N) Σ_i dz_i + λb
  const byWeight = Float64Array.from(weight, (w) => decay * w);
  const byBias = Float64Array.from(bias, (b) => biasDecay * b);
  for (let i = 0; i < samples; i++) {
    for (let k = 0; k < classes; k++) {
      const slope = dz[i * classes + k] / samples;
      // dot-regression has no bias: its logits are w·f.
      if (options.loss !== 'dot-regression') byBias[k] += slope;
      if (slope === 0) continue;
      for (let d = 0; d < dimensions; d++)
        byWeight[k * dimensions + d] += slope * features[i * dimensions + d];
    }
  }
  const penalty = (decay * squared(weight) + biasDecay * squared(bias)) / 2;
  return {
    loss: loss / samples,
    value: loss / samples + penalty,
    gradient: { weight: matrix(byWeight, classes, dimensions), bias: vector(byBias) },
    gradientNorm: Math.max(largest(byWeight), largest(byBias)),
  };
}

/**
 * The numbers that cross-entropy objectives are made of: v_i = s_i v_{y_i} with the class weights of `cb`, the offset
 * τ log π of `balanced-softmax`, label smoothing and decay. Checks the options (INVALID_ARGUMENT, CLASS_MISSING).
 */
export function crossEntropyProblem(
  data: FitData,
  shape: FitShape,
  options: ObjectiveOptions,
  doing: string,
): CrossEntropyProblem {
  const checked = checkLoss(options, data, shape, doing);
  const { weightDecay = 0, decayBias = true } = options;
  assertNumber(
    doing,
    'weightDecay',
    weightDecay,
    Number.isFinite(weightDecay) && weightDecay >= 0,
    'a finite number of at least 0',
  );
  const { features, labels, classes, counts = shape.counted, sampleWeights } = data;
  const { classWeights, offsets } = lossTerms(checked, counts);
  return {
    features,
    labels,
    classes,
    weights: Float64Array.from(labels, (y, i) => classWeights[y] * (sampleWeights?.[i] ?? 1)),
    offset: offsets,
    labelSmoothing: checked.labelSmoothing,
    weightDecay,
    decayBias,
  };
}

/** One whose features are in memory. */
type HeldProblem = CrossEntropyProblem & Pick<HeldFitData, 'features'>;

/** Summed loss and its derivative by the logits, [N, C]. */
interface Slopes {
  readonly loss: number;
  readonly dz: Float64Array;
}

/** Σ_i v_i (−Σ_k t_ik log p_ik) with p = softmax(z + a) and t = (1−ε) one-hot + ε/C; v_i (p_i − t_i). */
function crossEntropy(head: LinearHead, problem: HeldProblem): Slopes {
  const { labels, classes, weights, offset, labelSmoothing: smoothing } = problem;
  const dz = denseData(headLogitsReference(head, problem.features));
  let loss = 0;
  for (let i = 0; i < labels.length; i++) {
    const z = dz.subarray(i * classes, (i + 1) * classes);
    for (let k = 0; k < classes; k++) z[k] += offset[k];
    const top = z.reduce((a, b) => Math.max(a, b));
    const logSum = top + Math.log(z.reduce((sum, zk) => sum + Math.exp(zk - top), 0));
    for (let k = 0; k < classes; k++) {
      const target = (k === labels[i] ? 1 - smoothing : 0) + smoothing / classes;
      const logP = z[k] - logSum;
      loss -= target === 0 ? 0 : weights[i] * target * logP;
      z[k] = weights[i] * (Math.exp(logP) - target);
    }
  }
  return { loss, dz };
}

/** Σ_i v_i (w_y·f − n)² / 2n with n = ‖w_y‖‖f‖; (w_y·f − n)/n at the label, 0 elsewhere. A norm of 0 has cosine 0. */
function dotRegression(head: LinearHead, { features, labels, classes, weights }: HeldProblem): Slopes {
  const dimensions = features.shape[1];
  const rows = denseData(features);
  const weight = denseData(head.weight);
  const dz = new Float64Array(labels.length * classes);
  let loss = 0;
  for (let i = 0; i < labels.length; i++) {
    const f = rows.subarray(i * dimensions, (i + 1) * dimensions);
    const w = weight.subarray(labels[i] * dimensions, (labels[i] + 1) * dimensions);
    const n = Math.sqrt(squared(f) * squared(w));
    let dot = 0;
    for (let d = 0; d < dimensions; d++) dot += w[d] * f[d];
    const short = (n > 0 ? dot / n : 0) - 1;
    loss += (weights[i] * n * short * short) / 2;
    dz[i * classes + labels[i]] = weights[i] * short;
  }
  return { loss, dz };
}

function squared(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}

/** The largest magnitude, 0 of nothing. */
export function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}
