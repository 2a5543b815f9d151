import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import type { NpyArray } from '../../src/array/npy.js';
import { readNpz } from '../../src/array/npz.js';
import { createRandom } from '../../src/array/random.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { fisherRatio } from '../../src/diagnostics/fdr.js';
import { emptyStatistics } from '../../src/diagnostics/statistics.js';
import { expectRefusal } from '../array/expect-refusal.js';

const CASES = [
  'plain',
  'offset',
  'scales',
  'duplicate',
  'constant',
  'constant-within',
  'combination',
  'fewer-samples',
  'absent-class',
  'one-class',
  'one-dimension',
];
const DROPPED: Record<string, number[]> = {
  duplicate: [8],
  constant: [3],
  'constant-within': [5],
};

/** [value, …] within a relative 1e−9, or 1e−12 of 0. */
function expectClose(found: number | null, wanted: number): void {
  expect(found).not.toBeNull();
  expect(Math.abs(Number(found) - wanted)).toBeLessThanOrEqual(1e-9 * Math.abs(wanted) + 1e-12);
}

describe('fisherRatio', () => {
  let golden: Map<string, NpyArray>;
  beforeAll(async () => {
    golden = await readNpz(fileURLToPath(new URL('../fixtures/diagnostics-fdr.npz', import.meta.url)));
  });

  it.each(CASES)('is that of numpy: %s', async (name) => {
    const array = (key: string) => golden.get(`${name}:${key}`) as NpyArray;
    const [n, d] = array('features').shape;
    const features = matrix(array('features').data as Float32Array, n, d);
    const labels = array('labels').data as Int32Array;
    const classes = Number(array('classes').data[0]);
    const [bySamples, byClasses, rank, outside, outsideOfClasses] = array('expected').data as Float64Array;
    const statistics = await collectStatistics(features, labels, { classes });
    const fdr = await fisherRatio(statistics);
    expect(fdr.center).toBe('samples');
    expect(fdr.rank).toBe(rank);
    expect(fdr.dropped).toHaveLength(d - rank);
    if (DROPPED[name]) expect(fdr.dropped).toEqual(DROPPED[name]);
    expect(fdr.constant).toEqual(name === 'constant' ? [3] : []);
    expectClose(fdr.byCenter.samples, bySamples);
    expectClose(fdr.byCenter.classes, byClasses);
    expect(fdr.value).toBe(fdr.byCenter.samples);
    expectClose(fdr.outside, outside);
    expect(fdr.condition).toBeGreaterThanOrEqual(1);
    const other = await fisherRatio(statistics, { center: 'classes' });
    expect(other.value).toBe(fdr.byCenter.classes);
    expectClose(other.outside, outsideOfClasses);
    expect(JSON.parse(JSON.stringify(fdr))).toEqual(fdr);
  });

  it('does not change with the unit of a dimension, an offset, a turn or the order of samples', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 2, max: 6 }), async (seed, d) => {
        const { rows, labels, samples } = problem(seed, d);
        const before = await ratio(rows, labels, d);
        const scales = Float64Array.from({ length: d }, (_, j) => 10 ** (3 * Math.cos(seed + j)));
        expectNear(
          await ratio(
            rows.map((value, at) => value * scales[at % d] + 3 * scales[at % d]),
            labels,
            d,
          ),
          before,
        );
        // A shear is as good as a turn: any invertible map.
        const sheared = rows.map((value, at) => (at % d === 0 ? value + 0.5 * rows[at + 1] : value));
        expectNear(await ratio(sheared, labels, d), before);
        const order = Array.from({ length: samples }, (_, i) => samples - 1 - i);
        const turned = Float64Array.from(order.flatMap((i) => [...rows.subarray(i * d, (i + 1) * d)]));
        expectNear(
          await ratio(
            turned,
            Int32Array.from(order, (i) => labels[i]),
            d,
          ),
          before,
        );
      }),
      { numRuns: 40 },
    );
  });

  it('is trace(solve(S_W, S_B)) by elimination on random problems', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 8 }), async (seed, d) => {
        const { rows, labels } = problem(seed, d);
        expectNear(await ratio(rows, labels, d), reference(rows, labels, 3, d));
      }),
      { numRuns: 100 },
    );
  });

  it('does not change with dimensions that others explain, whatever their units', async () => {
    const d = 6;
    const { rows, labels, samples } = problem(11, d, 80);
    const wanted = await ratio(rows, labels, d);
    // Units from 1e−9 to 1e9; the first dimension again in another unit, and the sum of two.
    const unit = (j: number) => 10 ** (3.6 * j - 9);
    const more = new Float64Array(samples * (d + 2));
    for (let i = 0; i < samples; i++) {
      const row = rows.subarray(i * d, (i + 1) * d);
      for (let j = 0; j < d; j++) more[i * (d + 2) + j] = row[j] * unit(j);
      more[i * (d + 2) + d] = row[0] * 1e9;
      more[i * (d + 2) + d + 1] = row[1] + row[4];
    }
    const statistics = await collectStatistics(matrix(more, samples, d + 2), labels, { classes: 3 });
    const fdr = await fisherRatio(statistics);
    expect(fdr.rank).toBe(d);
    expectNear(Number(fdr.value), wanted);
    expect(fdr.outside).toBe(0);
  });

  it('goes through the products of large matrices with the same result', async () => {
    const d = 300;
    const { rows, labels } = problem(5, d, 700);
    const wanted = reference(rows, labels, 3, d);
    expectNear(await ratio(rows, labels, d), wanted);
    // The same dimensions again: a rank of one half.
    const twice = new Float64Array(2 * rows.length);
    for (let at = 0; at < rows.length; at++) {
      const row = Math.floor(at / d);
      twice[row * 2 * d + (at % d)] = rows[at];
      twice[row * 2 * d + d + (at % d)] = 2 * rows[at];
    }
    const fdr = await fisherRatio(
      await collectStatistics(matrix(twice, labels.length, 2 * d), labels, { classes: 3 }),
    );
    expect(fdr.rank).toBe(d);
    expectNear(Number(fdr.value), wanted);
    expect(fdr.outside).toBeLessThan(1e-20);
  });

  it('is null where no class has two samples that differ, and says so by the rank', async () => {
    const rows = Float32Array.of(1, 2, 3, 4, 1, 2);
    const statistics = await collectStatistics(matrix(rows, 3, 2), [0, 1, 0], { classes: 2 });
    expect(await fisherRatio(statistics)).toEqual({
      value: null,
      center: 'samples',
      byCenter: { samples: null, classes: null },
      rank: 0,
      dropped: [0, 1],
      constant: [],
      condition: null,
      outside: 1,
    });
  });

  it('refuses what has no ratio', async () => {
    await expectRefusal(() => fisherRatio(emptyStatistics(2, 2)), 'INVALID_ARGUMENT', /no samples/);
    const statistics = await collectStatistics(matrix(Float32Array.of(1, 2), 2, 1), [0, 0], { classes: 1 });
    await expectRefusal(
      () => fisherRatio(statistics, { center: 'means' as 'samples' }),
      'INVALID_ARGUMENT',
      /'means'.*allowed are/,
    );
    await expectRefusal(() => fisherRatio(statistics, { tolerance: -1 }), 'INVALID_ARGUMENT', /tolerance/);
    statistics.scatter[0] = Number.NaN;
    await expectRefusal(() => fisherRatio(statistics), 'NOT_FINITE', /NaN/);
  });
});

