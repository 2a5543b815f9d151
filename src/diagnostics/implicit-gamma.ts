/** The strength of the multiplicative logit adjustment that the norms of a head amount to (theorem 2). */
import { prior } from '../array/class-counts.js';
import type { Theorem2Figures } from './diagnostics.js';
import type { Miss } from './missing.js';

/** Norms whose logarithms differ by no more are the same, up to what float32 keeps. */
const SAME_NORM = 1e-6;

/** Least squares of log‖w_k‖ = a − γ log π_k over the classes with a weight and training samples. */
export function implicitGamma(
  norms: Float64Array,
  trainCounts: readonly number[],
  miss: Miss,
): Pick<Theorem2Figures, 'implicitGamma' | 'r2'> {
  const share = prior(trainCounts);
  const known = [...norms.keys()].filter((k) => norms[k] > 0 && share[k] > 0);
  const x = known.map((k) => Math.log(share[k]));
  const y = known.map((k) => Math.log(norms[k]));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  const sum = (term: (i: number) => number) => known.reduce((total, _, i) => total + term(i), 0);
  const xx = sum((i) => (x[i] - meanX) ** 2);
  const xy = sum((i) => (x[i] - meanX) * (y[i] - meanY));
  const yy = sum((i) => (y[i] - meanY) ** 2);
  if (known.every((k) => trainCounts[k] === trainCounts[known[0]])) {
    const reason =
      'all classes have the same number of training samples: give the counts of the training set';
    return { implicitGamma: miss('theorem2.implicitGamma', reason), r2: miss('theorem2.r2', reason) };
  }
  const gamma = 0 - xy / xx;
  if (known.length < 3) {
    return { implicitGamma: gamma, r2: miss('theorem2.r2', 'two classes: every line fits them') };
  }
  if (yy <= SAME_NORM ** 2 * known.length) {
    return { implicitGamma: gamma, r2: miss('theorem2.r2', 'all rows of the head have the same norm') };
  }
  return { implicitGamma: gamma, r2: Math.min(1, xy ** 2 / (xx * yy)) };
}
