/**
 * 95 % intervals of figures that are not means over samples: half of each class is drawn without replacement, again and again.
 *
 * This is the exchangeable bootstrap (Præstgaard & Wellner 1993) with weights 0 and 2. Efron's, which draws with replacement,
 * is wrong here: a sample that is drawn twice makes a pair with cosine 1 and a scatter of 0, which pushes cosines and FDR
 * up and NC1 down, the more the smaller the class. Half samples without replacement have no duplicates, and the variance
 * of a mean over n/2 of n is that of the mean over n. What half a sample biases is taken off: the interval holds
 * the 2.5 % and 97.5 % points of θ_all + (θ_half − mean θ_half).
 */
import { TailorError, throwIfAborted } from '../array/errors.js';
import { createRandom, type Random } from '../array/random.js';
import { assertReplicates, type Interval, percentileInterval } from '../evaluation/bootstrap.js';
import type { FeatureChunk } from '../features/feature-stream.js';
import { type Diagnosable, diagnosedRows, pickRows } from './diagnosed-rows.js';
import type { Miss } from './missing.js';
import type { PassOptions } from './pass-options.js';

/** Figures by path; null where one means nothing. */
export type FigureValues = Readonly<Record<string, number | null>>;

/** How intervals are made. */
export interface ResampleOptions extends Pick<PassOptions, 'signal' | 'onSamples'> {
  /** C. */
  readonly classes: number;
  /** Halves that are drawn, 1 … 1,000,000; 200 give ends that are steady to a tenth of the width. */
  readonly replicates: number;
  /** Same seed, same intervals; a whole number. */
  readonly seed: number;
  /** The figures of all samples. */
  readonly all: FigureValues;
  /** The figures of some samples, in chunks. */
  readonly measure: (half: AsyncIterable<FeatureChunk>) => Promise<FigureValues>;
}

/**
 * Intervals of every figure that is known of all samples and of every half; `miss` hears why one is left out. A class with one
 * sample is in every half and does not vary, as if it were known. Memory: half of a chunk.
 */
export async function halfSampleIntervals(
  sets: readonly Diagnosable[],
  { classes, replicates, seed, all, measure, signal, onSamples }: ResampleOptions,
  miss: Miss,
): Promise<Record<string, Interval>> {
  assertReplicates(replicates, 1, 'Making intervals');
  const samplesOf = samplesByClass(sets, classes);
  const random = createRandom(seed);
  const drawn = new Map<string, number[]>(known(all).map((figure) => [figure, []]));
  for (let r = 0; r < replicates; r++) {
    throwIfAborted(signal, 'making intervals');
    const half = samplesOf.flatMap((samples) => drawHalf(samples, random)).sort((a, b) => a - b);
    const figures = await measure(gather(sets, half));
    for (const [figure, values] of drawn) {
      const value = figures[figure] ?? null;
      if (value !== null) values.push(value);
    }
    onSamples?.(half.length);
  }
  const intervals: Record<string, Interval> = {};
  for (const [figure, values] of drawn) {
    if (values.length < replicates) {
      const without = replicates - values.length;
      miss(`intervals.${figure}`, `in ${without} of ${replicates} halves of the samples it means nothing`);
      continue;
    }
    intervals[figure] = shiftedInterval(figure, all[figure] as number, values);
  }
  return intervals;
}

function known(figures: FigureValues): string[] {
  return Object.keys(figures).filter((figure) => figures[figure] !== null);
}

/** Numbers of the samples of each class, counted through all sets. */
function samplesByClass(sets: readonly Diagnosable[], classes: number): number[][] {
  const samples: number[][] = Array.from({ length: classes }, () => []);
  let offset = 0;
  for (const set of sets.map(diagnosedRows)) {
    const { labels } = set;
    for (let i = 0; i < labels.length; i++) samples[labels[i]].push(offset + i);
    offset += set.samples;
  }
  return samples;
}

/** Half of the samples; of an odd number one more or one less by coin, of a single one that one. Shuffles `samples`. */
function drawHalf(samples: number[], random: Random): number[] {
  const n = samples.length;
  if (n < 2) return samples;
  const size = Math.floor(n / 2) + (n % 2 === 1 && random() < 0.5 ? 1 : 0);
  for (let i = 0; i < size; i++) {
    const j = i + Math.floor(random() * (n - i));
    [samples[i], samples[j]] = [samples[j], samples[i]];
  }
  return samples.slice(0, size);
}

/** Rows and labels of some samples, ascending, chunk by chunk. */
async function* gather(
  sets: readonly Diagnosable[],
  samples: readonly number[],
): AsyncGenerator<FeatureChunk> {
  let offset = 0;
  let at = 0;
  for (const set of sets.map(diagnosedRows)) {
    for await (const chunk of set.chunks()) {
      const end = offset + chunk.labels.length;
      const rows: number[] = [];
      for (; at < samples.length && samples[at] < end; at++) rows.push(samples[at] - offset);
      if (rows.length > 0) yield pickRows(chunk, rows);
      offset = end;
    }
  }
}

function shiftedInterval(figure: string, all: number, halves: readonly number[]): Interval {
  const mean = halves.reduce((sum, value) => sum + value, 0) / halves.length;
  const shifted = Float64Array.from(halves, (value) => all + (value - mean));
  if (!shifted.every(Number.isFinite)) {
    throw new TailorError('NOT_FINITE', `Making intervals: ${figure} of half of the samples is not finite.`);
  }
  const [low, high] = percentileInterval(shifted);
  // Cosines and correlations end at ±1, the others are sizes: the shift may not carry them out of their range.
  const least = /^(cosine|correlations)\./.test(figure) ? -1 : 0;
  const most = /^(cosine|correlations|sparsity)\./.test(figure) ? 1 : Number.POSITIVE_INFINITY;
  return [Math.max(least, low), Math.min(most, high)];
}
