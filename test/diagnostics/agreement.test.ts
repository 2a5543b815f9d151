import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { headLogitsReference } from '../../src/compute/head-logits.js';
import { nearestMeanDisagreement } from '../../src/diagnostics/agreement.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { emptyStatistics, type FeatureStatistics } from '../../src/diagnostics/statistics.js';
import { argmaxRows } from '../../src/evaluation/argmax.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { cpu, GOLDEN_NAMES, goldenProblem, randomSet } from './metrics-golden.js';

/** The class with the nearest mean of each sample, by distances in float64. */
function nearest(set: FeatureSet, { means, counts, classes }: FeatureStatistics) {
  const d = set.dimensions;
  return Array.from({ length: set.samples }, (_, i) => {
    const distances = Array.from({ length: classes }, (_, k) => {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += (set.features.get(i, j) - means[k * d + j]) ** 2;
      return counts[k] > 0 ? sum : Number.POSITIVE_INFINITY;
    });
    return distances.indexOf(Math.min(...distances));
  });
}

describe('nearestMeanDisagreement', () => {
  it.each(GOLDEN_NAMES)('agrees with numpy: %s', async (name) => {
    const { set, head, statistics, figures } = await goldenProblem(name);
    expect(await nearestMeanDisagreement([set], statistics, head, cpu)).toBeCloseTo(figures.collapse.nc4, 14);
  });

  it('finds the exact nearest mean where float32 cannot: means that hardly differ, far from zero', async () => {
    const shapes = fc.record({
      seed: fc.nat(1000),
      offset: fc.constantFrom(0, 10, 1e4),
      spread: fc.constantFrom(0, 1e-3, 1),
      dimensions: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(shapes, async ({ seed, dimensions, ...shape }) => {
        const set = randomSet([30, 20, 0, 10], dimensions, { seed, ...shape });
        const statistics = await collectStatistics(set.features, set.labels!, { classes: 4, ...cpu });
        const wanted = nearest(set, statistics);
        // A head that gives the wanted answers agrees with every one of them.
        const logits = new Float32Array(set.samples * 4);
        for (const [i, k] of wanted.entries()) logits[4 * i + k] = 1;
        const answered = set.with({ logits: matrix(logits, set.samples, 4) });
        expect(await nearestMeanDisagreement([answered], statistics, undefined, cpu)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('is exact for samples halfway between two class means, where products in float32 tell nothing', async () => {
    const [classes, dimensions, samples] = [2, 64, 200];
    const random = createRandom(8);
    const statistics = emptyStatistics(classes, dimensions);
    statistics.counts.fill(1);
    for (let at = 0; at < statistics.means.length; at++) statistics.means[at] = 5 + random();
    const [a, b] = [statistics.means.subarray(0, dimensions), statistics.means.subarray(dimensions)];
    const between = a.map((x, d) => b[d] - x);
    const dot = (x: Float64Array, y: Float64Array) => x.reduce((sum, value, d) => sum + value * y[d], 0);
    const rows = new Float32Array(samples * dimensions);
    for (let i = 0; i < samples; i++) {
      // Far off, at a right angle to the line between the means, up to the rounding of float32.
      const far = between.map(() => 200 * random() - 100);
      const along = dot(far, between) / dot(between, between);
      rows.set(
        a.map((x, d) => (x + b[d]) / 2 + far[d] - along * between[d]),
        i * dimensions,
      );
    }
    const set = new FeatureSet({
      features: matrix(rows, samples, dimensions),
      labels: new Int32Array(samples),
    });
    const logits = new Float32Array(samples * classes);
    for (const [i, k] of nearest(set, statistics).entries()) logits[classes * i + k] = 1;
    const answered = set.with({ logits: matrix(logits, samples, classes), classCount: classes });
    expect(await nearestMeanDisagreement([answered], statistics, undefined, cpu)).toBe(0);
  });

  it('takes the logits of the sets where no head is given, over several sets', async () => {
    const { set, head, statistics } = await goldenProblem('long-tailed');
    const logits = headLogitsReference(head, set.features);
    const means = nearest(set, statistics);
    const wrong = Array.from(argmaxRows(logits)).filter((k, i) => k !== means[i]).length;
    const answered = set.with({ logits: matrix(Float32Array.from(logits.data), set.samples, 5) });
    const seen: number[] = [];
    const onSamples = (n: number) => seen.push(n);
    const share = await nearestMeanDisagreement([answered, answered], statistics, undefined, {
      ...cpu,
      onSamples,
    });
    expect(share).toBeCloseTo(wrong / set.samples, 14);
    expect(wrong).toBeGreaterThan(0);
    expect(seen.reduce((a, b) => a + b)).toBe(2 * set.samples);
  });

  it('stops when asked to', async () => {
    const { set, head, statistics } = await goldenProblem('long-tailed');
    const signal = AbortSignal.abort('enough');
    await expectRefusal(
      () => nearestMeanDisagreement([set], statistics, head, { ...cpu, signal }),
      'ABORTED',
      /enough/,
    );
  });
});
