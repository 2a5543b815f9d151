import { describe, expect, it } from 'vitest';
import { type Figure, head, load, type Measurement, made } from './paper-modules.js';

const { accuracy, compare, studentQuantile } = await load('noise.mjs');
const { blocksOf } = await load('aggregate.mjs');

const FDR: Figure = {
  ...{ name: 'FDR', format: String, scale: 'ratio', margin: 0.1 },
  pick: (run: Measurement) => run.train.fdr.samples ?? undefined,
};
const blockOf = (measurements: Measurement[]) => blocksOf(measurements, { methods: ['ce', 'ce-wd'] })[0];
const outcome = (measurements: Measurement[], left: string, right: string, figure = FDR) =>
  compare(blockOf(measurements), { method: left, figure }, { method: right, figure });
const fdrs = (method: string, ...values: number[]) =>
  values.map((value, seed) => made({ method, seed, fdr: [value, value] }));

describe('compare', () => {
  it('asks for a tenth of figures of one seed each', () => {
    expect(outcome([...fdrs('ce', 100), ...fdrs('ce-wd', 109)], 'ce-wd', 'ce')).toEqual({
      ...{ outcome: 'same', means: [109, 100], seeds: [1, 1], noise: 'margin' },
    });
    expect(outcome([...fdrs('ce', 100), ...fdrs('ce-wd', 111)], 'ce-wd', 'ce')?.outcome).toBe('more');
    expect(outcome([...fdrs('ce', 100), ...fdrs('ce-wd', 111)], 'ce', 'ce-wd')?.outcome).toBe('less');
  });

  it('asks for what the pooled scatter of seeds leaves room for', () => {
    // Two seeds of each: differences of ±s around each mean pool to the variance s², 2 degrees of freedom, so that
    // 4.30 · s · √(1/2 + 1/2) is the limit on the logarithms.
    const s = 0.02;
    const around = (centre: number) => [-1, 1].map((sign) => centre * Math.exp((sign * s) / Math.SQRT2));
    const limit = Math.exp(4.3 * s);
    const far = (factor: number) => [
      ...fdrs('ce', ...around(100)),
      ...fdrs('ce-wd', ...around(100 * factor)),
    ];
    expect(outcome(far(limit * 1.001), 'ce-wd', 'ce')).toMatchObject({ outcome: 'more', noise: 'seeds' });
    expect(outcome(far(limit * 0.999), 'ce-wd', 'ce')?.outcome).toBe('same');
  });

  it('learns the scatter from any method of the block, whichever is compared', () => {
    const pair = [...fdrs('ce', 100), ...fdrs('ce-wd', 130)];
    expect(outcome(pair, 'ce-wd', 'ce')?.outcome).toBe('more');
    const scattered = [...pair, ...fdrs('wd-etf', 50, 100, 200)];
    expect(outcome(scattered, 'ce-wd', 'ce')).toMatchObject({ outcome: 'same', noise: 'seeds' });
  });

  it('does not call 0.3 points of accuracy a win', () => {
    const of = (first: number) => {
      const [ce, wd] = [first, 75].map((percent, i) =>
        made(
          { method: i === 0 ? 'ce' : 'ce-wd', heads: [head('none', [percent, 75, 75, 75])] },
          { test: { ...made({ method: 'ce' }).test, samples: 4000 } },
        ),
      );
      return outcome([ce, wd], 'ce', 'ce-wd', accuracy('none', 'average'));
    };
    // Four classes of 1,000 samples: 1.96 · √(2 · 4 · 0.75 · 0.25 / 1000) / 4 = 1.90 points of the average, so 7.6 of one class.
    expect(of(75 + 4 * 0.3)).toMatchObject({ outcome: 'same', noise: 'test samples' });
    expect(of(75 + 7.2)?.outcome).toBe('same');
    expect(of(75 + 7.8)?.outcome).toBe('more');
  });

  it('compares heads of the same models seed by seed', () => {
    const runs = [30, 50, 70].map((percent, seed) =>
      made(
        {
          ...{ method: 'ce-wd', seed },
          heads: [head('none', [90, 80, 60, percent]), head('wb', [90, 80, 60, percent + 12])],
        },
        { test: { ...made({ method: 'ce' }).test, samples: 400_000 } },
      ),
    );
    const sides = ['wb', 'none'].map((name) => ({ method: 'ce-wd', figure: accuracy(name, 'few') }));
    expect(compare(blockOf(runs), sides[0], sides[1])).toMatchObject({ outcome: 'more', noise: 'seeds' });
  });

  it('says nothing of what was not measured', () => {
    expect(outcome(fdrs('ce', 100), 'ce-wd', 'ce')).toBeUndefined();
    const [run] = fdrs('ce-wd', 1);
    const unknown = { ...run, train: { ...run.train, fdr: { ...run.train.fdr, samples: null } } };
    expect(outcome([...fdrs('ce', 100), unknown], 'ce-wd', 'ce')).toBeUndefined();
    expect(
      compare(blockOf([run]), { method: 'ce-wd', figure: FDR }, { method: 'ce', figure: FDR }),
    ).toBeUndefined();
  });
});

describe('accuracy', () => {
  it('has the variance of the mean of proportions', () => {
    const run = made({ method: 'ce', heads: [head('none', [90, 80, 60, 30])] });
    expect(accuracy('none', 'average').testVariance?.(run)).toBeCloseTo(
      (0.09 + 0.16 + 0.24 + 0.21) / 1000 / 16,
      12,
    );
    expect(accuracy('none', 'many').testVariance?.(run)).toBeCloseTo((0.09 + 0.16) / 1000 / 4, 12);
    expect(accuracy('none', 'many')).toBe(accuracy('none', 'many'));
  });
});

it('knows the quantiles of Student’s distribution', () => {
  expect([1, 2, 4, 10].map(studentQuantile)).toEqual([12.71, 4.3, 2.78, 2.23]);
  // scipy.stats.t.ppf(0.975, [11, 20, 60])
  for (const [degrees, exact] of [
    [11, 2.201],
    [20, 2.086],
    [60, 2.0],
  ])
    expect(Math.abs(studentQuantile(degrees) - exact)).toBeLessThan(0.01);
});
