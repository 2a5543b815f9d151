/** How much better a new head is than the original on the same samples, and whether that is more than luck. */
import {
  type BootstrapOptions,
  bootstrapDifference,
  type Interval,
  type PairedTally,
  percentileInterval,
  randomizedDifference,
} from '../evaluation/bootstrap.js';
import { classShares, ROUNDING } from './class-shares.js';

/** A paired comparison of two predictors. */
export interface Improvement {
  /** Σ_k v_k (new a_k − original a_k); with a uniform target the gain in average per-class accuracy. −1 … 1. */
  readonly average: number;
  /** 95 % interval by the paired stratified bootstrap. */
  readonly interval: Interval;
  /** Share of bootstrap replicates in which the new head is better. */
  readonly probability: number;
  /**
   * One-sided p of the paired randomisation test: how often gains and losses dealt by coin give at least this average.
   * With a handful of changed predictions the bootstrap is too sure of itself (four gains and no loss: interval above
   * 0, p = 1/16), and this is not.
   */
  readonly pValue: number;
  /**
   * interval[0] > 0 and pValue ≤ 0.025. On out-of-fold answers both alone are a little too easily satisfied, because the
   * folds' choices depend on each other (Bengio & Grandvalet 2004): of 21 heads that differ by noise only, the rule finds
   * a better one in 3 to 4 of 100 draws (interval alone: 4 to 8), on a grid of adjustments in about 1.
   */
  readonly significant: boolean;
}

/**
 * Compares hits of a new and the original predictor, [N] of 0 or 1 each. `weights` v, [C], are used normalised over the
 * classes that have samples.
 */
export function measureImprovement(
  now: Uint8Array,
  original: Uint8Array,
  labels: ArrayLike<number>,
  weights: ArrayLike<number>,
  { replicates, seed }: BootstrapOptions,
): Improvement {
  const tally = pairedTally(now, original, labels, weights.length);
  const { total, gained, lost } = tally;
  const share = classShares(total, weights);
  let average = 0;
  for (let k = 0; k < total.length; k++) {
    if (total[k] > 0) average += (share[k] * (gained[k] - lost[k])) / total[k];
  }
  const differences = bootstrapDifference(tally, share, { replicates, seed });
  const byChance = randomizedDifference(tally, share, { replicates, seed: seed + 1 });
  const interval = percentileInterval(differences);
  // Adding one to both counts keeps a Monte Carlo p from being 0 (Phipson & Smyth 2010).
  const pValue = (1 + count(byChance, (d) => d >= average - ROUNDING)) / (1 + replicates);
  return {
    average,
    interval,
    probability: count(differences, (d) => d > ROUNDING) / replicates,
    pValue,
    significant: interval[0] > ROUNDING && pValue <= 0.025,
  };
}

function pairedTally(
  now: Uint8Array,
  original: Uint8Array,
  labels: ArrayLike<number>,
  classes: number,
): PairedTally {
  const total = new Int32Array(classes);
  const gained = new Int32Array(classes);
  const lost = new Int32Array(classes);
  for (let i = 0; i < labels.length; i++) {
    total[labels[i]]++;
    if (now[i] > original[i]) gained[labels[i]]++;
    else if (now[i] < original[i]) lost[labels[i]]++;
  }
  return { total, gained, lost };
}

function count(values: Float64Array, test: (value: number) => boolean): number {
  let n = 0;
  for (const value of values) if (test(value)) n++;
  return n;
}
