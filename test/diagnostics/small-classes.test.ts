import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/array/random.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { SMALL_CLASS_RULES, smallClasses } from '../../src/diagnostics/small-classes.js';
import { emptyStatistics } from '../../src/diagnostics/statistics.js';
import { cpu, randomSet } from './metrics-golden.js';

describe('smallClasses', () => {
  it('lists for each class what should not be read', async () => {
    const set = randomSet([60, 4, 2, 1, 0], 6, { spread: 40 });
    const statistics = await collectStatistics(set.features, set.labels!, { classes: 5, ...cpu });
    expect(smallClasses(statistics, true, ['a', 'b', 'c', 'd', 'e'])).toEqual([
      { class: 1, name: 'b', samples: 4, figures: ['accuracy.perClass'] },
      { class: 2, name: 'c', samples: 2, figures: ['accuracy.perClass'] },
      { class: 3, name: 'd', samples: 1, figures: ['cosine.matrix', 'classMeanNorms', 'accuracy.perClass'] },
      {
        class: 4,
        name: 'e',
        samples: 0,
        figures: [
          'classMeanNorms',
          'featureNorms',
          'sparsity.perClass',
          'cosine.matrix',
          'accuracy.perClass',
        ],
      },
    ]);
    expect(smallClasses(statistics, false, null)).toEqual([
      expect.objectContaining({ class: 3, figures: ['cosine.matrix', 'classMeanNorms'] }),
      expect.objectContaining({ class: 4 }),
    ]);
  });

  it('flags a class mean when the spread of its class makes it more than 5 % too long in expectation', () => {
    // ‖μ_k‖² = 100 as observed, N_k = 11: biased by spread / 10.
    const flagged = (spread: number) => {
      const statistics = emptyStatistics(1, 2);
      statistics.counts[0] = 11;
      statistics.means.set([6, 8]);
      statistics.normSquareSums[0] = 11 * (100 + spread);
      return smallClasses(statistics, false, null).length > 0;
    };
    expect(flagged(99)).toBe(false);
    expect(flagged(101)).toBe(true);
  });

  it('the bias that is presumed is the one that is found: E‖μ̂‖² = ‖μ‖² + tr Σ / N', () => {
    const random = createRandom(5);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const [samples, dimensions, rounds] = [6, 10, 3000];
    let observed = 0;
    let estimated = 0;
    for (let r = 0; r < rounds; r++) {
      const rows = Array.from({ length: samples }, () =>
        Array.from({ length: dimensions }, (_, d) => (d === 0 ? 3 : 0) + normal()),
      );
      const mean = rows[0].map((_, d) => rows.reduce((sum, row) => sum + row[d], 0) / samples);
      const square = (row: number[]) => row.reduce((sum, x) => sum + x * x, 0);
      const spread = rows.reduce((sum, row) => sum + square(row), 0) / samples - square(mean);
      observed += square(mean) / rounds;
      estimated += spread / (samples - 1) / rounds;
    }
    expect(observed - 9).toBeCloseTo(dimensions / samples, 0);
    expect(estimated).toBeCloseTo(dimensions / samples, 1);
  });

  it('every rule has a reason', () => {
    for (const { reason, figures } of SMALL_CLASS_RULES) {
      expect(reason.length).toBeGreaterThan(20);
      expect(figures.length).toBeGreaterThan(0);
    }
  });
});
