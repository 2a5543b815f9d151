/** Numbers at the ends of their types: a right result, or a refusal that says where and what to do. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { prior } from '../../src/array/class-counts.js';
import { type LinearHead, linearHead, rowNorms } from '../../src/array/linear-head.js';
import { denseData, matrix } from '../../src/array/matrix.js';
import { diagnose } from '../../src/diagnostics/diagnose.js';
import { evaluate } from '../../src/evaluation/evaluate.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { ADJUST_METHODS, type Adjustment, adjust } from '../../src/head/adjust.js';
import { estimatePrior } from '../../src/head/estimate-prior.js';
import { fit } from '../../src/head/fit.js';
import type { FitConfiguration } from '../../src/head/fit-configuration.js';
import { fitTemperature } from '../../src/head/fit-temperature.js';
import { objective } from '../../src/head/objective.js';
import { select } from '../../src/head/select.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { distance } from './small-problem.js';

interface Golden {
  likelihoods: { name: string; logits: number[][]; labels: number[]; nll: number }[];
  tauNorms: { weight: number[][]; tau: string; result: number[][] }[];
  prior: { logits: number[][]; counts: number[]; steps: number; prior: number[] };
  fits: {
    name: string;
    features: number[][];
    labels: number[];
    classes: number;
    decay: number;
    objective: number;
  }[];
}
const golden = JSON.parse(
  readFileSync(new URL('../fixtures/extremes.json', import.meta.url), 'utf8'),
) as Golden;

const cpu = { device: 'cpu', threads: 1 } as const;
const single = (rows: readonly (readonly number[])[]) =>
  matrix(Float32Array.from(rows.flat()), rows.length, rows[0].length);
const headOf = (weight: readonly (readonly number[])[], bias: readonly number[]) =>
  linearHead(Float32Array.from(weight.flat()), Float32Array.from(bias), weight.length, weight[0].length);
const doubleHead = (weight: readonly (readonly number[])[]) =>
  linearHead(
    Float64Array.from(weight.flat()),
    new Float64Array(weight.length),
    weight.length,
    weight[0].length,
  );
const setOf = (rows: readonly (readonly number[])[], labels: readonly number[], classCount: number) =>
  new FeatureSet({ name: 'set', features: single(rows), labels: Int32Array.from(labels), classCount });

/** Places of numbers that are not finite, anywhere in a result. */
function notFinite(value: unknown, path = ''): string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [`${path} ${value}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => notFinite(inner, `${path}.${name}`));
}

describe('evaluate, against sixty decimal digits', () => {
  it.each(golden.likelihoods)('$name, labels $labels', ({ logits, labels, nll }) => {
    const found = evaluate({ logits: single(logits), labels, counts: [1e9, 1e3, 1], bootstrap: 100 });
    expect(Math.abs(found.nll - nll)).toBeLessThanOrEqual(1e-14 * Math.max(1, nll));
    expect(notFinite(found)).toEqual([]);
  });

  it('refuses logits whose loss is beyond float64', async () => {
    const logits = matrix(Float64Array.of(1.7e308, -1.7e308), 1, 2);
    await expectRefusal(() => evaluate({ logits, labels: [1] }), 'NOT_FINITE', /far apart.*temperature/);
    expect(evaluate({ logits, labels: [0] }).nll).toBe(0);
  });

  const places = [
    [Number.NaN, /sample 1, class 2 is NaN/],
    [Number.POSITIVE_INFINITY, /sample 1, class 2 is Infinity/],
    [Number.NEGATIVE_INFINITY, /sample 1, class 2 is -Infinity.*masks out.*-?1e30.*leave it out/],
  ] as const;
  it.each(places)('every function of logits names the place of %s', async (value, message) => {
    const logits = single([
      [1, 2, 3],
      [1, 2, value],
      [3, 1, 2],
    ]);
    const labels = [2, 1, 0];
    const head = headOf([[1], [2], [3]], [0, 0, 0]);
    const counts = [3, 2, 1];
    const functions = [
      () => evaluate({ logits, labels }),
      () => fitTemperature(logits, labels),
      () => estimatePrior({ logits, counts }),
      () => select({ head, logits, labels, counts, folds: 2 }),
    ];
    for (const call of functions) await expectRefusal(call, 'NOT_FINITE', message);
  });
});

describe('temperature', () => {
  it('of logits times 1e30 is 1e30 times that of the logits', () => {
    const logits = [
      [1, 0.5],
      [0.2, 0.4],
      [0.9, 0.7],
      [0.1, 0.3],
    ];
    const labels = [0, 0, 0, 1];
    const plain = fitTemperature(single(logits), labels);
    const large = fitTemperature(single(logits.map((row) => row.map((z) => z * 1e30))), labels, {
      range: [1, 1e38],
    });
    expect(plain).toBeGreaterThan(0.001);
    expect(Math.abs(large / plain / 1e30 - 1)).toBeLessThan(1e-6);
  });

  it.each([1, 1e30, 3e38, 1e-40])(
    'goes to its bound where all is right, or nothing is known: size %d',
    (size) => {
      const logits = single([
        [size, -size],
        [-size, size],
      ]);
      const bounded = { range: [1e-45, 1e39] } as const;
      expect(fitTemperature(logits, [0, 1], bounded)).toBe(1e-45);
      expect(fitTemperature(logits, [1, 0], bounded)).toBe(1e39);
    },
  );
});

describe('priors', () => {
  it('counts from 1 to 1e9: expectation-maximisation as with sixty decimal digits', () => {
    const { logits, counts, steps, prior: expected } = golden.prior;
    const found = estimatePrior({ logits: single(logits), counts, maxIterations: steps, tolerance: 1e-300 });
    expect(distance(expected, found.prior)).toBeLessThan(1e-12);
    expected.forEach((q, k) => {
      expect(Math.abs(found.prior[k] / q - 1)).toBeLessThan(1e-9);
    });
  });

  it.each([
    [1e308, 1e308],
    [5e-324, 1],
    [Number.POSITIVE_INFINITY, 1],
    [0, 1],
    [-1, 1],
    [Number.NaN, 1],
  ])('refuses the counts %d and %d, and the same as a target', async (a, b) => {
    const head = headOf([[1], [2]], [0, 0]);
    const logits = single([[1, 2]]);
    const message = /class 0.*(1e-100 … 1e\+?100)/;
    const counts = [a, b];
    const calls = [
      () => adjust(head, { method: 'additive', tau: 1, counts }),
      () => adjust(head, { method: 'multiplicative', gamma: 1, counts }),
      () => estimatePrior({ logits, counts }),
      () => evaluate({ logits, labels: [0], counts }),
    ];
    for (const call of calls) await expectRefusal(call, 'COUNTS_INVALID', message);
    const target = { counts: [1, 2], targetPrior: counts };
    await expectRefusal(
      () => adjust(head, { method: 'additive', tau: 1, ...target }),
      'INVALID_ARGUMENT',
      message,
    );
  });

  it('a prior is of counts that add up', async () => {
    expect([...prior([0, 1e-100, 1e-100])]).toEqual([0, 0.5, 0.5]);
    expect([...prior([1e100, 1e100])]).toEqual([0.5, 0.5]);
    for (const counts of [[], [0, 0], [Number.NaN, 1], [-1, 2], [1e308, 1e308]]) {
      await expectRefusal(() => prior(counts), 'COUNTS_INVALID', /counts? of/);
    }
  });

  it('a target of 1e−12 is taken as it is', () => {
    const head = headOf([[1], [2], [3]], [0, 0, 0]);
    const targetPrior = [1, 1e-12, 1];
    const { bias } = adjust(head, { method: 'additive', tau: 1, counts: [1e9, 1e9, 1], targetPrior });
    const [a, b, c] = denseData(bias);
    expect(b - a).toBeCloseTo(Math.log(1e-12), 4);
    expect(c - a).toBeCloseTo(Math.log(1e9), 4);
  });
});

describe('adjusting heads at the ends of their type', () => {
  it.each(golden.tauNorms)(
    'tau-norm $tau of a float64 head, against sixty decimal digits',
    ({ weight, tau, result }) => {
      const { weight: found } = adjust(doubleHead(weight), { method: 'tau-norm', tau: Number(tau) });
      denseData(found).forEach((w, at) => {
        const expected = result.flat()[at];
        expect(Math.abs(w - expected)).toBeLessThanOrEqual(1e-13 * Math.abs(expected));
      });
    },
  );

  it('norms of rows are right where their squares are not', () => {
    const norms = rowNorms(
      doubleHead([
        [3e200, 4e200],
        [3e-200, 4e-200],
        [0, 0],
        [-3, 4],
        [5e-324, 0],
      ]),
    );
    expect(Math.abs(norms[0] / 5e200 - 1)).toBeLessThan(1e-15);
    expect(Math.abs(norms[1] / 5e-200 - 1)).toBeLessThan(1e-15);
    expect([norms[2], norms[3], norms[4]]).toEqual([0, 5, 5e-324]);
  });

  it('denormal float32 rows have a direction', () => {
    const head = headOf(
      [
        [1e-45, 1e-45],
        [1e-40, 0],
        [3, 4],
      ],
      [0, 0, 0],
    );
    const { weight } = adjust(head, { method: 'tau-norm', tau: 1 });
    const [a, b, c, d] = denseData(weight);
    expect([a, b]).toEqual([Math.fround(Math.SQRT1_2), Math.fround(Math.SQRT1_2)]);
    expect([c, d]).toEqual([1, 0]);
  });

  const heads: [string, LinearHead][] = [
    [
      'plain',
      headOf(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        [0, 1, 2],
      ),
    ],
    [
      'with a row of zeros',
      headOf(
        [
          [0, 0],
          [3, 4],
          [5, 6],
        ],
        [0, 1, 2],
      ),
    ],
    [
      'of zeros',
      headOf(
        [
          [0, 0],
          [0, 0],
          [0, 0],
        ],
        [0, 0, 0],
      ),
    ],
    [
      'denormal',
      headOf(
        [
          [1e-45, 1e-45],
          [1e-40, 4e-45],
          [5, 6],
        ],
        [1e-45, 1, 2],
      ),
    ],
    [
      'large',
      headOf(
        [
          [3e38, 3e38],
          [3e38, -3e38],
          [5, 6],
        ],
        [3e38, -3e38, 2],
      ),
    ],
    [
      'in float64, large',
      doubleHead([
        [1e200, 1e200],
        [1e300, 4],
        [5, 6],
      ]),
    ],
    [
      'in float64, small',
      doubleHead([
        [1e-200, 1e-200],
        [1e-300, 4e-310],
        [5, 6],
      ]),
    ],
    ['of one dimension', headOf([[1], [-1], [0.5]], [0, 0, 0])],
  ];
  const sizes = [-1e300, -100, -5, 0, 1, 5, 100, 1e300];
  const adjustments = ADJUST_METHODS.flatMap((method): Adjustment[] =>
    method === 'none'
      ? [{ method }]
      : sizes.flatMap((size): Adjustment[] => {
          if (method === 'multiplicative')
            return (['published-code', 'paper'] as const).map((convention) => ({
              method,
              gamma: size,
              convention,
            }));
          return method === 'temperature' ? [{ method, temperature: size }] : [{ method, tau: size }];
        }),
  );
  it.each(heads)('a head %s: finite and with all its rows, or refused', (_, head) => {
    const [classes, dimensions] = head.weight.shape;
    const rowOf = (of: LinearHead, k: number) =>
      Array.from(denseData(of.weight).subarray(k * dimensions, (k + 1) * dimensions));
    let made = 0;
    for (const adjustment of adjustments) {
      for (const targetPrior of ['uniform', [1, 1e-12, 1e-12]] as const) {
        try {
          const changed = adjust(head, { ...adjustment, counts: [1e9, 1000, 1], targetPrior });
          made++;
          expect(notFinite([denseData(changed.weight), denseData(changed.bias)])).toEqual([]);
          for (let k = 0; k < classes; k++) {
            const zero = (row: readonly number[]) => row.every((w) => w === 0);
            expect(zero(rowOf(changed, k)), JSON.stringify(adjustment)).toBe(zero(rowOf(head, k)));
          }
        } catch (error) {
          expect(error).toMatchObject({
            code: expect.stringMatching(/^(HEAD_OVERFLOW|INVALID_ARGUMENT)$/),
            message: expect.stringMatching(/Use a |must be/),
          });
        }
      }
    }
    expect(made).toBeGreaterThan(5);
  });

  it('says which class loses its weights', async () => {
    const head = headOf(
      [
        [1, 2],
        [3, 4],
      ],
      [0, 0],
    );
    await expectRefusal(
      () => adjust(head, { method: 'multiplicative', gamma: -8, counts: [1e9, 1] }),
      'HEAD_OVERFLOW',
      /weights of class 1 are so small that all of them are 0 in float32/,
    );
    const logits = single([
      [1, 2],
      [2, 1],
      [3, 0],
    ]);
    const result = await select({
      ...{ head, logits, labels: [0, 1, 0], counts: [1e9, 1], folds: 2, bootstrap: 100 },
      grids: { multiplicative: [-8], additive: [1], 'tau-norm': [1] },
    });
    expect(result.warnings.join()).toMatch(/Left out: multiplicative, published-code at -8/);
    expect(
      result.table.every((row) => row.parameters.gamma !== -8 || row.parameters.convention === 'paper'),
    ).toBe(true);
  });
});

describe('choosing on few and strange samples', () => {
  it.each([
    ['±1e30', 1e30],
    ['±3e38', 3e38],
    ['denormal', 1e-45],
    ['zero', 0],
  ])('logits %s give finite figures', async (_, size) => {
    const logits = single([
      [size, -size, 0],
      [0, size, -size],
      [-size, 0, size],
      [size, 0, 0],
    ]);
    const head = headOf(
      [
        [1, 0],
        [0, 1],
        [1, 1],
      ],
      [0, 1, 2],
    );
    const found = await select({
      head,
      logits,
      labels: [0, 1, 2, 1],
      counts: [1e9, 1e3, 1],
      folds: 2,
      bootstrap: 100,
    });
    expect(notFinite({ ...found.improvement, table: found.table, methods: found.methods })).toEqual([]);
  });

  it('one sample of each class: warned, and nothing is chosen by luck alone', async () => {
    const logits = single([
      [1, 2, 0],
      [0, 1, 2],
      [3, 0, 1],
    ]);
    const head = headOf([[1], [2], [3]], [0, 0, 0]);
    const found = await select({ head, logits, labels: [0, 1, 2], counts: [100, 10, 1], bootstrap: 100 });
    expect(found.chosen.method).toBe('none');
    expect(found.warnings.join()).toMatch(/single validation sample: classes 0, 1, 2/);
  });
});

const CONFIGURATIONS: FitConfiguration[] = [
  { method: 'linear' },
  { method: 'linear', weightDecay: 0, maxIterations: 60 },
  { method: 'linear', loss: 'cb', beta: 1 },
  { method: 'linear', loss: 'balanced-softmax', tau: 50 },
  { method: 'linear', solver: 'sgd', epochs: 2 },
  { method: 'linear', solver: 'adamw', epochs: 2 },
  { method: 'linear', solver: 'sgd', loss: 'dot-regression', epochs: 2 },
  { method: 'wb', epochs: 2 },
  { method: 'wb-norm', epochs: 2 },
  { method: 'etf' },
  { method: 'ncm' },
  { method: 'ncm', distance: 'cosine' },
  { method: 'lws' },
  { method: 'tau-norm' },
];
const REFUSALS = /^(FIT_DIVERGED|HEAD_OVERFLOW|INVALID_ARGUMENT|CLASS_MISSING|NOT_FINITE)$/;

describe('fitting', () => {
  it.each(golden.fits)(
    '$name: the minimum that scipy finds',
    async ({ features, labels, classes, decay, objective: best }) => {
      const set = setOf(features, labels, classes);
      const options = { weightDecay: decay, decayBias: false };
      const [{ head, objective: found, warning }] = await fit(
        set,
        { method: 'linear', tolerance: 1e-9, maxIterations: 5000, ...options },
        cpu,
      );
      expect(warning).toBeUndefined();
      expect(Math.abs(found! - best)).toBeLessThan(1e-9);
      const data = { features: set.features, labels: set.requireLabels('testing'), classes };
      expect(Math.abs(objective(head, data, options).value - best)).toBeLessThan(1e-7);
    },
  );

  const wave = (i: number, d: number) => Math.sin(12.9898 * (i + 1) + 78.233 * d);
  const rows = (n: number, width: number, value: (i: number, d: number) => number) =>
    Array.from({ length: n }, (_, i) => Array.from({ length: width }, (_, d) => value(i, d)));
  const labels = (n: number, classes: number) => Array.from({ length: n }, (_, i) => i % classes);
  const own = (i: number, d: number) => wave(i, d) + (i % 3 === d ? 2 : 0);
  const sets: [string, FeatureSet][] = [
    [
      'of one dimension',
      setOf(
        rows(12, 1, (i) => (i % 3) + wave(i, 0)),
        labels(12, 3),
        3,
      ),
    ],
    ['of one sample', setOf(rows(1, 2, wave), [0], 2)],
    ['with a class without a sample', setOf(rows(12, 3, own), labels(12, 3), 4)],
    [
      'that is zero',
      setOf(
        rows(12, 3, () => 0),
        labels(12, 3),
        3,
      ),
    ],
    [
      'that are all the same',
      setOf(
        rows(12, 3, () => 1),
        labels(12, 3),
        3,
      ),
    ],
    [
      'with columns twice',
      setOf(
        rows(12, 4, (i, d) => wave(i, d % 2)),
        labels(12, 3),
        3,
      ),
    ],
    ['wider than its samples', setOf(rows(4, 30, wave), labels(4, 2), 2)],
    [
      'of size 1e30',
      setOf(
        rows(12, 3, (i, d) => 1e30 * own(i, d)),
        labels(12, 3),
        3,
      ),
    ],
    [
      'of size 1e38',
      setOf(
        rows(12, 3, (i, d) => 1e38 * own(i, d)),
        labels(12, 3),
        3,
      ),
    ],
    [
      'of size 1e-30',
      setOf(
        rows(12, 3, (i, d) => 1e-30 * own(i, d)),
        labels(12, 3),
        3,
      ),
    ],
    [
      'that are denormal',
      setOf(
        rows(12, 3, (i, d) => 1e-42 * own(i, d)),
        labels(12, 3),
        3,
      ),
    ],
    [
      'of mixed size',
      setOf(
        rows(12, 3, (i, d) => [1e20, 1, 1e-20][d] * own(i, d)),
        labels(12, 3),
        3,
      ),
    ],
    [
      'far from 0',
      setOf(
        rows(12, 3, (i, d) => 1e6 + own(i, d)),
        labels(12, 3),
        3,
      ),
    ],
  ];
  const startOf = (set: FeatureSet, size = 1) => {
    const [c, d] = [set.classCount, set.features.shape[1]];
    return headOf(
      rows(c, d, (i, j) => size * wave(i + 7, j)),
      new Array<number>(c).fill(0.5),
    );
  };

  it.each(sets)('features %s: every method ends with a finite head, or is refused', async (_, set) => {
    for (const configuration of CONFIGURATIONS) {
      try {
        const [made] = await fit(set, configuration, { init: startOf(set), ...cpu });
        expect(
          notFinite({ ...made, head: [denseData(made.head.weight), denseData(made.head.bias)] }),
          JSON.stringify(configuration),
        ).toEqual([]);
      } catch (error) {
        expect(error, JSON.stringify(configuration)).toMatchObject({ code: expect.stringMatching(REFUSALS) });
      }
    }
  });

  it.each([1e20, 1e30])(
    'lws: a head that is %d times too long gets scales that make up for it',
    async (size) => {
      // Some samples are wrong: certain of them, the head is worse than none.
      const noisy = (i: number, d: number) => 1.5 * wave(i, d) + (i % 3 === d ? 1 : 0);
      const set = setOf(rows(60, 3, noisy), labels(60, 3), 3);
      const one = [1, 0.2, 0.1];
      const start = (scale: number) =>
        headOf(
          rows(3, 3, (k, d) => scale * one[Math.abs(k - d)]),
          [0.1, 0, 0.2],
        );
      const [plain] = await fit(set, { method: 'lws' }, { init: start(1), ...cpu });
      const [long] = await fit(set, { method: 'lws' }, { init: start(size), ...cpu });
      expect(plain.objective).toBeLessThan(Math.log(3));
      // The bias is not as much longer: nearly the same head, and not one of zeros.
      expect(long.objective).toBeLessThan(Math.log(3) - 0.5 * (Math.log(3) - plain.objective!));
      expect(denseData(long.head.weight).some((w) => Math.abs(w) > 1e-3)).toBe(true);
    },
  );

  it.each(sets)(
    'features %s: diagnosed with finite figures, and a reason for each that is missing',
    async (_, set) => {
      // The logits of larger ones would not be numbers of float32.
      const size = denseData(set.features).some((f) => Math.abs(f) > 1e37) ? 1e-30 : 1;
      for (const head of [undefined, startOf(set, size)]) {
        const { missing, ...figures } = await diagnose(set, {
          head,
          counts: set.counts.map((n) => n + 1),
          intervals: 3,
          threads: 1,
        });
        expect(notFinite(figures)).toEqual([]);
        for (const { reason } of missing) expect(reason).toMatch(/\w+ \w+/);
      }
    },
  );

  it('what float32 cannot multiply is left out of a diagnosis, with the reason', async () => {
    const set = setOf(
      rows(12, 3, (i, d) => 1e30 * own(i, d)),
      labels(12, 3),
      3,
    );
    const { collapse, theorem2, missing } = await diagnose(set, { head: startOf(set, 1e-30), threads: 1 });
    expect([collapse.nc4, theorem2?.gradientRatio]).toEqual([null, null]);
    for (const figure of ['collapse.nc4', 'theorem2.gradientRatio']) {
      expect(missing.find((miss) => miss.figure === figure)?.reason).toMatch(
        /do not fit float32: scale them down/,
      );
    }
  });

  it('of a float64 head of size 1e200 distances from W* are finite', async () => {
    const set = setOf(rows(12, 3, own), labels(12, 3), 3);
    const weight = Float64Array.from(denseData(startOf(set).weight), (w) => w * 1e200);
    const head = linearHead(weight, new Float64Array(3), 3, 3);
    const { theorem2, weightNorms } = await diagnose(set, { head, threads: 1 });
    expect(notFinite([theorem2, weightNorms])).toEqual([]);
    // Beside such weights W* is nothing.
    for (const value of theorem2!.distances) expect(value).toBeCloseTo(1, 12);
  });

  it('a weight decay of 1e−90 leaves W* out, with the reason', async () => {
    const set = setOf(rows(12, 3, own), labels(12, 3), 3);
    const { missing, ...figures } = await diagnose(set, {
      head: startOf(set),
      weightDecay: 1e-90,
      threads: 1,
    });
    expect(notFinite(figures)).toEqual([]);
    expect(missing.map((miss) => miss.figure)).toContain('theorem2.gradientRatio');
  });
});
