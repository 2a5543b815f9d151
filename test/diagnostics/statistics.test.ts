import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { collectChunks, collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import {
  binOf,
  DOUBT_BINS,
  histogramLength,
  NORM_BINS,
  quantileAtMost,
  upperEdge,
} from '../../src/diagnostics/log-histogram.js';
import { centreOf, emptyStatistics, sampleCount } from '../../src/diagnostics/statistics.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { exactMoments, expectSame, expectScatter, part, problems } from './statistics-problem.js';

describe('collectStatistics', () => {
  it('has exact means and scatter, whatever the offset', async () => {
    await fc.assert(
      fc.asyncProperty(problems, fc.integer({ min: 1, max: 9 }), async (problem, chunk) => {
        const { features, labels, classes } = problem;
        const found = await collectStatistics(features, labels, { classes, chunk });
        const { means, scatter } = exactMoments(problem);
        // 2⁻⁵³ of the mean is all that float64 holds.
        for (let at = 0; at < means.length; at++) {
          expect(Math.abs(found.means[at] - means[at])).toBeLessThanOrEqual(
            3e-16 * Math.abs(means[at]) + 1e-15,
          );
        }
        expectScatter(found.scatter, scatter, 1e-12);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps nine digits of a spread of 1e−3 about 1e4', async () => {
    const random = createRandom(3);
    const [samples, d] = [400, 3];
    const rows = Float32Array.from({ length: samples * d }, () => 1e4 + 1e-3 * (4 * random() - 2));
    const labels = Int32Array.from({ length: samples }, (_, i) => i % 2);
    const features = matrix(rows, samples, d);
    const problem = { features, labels, classes: 2 };
    const { scatter } = exactMoments(problem);
    expect(scatter[0]).toBeGreaterThan(1e-4);
    const whole = await collectStatistics(features, labels, { classes: 2 });
    expectScatter(whole.scatter, scatter, 1e-12);
    const pieces = Array.from({ length: 40 }, (_, i) => part(problem, 10 * i, 10 * i + 10));
    const merged = await collectChunks(pieces, { classes: 2, dimensions: d });
    expectScatter(merged.scatter, scatter, 1e-9);
  });

  it('has the other sums by their definitions', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async ({ features, labels, classes }) => {
        const [samples, d] = features.shape;
        const found = await collectStatistics(features, labels, { classes });
        expect(sampleCount(found)).toBe(samples);
        const wanted = { norms: 0, squares: 0, unit: new Float64Array(d), units: 0, sparsity: 0, most: 0 };
        for (let i = 0; i < samples; i++) {
          const row = Array.from({ length: d }, (_, j) => features.get(i, j));
          const norm = Math.hypot(...row);
          wanted.most = Math.max(wanted.most, norm);
          if (labels[i] !== 0) continue;
          wanted.norms += norm;
          wanted.squares += norm * norm;
          if (norm === 0) continue;
          wanted.units++;
          for (let j = 0; j < d; j++) wanted.unit[j] += row[j] / norm;
          const sizes = row.reduce((sum, value) => sum + Math.abs(value), 0);
          if (d > 1) wanted.sparsity += (Math.sqrt(d) - sizes / norm) / (Math.sqrt(d) - 1);
        }
        expect(found.normSums[0]).toBeCloseTo(wanted.norms, 8);
        expect(found.normSquareSums[0] / (wanted.squares || 1)).toBeCloseTo(wanted.squares ? 1 : 0, 12);
        expect(found.unitCounts[0]).toBe(wanted.units);
        for (let j = 0; j < d; j++) {
          expect(found.unitSums[j]).toBeCloseTo(wanted.unit[j], 11);
          const column = Array.from({ length: samples }, (_, i) => features.get(i, j));
          expect(found.minimum[j]).toBe(Math.min(...column));
          expect(found.maximum[j]).toBe(Math.max(...column));
        }
        expect(found.sparsitySums[0]).toBeCloseTo(wanted.sparsity, 10);
        expect(found.normMax).toBeCloseTo(wanted.most, 9);
        expect(found.normHistogram.reduce((sum, n) => sum + n, 0)).toBe(samples);
      }),
    );
  });

  it('goes through the products of large matrices with the same result', async () => {
    const [samples, d, classes] = [300, 600, 4];
    const random = createRandom(1);
    const features = matrix(
      Float32Array.from({ length: samples * d }, () => random() - 0.3),
      samples,
      d,
    );
    const labels = Int32Array.from({ length: samples }, (_, i) => i % classes);
    const { scatter, means } = await collectStatistics(features, labels, { classes, chunk: 128 });
    for (const [p, q] of [
      [0, 0],
      [5, 299],
      [299, 301],
      [301, 299],
      [599, 0],
      [599, 599],
    ]) {
      let sum = 0;
      for (let i = 0; i < samples; i++) {
        const k = labels[i] * d;
        sum += (features.get(i, p) - means[k + p]) * (features.get(i, q) - means[k + q]);
      }
      expect(scatter[p * d + q]).toBeCloseTo(sum, 10);
      expect(scatter[q * d + p]).toBe(scatter[p * d + q]);
    }
  });

  it('tells what a head makes of the samples, with or without its logits', async () => {
    const head = linearHead(Float32Array.of(1, 0, 0, 1, -1, -1), new Float32Array(3), 3, 2);
    const rows = Float32Array.of(2, 0, 0, 3, -1, -1, 0, 0, 100, 0);
    const features = matrix(rows, 5, 2);
    const labels = Int32Array.of(0, 0, 2, 1, 0);
    const statistics = await collectStatistics(features, labels, { classes: 3, head });
    // The zero feature has three equal logits: the first class is taken.
    expect(statistics.head?.correct).toEqual(Float64Array.of(2, 0, 1));
    const odds = (z: number[], y: number) => {
      const all = z.map(Math.exp);
      return 1 - all[y] / all.reduce((a, b) => a + b, 0);
    };
    const doubts = [odds([2, 0, -2], 0), odds([0, 3, -3], 0), odds([-1, -1, 2], 2), odds([0, 0, 0], 1)];
    expect(statistics.head?.doubtMax).toBeCloseTo(Math.max(...doubts), 6);
    for (const doubt of doubts) {
      expect(statistics.head?.doubtHistogram[binOf(DOUBT_BINS, doubt)]).toBeGreaterThan(0);
    }
    // e^−100 is less than 1 − p could tell.
    expect(statistics.head?.doubtHistogram[0]).toBe(1);
    const logits = matrix(Float32Array.of(2, 0, -2, 0, 3, -3, -1, -1, 2, 0, 0, 0, 100, 0, -100), 5, 3);
    expect(await collectStatistics(features, labels, { classes: 3, head, logits })).toEqual(statistics);
    const alone = await collectStatistics(features, labels, { classes: 3, logits });
    expect(alone.head).toEqual({ ...statistics.head, fingerprint: '' });
    const wide = linearHead(Float64Array.from(head.weight.data), new Float64Array(3), 3, 2);
    expect((await collectStatistics(features, labels, { classes: 3, head: wide })).head?.fingerprint).toBe(
      statistics.head?.fingerprint,
    );
  });

  it('reports progress that never falls and ends with all samples, and stops at a signal', async () => {
    const features = matrix(new Float32Array(20).fill(1), 10, 2);
    const labels = new Int32Array(10);
    const done: number[] = [];
    await collectStatistics(features, labels, {
      classes: 1,
      chunk: 3,
      onProgress: (progress) => done.push(progress.done),
    });
    expect(done).toEqual([0, 3, 6, 9, 10]);
    await expectRefusal(
      () => collectStatistics(features, labels, { classes: 1, signal: AbortSignal.abort('enough') }),
      'ABORTED',
      /enough/,
    );
  });

  it('refuses what does not fit', async () => {
    const features = matrix(Float32Array.of(1, 2, Number.NaN, 4), 2, 2);
    const good = matrix(Float32Array.of(1, 2, 3, 4), 2, 2);
    await expectRefusal(
      () => collectStatistics(features, [0, 0], { classes: 1 }),
      'NOT_FINITE',
      /sample 1, dimension 0 is NaN/,
    );
    await expectRefusal(
      () => collectStatistics(good, [0, 2], { classes: 2 }),
      'LABELS_INVALID',
      /label 2 of sample 1/,
    );
    await expectRefusal(
      () => collectStatistics(good, [0], { classes: 2 }),
      'SHAPE_MISMATCH',
      /2 samples, but 1 labels/,
    );
    await expectRefusal(
      () => collectStatistics(good, [0, 0], { classes: 0 }),
      'INVALID_ARGUMENT',
      /0 classes/,
    );
    await expectRefusal(
      () => collectStatistics(good, [0, 0], { classes: 1, chunk: 0.5 }),
      'INVALID_ARGUMENT',
      /chunk is 0.5/,
    );
    const head = linearHead(new Float32Array(3), new Float32Array(1), 1, 3);
    await expectRefusal(
      () => collectStatistics(good, [0, 0], { classes: 1, head }),
      'SHAPE_MISMATCH',
      /1 classes × 3 dimensions/,
    );
    await expectRefusal(
      () => collectStatistics(good, [0, 0], { classes: 1, logits: good }),
      'SHAPE_MISMATCH',
      /\[2, 1\] is needed/,
    );
    const logits = matrix(Float32Array.of(1, Number.POSITIVE_INFINITY), 2, 1);
    await expectRefusal(
      () => collectStatistics(good, [0, 0], { classes: 1, logits }),
      'NOT_FINITE',
      /logit of sample 1/,
    );
  });
});

describe('collectChunks', () => {
  it('equals the whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        problems,
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (problem, size, async) => {
          const { features, labels, classes } = problem;
          const [samples, dimensions] = features.shape;
          const chunks = Array.from({ length: Math.ceil(samples / size) }, (_, i) =>
            part(problem, i * size, Math.min(samples, (i + 1) * size)),
          );
          const found = await collectChunks(async ? later(chunks) : chunks, { classes, dimensions });
          // The differences of an offset of 1e4 by 1e−2 have 12 digits left.
          expectSame(found, await collectStatistics(features, labels, { classes }), 1e-9);
        },
      ),
    );
  });

  it('takes logits from every chunk, or from a head', async () => {
    const features = matrix(Float32Array.of(1, 2), 2, 1);
    const logits = matrix(Float32Array.of(1, 0, 0, 1), 2, 2);
    const chunk = { features, labels: [0, 0], logits };
    const seen: number[] = [];
    const found = await collectChunks([chunk, chunk], {
      classes: 2,
      dimensions: 1,
      onProgress: (samples) => seen.push(samples),
    });
    expect(found.head?.correct).toEqual(Float64Array.of(2, 0));
    expect(seen).toEqual([2, 4]);
    await expectRefusal(
      () => collectChunks([chunk, { features, labels: [0, 0] }], { classes: 2, dimensions: 1 }),
      'SHAPE_MISMATCH',
      /with a head and the other without/,
    );
    const head = linearHead(Float32Array.of(1, -1), new Float32Array(2), 2, 1);
    expect((await collectChunks([], { classes: 2, dimensions: 1, head })).head?.correct).toEqual(
      new Float64Array(2),
    );
    expect(
      (await collectChunks([chunk], { classes: 2, dimensions: 1, head })).head?.fingerprint,
    ).toHaveLength(64);
  });
});

