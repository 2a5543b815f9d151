import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { matrix } from '../../src/array/matrix.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { passOverMeans } from '../../src/diagnostics/mean-pass.js';
import type { Miss } from '../../src/diagnostics/missing.js';
import { missingFigures } from '../../src/diagnostics/missing.js';
import type { PassOptions } from '../../src/diagnostics/pass-options.js';
import { gradientFactor } from '../../src/diagnostics/stationary-point.js';
import { type Theorem2Input, theorem2Figures } from '../../src/diagnostics/theorem2.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { etfHead } from '../../src/head/etf.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { cpu, expectNear, GOLDEN_NAMES, goldenProblem, unheard } from './metrics-golden.js';

/** The figures, with a pass over the features where there are any. */
async function figuresOf(
  { sets, ...input }: Omit<Theorem2Input, 'expected'> & { sets?: readonly FeatureSet[] },
  miss: Miss,
  where: PassOptions = cpu,
) {
  const pass =
    sets && (await passOverMeans(sets, input.statistics, { factor: gradientFactor(input) }, where));
  return theorem2Figures({ ...input, expected: pass?.expected }, miss);
}

describe('theorem2Figures', () => {
  it.each(GOLDEN_NAMES.filter((name) => name !== 'absent-class'))('agrees with numpy: %s', async (name) => {
    const { set, head, statistics, trainCounts, figures } = await goldenProblem(name);
    const found = await figuresOf({ head, statistics, trainCounts, weightDecay: 0.1, sets: [set] }, unheard);
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
    const adjusted = await figuresOf({ ...input, head }, unheard);
    expect(adjusted.implicitGamma).toBeCloseTo(0.65, 5);
    expect(adjusted.r2).toBeCloseTo(1, 6);
    const { miss, missing } = missingFigures();
    const plain = await figuresOf({ ...input, head: etf }, miss);
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
    const found = await figuresOf({ head, statistics, trainCounts: counts, weightDecay: 0.1, sets }, unheard);
    expect(found.centring!).toBeLessThan(1e-6);
    for (const k of labels) {
      expect(found.cosines[k]).toBeCloseTo(1, 10);
      expect(found.distances[k]!).toBeLessThan(1e-10);
    }
    expect(found.gradientRatio!).toBeLessThan(0.01);
  });

  it('is null with the reason: empty classes, no training samples, no features, equal counts', async () => {
    const { set, head, statistics, trainCounts, classes } = await goldenProblem('absent-class');
    const reasons = async (input: Partial<Parameters<typeof figuresOf>[0]>) => {
      const { miss, missing } = missingFigures();
      const all = { head, statistics, trainCounts, weightDecay: 0.1, sets: [set], ...input };
      const figures = await figuresOf(all, miss);
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
    await expectRefusal(() => figuresOf(input, unheard, { ...cpu, signal }), 'ABORTED', /later/);
  });
});
