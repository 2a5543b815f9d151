import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { cosineFigures } from '../../src/diagnostics/cosine.js';
import { missingFigures } from '../../src/diagnostics/missing.js';
import { emptyStatistics } from '../../src/diagnostics/statistics.js';
import { cpu, expectNear, GOLDEN_NAMES, goldenProblem, unheard } from './metrics-golden.js';
import { type Problem, problems } from './statistics-problem.js';

/** By the definition: all pairs, N² of them. */
function byPairs({ features, labels, classes }: Problem) {
  const [samples, dimensions] = features.shape;
  const rows = Array.from({ length: samples }, (_, i) =>
    Array.from({ length: dimensions }, (_, d) => features.get(i, d)),
  );
  const norms = rows.map((row) => Math.sqrt(row.reduce((sum, x) => sum + x * x, 0)));
  const sums = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const pairs = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < samples; i++) {
    for (let j = 0; j < samples; j++) {
      if (i === j || norms[i] === 0 || norms[j] === 0) continue;
      const [k, l] = [labels[i], labels[j]];
      sums[k][l] += rows[i].reduce((sum, x, d) => sum + (x / norms[i]) * (rows[j][d] / norms[j]), 0);
      pairs[k][l]++;
    }
  }
  const entries = sums.flatMap((row, k) => row.map((sum, l) => ({ same: k === l, sum, pairs: pairs[k][l] })));
  const summary = (same: boolean, byPair: boolean) => {
    const known = entries.filter((entry) => entry.same === same && entry.pairs > 0);
    if (known.length === 0) return null;
    const total = (of: (entry: (typeof known)[number]) => number) =>
      known.reduce((sum, entry) => sum + of(entry), 0);
    return byPair
      ? total(({ sum }) => sum) / total(({ pairs }) => pairs)
      : total(({ sum, pairs }) => sum / pairs) / known.length;
  };
  return {
    sameClass: summary(true, false),
    sameClassByPair: summary(true, true),
    differentClass: summary(false, false),
    differentClassByPair: summary(false, true),
    matrix: sums.map((row, k) => row.map((sum, l) => (pairs[k][l] > 0 ? sum / pairs[k][l] : null))),
    zeroFeatures: norms.filter((norm) => norm === 0).length,
  };
}

describe('cosineFigures', () => {
  it('is the definition over all pairs', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (problem) => {
        const statistics = await collectStatistics(problem.features, problem.labels, {
          classes: problem.classes,
          ...cpu,
        });
        expectNear(await cosineFigures(statistics, unheard, cpu), byPairs(problem), 1e-12);
      }),
    );
  });

  it.each(GOLDEN_NAMES)('agrees with numpy: %s', async (name) => {
    const { statistics, figures } = await goldenProblem(name);
    expectNear(await cosineFigures(statistics, unheard, cpu), figures.cosine, 1e-12);
  });

  it('is symmetric bit for bit, also where the product is made by onnxruntime in blocks', async () => {
    const classes = 3000;
    const statistics = emptyStatistics(classes, 3);
    statistics.unitCounts.fill(4);
    for (let at = 0; at < statistics.unitSums.length; at++) statistics.unitSums[at] = Math.sin(at * at);
    const { matrix: k } = await cosineFigures(statistics, unheard, cpu);
    for (const [i, j] of [
      [0, 2999],
      [1500, 1399],
      [2999, 17],
    ]) {
      const product = [0, 1, 2].reduce(
        (sum, d) => sum + statistics.unitSums[3 * i + d] * statistics.unitSums[3 * j + d],
        0,
      );
      expect(k![i][j]).toBeCloseTo(product / 16, 14);
      expect(k![i][j]).toBe(k![j][i]);
    }
  });

  it('says which classes have no pair or no direction, and why a summary is null', async () => {
    const { statistics } = await goldenProblem('absent-class');
    const { miss, missing } = missingFigures();
    await cosineFigures(statistics, miss, cpu);
    expect(missing).toEqual([{ figure: 'cosine.matrix', reason: expect.stringMatching(/class 2: row/) }]);

    const one = await collectStatistics(matrix(Float32Array.of(1, 2), 1, 2), [0], { classes: 1, ...cpu });
    const alone = missingFigures();
    const figures = await cosineFigures(one, alone.miss, cpu);
    expect(figures).toMatchObject({ sameClass: null, differentClass: null, matrix: [[null]] });
    expect(alone.missing.map(({ figure }) => figure)).toEqual(
      expect.arrayContaining(['cosine.sameClass', 'cosine.differentClass', 'cosine.matrix']),
    );
  });

  it('leaves the matrix out above 4096 classes, and keeps the summaries', async () => {
    const statistics = emptyStatistics(4097, 2);
    statistics.unitCounts.fill(2);
    for (let k = 0; k < 4097; k++) statistics.unitSums[2 * k] = 2;
    const { miss, missing } = missingFigures();
    const figures = await cosineFigures(statistics, miss, cpu);
    expect(figures.matrix).toBeNull();
    expect(figures.sameClass).toBeCloseTo(1, 12);
    expect(figures.differentClass).toBeCloseTo(1, 12);
    expect(missing[0].reason).toMatch(/4097 classes/);
  });
});
