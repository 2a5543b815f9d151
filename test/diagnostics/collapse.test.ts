import fc from 'fast-check';
import { Matrix as Dense, pseudoInverse } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { matrix } from '../../src/array/matrix.js';
import { collapseFigures } from '../../src/diagnostics/collapse.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { missingFigures } from '../../src/diagnostics/missing.js';
import { centreOf, type FeatureStatistics, sampleCount } from '../../src/diagnostics/statistics.js';
import { etfHead } from '../../src/head/etf.js';
import { cpu, expectNear, GOLDEN_NAMES, goldenProblem, randomSet, unheard } from './metrics-golden.js';

/** trace(Σ_W Σ_B⁺)/C as it is written. */
function nc1ByDefinition(statistics: FeatureStatistics): number {
  const { classes, dimensions, means, scatter, counts } = statistics;
  const centre = centreOf(statistics, 'classes');
  const present = Array.from({ length: classes }, (_, k) => k).filter((k) => counts[k] > 0);
  const m = new Dense(present.map((k) => Array.from(centre, (c, d) => means[k * dimensions + d] - c)));
  const within = Dense.from1DArray(dimensions, dimensions, Array.from(scatter)).div(sampleCount(statistics));
  const between = m.transpose().mmul(m).div(present.length);
  return within.mmul(pseudoInverse(between, 1e-10)).trace() / present.length;
}

describe('collapseFigures', () => {
  it.each(GOLDEN_NAMES)('agrees with numpy: %s', async (name) => {
    const { statistics, head, figures } = await goldenProblem(name);
    const { nc1, nc2, nc3 } = await collapseFigures(statistics, head, unheard, cpu);
    expectNear({ nc1, ...nc2, nc3 }, { ...figures.collapse, nc4: undefined }, 1e-9);
  });

  it('NC1 is the pseudo-inverse of the definition, with more or fewer classes than dimensions', async () => {
    const shapes = fc.record({
      seed: fc.nat(1000),
      classes: fc.integer({ min: 2, max: 12 }),
      dimensions: fc.integer({ min: 1, max: 10 }),
    });
    await fc.assert(
      fc.asyncProperty(shapes, async ({ seed, classes, dimensions }) => {
        const set = randomSet(
          Array.from({ length: classes }, (_, k) => 12 - k),
          dimensions,
          { seed },
        );
        const statistics = await collectStatistics(set.features, set.labels!, { classes, ...cpu });
        const wanted = nc1ByDefinition(statistics);
        const { nc1 } = await collapseFigures(statistics, undefined, unheard, cpu);
        // With as many classes as dimensions the smallest eigenvalue may be tiny, and both lose digits with it.
        expect(Math.abs(nc1! / wanted - 1)).toBeLessThan(1e-6);
      }),
      { numRuns: 60 },
    );
  });

  it('NC1 leaves out directions that the class means do not have', async () => {
    // Class means on a plane in 6 dimensions, two of them the same; a dimension that is constant.
    const centres = [
      [3, 0],
      [0, 3],
      [-3, 1],
      [-3, 1],
      [1, 1],
    ];
    const noise = randomSet([8, 8, 8, 8, 8], 6, { spread: 0 });
    const data = noise.features.data.slice();
    // Noise sums to zero in each class: the means are exactly on the plane.
    const own = noise.labels!;
    for (let i = 0; i < own.length; i++) data[6 * i + 5] = 4;
    const half = data.length;
    const rows = new Float32Array(2 * half);
    const labels = new Int32Array(2 * own.length);
    for (let i = 0; i < own.length; i++) {
      for (const [sign, to] of [
        [1, i],
        [-1, own.length + i],
      ]) {
        labels[to] = own[i];
        for (let d = 0; d < 6; d++) {
          const round = Math.round(data[6 * i + d] * 1024) / 1024;
          rows[6 * to + d] = d === 5 ? 4 : (d < 2 ? centres[own[i]][d] : 0) + sign * round;
        }
      }
    }
    const statistics = await collectStatistics(matrix(rows, labels.length, 6), labels, {
      classes: 5,
      ...cpu,
    });
    const { nc1 } = await collapseFigures(statistics, undefined, unheard, cpu);
    expect(nc1! / nc1ByDefinition(statistics)).toBeCloseTo(1, 9);
  });

  it('is the same for features that are turned and scaled, and sees collapse as 0', async () => {
    const classes = 4;
    const { weight, bias } = etfHead({ classes, dimensions: 7 });
    const rows = Float32Array.from({ length: 3 * classes * 7 }, (_, at) => weight.data[at % (classes * 7)]);
    const labels = Int32Array.from({ length: 3 * classes }, (_, i) => i % classes);
    const statistics = await collectStatistics(matrix(rows, 12, 7), labels, { classes, ...cpu });
    const head = linearHead(
      weight.data.map((x) => 5 * x),
      bias.data,
      classes,
      7,
    );
    const { nc1, nc2, nc3 } = await collapseFigures(statistics, head, unheard, cpu);
    expectNear({ nc1, ...nc2, nc3 }, { nc1: 0, equinorm: 0, equiangularity: 0, nc3: 0 }, 2e-7);
  });

  it('is null with the reason for one class, equal means, single samples, and without a head', async () => {
    const reasonsOf = async (rows: number[][], labels: number[], classes: number) => {
      const features = matrix(Float32Array.from(rows.flat()), rows.length, rows[0].length);
      const statistics = await collectStatistics(features, labels, { classes, ...cpu });
      const { miss, missing } = missingFigures();
      const figures = await collapseFigures(statistics, undefined, miss, cpu);
      return { figures, reasons: Object.fromEntries(missing.map(({ figure, reason }) => [figure, reason])) };
    };
    const one = await reasonsOf(
      [
        [1, 2],
        [3, 4],
      ],
      [0, 0],
      2,
    );
    expect(one.figures).toEqual({ nc1: null, nc2: { equinorm: null, equiangularity: null }, nc3: null });
    expect(one.reasons['collapse.nc1']).toMatch(/fewer than two classes/);
    const same = await reasonsOf(
      [
        [1e6, 2],
        [1e6, 2],
        [1e6, 2],
      ],
      [0, 1, 1],
      2,
    );
    expect(same.reasons['collapse.nc2.equinorm']).toMatch(/all class means are the same/);
    const single = await reasonsOf(
      [
        [1, 2],
        [3, 1],
        [0, 7],
      ],
      [0, 1, 2],
      3,
    );
    expect(single.figures.nc1).toBeNull();
    expect(single.reasons['collapse.nc1']).toMatch(/no class has two samples/);
    expect(single.figures.nc2.equinorm).not.toBeNull();
    expect(single.reasons['collapse.nc3']).toBe('no head was given');
  });

  it('has no angle where a class mean is the mean of all', async () => {
    const rows = Float32Array.of(-1, 0, 0, 0, 1, 0);
    const statistics = await collectStatistics(matrix(rows, 3, 2), [0, 1, 2], { classes: 3, ...cpu });
    const { miss, missing } = missingFigures();
    const { nc2 } = await collapseFigures(statistics, undefined, miss, cpu);
    expect(nc2.equiangularity).toBeNull();
    expect(missing.find(({ figure }) => figure.endsWith('equiangularity'))?.reason).toMatch(/no direction/);
  });
});
