import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import { toFloat32, toLabels } from '../../src/array/npy.js';
import { openNpz } from '../../src/array/npz.js';
import { createRandom } from '../../src/array/random.js';
import { argmaxRows } from '../../src/evaluation/argmax.js';
import { evaluate } from '../../src/evaluation/evaluate.js';
import { fitTemperature } from '../../src/head/fit-temperature.js';

interface Case {
  name: string;
  logits: number[][];
  labels: number[];
  counts: number[];
  thresholds: { many: number; few: number };
  predictions: number[];
  perClass: (number | null)[];
  expected: Record<string, number>;
}

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
const cases = JSON.parse(fixture('evaluation.json')) as Case[];

describe('evaluate against numpy and scikit-learn', () => {
  it.each(cases)('$name', ({ logits: rows, labels, counts, thresholds, predictions, perClass, expected }) => {
    const logits = matrix(Float32Array.from(rows.flat()), rows.length, counts.length);
    const found = evaluate({ logits, labels, counts, thresholds });
    expect([...argmaxRows(logits)]).toEqual(predictions);
    expect(found.perClass).toEqual(perClass);
    for (const [key, value] of Object.entries(expected)) {
      expect(found[key as 'nll'], key).toSatisfy(
        (x: number) => Math.abs(x - value) <= 1e-12 * Math.max(1, Math.abs(value)),
      );
    }
    for (const group of ['many', 'medium', 'few']) expect(group in found).toBe(group in expected);
    expect(found.missingClasses).toEqual(perClass.flatMap((a, k) => (a === null ? [k] : [])));
    expect(found.reliability.reduce((n, bin) => n + bin.samples, 0)).toBe(labels.length);
  });
});

const data = process.env.TAILOR_DATA;
if (!data) console.warn('TAILOR_DATA is not set: the prediction sets of netcal are not evaluated.');

describe.skipIf(!data)('evaluate on the prediction sets of netcal', () => {
  const expected = JSON.parse(fixture('evaluation-netcal.json')) as Record<string, Record<string, number>>;
  it.each(Object.keys(expected))('%s', async (name) => {
    const file = await openNpz(join(data as string, 'calibration', name));
    const predictions = await file.read('predictions');
    const labels = toLabels(await file.read('ground_truth'), 'ground_truth');
    const logits = toFloat32(predictions, 'predictions').map(Math.log);
    const [samples, classes] = predictions.shape;
    const found = evaluate({ logits: matrix(logits, samples, classes), labels });
    for (const key of ['average', 'overall', 'nll', 'ece', 'classwiseEce'] as const) {
      expect(found[key], key).toBeCloseTo(expected[name][key], 9);
    }
    expect(found.ece).toBeCloseTo(expected[name].netcalEce, 6);
    const temperature = fitTemperature(matrix(logits, samples, classes), labels);
    expect(temperature).toBeCloseTo(expected[name].temperature, 6);
  });
});

/** Random logits without ties, labels of any subset of the classes, unsorted counts. */
const problems = fc
  .record({
    classes: fc.integer({ min: 2, max: 7 }),
    samples: fc.integer({ min: 1, max: 40 }),
    seed: fc.nat(),
  })
  .map(({ classes, samples, seed }) => {
    const random = createRandom(seed);
    return {
      classes,
      samples,
      logits: Float32Array.from({ length: samples * classes }, () => 6 * random() - 3),
      labels: Int32Array.from({ length: samples }, () => Math.floor(random() * classes)),
      counts: Array.from({ length: classes }, () => 1 + Math.floor(random() * 2000)),
    };
  });