function expectNear(found: number, wanted: number): void {
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(1e-9 * Math.abs(wanted));
}

async function ratio(rows: Float64Array, labels: Int32Array, d: number): Promise<number> {
  const statistics = await collectStatistics(matrix(rows, labels.length, d), labels, { classes: 3 });
  const { value, rank } = await fisherRatio(statistics);
  expect(rank).toBe(d);
  return Number(value);
}

/** Three classes of uniform noise about centres of their own. */
function problem(seed: number, d: number, samples = 40) {
  const random = createRandom(seed);
  const centres = Float64Array.from({ length: 3 * d }, () => 2 * random() - 1);
  const labels = Int32Array.from({ length: samples }, (_, i) => (i < 3 ? i : Math.floor(3 * random() ** 2)));
  const rows = Float64Array.from({ length: samples * d }, (_, at) => {
    return centres[labels[Math.floor(at / d)] * d + (at % d)] + 2 * random() - 1;
  });
  return { rows, labels, samples };
}

/** By the definition: S_W and S_B as they are written, Gauss with partial pivoting. */
function reference(rows: Float64Array, labels: Int32Array, classes: number, d: number): number {
  const counts = new Float64Array(classes);
  const means = Array.from({ length: classes }, () => new Float64Array(d));
  const middle = new Float64Array(d);
  for (const [i, k] of labels.entries()) {
    counts[k]++;
    for (let j = 0; j < d; j++) means[k][j] += rows[i * d + j];
  }
  for (let k = 0; k < classes; k++) {
    for (let j = 0; j < d; j++) {
      middle[j] += means[k][j] / labels.length;
      means[k][j] /= counts[k];
    }
  }
  const within = Array.from({ length: d }, () => new Float64Array(d));
  const between = Array.from({ length: d }, () => new Float64Array(d));
  for (let p = 0; p < d; p++) {
    for (let q = 0; q < d; q++) {
      for (const [i, k] of labels.entries()) {
        within[p][q] += (rows[i * d + p] - means[k][p]) * (rows[i * d + q] - means[k][q]);
      }
      for (let k = 0; k < classes; k++) {
        between[p][q] += counts[k] * (means[k][p] - middle[p]) * (means[k][q] - middle[q]);
      }
    }
  }
  for (let c = 0; c < d; c++) {
    let pivot = c;
    for (let r = c; r < d; r++) if (Math.abs(within[r][c]) > Math.abs(within[pivot][c])) pivot = r;
    [within[c], within[pivot]] = [within[pivot], within[c]];
    [between[c], between[pivot]] = [between[pivot], between[c]];
    for (let r = 0; r < d; r++) {
      if (r === c) continue;
      const factor = within[r][c] / within[c][c];
      for (let j = c; j < d; j++) within[r][j] -= factor * within[c][j];
      for (let j = 0; j < d; j++) between[r][j] -= factor * between[c][j];
    }
  }
  return between.reduce((sum, row, j) => sum + row[j] / within[j][j], 0);
}
