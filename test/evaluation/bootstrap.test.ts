import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/array/random.js';
import { createBinomial } from '../../src/evaluation/binomial.js';
import {
  bootstrapAccuracy,
  bootstrapDifference,
  percentileInterval,
  randomizedDifference,
} from '../../src/evaluation/bootstrap.js';

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
const variance = (values: ArrayLike<number>) => {
  const m = mean(values);
  return mean(Array.from(values, (v) => (v - m) ** 2));
};

describe('createBinomial', () => {
  it.each([
    [1, 0.3],
    [7, 0.05],
    [20, 0.5],
    [1000, 0.97],
    [1_000_000, 0.001],
    [1_000_000_000, 0.5],
  ])('n = %i, p = %f: mean and variance of 40,000 draws', (n, p) => {
    const random = createRandom(3);
    const draw = createBinomial(n, p);
    const draws = Array.from({ length: 40_000 }, () => draw(random));
    const expected = n * p * (1 - p);
    // Six standard errors of the mean and of the variance.
    expect(Math.abs(mean(draws) - n * p)).toBeLessThan(6 * Math.sqrt(expected / 40_000));
    expect(Math.abs(variance(draws) / expected - 1)).toBeLessThan(0.06);
    expect(draws.every((d) => Number.isInteger(d) && d >= 0 && d <= n)).toBe(true);
  });

  it('has the exact distribution of three throws', () => {
    const random = createRandom(5);
    const draw = createBinomial(3, 0.2);
    const seen = [0, 0, 0, 0];
    for (let i = 0; i < 100_000; i++) seen[draw(random)]++;
    [0.512, 0.384, 0.096, 0.008].forEach((p, k) => {
      expect(seen[k] / 100_000).toBeCloseTo(p, 2);
    });
  });

  it('is certain at the ends', () => {
    const random = createRandom(1);
    expect(createBinomial(5, 0)(random)).toBe(0);
    expect(createBinomial(5, 1)(random)).toBe(5);
    expect(createBinomial(0, 0.5)(random)).toBe(0);
  });
});

describe('bootstrapAccuracy', () => {
  it('is the bootstrap of samples: same spread as drawing samples again', () => {
    const total = Int32Array.from([31, 37, 23]);
    const correct = Int32Array.from([24, 9, 12]);
    const random = createRandom(9);
    const plain = new Float64Array(20_000);
    for (let r = 0; r < plain.length; r++) {
      for (let k = 0; k < 3; k++) {
        let hits = 0;
        for (let i = 0; i < total[k]; i++) if (Math.floor(random() * total[k]) < correct[k]) hits++;
        plain[r] += hits / total[k] / 3;
      }
    }
    const expected = percentileInterval(plain);
    const { average } = bootstrapAccuracy({ total, correct }, undefined, { replicates: 20_000, seed: 0 });
    expect(average[0]).toBeCloseTo(expected[0], 2);
    expect(average[1]).toBeCloseTo(expected[1], 2);
  });

  it('covers the truth about 95 times in 100', () => {
    const random = createRandom(21);
    const truth = [0.9, 0.6, 0.5, 0.4, 0.3];
    const draws = truth.map((p) => createBinomial(40, p));
    let covered = 0;
    for (let trial = 0; trial < 400; trial++) {
      const correct = Int32Array.from(draws, (draw) => draw(random));
      const total = new Int32Array(5).fill(40);
      const { average } = bootstrapAccuracy({ total, correct }, undefined, { replicates: 300, seed: trial });
      if (average[0] <= mean(truth) && mean(truth) <= average[1]) covered++;
    }
    expect(covered / 400).toBeGreaterThan(0.91);
    expect(covered / 400).toBeLessThan(0.99);
  });
});

describe('paired differences', () => {
  const tally = {
    total: Int32Array.from([40, 25, 10]),
    gained: Int32Array.from([10, 3, 0]),
    lost: Int32Array.from([4, 5, 0]),
  };
  const weights = [0.5, 0.3, 0.2];
  const estimate = (0.5 * 6) / 40 - (0.3 * 2) / 25;

  it('the bootstrap has the mean and the variance of the multinomial', () => {
    const d = bootstrapDifference(tally, weights, { replicates: 40_000, seed: 4 });
    const expected = 0.25 * ((14 / 40 - (6 / 40) ** 2) / 40) + 0.09 * ((8 / 25 - (2 / 25) ** 2) / 25);
    expect(Math.abs(mean(d) - estimate)).toBeLessThan(6 * Math.sqrt(expected / 40_000));
    expect(Math.abs(variance(d) / expected - 1)).toBeLessThan(0.06);
  });

  it('the randomisation has mean 0 and the variance of coins', () => {
    const d = randomizedDifference(tally, weights, { replicates: 40_000, seed: 4 });
    const expected = (0.25 * 14) / 40 ** 2 + (0.09 * 8) / 25 ** 2;
    expect(Math.abs(mean(d))).toBeLessThan(6 * Math.sqrt(expected / 40_000));
    expect(Math.abs(variance(d) / expected - 1)).toBeLessThan(0.06);
  });
});

describe('percentileInterval', () => {
  it('interpolates as numpy does', () => {
    // numpy.quantile(numpy.arange(10) ** 2, [0.025, 0.975]) is [0.225, 77.175].
    const [low, high] = percentileInterval(Float64Array.from({ length: 10 }, (_, i) => (9 - i) ** 2));
    expect(low).toBeCloseTo(0.225, 12);
    expect(high).toBeCloseTo(77.175, 12);
  });
});
