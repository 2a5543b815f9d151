import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LinearHead, rowNorms } from '../../src/array/linear-head.js';
import { denseData, matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { classMeans } from '../../src/head/class-means.js';
import { alignedEtfHead, etfHead } from '../../src/head/etf.js';
import { assertFitData } from '../../src/head/fit-checks.js';
import type { FitData, HeldFitData } from '../../src/head/fit-options.js';
import { normalNumbers, orthonormalize } from '../../src/head/orthonormal.js';
import { expectRefusal } from '../array/expect-refusal.js';

/** Rounding of a dot product of float32 rows of length 1. */
const ROUNDING = 1e-6;

function dot(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number, width: number): number {
  let sum = 0;
  for (let d = 0; d < width; d++) sum += a[i * width + d] * b[j * width + d];
  return sum;
}

function expectEtf(head: LinearHead): void {
  const [classes, dimensions] = head.weight.shape;
  const w = denseData(head.weight);
  for (let k = 0; k < classes; k++) {
    for (let l = 0; l < classes; l++) {
      const expected = k === l ? 1 : -1 / (classes - 1);
      expect(Math.abs(dot(w, k, w, l, dimensions) - expected)).toBeLessThan(ROUNDING);
    }
  }
  for (let d = 0; d < dimensions; d++) {
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += w[k * dimensions + d];
    expect(Math.abs(sum)).toBeLessThan(ROUNDING);
  }
  expect([...denseData(head.bias)]).toEqual(new Array(classes).fill(0));
}

/** Samples around class means that span `rank` dimensions. */
function cloud(classes: number, dimensions: number, seed: number, rank = dimensions): HeldFitData {
  const random = createRandom(seed);
  const means = normalNumbers(classes * dimensions, random).map((x, at) =>
    at % dimensions < rank ? 3 * x + 1 : 1,
  );
  const perClass = 4;
  const rows = Float32Array.from({ length: classes * perClass * dimensions }, (_, at) => {
    const i = Math.floor(at / dimensions);
    const noise = at % dimensions < rank ? random() - 0.5 : 0;
    return means[(i % classes) * dimensions + (at % dimensions)] + noise;
  });
  const labels = Int32Array.from({ length: classes * perClass }, (_, i) => i % classes);
  return { features: matrix(rows, classes * perClass, dimensions), labels, classes };
}

/** Σ_k w_k·(μ_k − μ); μ does not matter, since the rows of W sum to 0. */
async function agreement(head: LinearHead, data: FitData): Promise<number> {
  const shape = assertFitData(data, 'Testing');
  const means = await classMeans(data, shape, 'Testing');
  let sum = 0;
  for (let k = 0; k < data.classes; k++) sum += dot(denseData(head.weight), k, means, k, shape.dimensions);
  return sum;
}

const sizes = fc
  .record({ classes: fc.integer({ min: 2, max: 12 }), extra: fc.nat(10), seed: fc.nat(1e6) })
  .map(({ classes, extra, seed }) => ({ classes, dimensions: classes - 1 + extra, seed }));

describe('etfHead', () => {
  it('has rows of length 1 with equal angles that sum to 0, down to D = C − 1', () => {
    fc.assert(fc.property(sizes, (size) => expectEtf(etfHead(size))));
    expectEtf(etfHead({ classes: 100, dimensions: 512 }));
    expectEtf(etfHead({ classes: 2, dimensions: 1 }));
  });

  it('gives the same bytes for the same seed and others for another', () => {
    const at = (seed: number) => denseData(etfHead({ classes: 5, dimensions: 9, seed }).weight);
    expect(at(3)).toEqual(at(3));
    expect(at(3)).not.toEqual(at(4));
  });

  it('prefers no direction: rows point everywhere alike', () => {
    const mean = new Float64Array(3);
    for (let seed = 0; seed < 600; seed++) {
      const w = denseData(etfHead({ classes: 3, dimensions: 3, seed }).weight);
      for (let d = 0; d < 3; d++) mean[d] += w[d] / 600;
    }
    // Three standard deviations of the mean of 600 coordinates with variance 1/3.
    for (const m of mean) expect(Math.abs(m)).toBeLessThan(3 * Math.sqrt(1 / 3 / 600));
  });

  it('refuses', async () => {
    await expectRefusal(
      () => etfHead({ classes: 10, dimensions: 8 }),
      'INVALID_ARGUMENT',
      /9 dimensions or more.*have 8/,
    );
    await expectRefusal(
      () => etfHead({ classes: 1, dimensions: 8 }),
      'INVALID_ARGUMENT',
      /at least 2 classes/,
    );
    await expectRefusal(() => etfHead({ classes: 3, dimensions: 2.5 }), 'INVALID_ARGUMENT', /whole numbers/);
    await expectRefusal(() => etfHead({ classes: 3, dimensions: 4, seed: 0.5 }), 'INVALID_ARGUMENT', /seed/);
  });
});

describe('alignedEtfHead', () => {
  it('is an ETF that agrees with the class means more than any other', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, async ({ classes, dimensions, seed }) => {
        const data = cloud(classes, dimensions, seed);
        const aligned = await alignedEtfHead(data);
        expectEtf(aligned);
        const best = await agreement(aligned, data);
        for (let other = 0; other < 5; other++) {
          expect(await agreement(etfHead({ classes, dimensions, seed: other }), data)).toBeLessThanOrEqual(
            best + ROUNDING * classes,
          );
        }
      }),
      { numRuns: 30 },
    );
  });

  it('finds the rotation when the means are an ETF themselves', async () => {
    const { weight } = etfHead({ classes: 4, dimensions: 7, seed: 5 });
    const rows = Float32Array.from(denseData(weight), (w, at) => 3 * w + (at % 7));
    const data = { features: matrix(rows, 4, 7), labels: Int32Array.of(0, 1, 2, 3), classes: 4 };
    const found = denseData((await alignedEtfHead(data)).weight);
    denseData(weight).forEach((w, at) => {
      expect(found[at]).toBeCloseTo(w, 5);
    });
  });

  it('fills up what the means leave open, by the seed', async () => {
    const data = cloud(6, 8, 1, 2);
    const head = await alignedEtfHead(data, { seed: 1 });
    expectEtf(head);
    expect(denseData((await alignedEtfHead(data, { seed: 1 })).weight)).toEqual(denseData(head.weight));
    expect(await agreement(await alignedEtfHead(data, { seed: 2 }), data)).toBeCloseTo(
      await agreement(head, data),
      4,
    );
    const same = { ...data, features: matrix(new Float32Array(24 * 8), 24, 8) };
    expectEtf(await alignedEtfHead(same));
  });

  it('refuses an empty class, too few dimensions and NaN', async () => {
    const data = cloud(4, 5, 1);
    await expectRefusal(() => alignedEtfHead({ ...data, classes: 5 }), 'CLASS_MISSING', /class 4/);
    await expectRefusal(() => alignedEtfHead(cloud(6, 4, 1)), 'INVALID_ARGUMENT', /5 dimensions or more/);
    const broken = Float32Array.from(denseData(data.features));
    broken[7] = Number.NaN;
    await expectRefusal(
      () => alignedEtfHead({ ...data, features: matrix(broken, 16, 5) }),
      'NOT_FINITE',
      /sample 1, dimension 2/,
    );
  });
});

describe('orthonormalize', () => {
  it('keeps spans, also of nearly dependent rows', () => {
    const random = createRandom(1);
    const rows = Float64Array.of(1, 1, 0, 0, 1, 1 + 1e-7, 0, 0, 2, 2, 0, 0);
    orthonormalize(rows, 3, 4, random);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) expect(dot(rows, i, rows, j, 4)).toBeCloseTo(i === j ? 1 : 0, 14);
    }
    expect(rows[0]).toBeCloseTo(Math.SQRT1_2, 15);
    expect(Math.abs(rows[6]) + Math.abs(rows[7])).toBeLessThan(1e-12);
  });

  it('has rows that are as long as they say', () => {
    expect(rowNorms(etfHead({ classes: 3, dimensions: 3 }))[0]).toBeCloseTo(1, 6);
  });
});
