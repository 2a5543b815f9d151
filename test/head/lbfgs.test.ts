import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/array/random.js';
import { inverseCholesky } from '../../src/head/inverse-cholesky.js';
import { type Evaluate, minimize } from '../../src/head/lbfgs.js';

const rosenbrock: Evaluate = async ([x, y]) => {
  const gradient = Float64Array.of(-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x));
  return { value: (1 - x) ** 2 + 100 * (y - x * x) ** 2, gradient, residual: Math.hypot(...gradient) };
};

/** ½ xᵀ diag(s) x − Σ x. */
const bowl =
  (scales: number[]): Evaluate =>
  async (x) => {
    const gradient = Float64Array.from(x, (v, i) => scales[i] * v - 1);
    const value = x.reduce((sum, v, i) => sum + (scales[i] * v * v) / 2 - v, 0);
    return { value, gradient, residual: Math.hypot(...gradient) };
  };

describe('minimize', () => {
  it('finds the end of the banana valley', async () => {
    const end = await minimize(rosenbrock, Float64Array.of(-1.2, 1), {
      tolerance: 1e-10,
      maxIterations: 200,
    });
    expect(end.status).toBe('converged');
    expect(end.point[0]).toBeCloseTo(1, 9);
    expect(end.point[1]).toBeCloseTo(1, 9);
    expect(end.iterations).toBeLessThan(80);
    expect(end.evaluations).toBeGreaterThan(end.iterations);
  });

  it('needs few steps in a bowl, and leaves the start as it is', async () => {
    const scales = [1, 3, 10, 30, 100];
    const start = new Float64Array(5);
    const end = await minimize(bowl(scales), start, { tolerance: 1e-12, maxIterations: 100 });
    expect(end.status).toBe('converged');
    expect(end.iterations).toBeLessThan(30);
    scales.forEach((s, i) => {
      expect(end.point[i]).toBeCloseTo(1 / s, 12);
    });
    expect([...start]).toEqual([0, 0, 0, 0, 0]);
  });

  it('goes on with the pairs of an earlier run', async () => {
    const scales = Array.from({ length: 40 }, (_, i) => 1.2 ** i);
    const memory: NonNullable<Parameters<typeof minimize>[2]['memory']> = [];
    const half = await minimize(bowl(scales), new Float64Array(40), {
      tolerance: 1e-3,
      maxIterations: 500,
      memory,
    });
    const cold = await minimize(bowl(scales), half.point, { tolerance: 1e-6, maxIterations: 500 });
    const warm = await minimize(bowl(scales), half.point, { tolerance: 1e-6, maxIterations: 500, memory });
    expect(warm.iterations).toBeLessThan(cold.iterations);
  });

  it('stops at the last iteration, and where nothing gets better', async () => {
    const short = await minimize(rosenbrock, Float64Array.of(-1.2, 1), {
      tolerance: 1e-10,
      maxIterations: 3,
    });
    expect([short.status, short.iterations]).toEqual(['max-iterations', 3]);
    // The gradient points the wrong way: no step helps.
    const wrong: Evaluate = async ([x]) => ({
      value: x * x,
      gradient: Float64Array.of(-2 * x),
      residual: Math.abs(x),
    });
    expect((await minimize(wrong, Float64Array.of(1), { tolerance: 1e-9, maxIterations: 50 })).status).toBe(
      'stalled',
    );
    const nothing: Evaluate = async () => ({ value: Number.NaN, gradient: Float64Array.of(1), residual: 1 });
    expect((await minimize(nothing, Float64Array.of(1), { tolerance: 1e-9, maxIterations: 50 })).status).toBe(
      'stalled',
    );
  });

  it('steps back from where the function is not finite', async () => {
    // −log x + x from 0.01: the first step, to 99, is fine; from 5 with a gradient scaled up it leaves the domain.
    const steep: Evaluate = async ([x]) => ({
      value: x > 0 ? 100 * (x - Math.log(x)) : Number.NaN,
      gradient: Float64Array.of(x > 0 ? 100 * (1 - 1 / x) : Number.NaN),
      residual: Math.abs(1 - 1 / x),
    });
    const end = await minimize(steep, Float64Array.of(5), { tolerance: 1e-9, maxIterations: 50 });
    expect(end.status).toBe('converged');
    expect(end.point[0]).toBeCloseTo(1, 8);
  });
});

describe('inverseCholesky', () => {
  it.each([1, 2, 5, 33])('inverts the factor: R M Rᵀ = I, size %i', (n) => {
    const random = createRandom(n);
    const a = Float64Array.from({ length: n * n }, () => random() - 0.5);
    const m = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        for (let k = 0; k < n; k++) m[i * n + j] += a[i * n + k] * a[j * n + k];
      }
      m[i * n + i] += 0.1;
    }
    const r = inverseCholesky(m, n)!;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < n; p++)
          for (let q = 0; q < n; q++) sum += r[i * n + p] * m[p * n + q] * r[j * n + q];
        expect(sum).toBeCloseTo(i === j ? 1 : 0, 9);
        if (j > i) expect(r[i * n + j]).toBe(0);
      }
    }
  });

  it('knows what is not positive definite', () => {
    expect(inverseCholesky(Float64Array.of(1, 2, 2, 1), 2)).toBeUndefined();
    expect(inverseCholesky(Float64Array.of(0), 1)).toBeUndefined();
    expect(inverseCholesky(Float64Array.of(Number.NaN), 1)).toBeUndefined();
    expect(inverseCholesky(Float64Array.of(Infinity), 1)).toBeUndefined();
  });
});
