/**
 * The class distribution of unlabelled data, from the answers of a classifier, by expectation-maximisation:
 * Saerens, Latinne & Decaestecker, 'Adjusting the outputs of a classifier to new a priori probabilities', 2002.
 */
import { assertCounts, type ClassCounts, prior } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { assertFiniteRows, denseData, type Matrix } from '../array/matrix.js';
import { softmaxRow } from '../evaluation/softmax.js';

/** What `estimatePrior` works on. */
export interface EstimatePriorOptions {
  /** Logits of unlabelled samples from where the model will be used, [N, C], of the unadjusted head. */
  readonly logits: Matrix;
  /** Training samples per class, [C]: the prior π that the probabilities of the head contain. */
  readonly counts: ClassCounts;
  /** Stops when no q_k changes by more than this in a step; > 0, default 1e−8. */
  readonly tolerance?: number;
  /** Most steps, default 1000. */
  readonly maxIterations?: number;
  /**
   * Samples added to every class in the M-step (a Dirichlet prior), ≥ 0. 0, the default, is the published method, in
   * which a class can vanish: q_k = 0 is no target prior, so give 1 when the result goes into `adjust`.
   */
  readonly pseudoCount?: number;
}

/** Result of `estimatePrior`. */
export interface EstimatedPrior {
  /** q, [C], sums to 1. */
  readonly prior: Float64Array;
  /** How many rounds of EM were made. */
  readonly iterations: number;
  /** False when `maxIterations` came first. */
  readonly converged: boolean;
}

/**
 * Estimates the prior q under which unlabelled samples were drawn, assuming that only the class frequencies differ from
 * training and that softmax(z) is calibrated for training (equations 2.5 to 2.8): from q = π,
 * g_ik ∝ (q_k / π_k) softmax(z_i)_k, then q_k = mean_i g_ik, until it stands still. An overconfident network biases
 * it: fit a temperature first. Errors: INVALID_ARGUMENT, COUNTS_INVALID, NOT_FINITE.
 */
export function estimatePrior({
  logits,
  counts,
  tolerance = 1e-8,
  maxIterations = 1000,
  pseudoCount = 0,
}: EstimatePriorOptions): EstimatedPrior {
  const doing = 'Estimating the prior';
  const [samples, classes] = logits.shape;
  if (!(samples > 0 && classes > 0 && tolerance > 0 && maxIterations >= 1 && pseudoCount >= 0)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: found ${samples} samples, tolerance ${tolerance}, maxIterations ${maxIterations}, pseudoCount ${pseudoCount}; ` +
        'at least one sample, a tolerance above 0, at least one iteration and a pseudo-count of at least 0 are needed.',
    );
  }
  assertCounts(counts, classes, doing);
  assertFiniteRows(logits, doing, 'logit', 'class');
  const probabilities = softmaxRows(logits);
  const trained = prior(counts);
  let q = trained.slice();
  const ratio = new Float64Array(classes);
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    for (let k = 0; k < classes; k++) ratio[k] = q[k] / trained[k];
    const next = new Float64Array(classes);
    for (let i = 0; i < samples; i++) {
      const from = i * classes;
      let sum = 0;
      for (let k = 0; k < classes; k++) sum += ratio[k] * probabilities[from + k];
      const inverse = 1 / sum;
      for (let k = 0; k < classes; k++) next[k] += ratio[k] * probabilities[from + k] * inverse;
    }
    let change = 0;
    for (let k = 0; k < classes; k++) {
      next[k] = (next[k] + pseudoCount) / (samples + classes * pseudoCount);
      change = Math.max(change, Math.abs(next[k] - q[k]));
    }
    q = next;
    if (change <= tolerance) return { prior: q, iterations: iteration, converged: true };
  }
  return { prior: q, iterations: maxIterations, converged: false };
}

function softmaxRows(logits: Matrix): Float64Array {
  const [samples, classes] = logits.shape;
  const data = denseData(logits);
  const probabilities = new Float64Array(samples * classes);
  for (let i = 0; i < samples; i++) {
    softmaxRow(data, i * classes, classes, probabilities.subarray(i * classes, (i + 1) * classes));
  }
  return probabilities;
}
