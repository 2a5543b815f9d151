import fc from 'fast-check';
import { inverse, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/array/errors.js';
import { createRandom } from '../../src/array/random.js';
import { conditionEstimate, solveBasic, whiten } from '../../src/compute/cholesky-solve.js';
import { type PivotedCholesky, pivotedCholesky } from '../../src/compute/pivoted-cholesky.js';
import { transposedProducts } from '../../src/compute/transposed-product.js';
import { expectRefusal } from '../array/expect-refusal.js';

/** XᵀX of rows × n random numbers: of rank min(rows, n). */
async function gram(n: number, rows: number, seed: number, scale = (_: number) => 1): Promise<Float64Array> {
  const random = createRandom(seed);
  const x = Float64Array.from({ length: rows * n }, (_, at) => (random() - 0.5) * scale(at % n));
  const products = transposedProducts();
  const matrix = await products.multiply(x, x, rows, n, n);
  await products.release();
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) matrix[j * n + i] = matrix[i * n + j];
  return matrix;
}

/** Largest |Uᵀ U − Pᵀ T P|. */
async function error(f: PivotedCholesky, matrix: Float64Array): Promise<number> {
  const n = f.size;
  const products = transposedProducts();
  const found = await products.multiply(f.factor, f.factor, f.rank, n, n);
  await products.release();
  let worst = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const [p, q] = [f.pivots[i], f.pivots[j]];
      if (f.scale[p] === 0 || f.scale[q] === 0) continue;
      const wanted = matrix[p * n + q] / f.scale[p] / f.scale[q];
      worst = Math.max(worst, Math.abs(found[i * n + j] - wanted));
    }
  }
  return worst;
}

function expectFactor(f: PivotedCholesky): void {
  const n = f.size;
  expect([...f.pivots].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, j) => j));
  const dropped = [...f.pivots.subarray(f.rank)];
  expect(dropped).toEqual(dropped.toSorted((a, b) => a - b));
  expect(f.factor).toHaveLength(f.rank * n);
  let below = 0;
  for (let i = 0; i < f.rank; i++) {
    for (let j = 0; j < i; j++) if (f.factor[i * n + j] !== 0) below++;
    if (i === 0) continue;
    // Pivots never grow, but for rounding.
    expect(f.factor[i * n + i]).toBeLessThanOrEqual(f.factor[(i - 1) * n + i - 1] * (1 + 1e-12));
  }
  expect(below).toBe(0);
}

describe('pivotedCholesky', () => {
  it('factors a matrix of any rank, whatever the units, and tells the rank', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 15 }),
        fc.integer({ min: 0, max: 30 }),
        async (seed, n, rows, decades) => {
          const matrix = await gram(n, rows, seed, (j) => 10 ** (decades * Math.sin(j + seed)));
          const f = await pivotedCholesky(matrix, n);
          expect(f.rank).toBe(Math.min(n, rows));
          expectFactor(f);
          expect(await error(f, matrix)).toBeLessThan(1e-13);
        },
      ),
      { numRuns: 200 },
    );
  });

  // Around the edges of panels, and with a rank that ends inside of one and on one.
  it.each([
    [256, 400, 256],
    [257, 400, 257],
    [300, 128, 128],
    [300, 200, 200],
    [400, 256, 256],
    [520, 600, 520],
  ])('by panels: %s dimensions, %s rows', async (n, rows, rank) => {
    const matrix = await gram(n, rows, n, (j) => 10 ** (j % 7));
    const f = await pivotedCholesky(matrix, n);
    expect(f.rank).toBe(rank);
    expectFactor(f);
    expect(await error(f, matrix)).toBeLessThan(1e-12);
  });

  it('leaves out dimensions without a diagonal and those that others explain', async () => {
    const matrix = Float64Array.of(4, 0, 2, 0, 0, 0, 2, 0, 1);
    const f = await pivotedCholesky(matrix, 3);
    expect([f.rank, [...f.pivots], [...f.scale]]).toEqual([1, [0, 1, 2], [2, 0, 1]]);
    expect((await pivotedCholesky(new Float64Array(4), 2)).rank).toBe(0);
    // Of what the first leaves of the second, a hundredth remains.
    const close = Float64Array.of(1, 0.995, 0.995, 1);
    expect((await pivotedCholesky(close, 2, { tolerance: 0.009 })).rank).toBe(2);
    expect((await pivotedCholesky(close, 2, { tolerance: 0.011 })).rank).toBe(1);
  });

  it('refuses what is no such matrix', async () => {
    const refused = (matrix: number[], n: number, message: RegExp, code: ErrorCode = 'INVALID_ARGUMENT') =>
      expectRefusal(() => pivotedCholesky(Float64Array.from(matrix), n), code, message);
    await refused([1, 0, 0, -1], 2, /diagonal number 1 is -1/);
    await refused([1, Number.NaN, 0, 1], 2, /row 0, column 1 is NaN/, 'NOT_FINITE');
    await refused([1, 2], 2, /needs 4 numbers, got 2/, 'SHAPE_MISMATCH');
    await expectRefusal(
      () => pivotedCholesky(Float64Array.of(1), 1, { tolerance: 1 }),
      'INVALID_ARGUMENT',
      /tolerance is 1/,
    );
    await expectRefusal(
      () => pivotedCholesky(Float64Array.of(1), 1, { signal: AbortSignal.abort('enough') }),
      'ABORTED',
      /enough/,
    );
  });
});

