/** Statistics of two sets from the statistics of each. */
import { TailorError } from '../array/errors.js';
import { scatterSum } from '../compute/scatter.js';
import type { SessionOptions } from '../runtime/session.js';
import { type FeatureStatistics, type HeadStatistics, sampleCount } from './statistics.js';

/**
 * The statistics of both sets together: those of the whole, to rounding, in any order and grouping. Means and scatter by
 * Chan, Golub and LeVeque (1979): μ = μ_a + δ N_b/N with δ = μ_b − μ_a, and S_W = S_a + S_b + Σ_k (N_a N_b/N)_k δ_k δ_kᵀ.
 *
 * Sets without samples may be merged with any of the same shape. The product runs on cpu unless another device is named.
 *
 * Throws SHAPE_MISMATCH: different numbers of classes or dimensions, different heads, or a head in one only.
 */
export async function mergeStatistics(
  a: FeatureStatistics,
  b: FeatureStatistics,
  options: SessionOptions = {},
): Promise<FeatureStatistics> {
  assertSame('classes', a.classes, b.classes);
  assertSame('dimensions', a.dimensions, b.dimensions);
  const { means, between } = await mergeMeans(a, b, options);
  // The sum of δδᵀ was made for this call: it becomes the result.
  const scatter = between ?? new Float64Array(a.scatter.length);
  for (let i = 0; i < scatter.length; i++) scatter[i] += a.scatter[i] + b.scatter[i];
  return {
    classes: a.classes,
    dimensions: a.dimensions,
    counts: sum(a.counts, b.counts),
    means,
    scatter,
    unitSums: sum(a.unitSums, b.unitSums),
    unitCounts: sum(a.unitCounts, b.unitCounts),
    normSums: sum(a.normSums, b.normSums),
    normSquareSums: sum(a.normSquareSums, b.normSquareSums),
    normMax: Math.max(a.normMax, b.normMax),
    normHistogram: sum(a.normHistogram, b.normHistogram),
    sparsitySums: sum(a.sparsitySums, b.sparsitySums),
    minimum: a.minimum.map((value, d) => Math.min(value, b.minimum[d])),
    maximum: a.maximum.map((value, d) => Math.max(value, b.maximum[d])),
    head: mergeHeads(a, b),
  };
}

async function mergeMeans(
  a: FeatureStatistics,
  b: FeatureStatistics,
  options: SessionOptions,
): Promise<{ means: Float64Array; between?: Float64Array }> {
  const { classes, dimensions } = a;
  const means = new Float64Array(classes * dimensions);
  const shared: number[] = [];
  for (let k = 0; k < classes; k++) {
    const row = k * dimensions;
    if (a.counts[k] > 0 && b.counts[k] > 0) {
      shared.push(k);
      const share = b.counts[k] / (a.counts[k] + b.counts[k]);
      for (let at = row; at < row + dimensions; at++) {
        means[at] = a.means[at] + (b.means[at] - a.means[at]) * share;
      }
    } else {
      const one = a.counts[k] > 0 ? a : b;
      means.set(one.means.subarray(row, row + dimensions), row);
    }
  }
  if (shared.length === 0) return { means };
  const sums = scatterSum(dimensions, shared.length, options);
  try {
    for (let from = 0; from < shared.length; from += sums.capacity) {
      const part = shared.slice(from, from + sums.capacity);
      for (const { data, width, from: first } of sums.blocks) {
        for (let r = 0; r < part.length; r++) {
          const k = part[r];
          const [p, q] = [a.counts[k], b.counts[k]];
          const weight = Math.sqrt(p * (q / (p + q)));
          const row = k * dimensions + first;
          for (let d = 0; d < width; d++) {
            data[r * width + d] = weight * (b.means[row + d] - a.means[row + d]);
          }
        }
      }
      await sums.add(part.length);
    }
    return { means, between: sums.total() };
  } finally {
    await sums.release();
  }
}

function mergeHeads(a: FeatureStatistics, b: FeatureStatistics): HeadStatistics | undefined {
  if (!a.head || !b.head) {
    const other = a.head ? b : a;
    // No sample contradicts no head.
    if (!(a.head || b.head) || sampleCount(other) === 0) return a.head ?? b.head;
    throw mismatch('one was collected with a head and the other without');
  }
  if (a.head.fingerprint !== b.head.fingerprint) throw mismatch('they were collected with different heads');
  return {
    fingerprint: a.head.fingerprint,
    correct: sum(a.head.correct, b.head.correct),
    doubtHistogram: sum(a.head.doubtHistogram, b.head.doubtHistogram),
    doubtMax: Math.max(a.head.doubtMax, b.head.doubtMax),
  };
}

function sum(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + b[i]);
}

function assertSame(what: string, a: number, b: number): void {
  if (a !== b) throw mismatch(`one has ${a} ${what}, the other ${b}`);
}

function mismatch(found: string): TailorError {
  return new TailorError(
    'SHAPE_MISMATCH',
    `Merging statistics of features: ${found}. Collect both with the same extractor, classes and head.`,
  );
}
