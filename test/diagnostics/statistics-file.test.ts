import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { matrix } from '../../src/array/matrix.js';
import type { NpyArray, NpyContent } from '../../src/array/npy.js';
import { encodeNpz, openNpz, readNpz } from '../../src/array/npz.js';
import { createRandom } from '../../src/array/random.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import type { FeatureStatistics } from '../../src/diagnostics/statistics.js';
import { emptyStatistics } from '../../src/diagnostics/statistics.js';
import { holdsStatistics, readStatistics, writeStatistics } from '../../src/diagnostics/statistics-file.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { hasNumpy, runPython } from '../array/python.js';

let folder: string;
let statistics: FeatureStatistics;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-tailor-statistics-'));
  const random = createRandom(1);
  const numbers = (length: number) => Float32Array.from({ length }, () => random() - 0.5);
  const head = linearHead(numbers(12), numbers(3), 3, 4);
  const labels = Int32Array.from({ length: 20 }, (_, i) => i % 2);
  statistics = await collectStatistics(matrix(numbers(80), 20, 4), labels, { classes: 3, head });
  path = join(folder, 'statistics.npz');
  await writeStatistics(path, statistics, { name: 'train', classNames: ['a', 'ä & <b>', 'c'] });
});

afterAll(() => rm(folder, { recursive: true }));

describe('statistics files', () => {
  it('give back what was written, and the same bytes every time', async () => {
    const read = await readStatistics(path);
    expect(read.statistics).toEqual(statistics);
    expect(read.name).toBe('train');
    expect(read.classNames).toEqual(['a', 'ä & <b>', 'c']);
    const again = join(folder, 'again.npz');
    await writeStatistics(again, read.statistics, { name: read.name, classNames: read.classNames });
    expect(await readFile(again)).toEqual(await readFile(path));
    expect(await holdsStatistics(await openNpz(path))).toBe(true);
  });

  it('need no names and no head, and may hold no sample', async () => {
    const bare = join(folder, 'bare.npz');
    await writeStatistics(bare, emptyStatistics(2, 3));
    const read = await readStatistics(bare);
    expect(read).toEqual({ statistics: emptyStatistics(2, 3), name: bare, classNames: undefined });
    expect((await readStatistics(await readFile(bare), 'these')).name).toBe('these');
  });

  it('do not replace a file unless asked to', async () => {
    await expectRefusal(() => writeStatistics(path, statistics), 'FILE_EXISTS', /statistics\.npz/);
    await expectRefusal(
      () => writeStatistics(path, statistics, { classNames: ['a'], overwrite: true }),
      'SHAPE_MISMATCH',
      /3 classes, but 1 class names/,
    );
  });

  it.skipIf(!hasNumpy)('are read by numpy', () => {
    const script = `
import json, sys
import numpy as np
with np.load(sys.argv[1]) as f:
    means, counts, scatter = f["means"], f["counts"], f["scatter"]
    print(json.dumps({
        "version": int(f["version"]), "format": str(f["format"]), "classes": f["classes"].tolist(),
        "dtypes": sorted({str(f[k].dtype) for k in f.files if f[k].dtype.kind == "f"}),
        "sum": counts.sum(), "mean": means[1, 2], "trace": np.trace(scatter), "max": float(f["norm_max"]),
        "shapes": {k: list(f[k].shape) for k in ("counts", "means", "scatter", "minimum")},
    }))`;
    const found = JSON.parse(runPython(script, path));
    expect(found).toEqual({
      version: 1,
      format: 'onnx-tailor feature statistics',
      classes: ['a', 'ä & <b>', 'c'],
      dtypes: ['float64'],
      sum: 20,
      mean: statistics.means[6],
      trace: expect.closeTo(
        [0, 5, 10, 15].reduce((sum, at) => sum + statistics.scatter[at], 0),
        12,
      ),
      max: statistics.normMax,
      shapes: { counts: [3], means: [3, 4], scatter: [4, 4], minimum: [4] },
    });
  });

  describe('are refused', () => {
    const float64 = (shape: number[], ...numbers: number[]): NpyContent => ({
      shape,
      data: Float64Array.from(numbers),
    });
    const cases: [
      what: string,
      change: (arrays: Record<string, NpyContent>) => void,
      code: Parameters<typeof expectRefusal>[1],
      message: RegExp,
    ][] = [
      [
        'of another version',
        (arrays) => {
          arrays.version = { shape: [], data: Int32Array.of(2) };
        },
        'FORMAT_UNSUPPORTED',
        /has version 2; version 1 is read/,
      ],
      ['without a version', (arrays) => delete arrays.version, 'FORMAT_UNSUPPORTED', /version none/],
      ['of another kind', (arrays) => delete arrays.format, 'FORMAT_INVALID', /no format "onnx-tailor/],
      ['without an array', (arrays) => delete arrays.unit_sums, 'FORMAT_INVALID', /no array named unit_sums/],
      [
        'with a wrong shape',
        (arrays) => {
          arrays.scatter = float64([2, 4], 0, 0, 0, 0, 0, 0, 0, 0);
        },
        'SHAPE_MISMATCH',
        /scatter is \[2, 4\]; \[4, 4\] is needed/,
      ],
      [
        'with means of one axis',
        (arrays) => {
          arrays.means = float64([12], ...new Array(12).fill(0));
        },
        'FORMAT_INVALID',
        /means of no dimensions/,
      ],
      [
        'with float32',
        (arrays) => {
          arrays.unit_counts = { shape: [3], data: new Float32Array(3) };
        },
        'FORMAT_INVALID',
        /unit_counts of type <f4/,
      ],
      [
        'with NaN',
        (arrays) => {
          arrays.norm_sums = float64([3], 1, Number.NaN, 0);
        },
        'NOT_FINITE',
        /number 1 of norm_sums is NaN/,
      ],
      [
        'with a part of a sample',
        (arrays) => {
          arrays.counts = float64([3], 10.5, 10, 0);
        },
        'FORMAT_INVALID',
        /a count of 10.5/,
      ],
      [
        'with more right answers than samples',
        (arrays) => {
          arrays.head_correct = float64([3], 11, 0, 0);
        },
        'FORMAT_INVALID',
        /11 right answers for 10 samples of class 0/,
      ],
      [
        'with a scatter that is not symmetric',
        (arrays) => {
          const { shape, data } = arrays.scatter as { shape: number[]; data: Float64Array };
          arrays.scatter = { shape, data: data.with(1, data[1] + 1) };
        },
        'FORMAT_INVALID',
        /not symmetric at 1, 0/,
      ],
      [
        'with a minimum above the maximum',
        (arrays) => {
          arrays.minimum = float64([4], 9, 0, 0, 0);
        },
        'FORMAT_INVALID',
        /minimum of 9 above/,
      ],
      [
        'with class names for other classes',
        (arrays) => {
          arrays.classes = { strings: ['a'] };
        },
        'FORMAT_INVALID',
        /1 class names for 3 classes/,
      ],
    ];

    it.each(cases)('%s', async (_, change, code, message) => {
      const arrays = Object.fromEntries([...(await readNpz(path))].map(([name, a]) => [name, content(a)]));
      change(arrays);
      await expectRefusal(() => readStatistics(encodeNpz(arrays), 'x.npz'), code, message);
    });

    it('cut off', async () => {
      const bytes = await readFile(path);
      await expectRefusal(() => readStatistics(bytes.subarray(0, 3000), 'x.npz'), 'FORMAT_INVALID', /x\.npz/);
    });
  });
});

function content({ shape, data, strings }: NpyArray): NpyContent {
  return strings ? { shape, strings } : { shape, data };
}
