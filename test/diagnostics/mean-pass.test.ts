import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { denseData, matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { headLogitsReference } from '../../src/compute/head-logits.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { passOverMeans } from '../../src/diagnostics/mean-pass.js';
import type { PassOptions } from '../../src/diagnostics/pass-options.js';
import { emptyStatistics, type FeatureStatistics } from '../../src/diagnostics/statistics.js';
import { argmaxRows } from '../../src/evaluation/argmax.js';
import { softmaxRow } from '../../src/evaluation/softmax.js';
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

/** NC4 of given answers. */
async function disagreement(
  sets: readonly FeatureSet[],
  statistics: FeatureStatistics,
  answers: readonly ArrayLike<number>[],
  where: PassOptions = cpu,
) {
  const input = { answers: answers.map((list) => Int32Array.from(list)) };
  return (await passOverMeans(sets, statistics, input, where)).disagreement;
}

describe('passOverMeans: NC4', () => {
  it.each(GOLDEN_NAMES)('agrees with numpy: %s', async (name) => {
    const { set, head, statistics, figures } = await goldenProblem(name);
    const answers = argmaxRows(headLogitsReference(head, set.features));
    expect(await disagreement([set], statistics, [answers])).toBeCloseTo(figures.collapse.nc4, 14);
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
        // A head that gives the wanted answers agrees with every one of them.
        expect(await disagreement([set], statistics, [nearest(set, statistics)])).toBe(0);
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
    expect(await disagreement([set], statistics, [nearest(set, statistics)])).toBe(0);
  });

  it('goes over several sets, each with its own answers', async () => {
    const { set, head, statistics } = await goldenProblem('long-tailed');
    const answers = argmaxRows(headLogitsReference(head, set.features));
    const means = nearest(set, statistics);
    const wrong = Array.from(answers).filter((k, i) => k !== means[i]).length;
    const seen: number[] = [];
    const onSamples = (n: number) => seen.push(n);
    const share = await disagreement([set, set], statistics, [answers, means], { ...cpu, onSamples });
    expect(share).toBeCloseTo(wrong / set.samples / 2, 14);
    expect(wrong).toBeGreaterThan(0);
    expect(seen.reduce((a, b) => a + b)).toBe(2 * set.samples);
  });

  it('stops when asked to', async () => {
    const { set, statistics } = await goldenProblem('long-tailed');
    const signal = AbortSignal.abort('enough');
    await expectRefusal(
      () => disagreement([set], statistics, [set.labels!], { ...cpu, signal }),
      'ABORTED',
      /enough/,
    );
  });
});

describe('passOverMeans: expected features', () => {
  /** Σ_l ⟨p_k f⟩_l in float64, as it is written. */
  function expectedOf(
    set: FeatureSet,
    { classes, dimensions, counts, means }: FeatureStatistics,
    factor: number,
  ) {
    const weight = linearHead(
      means.map((x) => factor * x),
      new Float64Array(classes),
      classes,
      dimensions,
    );
    const logits = headLogitsReference(weight, set.features);
    const p = new Float64Array(classes);
    const sums = new Float64Array(classes * dimensions);
    for (let i = 0; i < set.samples; i++) {
      softmaxRow(denseData(logits), i * classes, classes, p);
      for (let at = 0; at < sums.length; at++) {
        const [k, d] = [Math.floor(at / dimensions), at % dimensions];
        sums[at] += (p[k] * set.features.get(i, d)) / counts[set.labels![i]];
      }
    }
    return sums;
  }

  it('is that of the softmax of s·μ_k·f, alone or beside NC4, near zero and far from it', async () => {
    for (const offset of [0, 20]) {
      for (const factor of [0.01, 1, 3]) {
        const set = randomSet([30, 20, 10], 12, { seed: 5, offset });
        const statistics = await collectStatistics(set.features, set.labels!, { classes: 3, ...cpu });
        const wanted = expectedOf(set, statistics, factor);
        const alone = await passOverMeans([set], statistics, { factor }, cpu);
        const both = await passOverMeans([set], statistics, { factor, answers: [set.labels!] }, cpu);
        expect(alone.disagreement).toBeNull();
        expect(both.disagreement).not.toBeNull();
        // s·μ·f is some thousands far from zero: what float32 keeps of such a logit.
        const size = Math.max(...wanted.map(Math.abs));
        for (const [at, value] of wanted.entries()) {
          expect(Math.abs(alone.expected![at] - value) / size).toBeLessThan(offset > 0 ? 1e-4 : 2e-6);
          expect(both.expected![at]).toBe(alone.expected![at]);
        }
      }
    }
  });

  it('does nothing where nothing is asked for', async () => {
    const { set, statistics } = await goldenProblem('long-tailed');
    const onSamples = () => {
      throw new Error('a pass was made');
    };
    const found = await passOverMeans([set], statistics, {}, { ...cpu, onSamples });
    expect(found).toEqual({ disagreement: null, expected: null });
  });
});
