import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { mergeStatistics } from '../../src/diagnostics/merge-statistics.js';
import { emptyStatistics } from '../../src/diagnostics/statistics.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { expectSame, type Problem, part, problems } from './statistics-problem.js';

const collect = ({ features, labels, classes }: Problem) => collectStatistics(features, labels, { classes });

describe('mergeStatistics', () => {
  it('equals the whole, in any order and grouping', async () => {
    await fc.assert(
      fc.asyncProperty(problems, fc.nat(25), fc.nat(25), async (problem, first, second) => {
        const samples = problem.labels.length;
        const [p, q] = [first % (samples + 1), second % (samples + 1)].sort((a, b) => a - b);
        const [a, b, c] = await Promise.all([
          collect(part(problem, 0, p)),
          collect(part(problem, p, q)),
          collect(part(problem, q, samples)),
        ]);
        const whole = await collect(problem);
        // The differences of an offset of 1e4 by 1e−2 have 12 digits left.
        expectSame(await mergeStatistics(await mergeStatistics(a, b), c), whole, 1e-9);
        expectSame(await mergeStatistics(a, await mergeStatistics(b, c)), whole, 1e-9);
        expectSame(await mergeStatistics(c, await mergeStatistics(b, a)), whole, 1e-9);
      }),
      { numRuns: 60 },
    );
  });

  it('is exact to rounding without an offset', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (problem) => {
        const middle = Math.floor(problem.labels.length / 2);
        const { features } = problem;
        if (features.data.some((value) => value > 100)) return;
        const merged = await mergeStatistics(
          await collect(part(problem, 0, middle)),
          await collect(part(problem, middle, problem.labels.length)),
        );
        expectSame(merged, await collect(problem), 2e-14);
      }),
    );
  });

  it('leaves statistics as they are when there is nothing to add', async () => {
    const random = createRandom(2);
    const features = matrix(
      Float32Array.from({ length: 12 }, () => random()),
      6,
      2,
    );
    const logits = matrix(
      Float32Array.from({ length: 18 }, () => random()),
      6,
      3,
    );
    const some = await collectStatistics(features, Int32Array.of(0, 1, 1, 0, 0, 1), { classes: 3, logits });
    expect(await mergeStatistics(some, emptyStatistics(3, 2))).toEqual(some);
    expect(await mergeStatistics(emptyStatistics(3, 2), some)).toEqual(some);
  });

  it('goes through the products of large matrices with the same result', async () => {
    const [samples, d, classes] = [260, 300, 60];
    const random = createRandom(7);
    const rows = Float32Array.from({ length: samples * d }, () => random() - 0.5);
    const problem = {
      features: matrix(rows, samples, d),
      labels: Int32Array.from({ length: samples }, (_, i) => i % classes),
      classes,
    };
    const merged = await mergeStatistics(
      await collect(part(problem, 0, 130)),
      await collect(part(problem, 130, samples)),
    );
    expectSame(merged, await collect(problem), 1e-12);
    for (let p = 0; p < d; p++) {
      for (let q = 0; q < p; q++) expect(merged.scatter[p * d + q]).toBe(merged.scatter[q * d + p]);
    }
  });

  it('refuses what does not belong together', async () => {
    await expectRefusal(
      () => mergeStatistics(emptyStatistics(2, 3), emptyStatistics(3, 3)),
      'SHAPE_MISMATCH',
      /one has 2 classes, the other 3/,
    );
    await expectRefusal(
      () => mergeStatistics(emptyStatistics(2, 3), emptyStatistics(2, 4)),
      'SHAPE_MISMATCH',
      /one has 3 dimensions, the other 4/,
    );
    await expectRefusal(
      () =>
        mergeStatistics(
          emptyStatistics(2, 3, { fingerprint: 'a' }),
          emptyStatistics(2, 3, { fingerprint: 'b' }),
        ),
      'SHAPE_MISMATCH',
      /different heads/,
    );
  });
});
