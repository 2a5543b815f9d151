import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { denseData, matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { openObjective } from '../../src/compute/objective-graph.js';
import { assertFitData } from '../../src/head/fit-checks.js';
import type { HeldFitData } from '../../src/head/fit-options.js';
import { crossEntropyProblem, type ObjectiveOptions, objective } from '../../src/head/objective.js';
import { expectRefusal } from '../array/expect-refusal.js';

/** A small problem with every class present, random sample weights, and a random head. */
function problem(seed: number, { classes = 4, dimensions = 3, samples = 25, weighted = true } = {}) {
  const random = createRandom(seed);
  const numbers = (length: number) => Float64Array.from({ length }, () => 2 * random() - 1);
  const data: HeldFitData = {
    features: matrix(Float32Array.from(numbers(samples * dimensions)), samples, dimensions),
    labels: Int32Array.from({ length: samples }, (_, i) =>
      i < classes ? i : Math.floor(classes * random() ** 2),
    ),
    classes,
    sampleWeights: weighted ? Float32Array.from({ length: samples }, () => 2 * random()) : undefined,
  };
  return {
    data,
    weight: numbers(classes * dimensions),
    bias: numbers(classes),
    head(theta?: { weight?: Float64Array; bias?: Float64Array }) {
      return linearHead(theta?.weight ?? this.weight, theta?.bias ?? this.bias, classes, dimensions);
    },
  };
}

const LOSSES: ObjectiveOptions[] = [
  { loss: 'ce' },
  { loss: 'ce', labelSmoothing: 0.1, weightDecay: 0.3 },
  { loss: 'cb' },
  { loss: 'cb', beta: 0.9, weightDecay: 0.2, decayBias: false },
  { loss: 'balanced-softmax' },
  { loss: 'balanced-softmax', tau: 1.7, labelSmoothing: 0.2, weightDecay: 1e-2 },
];

/** Central differences of f at every entry of `at`; right to about 1e−10 for functions of size 1. */
function differences(at: Float64Array, f: (moved: Float64Array) => number): Float64Array {
  const h = 1e-5;
  return at.map((x, i) => {
    const up = at.slice();
    const down = at.slice();
    up[i] = x + h;
    down[i] = x - h;
    return (f(up) - f(down)) / (2 * h);
  });
}

function expectNear(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i] - expected[i])).toBeLessThanOrEqual(tolerance);
  }
}

describe('objective', () => {
  it.each(LOSSES)('has the gradient of its finite differences: %j', (options) => {
    const p = problem(1);
    const { gradient, gradientNorm } = objective(p.head(), p.data, options);
    const byWeight = differences(p.weight, (weight) => objective(p.head({ weight }), p.data, options).value);
    const byBias = differences(p.bias, (bias) => objective(p.head({ bias }), p.data, options).value);
    expectNear(denseData(gradient.weight), byWeight, 1e-9);
    expectNear(denseData(gradient.bias), byBias, 1e-9);
    expect(gradientNorm).toBe(
      Math.max(...[...denseData(gradient.weight), ...denseData(gradient.bias)].map(Math.abs)),
    );
  });

  it('dot-regression: the finite differences with the norms held constant', () => {
    const p = problem(2);
    const [samples, dimensions] = p.data.features.shape;
    const f = denseData(p.data.features);
    const dot = (w: Float64Array, k: number, i: number) =>
      f
        .subarray(i * dimensions, (i + 1) * dimensions)
        .reduce((sum, x, d) => sum + x * w[k * dimensions + d], 0);
    const norms = Array.from(p.data.labels, (y, i) => {
      const w = p.weight.subarray(y * dimensions, (y + 1) * dimensions);
      return Math.hypot(...w) * Math.hypot(...f.subarray(i * dimensions, (i + 1) * dimensions));
    });
    const frozen = (w: Float64Array) =>
      norms.reduce(
        (sum, n, i) => sum + (p.data.sampleWeights![i] * (dot(w, p.data.labels[i], i) - n) ** 2) / (2 * n),
        0,
      ) / samples;
    const result = objective(p.head(), p.data, { loss: 'dot-regression' });
    expect(result.loss).toBeCloseTo(frozen(p.weight), 12);
    expectNear(denseData(result.gradient.weight), differences(p.weight, frozen), 1e-9);
    for (const slope of denseData(result.gradient.bias)) expect(slope).toBeCloseTo(0, 15);
  });

  it('dot-regression: a row of zeros has cosine 0', () => {
    const data: HeldFitData = {
      features: matrix(Float32Array.of(3, 4, 1, 0), 2, 2),
      labels: Int32Array.of(0, 1),
      classes: 2,
    };
    const zeros = linearHead(new Float64Array(4), new Float64Array(2), 2, 2);
    const { loss, gradient } = objective(zeros, data, { loss: 'dot-regression' });
    expect(loss).toBe(0);
    expectNear(denseData(gradient.weight), [-1.5, -2, -0.5, 0], 0);
  });

  it('balanced softmax is cross-entropy with its prior in the bias; cb of equal counts is ce', () => {
    const p = problem(3, { weighted: false });
    const counts = [40, 8, 2, 1];
    const shifted = p.bias.map((b, k) => b + 1.5 * Math.log(counts[k] / 51));
    expect(
      objective(p.head(), { ...p.data, counts }, { loss: 'balanced-softmax', tau: 1.5 }).loss,
    ).toBeCloseTo(objective(p.head({ bias: shifted }), p.data).loss, 12);
    expect(objective(p.head(), { ...p.data, counts: [7, 7, 7, 7] }, { loss: 'cb' }).loss).toBeCloseTo(
      objective(p.head(), p.data).loss,
      12,
    );
  });

  it('an integer sample weight is a repetition', () => {
    const p = problem(4, { samples: 6 });
    const twice = [0, 0, 1, 2, 2, 2, 3, 4, 5];
    const repeated: HeldFitData = {
      ...p.data,
      features: matrix(
        Float32Array.from(twice.flatMap((i) => [...denseData(p.data.features).subarray(3 * i, 3 * i + 3)])),
        9,
        3,
      ),
      labels: Int32Array.from(twice, (i) => p.data.labels[i]),
      sampleWeights: undefined,
    };
    const weighted = objective(p.head(), { ...p.data, sampleWeights: Float32Array.of(2, 1, 3, 1, 1, 1) });
    expect((weighted.loss * 6) / 9).toBeCloseTo(objective(p.head(), repeated).loss, 12);
  });

  it('does not overflow on logits of any size', () => {
    const p = problem(5);
    const far = p.weight.map((w) => 1e5 * w);
    expect(Number.isFinite(objective(p.head({ weight: far }), p.data).value)).toBe(true);
  });

  it('refuses', async () => {
    const p = problem(6);
    const { data } = p;
    const refuse = (
      change: Partial<HeldFitData>,
      options: ObjectiveOptions,
      code: 'INVALID_ARGUMENT',
      text: RegExp,
    ) => expectRefusal(() => objective(p.head(), { ...data, ...change }, options), code, text);
    await refuse({}, { weightDecay: -1 }, 'INVALID_ARGUMENT', /weightDecay is -1/);
    await refuse({}, { weightDecay: Number.NaN }, 'INVALID_ARGUMENT', /weightDecay is NaN/);
    await refuse({}, { beta: 2, loss: 'cb' }, 'INVALID_ARGUMENT', /beta is 2/);
    const other = linearHead(new Float32Array(12), new Float32Array(3), 3, 4);
    await expectRefusal(() => objective(other, data), 'SHAPE_MISMATCH', /3 classes × 4 dimensions/);
  });
});