describe('solving with the factor', () => {
  it.each([
    [1, 1],
    [7, 3],
    [150, 1],
    [300, 40],
  ])('of %s dimensions for %s right-hand sides', async (n, k) => {
    const matrix = await gram(n, 2 * n + 5, 3, (j) => 10 ** (j % 5));
    const f = await pivotedCholesky(matrix, n);
    const random = createRandom(9);
    const wanted = Float64Array.from({ length: n * k }, (_, at) => random() / 10 ** (Math.floor(at / k) % 5));
    const sides = new Matrix(to2d(matrix, n)).mmul(new Matrix(to2d(wanted, k)));
    const b = Float64Array.from(sides.to1DArray());
    const x = await solveBasic(f, b, k);
    for (let at = 0; at < x.length; at++) {
      const unit = 10 ** -(Math.floor(at / k) % 5);
      expect(Math.abs(x[at] - wanted[at])).toBeLessThan(1e-9 * unit);
    }
    // ‖y‖² = bᵀ x.
    const y = await whiten(f, b, k);
    for (let c = 0; c < k; c++) {
      let [squares, product] = [0, 0];
      for (let j = 0; j < n; j++) {
        squares += y[j * k + c] ** 2;
        product += b[j * k + c] * wanted[j * k + c];
      }
      expect(squares / product).toBeCloseTo(1, 10);
    }
  });

  it('gives the basic solution where the rank is less', async () => {
    const f = await pivotedCholesky(Float64Array.of(4, 0, 2, 0, 0, 0, 2, 0, 1), 3);
    expect(await solveBasic(f, Float64Array.of(8, 0, 4), 1)).toEqual(Float64Array.of(2, 0, 0));
    await expectRefusal(() => whiten(f, new Float64Array(2), 1), 'SHAPE_MISMATCH', /need 3 numbers, got 2/);
  });

  it('estimates the condition: never above the true number, hardly ever below a third', async () => {
    let low = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 10 }), async (seed, n) => {
        const matrix = await gram(n, n + 1, seed, (j) => 10 ** (4 * Math.sin(j)));
        const f = await pivotedCholesky(matrix, n);
        if (f.rank < n) return;
        const t = new Matrix(
          to2d(
            matrix.map((value, at) => value / f.scale[Math.floor(at / n)] / f.scale[at % n]),
            n,
          ),
        );
        const norm = (m: Matrix) => {
          return Math.max(...m.to2DArray().map((row) => row.reduce((s, v) => s + Math.abs(v), 0)));
        };
        const wanted = norm(t) * norm(inverse(t));
        const found = conditionEstimate(f, matrix);
        expect(found).toBeLessThanOrEqual(wanted * (1 + 1e-6));
        if (found < wanted / 3) low++;
      }),
      { numRuns: 200 },
    );
    expect(low).toBeLessThan(5);
  });
});

function to2d(numbers: Float64Array, width: number): number[][] {
  return Array.from({ length: numbers.length / width }, (_, i) => [
    ...numbers.subarray(i * width, (i + 1) * width),
  ]);
}
