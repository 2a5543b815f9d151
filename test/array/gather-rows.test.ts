import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunksOf, type FeatureRows, featureRows } from '../../src/array/feature-rows.js';
import { gatherRows } from '../../src/array/gather-rows.js';
import { matrix } from '../../src/array/matrix.js';
import { expectRefusal } from './expect-refusal.js';

/** Rows [n, d] of the numbers 0, 1, 2 …, each read of which is noted. */
function counted(samples: number, dimensions: number) {
  const reads: [from: number, count: number][] = [];
  const rows: FeatureRows = {
    ...{ samples, dimensions },
    async read(from, count) {
      expect(from + count).toBeLessThanOrEqual(samples);
      reads.push([from, count]);
      // The last read answers first.
      await new Promise((resolve) => setTimeout(resolve, 3 - (reads.length % 4)));
      return Float32Array.from({ length: count * dimensions }, (_, i) => from * dimensions + i);
    },
  };
  return { rows, reads };
}

describe('gatherRows', () => {
  it('puts rows in their places, whichever and how often they are wanted', async () => {
    const wanted = fc.array(fc.nat(99), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(wanted, fc.integer({ min: 1, max: 9 }), async (indices, d) => {
        const target = new Float32Array(indices.length * d + 3).fill(-1);
        await gatherRows(counted(100, d).rows, Int32Array.from(indices), target, 'Testing');
        const expected = indices.flatMap((row) => Array.from({ length: d }, (_, i) => row * d + i));
        expect([...target]).toEqual([...expected, -1, -1, -1]);
      }),
      { numRuns: 30 },
    );
  });

  it('reads neighbours at once, in order, over gaps that are small, and never much at a time', async () => {
    // A row has 64 KB: gaps of 4 rows are read, 64 rows at a time.
    const { rows, reads } = counted(200, 2 ** 14);
    const indices = Int32Array.of(50, 7, 0, 5, 56, 5, 3, ...Array.from({ length: 80 }, (_, i) => 199 - i));
    const target = new Float32Array(indices.length * 2 ** 14);
    await gatherRows(rows, indices, target, 'Testing');
    expect(reads).toEqual([
      [0, 8],
      [50, 1],
      [56, 1],
      [120, 64],
      [184, 16],
    ]);
    indices.forEach((row, i) => {
      expect(target[i * 2 ** 14]).toBe(row * 2 ** 14);
    });
  });

  it('refuses numbers that are not finite, and ends with the first read that fails', async () => {
    const { rows } = counted(100, 4);
    const bad: FeatureRows = {
      ...rows,
      read: async (from, count) =>
        (await rows.read(from, count)).map((x) => (x === 4 * 31 + 2 ? Number.POSITIVE_INFINITY : x)),
    };
    const gather = (source: FeatureRows, indices: Int32Array) =>
      gatherRows(source, indices, new Float32Array(400), 'Testing');
    await gather(bad, Int32Array.of(30, 32));
    await expectRefusal(
      () => gather(bad, Int32Array.of(99, 31, 0)),
      'NOT_FINITE',
      /^Testing: the feature of sample 31, dimension 2 is Infinity/,
    );
    let reads = 0;
    const gone: FeatureRows = {
      ...counted(2000, 2 ** 17).rows,
      read: () => Promise.reject(new Error(`${reads++}`)),
    };
    const apart = Int32Array.from({ length: 20 }, (_, i) => 100 * i);
    await expect(gatherRows(gone, apart, new Float32Array(20 * 2 ** 17), 'Testing')).rejects.toThrow('0');
    expect(reads).toBeLessThanOrEqual(4);
  });
});

describe('chunksOf', () => {
  it.each([1, 3, 10, 11])('reads all rows in order, %s at a time, one chunk ahead', async (rows) => {
    const { rows: source, reads } = counted(10, 2);
    const found: number[] = [];
    for await (const { from, count, data } of chunksOf(source, rows, { doing: 'Testing' })) {
      expect([from * 2, data.length]).toEqual([found.length, count * 2]);
      found.push(...data);
      expect(reads.length).toBe(Math.min(Math.ceil(10 / rows), Math.floor(from / rows) + 2));
    }
    expect(found).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('reads many rows in several reads', async () => {
    // 4 MB are 64 rows.
    const { rows, reads } = counted(150, 2 ** 14);
    for await (const { data } of chunksOf(rows, 150, { doing: 'Testing' })) {
      expect(data.every((x, i) => x === i)).toBe(true);
    }
    expect(reads).toEqual([
      [0, 64],
      [64, 64],
      [128, 22],
    ]);
  });

  it('copies nothing of a matrix', async () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    const rows = featureRows(matrix(data, 3, 2));
    expect(rows.held).toBe(data);
    for await (const chunk of chunksOf(rows, 2, { doing: 'Testing' }))
      expect(chunk.data.buffer).toBe(data.buffer);
  });

  it('refuses numbers that are not finite by their sample, and stops', async () => {
    const source: FeatureRows = {
      ...counted(10, 2).rows,
      read: (from, count) =>
        Float32Array.from({ length: 2 * count }, (_, i) => (2 * from + i === 15 ? Number.NaN : 0)),
    };
    const all = async (signal?: AbortSignal) => {
      for await (const _ of chunksOf(source, 3, { doing: 'Testing', signal }));
    };
    await expectRefusal(all, 'NOT_FINITE', /^Testing: the feature of sample 7, dimension 1 is NaN/);
    await expectRefusal(() => all(AbortSignal.abort()), 'ABORTED', /testing/);
  });
});