describe('centreOf', () => {
  it('is the mean over samples, or over the classes that have some', () => {
    const statistics = {
      ...emptyStatistics(3, 1),
      counts: Float64Array.of(3, 0, 1),
      means: Float64Array.of(1, 0, 5),
    };
    expect(centreOf(statistics, 'samples')).toEqual(Float64Array.of(2));
    expect(centreOf(statistics, 'classes')).toEqual(Float64Array.of(3));
    expect(centreOf(emptyStatistics(2, 1), 'classes')).toEqual(Float64Array.of(0));
  });
});

describe('log histograms', () => {
  it('put a number into the bin whose upper edge is the first not below it', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e30, noNaN: true }),
        fc.constantFrom(NORM_BINS, DOUBT_BINS),
        (value, bins) => {
          const bin = binOf(bins, value);
          expect(bin).toBeGreaterThanOrEqual(0);
          expect(bin).toBeLessThan(histogramLength(bins));
          expect(upperEdge(bins, bin)).toBeGreaterThanOrEqual(value);
          if (bin > 0) expect(upperEdge(bins, bin - 1)).toBeLessThan(value);
        },
      ),
    );
    for (let bin = 0; bin < histogramLength(NORM_BINS) - 1; bin++) {
      const edge = upperEdge(NORM_BINS, bin);
      expect(binOf(NORM_BINS, edge)).toBe(bin);
      // The next number that there is.
      expect(binOf(NORM_BINS, edge + 2 ** (Math.floor(Math.log2(edge)) - 52))).toBe(bin + 1);
    }
  });

  it('give quantiles that are never too small', () => {
    const values = [0, 0.1, 0.5, 3, 7];
    const histogram = new Float64Array(histogramLength(NORM_BINS));
    for (const value of values) histogram[binOf(NORM_BINS, value)]++;
    const at = (quantile: number) => quantileAtMost(NORM_BINS, histogram, quantile, 7);
    expect(at(1)).toBe(7);
    expect(at(0.6)).toBeGreaterThanOrEqual(0.5);
    expect(at(0.6)).toBeLessThan(0.5 * 1.011);
    expect(at(0.2)).toBe(2 ** -40);
    expect(quantileAtMost(NORM_BINS, new Float64Array(histogram.length), 0.5, 0)).toBeNaN();
  });
});

async function* later<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield item;
}
