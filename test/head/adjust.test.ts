import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { denseData, type FloatArray, matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { argmaxRows } from '../../src/evaluation/argmax.js';
import {
  ADJUST_METHODS,
  type AdjustContext,
  type Adjustment,
  adjust,
  adjustmentTransform,
} from '../../src/head/adjust.js';
import { transformLogits } from '../../src/head/class-transform.js';

const golden = JSON.parse(readFileSync(new URL('../fixtures/adjust.json', import.meta.url), 'utf8')) as {
  weight: number[];
  bias: number[];
  counts: number[];
  heads: { options: Adjustment & AdjustContext; weight: number[]; bias: number[] }[];
};

describe('adjust against numpy', () => {
  const classes = golden.bias.length;
  const dimensions = golden.weight.length / classes;
  it.each(golden.heads)('$options', ({ options, weight, bias }) => {
    const exact = adjust(
      linearHead(Float64Array.from(golden.weight), Float64Array.from(golden.bias), classes, dimensions),
      { ...options, counts: golden.counts },
    );
    denseData(exact.weight).forEach((w, at) => {
      expect(Math.abs(w - weight[at])).toBeLessThanOrEqual(1e-13 * Math.abs(weight[at]));
    });
    denseData(exact.bias).forEach((b, k) => {
      expect(Math.abs(b - bias[k])).toBeLessThanOrEqual(1e-13 * Math.abs(bias[k]) + 1e-15);
    });
    const single = adjust(
      linearHead(Float32Array.from(golden.weight), Float32Array.from(golden.bias), classes, dimensions),
      { ...options, counts: golden.counts },
    );
    expect(denseData(single.weight)).toBeInstanceOf(Float32Array);
    // Computed in float64 and rounded once: the nearest float32, not a neighbour.
    expect(denseData(single.weight)).toEqual(Float32Array.from(denseData(exact.weight)));
    expect(denseData(single.bias)).toEqual(Float32Array.from(denseData(exact.bias)));
  });
});

/** A random head of 2 … 6 classes × 1 … 5 dimensions with random features and counts. */
const problems = fc
  .record({
    classes: fc.integer({ min: 2, max: 6 }),
    dimensions: fc.integer({ min: 1, max: 5 }),
    seed: fc.nat(),
  })
  .map(({ classes, dimensions, seed }) => {
    const random = createRandom(seed);
    const numbers = (length: number) => Float64Array.from({ length }, () => 4 * random() - 2);
    return {
      classes,
      dimensions,
      weight: numbers(classes * dimensions),
      bias: numbers(classes),
      features: numbers(20 * dimensions),
      counts: Array.from({ length: classes }, () => 1 + Math.floor(random() * 999)),
      q: Array.from({ length: classes }, () => 0.1 + random()),
    };
  });

const adjustments: fc.Arbitrary<Adjustment> = fc.oneof(
  fc.constant<Adjustment>({ method: 'none' }),
  fc.record({
    method: fc.constant('additive' as const),
    tau: fc.double({ min: -2, max: 2, noNaN: true }),
  }),
  fc.record({
    method: fc.constant('multiplicative' as const),
    gamma: fc.double({ min: -1, max: 2, noNaN: true }),
    convention: fc.constantFrom('published-code' as const, 'paper' as const),
  }),
  fc.record({
    method: fc.constant('tau-norm' as const),
    tau: fc.double({ min: -2, max: 2, noNaN: true }),
  }),
  fc.record({
    method: fc.constant('temperature' as const),
    temperature: fc.double({ min: 0.1, max: 10, noNaN: true }),
  }),
);

function logitsOf(weight: FloatArray, bias: FloatArray, features: Float64Array, dimensions: number) {
  const samples = features.length / dimensions;
  const logits = new Float64Array(samples * bias.length);
  for (let i = 0; i < samples; i++) {
    for (let k = 0; k < bias.length; k++) {
      let z = bias[k];
      for (let d = 0; d < dimensions; d++) z += weight[k * dimensions + d] * features[i * dimensions + d];
      logits[i * bias.length + k] = z;
    }
  }
  return matrix(logits, samples, bias.length);
}

describe('properties of adjust', () => {
  it('folding into the head equals applying to the logits', () => {
    fc.assert(
      fc.property(problems, adjustments, fc.boolean(), (problem, adjustment, uniform) => {
        const { weight, bias, features, classes, dimensions, counts, q } = problem;
        const head = linearHead(weight, bias, classes, dimensions);
        const options = { ...adjustment, counts, targetPrior: uniform ? ('uniform' as const) : q };
        const folded = adjust(head, options);
        const direct = logitsOf(denseData(folded.weight), denseData(folded.bias), features, dimensions);
        const applied = transformLogits(
          logitsOf(weight, bias, features, dimensions),
          head,
          adjustmentTransform(head, options),
        );
        const { rowScale } = adjustmentTransform(head, options);
        denseData(direct).forEach((z, at) => {
          const size = 1 + Math.abs(z) + 10 * rowScale[at % classes];
          expect(Math.abs(z - denseData(applied)[at])).toBeLessThan(1e-12 * size);
        });
      }),
    );
  });

  it('permuting the classes permutes the result', () => {
    fc.assert(
      fc.property(problems, adjustments, (problem, adjustment) => {
        const { weight, bias, classes, dimensions, counts, q } = problem;
        const reversed = <A extends { length: number; slice(a: number, b: number): ArrayLike<number> }>(
          values: A,
          width: number,
        ) =>
          Float64Array.from(
            Array.from({ length: classes }, (_, k) =>
              Array.from(values.slice((classes - 1 - k) * width, (classes - k) * width)),
            ).flat(),
          );
        const a = adjust(linearHead(weight, bias, classes, dimensions), {
          ...adjustment,
          counts,
          targetPrior: q,
        });
        const b = adjust(linearHead(reversed(weight, dimensions), reversed(bias, 1), classes, dimensions), {
          ...adjustment,
          counts: reversed(counts, 1),
          targetPrior: reversed(q, 1),
        });
        const back = reversed(denseData(b.weight), dimensions);
        denseData(a.weight).forEach((w, at) => {
          expect(back[at]).toBeCloseTo(w, 9);
        });
        const biasBack = reversed(denseData(b.bias), 1);
        denseData(a.bias).forEach((w, at) => {
          expect(biasBack[at]).toBeCloseTo(w, 9);
        });
      }),
    );
  });

  it('with the same count for every class no prediction changes, nor with q = π', () => {
    fc.assert(
      fc.property(
        problems,
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.boolean(),
        (problem, value, same) => {
          const { weight, bias, features, classes, dimensions, counts } = problem;
          const head = linearHead(weight, bias, classes, dimensions);
          const context = same
            ? { counts: new Array<number>(classes).fill(7) }
            : { counts, targetPrior: counts.map((n) => 3 * n) };
          const before = argmaxRows(logitsOf(weight, bias, features, dimensions));
          for (const adjustment of [
            { method: 'additive' as const, tau: value },
            { method: 'multiplicative' as const, gamma: value },
          ]) {
            const after = adjust(head, { ...adjustment, ...context });
            expect(
              argmaxRows(logitsOf(denseData(after.weight), denseData(after.bias), features, dimensions)),
            ).toEqual(before);
          }
        },
      ),
    );
  });

  it('an explicit uniform prior means the same as uniform', () => {
    fc.assert(
      fc.property(problems, fc.double({ min: 0, max: 2, noNaN: true }), (problem, gamma) => {
        const { weight, bias, classes, dimensions, counts } = problem;
        const head = linearHead(weight, bias, classes, dimensions);
        const a = adjust(head, { method: 'multiplicative', gamma, counts });
        const q = new Array<number>(classes).fill(1);
        const b = adjust(head, { method: 'multiplicative', gamma, counts, targetPrior: q });
        denseData(a.weight).forEach((w, at) => {
          expect(Math.abs(denseData(b.weight)[at] - w)).toBeLessThanOrEqual(1e-12 * Math.abs(w));
        });
      }),
    );
  });

  it('the neutral parameter keeps every bit, −0 included', () => {
    const head = linearHead(Float32Array.from([-0, 1, 2, -3]), Float32Array.from([-0, 0]), 2, 2);
    for (const adjustment of [
      { method: 'none' },
      { method: 'additive', tau: 0 },
      { method: 'multiplicative', gamma: 0 },
      { method: 'tau-norm', tau: 0 },
      { method: 'temperature', temperature: 1 },
    ] as Adjustment[]) {
      const { weight, bias } = adjust(head, { ...adjustment, counts: [5, 1] });
      expect(denseData(weight)).toEqual(Float32Array.from([-0, 1, 2, -3]));
      expect(denseData(bias)).toEqual(Float32Array.from([-0, 0]));
    }
  });
});

describe('adjust', () => {
  const head = linearHead(Float32Array.from([3, 4, 0, 0]), Float32Array.from([0.5, -0.5]), 2, 2);

  it('leaves a row of zeros at zero under the normalising methods', () => {
    const normed = adjust(head, { method: 'tau-norm', tau: 1 });
    expect([...denseData(normed.weight)]).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0]);
    const paper = adjust(head, { method: 'multiplicative', gamma: 1, convention: 'paper', counts: [1, 1] });
    expect([...denseData(paper.weight)]).toEqual([Math.fround(1.2), Math.fround(1.6), 0, 0]);
    expect([...denseData(paper.bias)]).toEqual([0.5, -0.5]);
  });

  it('takes a target prior of any sum', () => {
    const counts = [9, 1];
    const a = adjust(head, { method: 'additive', tau: 1, counts, targetPrior: [0.25, 0.75] });
    const b = adjust(head, { method: 'additive', tau: 1, counts, targetPrior: [10, 30] });
    expect(b).toEqual(a);
  });

  it('does not write to the head it was given', () => {
    adjust(head, { method: 'additive', tau: 1, counts: [9, 1] });
    expect([...denseData(head.weight), ...denseData(head.bias)]).toEqual([3, 4, 0, 0, 0.5, -0.5]);
  });

  it.each([
    ['counts left out', { method: 'additive', tau: 1 }, 'COUNTS_INVALID', /none were given/],
    ['counts of another length', { method: 'additive', tau: 1, counts: [1] }, 'COUNTS_INVALID', /2 classes/],
    [
      'a parameter that is no number',
      { method: 'additive', tau: Number.NaN, counts: [1, 1] },
      'INVALID_ARGUMENT',
      /tau is NaN/,
    ],
    ['a parameter left out', { method: 'tau-norm' }, 'INVALID_ARGUMENT', /tau is undefined/],
    ['a temperature of 0', { method: 'temperature', temperature: 0 }, 'INVALID_ARGUMENT', /must be above 0/],
    ['an unknown method', { method: 'magic' }, 'INVALID_ARGUMENT', /allowed are none, additive/],
    [
      'an unknown convention',
      { method: 'multiplicative', gamma: 1, convention: 'x', counts: [1, 1] },
      'INVALID_ARGUMENT',
      /'published-code' and 'paper'/,
    ],
    [
      'a target of another length',
      { method: 'additive', tau: 1, counts: [1, 1], targetPrior: [1] },
      'INVALID_ARGUMENT',
      /1 numbers, but the head has 2/,
    ],
    [
      'a target of 0',
      { method: 'additive', tau: 1, counts: [1, 1], targetPrior: [1, 0] },
      'INVALID_ARGUMENT',
      /class 1 is 0/,
    ],
    [
      'weights that overflow float32',
      { method: 'multiplicative', gamma: 20, counts: [1, 999] },
      'HEAD_OVERFLOW',
      /weights of class 0 .*float32\. Use a smaller gamma/,
    ],
    [
      'a factor that overflows float64',
      { method: 'multiplicative', gamma: 200, counts: [1, 999] },
      'HEAD_OVERFLOW',
      /class 0 .*not finite. Use a smaller gamma/,
    ],
    [
      'a shift that overflows float32',
      { method: 'additive', tau: 1e300, counts: [1, 9] },
      'HEAD_OVERFLOW',
      /bias of class 0/,
    ],
  ])('refuses %s', (_, options, code, message) => {
    expect(() => adjust(head, options as Adjustment & AdjustContext)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('refuses a head that is not finite', () => {
    const broken = { ...head, bias: matrix(Float32Array.from([0, Number.NaN]), 1, 2).pick(0, null) };
    expect(() => adjust(broken, { method: 'none' })).toThrow(expect.objectContaining({ code: 'NOT_FINITE' }));
  });

  it('names its methods', () => {
    expect(ADJUST_METHODS).toEqual(['none', 'additive', 'multiplicative', 'tau-norm', 'temperature']);
  });
});