describe('properties of evaluate', () => {
  it('group averages recombine to the average, and intervals hold their estimates', () => {
    fc.assert(
      fc.property(problems, ({ samples, classes, logits, labels, counts }) => {
        const e = evaluate({ logits: matrix(logits, samples, classes), labels, counts, bootstrap: 200 });
        let sum = 0;
        let size = 0;
        for (const group of ['many', 'medium', 'few'] as const) {
          expect(e[group] === undefined).toBe(e.groupSizes?.[group] === undefined);
          sum += (e[group] ?? 0) * (e.groupSizes?.[group] ?? 0);
          size += e.groupSizes?.[group] ?? 0;
        }
        expect(sum / size).toBeCloseTo(e.average, 12);
        expect(size).toBe(classes - e.missingClasses.length);
        for (const key of ['average', 'overall', 'many', 'medium', 'few'] as const) {
          const interval = e.intervals?.[key];
          expect(interval === undefined).toBe(e[key] === undefined);
          if (!interval) continue;
          expect(interval[0]).toBeLessThanOrEqual((e[key] as number) + 1e-12);
          expect(interval[1]).toBeGreaterThanOrEqual((e[key] as number) - 1e-12);
        }
        expect(e.worst).toBeLessThanOrEqual(e.harmonicMean + 1e-12);
        expect(e.harmonicMean).toBeLessThanOrEqual(e.geometricMean + 1e-12);
        expect(e.geometricMean).toBeLessThanOrEqual(e.average + 1e-12);
      }),
    );
  });

  it('numbering the classes in another order changes nothing but perClass', () => {
    fc.assert(
      fc.property(problems, fc.nat(), ({ samples, classes, logits, labels, counts }, seed) => {
        const random = createRandom(seed);
        const to = Array.from({ length: classes }, (_, k) => ({ k, key: random() }))
          .sort((a, b) => a.key - b.key)
          .map(({ k }) => k);
        const moved = new Float32Array(logits.length);
        const movedCounts = new Array<number>(classes);
        for (let k = 0; k < classes; k++) {
          movedCounts[to[k]] = counts[k];
          for (let i = 0; i < samples; i++) moved[i * classes + to[k]] = logits[i * classes + k];
        }
        const a = evaluate({ logits: matrix(logits, samples, classes), labels, counts, bootstrap: 0 });
        const b = evaluate({
          logits: matrix(moved, samples, classes),
          labels: labels.map((y) => to[y]),
          counts: movedCounts,
          bootstrap: 0,
        });
        for (const key of ['average', 'many', 'medium', 'few', 'worst', 'harmonicMean', 'overall'] as const) {
          if (a[key] === undefined) expect(b[key]).toBeUndefined();
          else expect(b[key]).toBeCloseTo(a[key], 12);
        }
        for (const key of ['nll', 'ece', 'classwiseEce', 'geometricMean'] as const) {
          expect(b[key]).toBeCloseTo(a[key], 9);
        }
        expect(to.map((k) => b.perClass[k])).toEqual(a.perClass);
      }),
    );
  });

  it('adding a constant to the logits of a sample changes no accuracy and no likelihood', () => {
    const logits = Float64Array.from([1, 2, 0.5, -1, 0.25, 3]);
    const shifted = logits.map((z, at) => z + (at < 3 ? 64 : -1024));
    const a = evaluate({ logits: matrix(logits, 2, 3), labels: [0, 2] });
    const b = evaluate({ logits: matrix(shifted, 2, 3), labels: [0, 2] });
    expect(b.nll).toBeCloseTo(a.nll, 12);
    expect(b.average).toBe(a.average);
  });
});

describe('evaluate', () => {
  const logits = matrix(Float32Array.from([2, 1, 1, 2, 2, 1]), 3, 2);
  const labels = [0, 1, 1];

  it('gives the same bytes for the same seed, and other intervals for another', () => {
    const wide = matrix(
      Float32Array.from({ length: 200 }, (_, i) => Math.sin(i * i)),
      100,
      2,
    );
    const truth = Array.from({ length: 100 }, (_, i) => i % 2);
    const run = (seed: number) => JSON.stringify(evaluate({ logits: wide, labels: truth, seed }));
    expect(run(1)).toBe(run(1));
    expect(run(1)).not.toBe(run(2));
  });

  it('puts a confidence on an edge into the bin below it', () => {
    const { reliability } = evaluate({ logits: matrix(new Float32Array(2), 1, 2), labels: [0], bins: 2 });
    expect(reliability).toEqual([
      { from: 0, to: 0.5, samples: 1, confidence: 0.5, accuracy: 1 },
      { from: 0.5, to: 1, samples: 0, confidence: null, accuracy: null },
    ]);
  });

  it('leaves groups out without counts and intervals out without replicates', () => {
    const e = evaluate({ logits, labels, bootstrap: 0, classes: ['cat', 'dog'] });
    expect(Object.keys(e)).not.toContain('many');
    expect(e.thresholds).toBeUndefined();
    expect(e.intervals).toBeUndefined();
    expect(e.classNames).toEqual(['cat', 'dog']);
    expect(e.average).toBe(0.75);
  });

  it.each([
    ['labels of another length', { labels: [0, 1] }, 'SHAPE_MISMATCH', /3 rows of logits, but 2 labels/],
    ['a label out of range', { labels: [0, 1, 2] }, 'LABELS_INVALID', /label 2 of sample 2/],
    ['counts of another length', { counts: [1, 2, 3] }, 'COUNTS_INVALID', /2 classes, but 3/],
    ['a count of zero', { counts: [1, 0] }, 'COUNTS_INVALID', /class 1 is 0/],
    [
      'thresholds the wrong way round',
      { counts: [1, 2], thresholds: { many: 1, few: 5 } },
      'INVALID_ARGUMENT',
      /few 5/,
    ],
    ['names of another length', { classes: ['cat'] }, 'SHAPE_MISMATCH', /1 class names/],
    ['no bins', { bins: 0 }, 'INVALID_ARGUMENT', /0 bins/],
    ['bins without end', { bins: 1e10 }, 'INVALID_ARGUMENT', /from 1 to 1000/],
    ['replicates without end', { bootstrap: 1e10 }, 'INVALID_ARGUMENT', /to 1000000/],
    ['a seed that is no number', { seed: Number.NaN }, 'INVALID_ARGUMENT', /seed is NaN/],
    ['half a replicate', { bootstrap: 0.5 }, 'INVALID_ARGUMENT', /0\.5 bootstrap/],
    [
      'no samples',
      { logits: matrix(new Float32Array(0), 0, 2), labels: [] },
      'INVALID_ARGUMENT',
      /0 samples/,
    ],
    [
      'a logit that is not a number',
      { logits: matrix(Float32Array.from([0, 1, 0, Number.NaN, 0, 0]), 3, 2) },
      'NOT_FINITE',
      /sample 1, class 1 is NaN/,
    ],
  ])('refuses %s', (_, wrong, code, message) => {
    expect(() => evaluate({ logits, labels, ...wrong })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});
