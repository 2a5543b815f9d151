/**
 * The class with the nearest mean, exactly: argmin_k ‖f − μ_k‖ = argmax_k μ_k·f − ‖μ_k‖²/2, with f and μ_k taken from the mean of all
 * so that little cancels. Scores come in float32; where those of several classes are as near as rounding can make them,
 * they are computed again in float64.
 */
import { argmaxRow } from '../evaluation/argmax.js';
import { centredRows, centreOf, type FeatureStatistics } from './statistics.js';

/** Half a unit in the last place of 1 in float32. */
const ROUNDING = 2 ** -24;

/** Class means from the centre c: rows μ_k − c. */
export interface CentredMeans {
  /** Classes that have samples, ascending, [C']. */
  readonly present: readonly number[];
  /** c, the mean of the class means, rounded to float32: what is taken off in float32 is then known exactly. [D] */
  readonly centre: Float64Array;
  /** Row-major [C', D]. */
  readonly rows: Float64Array;
  /** ‖μ_k − c‖²/2, [C']. */
  readonly halfSquares: Float64Array;
}

/** The means of the classes that have samples. */
export function centredMeans(statistics: FeatureStatistics): CentredMeans {
  const { dimensions, counts, means } = statistics;
  const present = [...counts.keys()].filter((k) => counts[k] > 0);
  const centre = Float64Array.from(Float32Array.from(centreOf(statistics, 'classes')));
  const rows = centredRows(means, dimensions, present, centre);
  const halfSquares = Float64Array.from(
    present,
    (_, i) => dot(rows, i * dimensions, rows, i * dimensions, dimensions) / 2,
  );
  return { present, centre, rows, halfSquares };
}

/** Samples with their products in float32. */
export interface ScoredSamples {
  /** f, row-major [n, D]. */
  readonly features: Float32Array;
  /** (f − c)·(μ_k − c) − ‖μ_k − c‖²/2, row-major [n, C']. */
  readonly scores: Float32Array;
  /** ‖f − c‖², [n]. */
  readonly squares: Float32Array;
}

/** The class with the nearest mean of each sample, [n]; of equal distances the lowest. */
export function nearestClasses(means: CentredMeans, samples: ScoredSamples): Int32Array {
  const { centre, halfSquares, present } = means;
  const { features, scores, squares } = samples;
  const dimensions = centre.length;
  const radius = Math.sqrt(2 * halfSquares.reduce((a, b) => Math.max(a, b), 0));
  return Int32Array.from(squares, (square, i) => {
    const length = Math.sqrt(square);
    // Twice the most that a score can be off: rounded means and features, D products and sums, one addition.
    const slack = 2.1 * (dimensions + 8) * ROUNDING * radius * (length + radius);
    return present[nearestOf(means, scores, i, features, slack)];
  });
}

/** Which of the means (its place among those present) is nearest to sample i. */
function nearestOf(
  { centre, rows, halfSquares }: CentredMeans,
  scores: Float32Array,
  i: number,
  features: Float32Array,
  slack: number,
): number {
  const classes = halfSquares.length;
  const from = i * classes;
  const first = argmaxRow(scores, from, classes);
  const least = scores[from + first] - slack;
  let best = first;
  let bestScore = Number.NEGATIVE_INFINITY;
  let near = 0;
  for (let k = 0; k < classes; k++) if (scores[from + k] >= least) near++;
  if (near < 2) return first;
  const dimensions = centre.length;
  const feature = new Float64Array(dimensions);
  for (let d = 0; d < dimensions; d++) feature[d] = features[i * dimensions + d] - centre[d];
  for (let k = 0; k < classes; k++) {
    if (scores[from + k] < least) continue;
    const score = dot(rows, k * dimensions, feature, 0, dimensions) - halfSquares[k];
    if (score <= bestScore) continue;
    bestScore = score;
    best = k;
  }
  return best;
}

/** a[p …] · b[q …] over `length` numbers. */
export function dot(a: Float64Array, p: number, b: Float64Array, q: number, length: number): number {
  let sum = 0;
  for (let d = 0; d < length; d++) sum += a[p + d] * b[q + d];
  return sum;
}
