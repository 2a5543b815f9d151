/**
 * Theorem 1 (Hasegawa & Sato 2024, section 4.2, proof A.3.1) as a diagnostic: under an ETF head, features that are classified
 * surely and are short cannot crowd into a cone.
 *
 * Let the head be an ETF of unit norms without a bias, p_{y_i} ≥ 1 − ε and ‖f_i‖ ≤ L. By Jensen's inequality
 *
 *     cos(f_i, w_{y_i}) ≥ δ = (1/L) · ((C−1)/C) · log((C−1)(1−ε)/ε),
 *
 * and where δ ∈ (1/√2, 1], samples of different classes have cos(f_i, f_j) ≤ 2δ√(1−δ²).
 *
 * The first step needs no ETF: for any head with centred rows and biases w_y·f + b_y ≥ ((C−1)/C) log((C−1)(1−ε)/ε), so that with
 * the longest row and the largest bias of the head δ is a true bound of a head that is an ETF only nearly, of another
 * scale or with a small bias. The second uses that two rows are at least at a right angle; where the largest cosine
 * of two rows is c > 0 it becomes cos(arccos c − 2 arccos δ). For the theorem's own head all of this is its formula.
 */
import { headShape, type LinearHead } from '../array/linear-head.js';
import type { RowProductOptions } from '../compute/row-products.js';
import { isCuda } from '../runtime/ort.js';
import type { Diagnosable } from './diagnosed-rows.js';
import type { Theorem1Figures, Theorem1Quantile } from './diagnostics.js';
import { type HeadGeometry, headGeometry } from './head-distance.js';
import { largestCosines } from './largest-cosine.js';
import { DOUBT_BINS, NORM_BINS, quantileAtMost } from './log-histogram.js';
import type { Miss } from './missing.js';
import type { PassOptions } from './pass-options.js';
import type { FeatureStatistics } from './statistics.js';

/** Shares of samples for which ε and L are looked up. */
export const THEOREM1_QUANTILES: readonly number[] = [0.5, 0.9, 0.99, 1];

/** All pairs of rows of the head are compared; no wider head can be an ETF of features that a model has. */
const MOST_CLASSES = 20_000;

/**
 * Without a bound to compare it with, the largest cosine is an estimate, looked for among as many samples as so many multiplications
 * compare, and never more than so many samples (4096 of up to 512 dimensions, 2048 of 2048): as many as an ETF head gets would take
 * a third of the diagnosis.
 */
const UNBOUNDED_PRODUCTS = 2 ** 33;
const UNBOUNDED_SAMPLES = 4096;

/** What `theorem1Figures` looks at. */
export interface Theorem1Input {
  readonly head: LinearHead;
  /** With the statistics of this head. */
  readonly statistics: FeatureStatistics;
  /** The features themselves, for the largest cosine; null figures without. */
  readonly sets?: readonly Diagnosable[];
  /** Of the samples whose pairs are looked at. */
  readonly seed?: number;
}

/**
 * ε and L at quantiles (upper edges of histogram bins: never below the true ones), δ, the bound where it holds, and the largest
 * cosine that was observed. Null, with the reason, without statistics of the head or where the head has no classes.
 */
export async function theorem1Figures(
  { head, statistics, sets, seed = 0 }: Theorem1Input,
  miss: Miss,
  { onSamples, ...where }: PassOptions & RowProductOptions = {},
): Promise<Theorem1Figures | null> {
  const [classes] = headShape(head);
  if (!statistics.head) return miss('theorem1', 'the statistics were collected without this head');
  if (classes > MOST_CLASSES) {
    return miss(
      'theorem1',
      `${classes} classes, and the rows of a head are compared for ${MOST_CLASSES} at most`,
    );
  }
  // In float64, which graphics cards but CUDA's leave to the processor.
  const device = isCuda(where.device) ? where.device : 'cpu';
  const geometry = await headGeometry(head, { ...where, device });
  if (!geometry) return miss('theorem1', 'the head tells no class from another: all its rows are the same');
  const { distance } = geometry;
  const applies = Math.max(distance.norms, distance.cosines, distance.bias) <= distance.tolerance;
  const { doubtHistogram, doubtMax } = statistics.head;
  const quantiles = THEOREM1_QUANTILES.map((quantile) => {
    const epsilon = quantileAtMost(DOUBT_BINS, doubtHistogram, quantile, doubtMax);
    const length = quantileAtMost(NORM_BINS, statistics.normHistogram, quantile, statistics.normMax);
    return {
      quantile,
      epsilon,
      length,
      ...(applies ? boundOf(geometry, classes, epsilon, length) : NO_BOUND),
    };
  });
  const looked = applies
    ? { levels: quantiles, head }
    : { limit: samplesWithoutBound(statistics.dimensions) };
  const observed = sets && (await largestCosines(sets, { ...looked, seed, onSamples, ...where }));
  if (!observed)
    miss('theorem1.largestCosine', 'only statistics were given: pairs of samples need the features');
  else if (observed.all === null)
    miss('theorem1.largestCosine', 'no two classes have a feature that is not zero');
  noteBounds(applies, geometry, quantiles, miss);
  return {
    applies,
    head: distance,
    quantiles: quantiles.map((q, at) => ({
      ...q,
      largestCosine: q.holds && observed ? observed.byLevel[at] : null,
    })),
    largestCosine: observed?.all ?? null,
    pairs: observed?.pairs ?? null,
    pairSamples: observed?.samples ?? 0,
  };
}

function samplesWithoutBound(dimensions: number): number {
  const affordable = Math.floor(Math.sqrt(UNBOUNDED_PRODUCTS / dimensions));
  return Math.max(2, Math.min(UNBOUNDED_SAMPLES, affordable));
}

const NO_BOUND = { delta: null, holds: false, bound: null };

/** δ, whether the condition holds, and then the bound. */
export function boundOf(
  { longest, largestBias, largestCosine }: HeadGeometry,
  classes: number,
  epsilon: number,
  length: number,
): Pick<Theorem1Quantile, 'delta' | 'holds' | 'bound'> {
  const least =
    ((classes - 1) / classes) * (Math.log(classes - 1) + Math.log1p(-epsilon) - Math.log(epsilon));
  const delta = (least - largestBias) / (longest * length);
  if (!Number.isFinite(delta)) return NO_BOUND;
  if (!(delta > Math.SQRT1_2 && delta <= 1)) return { delta, holds: false, bound: null };
  const angle = Math.min(Math.PI / 2, Math.acos(largestCosine));
  return { delta, holds: true, bound: Math.cos(Math.max(0, angle - 2 * Math.acos(delta))) };
}

function noteBounds(
  applies: boolean,
  { distance }: HeadGeometry,
  quantiles: readonly Pick<Theorem1Quantile, 'quantile' | 'holds' | 'delta'>[],
  miss: Miss,
): void {
  if (!applies) {
    const found = `norms ${distance.norms.toPrecision(2)}, cosines ${distance.cosines.toPrecision(2)}, bias ${distance.bias.toPrecision(2)}`;
    miss(
      'theorem1.quantiles.bound',
      `the head is not an ETF: it is off by ${found}, and ${distance.tolerance} is allowed`,
    );
    return;
  }
  for (const { quantile, holds, delta } of quantiles) {
    if (holds) continue;
    const found = delta === null ? 'is not finite' : `is ${delta.toPrecision(3)}`;
    miss('theorem1.quantiles.bound', `at quantile ${quantile} δ ${found}, not in (0.707, 1]`);
  }
}
