/**
 * Confidence intervals by the stratified bootstrap (Efron & Tibshirani 1993, chapters 8 and 13): samples are drawn
 * again with replacement within each class, so that every replicate has the classes as often as the data have.
 *
 * An accuracy only needs the number of hits in the drawn samples of a class, and that number is exactly
 * Binomial(n_k, correct_k / n_k): drawing it directly is the same bootstrap, at a cost that does not grow with N.
 */

import { TailorError } from '../array/errors.js';
import { createRandom, type Random } from '../array/random.js';
import type { ClassTally } from './accuracy.js';
import { type Binomial, createBinomial } from './binomial.js';
import { GROUPS, type Group, type PerGroup } from './groups.js';
import { quantileOf } from './quantile.js';

/** A 95 % interval: lower and upper end, both included. */
export type Interval = readonly [low: number, high: number];

/** How replicates are drawn. */
export interface BootstrapOptions {
  /** Number of replicates, a whole number from 1 to 1,000,000. */
  readonly replicates: number;
  /** Same seed, same interval; a whole number. */
  readonly seed: number;
}

/** Intervals of accuracies; groups without a class are absent. */
export interface AccuracyIntervals extends PerGroup<Interval> {
  /** Of the mean of the per-class accuracies. */
  readonly average: Interval;
  /** Of the share of all samples that are right. */
  readonly overall: Interval;
}

/**
 * 95 % percentile intervals of the average per-class accuracy, of the groups' and of the overall accuracy. A class with
 * one sample, or with all samples right or all wrong, does not vary in the bootstrap: with many such classes the
 * intervals are too narrow.
 */
export function bootstrapAccuracy(
  { total, correct }: ClassTally,
  groups: readonly Group[] | undefined,
  { replicates, seed }: BootstrapOptions,
): AccuracyIntervals {
  const random = createRandom(seed);
  const all = { sum: new Float64Array(replicates), classes: 0 };
  const byGroup = new Map(GROUPS.map((g) => [g, { sum: new Float64Array(replicates), classes: 0 }]));
  const hits = new Float64Array(replicates);
  let samples = 0;
  for (let k = 0; k < total.length; k++) {
    const n = total[k];
    if (n === 0) continue;
    const draw = createBinomial(n, correct[k] / n);
    const group = groups && byGroup.get(groups[k])!;
    samples += n;
    all.classes++;
    if (group) group.classes++;
    for (let r = 0; r < replicates; r++) {
      const drawn = draw(random);
      hits[r] += drawn;
      all.sum[r] += drawn / n;
      if (group) group.sum[r] += drawn / n;
    }
  }
  const intervals: { average: Interval; overall: Interval } & { [G in Group]?: Interval } = {
    average: percentileInterval(all.sum.map((sum) => sum / all.classes)),
    overall: percentileInterval(hits.map((sum) => sum / samples)),
  };
  for (const [name, { sum, classes }] of byGroup) {
    if (classes > 0) intervals[name] = percentileInterval(sum.map((s) => s / classes));
  }
  return intervals;
}

/** Two predictors on the same samples, per class [C]: samples, gained (only the new one right), lost (only the old). */
export interface PairedTally {
  readonly total: Int32Array;
  readonly gained: Int32Array;
  readonly lost: Int32Array;
}

/**
 * Replicates of Σ_k v_k (gained_k − lost_k)/n_k under the paired stratified bootstrap: a drawn sample brings both
 * predictors' answers along. Per class the drawn numbers of (gained, lost, same) are multinomial; drawn as
 * Binomial(n, share of discordant samples), then Binomial(of those, share of gains).
 *
 * @param weights - v_k, [C]; classes without samples are skipped
 */
export function bootstrapDifference(
  tally: PairedTally,
  weights: ArrayLike<number>,
  options: BootstrapOptions,
): Float64Array {
  return replicateDifference(tally, weights, options, (total, discordant, gained) => {
    const drawDiscordant = createBinomial(total, discordant / total);
    const drawGained = new Map<number, Binomial>();
    return (random) => {
      const m = drawDiscordant(random);
      let draw = drawGained.get(m);
      if (!draw) {
        draw = createBinomial(m, gained / discordant);
        drawGained.set(m, draw);
      }
      return 2 * draw(random) - m;
    };
  });
}

/**
 * Replicates of the same difference when old and new are exchangeable, i.e. each discordant sample is a gain or a loss
 * with chance ½: the null distribution of a stratified paired randomisation test (McNemar's test, weighted by class).
 */
export function randomizedDifference(
  tally: PairedTally,
  weights: ArrayLike<number>,
  options: BootstrapOptions,
): Float64Array {
  return replicateDifference(tally, weights, options, (_, discordant) => {
    const draw = createBinomial(discordant, 0.5);
    return (random) => 2 * draw(random) - discordant;
  });
}

/** Sums over the classes what `sampler`, made once per class, draws as gained − lost. */
function replicateDifference(
  { total, gained, lost }: PairedTally,
  weights: ArrayLike<number>,
  { replicates, seed }: BootstrapOptions,
  sampler: (total: number, discordant: number, gained: number) => (random: Random) => number,
): Float64Array {
  const random = createRandom(seed);
  const differences = new Float64Array(replicates);
  for (let k = 0; k < total.length; k++) {
    const discordant = gained[k] + lost[k];
    if (discordant === 0) continue;
    const draw = sampler(total[k], discordant, gained[k]);
    for (let r = 0; r < replicates; r++) differences[r] += (weights[k] * draw(random)) / total[k];
  }
  return differences;
}

/** The 2.5 % and 97.5 % quantiles, linearly interpolated (numpy's default). Sorts a copy. */
export function percentileInterval(replicates: Float64Array): Interval {
  const sorted = Float64Array.from(replicates).sort();
  return [quantileOf(sorted, 0.025), quantileOf(sorted, 0.975)];
}

/** Most replicates: beyond, an interval moves by less than a thousandth of its width, and memory and time are wasted. */
const MAX_REPLICATES = 1_000_000;

/** Throws INVALID_ARGUMENT when a number of replicates is not whole or not `least` … 1,000,000. */
export function assertReplicates(replicates: number, least: number, doing: string): void {
  if (Number.isInteger(replicates) && replicates >= least && replicates <= MAX_REPLICATES) return;
  throw new TailorError(
    'INVALID_ARGUMENT',
    `${doing}: ${replicates} bootstrap replicates were asked for; give a whole number from ${least} to ${MAX_REPLICATES} (usual: 1000 or 2000).`,
  );
}