describe('the objective as a graph', () => {
  const theta = (weight: Float64Array, bias: Float64Array) => {
    const d = weight.length / bias.length;
    return Float64Array.from(Array.from(bias, (b, k) => [...weight.subarray(k * d, (k + 1) * d), b]).flat());
  };

  it.each(LOSSES)('equals the reference, whole and in chunks: %j', async (options) => {
    const p = problem(7);
    const expected = objective(p.head(), p.data, options);
    const gradient = theta(denseData(expected.gradient.weight), denseData(expected.gradient.bias));
    const terms = crossEntropyProblem(p.data, assertFitData(p.data, 'Testing'), options, 'Testing');
    for (const [type, chunk, tolerance] of [
      ['float64', undefined, 1e-14],
      ['float64', 7, 1e-14],
      ['float32', undefined, 1e-6],
      ['float32', 10, 1e-6],
    ] as const) {
      const session = await openObjective(terms, { type, chunk, device: 'cpu' });
      const result = await session.evaluate(theta(p.weight, p.bias));
      await session.release();
      expect(Math.abs(result.value - expected.value)).toBeLessThanOrEqual(tolerance);
      expectNear(result.gradient, gradient, tolerance);
      expect(result.thetaGradient).toEqual(result.gradient);
    }
  });

  it('in other coordinates: value at x R, gradient times Rᵀ', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), async (seed) => {
        const p = problem(seed, { classes: 3, dimensions: 2, samples: 8 });
        const random = createRandom(seed + 1);
        const r = Float64Array.from({ length: 9 }, () => 2 * random() - 1);
        const x = Float64Array.from({ length: 9 }, () => 2 * random() - 1);
        const times = (a: Float64Array, b: (row: number, column: number) => number) =>
          Float64Array.from({ length: 9 }, (_, at) => {
            const [i, j] = [Math.floor(at / 3), at % 3];
            return a[3 * i] * b(0, j) + a[3 * i + 1] * b(1, j) + a[3 * i + 2] * b(2, j);
          });
        const t = times(x, (i, j) => r[3 * i + j]);
        const head = linearHead(
          Float64Array.of(t[0], t[1], t[3], t[4], t[6], t[7]),
          Float64Array.of(t[2], t[5], t[8]),
          3,
          2,
        );
        const options = { weightDecay: 0.1 };
        const expected = objective(head, p.data, options);
        const terms = crossEntropyProblem(p.data, assertFitData(p.data, 'Testing'), options, 'Testing');
        const session = await openObjective(terms, {
          type: 'float64',
          coordinates: r,
          device: 'cpu',
          chunk: 5,
        });
        const result = await session.evaluate(x);
        await session.release();
        const g = theta(denseData(expected.gradient.weight), denseData(expected.gradient.bias));
        expect(Math.abs(result.value - expected.value)).toBeLessThan(1e-13);
        expectNear(result.thetaGradient, g, 1e-13);
        expectNear(
          result.gradient,
          times(g, (i, j) => r[3 * j + i]),
          1e-13,
        );
      }),
      { numRuns: 20 },
    );
  });
});
