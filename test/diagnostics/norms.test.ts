/** Norms, their rank correlations with counts, and sparsity. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { missingFigures } from '../../src/diagnostics/missing.js';
import { classNorms, norm } from '../../src/diagnostics/norms.js';
import { averageRanks, countCorrelations, spearman } from '../../src/diagnostics/rank-correlation.js';
import { sparsityFigures } from '../../src/diagnostics/sparsity.js';
import { emptyStatistics } from '../../src/diagnostics/statistics.js';
import { expectNear, GOLDEN_NAMES, goldenProblem, goldenSpearman, unheard } from './metrics-golden.js';

describe.each(GOLDEN_NAMES)('%s agrees with numpy and scipy', (name) => {
  it('norms and correlations', async () => {
    const { statistics, head, trainCounts, figures } = await goldenProblem(name);
    const norms = classNorms(statistics, head, unheard);
    expectNear(norms.classMeanNorms, figures.classMeanNorms, 1e-13);
    expectNear(norms.featureNorms, figures.featureNorms, 1e-13);
    expectNear(norms.weightNorms, figures.weightNorms, 1e-13);
    expectNear(countCorrelations(trainCounts, norms, unheard), figures.correlations, 1e-12);
  });

  it('sparsity', async () => {
    const { statistics, figures } = await goldenProblem(name);
    expectNear(sparsityFigures(statistics, unheard), figures.sparsity, 1e-12);
  });
});

describe('spearman', () => {
  it('agrees with scipy on ties', () => {
    for (const { x, y, value } of goldenSpearman) expect(spearman(x, y)).toBeCloseTo(value, 14);
  });

  it('sees ranks only, and turns with its sign', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer(), fc.integer()), { minLength: 3 }), (pairs) => {
        const x = pairs.map(([a]) => a);
        const y = pairs.map(([, b]) => b);
        const value = spearman(x, y);
        if (value === null) {
          expect(new Set(x).size === 1 || new Set(y).size === 1).toBe(true);
          return;
        }
        expect(Math.abs(value)).toBeLessThanOrEqual(1);
        expect(spearman(y, x)).toBeCloseTo(value, 12);
        expect(spearman(x.map(Math.cbrt), y)).toBeCloseTo(value, 12);
        expect(
          spearman(
            x.map((a) => -a),
            y,
          ),
        ).toBeCloseTo(-value, 12);
      }),
    );
  });

  it('gives equal values the mean of their ranks', () => {
    expect(averageRanks([5, 1, 5, 0, 5])).toEqual([4, 2, 4, 1, 4]);
  });
});

describe('what means nothing is null with a reason', () => {
  it('correlations without a head, with equal counts, with two classes', () => {
    const norms = { classMeanNorms: [1, 2, 3], featureNorms: [1, null, 3], weightNorms: null };
    const { miss, missing } = missingFigures();
    expect(countCorrelations([9, 9, 9], norms, miss)).toEqual({
      classMeanNorms: null,
      featureNorms: null,
      weightNorms: null,
    });
    expect(missing).toEqual([
      { figure: 'correlations.classMeanNorms', reason: expect.stringMatching(/9 training samples/) },
      { figure: 'correlations.featureNorms', reason: expect.stringMatching(/only 2 of the classes/) },
      { figure: 'correlations.weightNorms', reason: 'no head was given' },
    ]);
  });

  it('correlations of norms that are all the same', () => {
    const { miss, missing } = missingFigures();
    const same = [2, 2, 2];
    countCorrelations([3, 2, 1], { classMeanNorms: same, featureNorms: same, weightNorms: same }, miss);
    expect(missing.map(({ reason }) => reason)).toEqual(new Array(3).fill('all classes have the same norm'));
  });

  it('norms of a class without samples, weight norms without a head', async () => {
    const { statistics } = await goldenProblem('absent-class');
    const { miss, missing } = missingFigures();
    const { classMeanNorms, weightNorms } = classNorms(statistics, undefined, miss);
    expect(classMeanNorms[2]).toBeNull();
    expect(weightNorms).toBeNull();
    expect(missing.map(({ figure }) => figure)).toEqual(['classMeanNorms', 'featureNorms', 'weightNorms']);
  });

  it('sparsity in one dimension, or of zeros', () => {
    for (const [statistics, reason] of [
      [emptyStatistics(2, 1), /one dimension/],
      [emptyStatistics(2, 3), /all zeros/],
    ] as const) {
      const { miss, missing } = missingFigures();
      expect(sparsityFigures(statistics, miss)).toEqual({ hoyer: null, perClass: [null, null] });
      expect(missing.at(-1)).toEqual({ figure: 'sparsity.hoyer', reason: expect.stringMatching(reason) });
    }
  });
});

it('norm neither overflows nor underflows', () => {
  expect(norm(Float64Array.of(3e200, -4e200))).toBeCloseTo(5e200, -190);
  expect(norm(Float64Array.of(3e-200, 4e-200)) / 5e-200).toBeCloseTo(1, 12);
  expect(norm(new Float64Array(3))).toBe(0);
});
