/** Sets of features for the tests of statistics, and their statistics by the definitions. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { type Matrix, matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import type { FeatureStatistics } from '../../src/diagnostics/statistics.js';

/** Some labelled features. */
export interface Problem {
  readonly features: Matrix<Float32Array>;
  readonly labels: Int32Array;
  readonly classes: number;
}

/** Sets with empty classes, single samples, one class, one dimension, zero features, and values far from 0 that hardly differ. */
export const problems: fc.Arbitrary<Problem> = fc
  .record({
    seed: fc.integer(),
    samples: fc.integer({ min: 0, max: 25 }),
    dimensions: fc.integer({ min: 1, max: 5 }),
    classes: fc.integer({ min: 1, max: 6 }),
    kind: fc.constantFrom('plain', 'zeros', 'offset'),
  })
  .map(({ seed, samples, dimensions, classes, kind }) => {
    const random = createRandom(seed);
    const labels = Int32Array.from({ length: samples }, () => Math.floor(classes * random() ** 2));
    const rows = new Float32Array(samples * dimensions);
    for (let i = 0; i < samples; i++) {
      if (kind === 'zeros' && random() < 0.4) continue;
      for (let d = 0; d < dimensions; d++) {
        const value = 2 * random() - 1 + labels[i];
        rows[i * dimensions + d] = kind === 'offset' ? 1e4 + 1e-2 * value : value;
      }
    }
    return { features: matrix(rows, samples, dimensions), labels, classes };
  });

/** Rows `from` up to `to` of a problem. */
export function part({ features, labels, classes }: Problem, from: number, to: number): Problem {
  const d = features.shape[1];
  const data = features.data.subarray(from * d, to * d);
  return { features: matrix(data, to - from, d), labels: labels.subarray(from, to), classes };
}

/** Means and scatter to every digit: float32 values are whole multiples of 2⁻¹⁴⁹, sums of which bigints hold exactly. */
export function exactMoments({ features, labels, classes }: Problem): {
  means: Float64Array;
  scatter: Float64Array;
} {
  const [samples, dimensions] = features.shape;
  // All values of these tests are multiples of 2⁻⁶⁰ or rounded to them, far below what is compared.
  const unit = 2n ** 60n;
  const whole = (value: number) => BigInt(Math.round(value * 2 ** 40)) * 2n ** 20n;
  const counts = new Array<bigint>(classes).fill(0n);
  const sums = new Array<bigint>(classes * dimensions).fill(0n);
  for (let i = 0; i < samples; i++) {
    counts[labels[i]]++;
    for (let d = 0; d < dimensions; d++) {
      sums[labels[i] * dimensions + d] += whole(features.get(i, d));
    }
  }
  const means = Float64Array.from(sums, (sum, at) => {
    const count = counts[Math.floor(at / dimensions)];
    return count === 0n ? 0 : ratio(sum, count * unit);
  });
  const scatter = new Float64Array(dimensions * dimensions);
  const common = counts.reduce((product, count) => (count > 0n ? product * count : product), 1n);
  for (let p = 0; p < dimensions; p++) {
    for (let q = 0; q < dimensions; q++) {
      // Σ_i N_k² times the product of differences, over N_k² brought to one denominator.
      let total = 0n;
      for (let i = 0; i < samples; i++) {
        const k = labels[i];
        const n = counts[k];
        const x = n * whole(features.get(i, p)) - sums[k * dimensions + p];
        const y = n * whole(features.get(i, q)) - sums[k * dimensions + q];
        total += x * y * (common / n) * (common / n);
      }
      scatter[p * dimensions + q] = ratio(total, unit * unit * common * common);
    }
  }
  return { means, scatter };
}

/** a / b in float64, correct to about 1e−18 of the larger of it and 1. */
function ratio(a: bigint, b: bigint): number {
  const whole = a / b;
  return Number(whole) + Number(((a - whole * b) * 2n ** 80n) / b) / 2 ** 80;
}

/** Everything but rounding is the same; differences of `scatter` are measured by its diagonal. */
export function expectSame(found: FeatureStatistics, wanted: FeatureStatistics, tolerance = 1e-12): void {
  for (const key of ['counts', 'unitCounts', 'normHistogram', 'minimum', 'maximum'] as const) {
    expect(found[key], key).toEqual(wanted[key]);
  }
  for (const key of ['classes', 'dimensions', 'normMax'] as const) expect(found[key], key).toBe(wanted[key]);
  for (const key of ['means', 'unitSums', 'normSums', 'normSquareSums', 'sparsitySums'] as const) {
    expectNear(found[key], wanted[key], (value) => tolerance * Math.max(1, Math.abs(value)), key);
  }
  expectScatter(found.scatter, wanted.scatter, tolerance);
  expect(found.head?.fingerprint).toBe(wanted.head?.fingerprint);
  expect(found.head?.correct).toEqual(wanted.head?.correct);
  expect(found.head?.doubtHistogram).toEqual(wanted.head?.doubtHistogram);
  expect(found.head?.doubtMax).toBe(wanted.head?.doubtMax);
}

/** Scatter to a share of the geometric mean of its diagonal. */
export function expectScatter(found: Float64Array, wanted: Float64Array, tolerance: number): void {
  const d = Math.sqrt(wanted.length);
  expectNear(
    found,
    wanted,
    (_, at) => {
      const [p, q] = [Math.floor(at / d), at % d];
      return tolerance * Math.sqrt(wanted[p * d + p] * wanted[q * d + q]);
    },
    'scatter',
  );
}

function expectNear(
  found: Float64Array,
  wanted: Float64Array,
  allowed: (value: number, at: number) => number,
  what: string,
): void {
  expect(found).toHaveLength(wanted.length);
  for (let at = 0; at < wanted.length; at++) {
    const difference = Math.abs(found[at] - wanted[at]);
    if (difference > allowed(wanted[at], at)) {
      expect.fail(`${what}[${at}] is ${found[at]}, should be ${wanted[at]}: off by ${difference}`);
    }
  }
}
