import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { matrix } from '../../src/array/matrix.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { missingFigures } from '../../src/diagnostics/missing.js';
import { theorem2Figures } from '../../src/diagnostics/theorem2.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { etfHead } from '../../src/head/etf.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { cpu, expectNear, GOLDEN_NAMES, goldenProblem, unheard } from './metrics-golden.js';

describe('theorem2Figures', () => {
  it.each(GOLDEN_NAMES.filter((name) => name !== 'absent-class'))('agrees with numpy: %s', async (name) => {
    const { set, head, statistics, trainCounts, figures } = await goldenProblem(name);
    const found = await theorem2Figures(
      { head, statistics, trainCounts, weightDecay: 0.1, sets: [set] },
      unheard,
      cpu,
    );
    const { gradientRatio, ...exact } = figures.theorem2;
    expectNear(found, exact, 1e-10);
    // Its products are in float32.
    expectNear(found.gradientRatio, gradientRatio, 1e-5);
  });

  it('finds the γ of a head that was adjusted multiplicatively, and no γ in an ETF', async () => {
    const { set, statistics, classes, dimensions } = await goldenProblem('long-tailed');
    const counts = [1000, 300, 100, 30, 10];
    const etf = etfHead({ classes, dimensions });
    const weight = etf.weight.data.map((w, at) => w * (counts[Math.floor(at / dimensions)] / 1440) ** -0.65);
    const head = linearHead(weight, etf.bias.data, classes, dimensions);
    const input = { statistics, trainCounts: counts, weightDecay: 0.1, sets: [set] };
    const adjusted = await theorem2Figures({ ...input, head }, unheard, cpu);
    expect(adjusted.implicitGamma).toBeCloseTo(0.65, 5);
    expect(adjusted.r2).toBeCloseTo(1, 6);
    const { miss, missing } = missingFigures();
    const plain = await theorem2Figures({ ...input, head: etf }, miss, cpu);
    expect(plain.implicitGamma).toBeCloseTo(0, 6);
    expect(plain.r2).toBeNull();
    expect(missing).toEqual([{ figure: 'theorem2.r2', reason: expect.stringMatching(/the same norm/) }]);
  });

  it('W* itself is at distance 0, and nearly stationary where features have collapsed to an ETF', async () => {
    // Many classes, features at an ETF: what the theorem speaks of.
    const classes = 60;
    const { weight } = etfHead({ classes, dimensions: 64 });
    const counts = Array.from({ length: classes }, (_, k) => Math.floor(500 * 100 ** (-k / (classes - 1))));
    const labels = Int32Array.from({ length: 2 * classes }, (_, i) => i % classes);
    const features = matrix(Float32Array.from([...weight.data, ...weight.data]), 2 * classes, 64);
    const statistics = await collectStatistics(features, labels, { classes, ...cpu });
    const total = counts.reduce((a, b) => a + b);
    const factor = classes / counts.reduce((sum, n) => sum + 1 / n, 0) / (0.1 * total);
    const head = linearHead(
      Float64Array.from(weight.data, (w) => factor * w),
      new Float64Array(classes),
      classes,
      64,
    );
    const sets = [new FeatureSet({ features, labels })];
    const found = await theorem2Figures(
      { head, statistics, trainCounts: counts, weightDecay: 0.1, sets },
      unheard,
      cpu,
    );
    expect(found.centring!).toBeLessThan(1e-6);
    for (const k of labels) {
      expect(found.cosines[k]).toBeCloseTo(1, 10);
      expect(found.distances[k]!).toBeLessThan(1e-10);
    }
    expect(found.gradientRatio!).toBeLessThan(0.01);
  });

  it('is null with the reason: empty classes, no training samples, no features, equal counts', async () => {
    const { set, head, statistics, trainCounts, classes } = await goldenProblem('absent-class');
    const reasons = async (input: Partial<Parameters<typeof theorem2Figures>[0]>) => {
      const { miss, missing } = missingFigures();
      const all = { head, statistics, trainCounts, weightDecay: 0.1, sets: [set], ...input };
      const figures = await theorem2Figures(all, miss, cpu);
      return { figures, of: (figure: string) => missing.find((entry) => entry.figure === figure)?.reason };
    };
    const empty = await reasons({});
    expect(empty.figures).toMatchObject({ gradientRatio: null, cosines: { 2: null } });
    expect(empty.of('theorem2.gradientRatio')).toMatch(/class 2 has no sample/);
    expect(empty.of('theorem2.cosines')).toMatch(/class 2/);
    const untrained = await reasons({ trainCounts: [5, 0, 3, 2] });
    expect(untrained.figures.distances).toEqual([null, null, null, null]);
    expect(untrained.of('theorem2.gradientRatio')).toMatch(/no training samples/);
    const equal = await reasons({ trainCounts: new Array(classes).fill(7) });
    expect(equal.figures).toMatchObject({ implicitGamma: null, r2: null });
    expect(equal.of('theorem2.implicitGamma')).toMatch(/same number of training samples/);
    const full = await goldenProblem('long-tailed');
    const without = await reasons({ ...full, sets: undefined });
    expect(without.figures.gradientRatio).toBeNull();
    expect(without.of('theorem2.gradientRatio')).toMatch(/only statistics/);
  });

  it('stops when asked to', async () => {
    const { set, head, statistics, trainCounts } = await goldenProblem('long-tailed');
    const input = { head, statistics, trainCounts, weightDecay: 0.1, sets: [set] };
    const signal = AbortSignal.abort('later');
    await expectRefusal(() => theorem2Figures(input, unheard, { ...cpu, signal }), 'ABORTED', /later/);
  });
});
