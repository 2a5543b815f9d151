import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { estimatePrior } from '../../src/head/estimate-prior.js';
import { fitTemperature } from '../../src/head/fit-temperature.js';

const golden = JSON.parse(readFileSync(new URL('../fixtures/adjust.json', import.meta.url), 'utf8')) as {
  counts: number[];
  logits: number[][];
  labels: number[];
  weights: number[];
  prior: number[];
  priorAfterThreeSteps: number[];
  temperature: number;
  weightedTemperature: number;
};
const { counts, labels } = golden;
const logits = matrix(Float64Array.from(golden.logits.flat()), labels.length, counts.length);

describe('estimatePrior', () => {
  it('equals the published iteration step by step and where it stands still', () => {
    const three = estimatePrior({ logits, counts, maxIterations: 3 });
    expect(three.converged).toBe(false);
    golden.priorAfterThreeSteps.forEach((q, k) => {
      expect(three.prior[k]).toBeCloseTo(q, 12);
    });
    const end = estimatePrior({ logits, counts, tolerance: 1e-14, maxIterations: 20_000 });
    expect(end.converged).toBe(true);
    golden.prior.forEach((q, k) => {
      expect(end.prior[k]).toBeCloseTo(q, 8);
    });
  });

  it('finds the prior that calibrated samples were drawn from', () => {
    // Two unit Gaussians at ±1 with π = (0.9, 0.1); the target has q = (0.3, 0.7).
    const random = createRandom(2);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const samples = 20_000;
    const z = new Float64Array(2 * samples);
    for (let i = 0; i < samples; i++) {
      const x = normal() + (random() < 0.3 ? 1 : -1);
      z[2 * i] = x + Math.log(0.9);
      z[2 * i + 1] = -x + Math.log(0.1);
    }
    const { prior } = estimatePrior({ logits: matrix(z, samples, 2), counts: [90, 10] });
    expect(prior[0]).toBeCloseTo(0.3, 1);
    expect(prior[0] + prior[1]).toBeCloseTo(1, 12);
  });

  it('keeps every class above 0 with a pseudo-count', () => {
    const sure = matrix(Float32Array.from([900, 0, 900, 0]), 2, 2);
    expect(estimatePrior({ logits: sure, counts: [1, 1] }).prior[1]).toBe(0);
    expect(estimatePrior({ logits: sure, counts: [1, 1], pseudoCount: 1 }).prior[1]).toBe(0.25);
  });

  it('refuses what it cannot work on', () => {
    const code = (c: string) => expect.objectContaining({ code: c });
    expect(() => estimatePrior({ logits, counts: [1] })).toThrow(code('COUNTS_INVALID'));
    expect(() => estimatePrior({ logits, counts, tolerance: 0 })).toThrow(code('INVALID_ARGUMENT'));
    expect(() => estimatePrior({ logits: matrix(new Float32Array(0), 0, 4), counts })).toThrow(
      code('INVALID_ARGUMENT'),
    );
  });
});

describe('fitTemperature', () => {
  it('equals scipy, plain and weighted by class', () => {
    expect(fitTemperature(logits, labels)).toBeCloseTo(golden.temperature, 7);
    expect(fitTemperature(logits, labels, { weights: golden.weights })).toBeCloseTo(
      golden.weightedTemperature,
      7,
    );
  });

  it('takes a class of weight 0 as if its samples were not there', () => {
    const kept = Array.from(labels.keys()).filter((i) => labels[i] !== 2);
    const rest = matrix(Float64Array.from(kept.flatMap((i) => golden.logits[i])), kept.length, counts.length);
    const without = fitTemperature(
      rest,
      kept.map((i) => labels[i]),
    );
    expect(fitTemperature(logits, labels, { weights: [1, 1, 0, 1] })).toBeCloseTo(without, 9);
  });

  it('scales with the logits', () => {
    const data = Float64Array.from(golden.logits.flat(), (z) => 37 * z);
    const scaled = fitTemperature(matrix(data, labels.length, counts.length), labels);
    expect(scaled / golden.temperature).toBeCloseTo(37, 5);
  });

  it('goes to the ends of the range where the minimum is beyond', () => {
    const right = matrix(Float32Array.from([2, 0, 0, 2]), 2, 2);
    expect(fitTemperature(right, [0, 1])).toBe(1e-3);
    expect(fitTemperature(right, [1, 0], { range: [0.1, 50] })).toBe(50);
  });

  it('stands logits of any size', () => {
    const huge = matrix(Float64Array.from([1e30, -1e30, -1e30, 1e30, 1e30, -1e30]), 3, 2);
    expect(fitTemperature(huge, [0, 1, 1])).toBe(1e3);
  });

  it('refuses weights and ranges that make no sense', () => {
    const code = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    expect(() => fitTemperature(logits, labels, { weights: [1, 1] })).toThrow(code);
    expect(() => fitTemperature(logits, labels, { weights: [0, 0, 0, 0] })).toThrow(code);
    expect(() => fitTemperature(logits, labels, { range: [1, 1] })).toThrow(code);
  });
});
