import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countLabels } from '../../src/array/class-counts.js';
import { longTailSplit } from '../../src/data/long-tail.js';
import { expectRefusal } from '../array/expect-refusal.js';

interface Golden {
  C: number;
  n: number;
  a: number;
  b: number;
  m: number;
  seed: number;
  rho: number;
  validationPerClass: number;
  testPerClass?: number;
  counts: number[];
  validation: number[];
  train: number[];
  test?: number[];
}
const golden: { cases: Golden[] } = JSON.parse(
  readFileSync(new URL('../fixtures/long-tail-split.json', import.meta.url), 'utf8'),
);

describe('longTailSplit', () => {
  it.each(golden.cases)('draws what Python draws: C = $C, ρ = $rho, seed = $seed', (one) => {
    const labels = Int32Array.from({ length: one.n }, (_, i) => ((i * one.a + one.b) % one.m) % one.C);
    const { rho: imbalance, validationPerClass, testPerClass, seed } = one;
    const split = longTailSplit(labels, one.C, { imbalance, validationPerClass, testPerClass, seed });
    expect(split.counts).toEqual(one.counts);
    expect([...split.validation]).toEqual(one.validation);
    expect([...split.train]).toEqual(one.train);
    expect([...split.test]).toEqual(one.test ?? []);
  });

  it('has the properties of its contract', () => {
    const made = fc.record({
      classes: fc.integer({ min: 2, max: 8 }),
      perClass: fc.integer({ min: 30, max: 60 }),
      seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      imbalance: fc.double({ min: 1, max: 15, noNaN: true }),
      validationPerClass: fc.integer({ min: 0, max: 10 }),
      testPerClass: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(made, ({ classes, perClass, ...options }) => {
        const labels = Int32Array.from({ length: classes * perClass }, (_, i) => i % classes);
        const { train, validation, test, counts } = longTailSplit(labels, classes, options);
        const all = [...train, ...validation, ...test];
        expect(new Set(all).size).toBe(all.length);
        expect(train).toEqual(train.slice().sort());
        expect(test).toEqual(test.slice().sort());
        const of = (indices: Int32Array) =>
          countLabels(
            Int32Array.from(indices, (i) => labels[i]),
            classes,
          );
        expect(of(validation)).toEqual(new Array(classes).fill(options.validationPerClass));
        expect(of(test)).toEqual(new Array(classes).fill(options.testPerClass));
        expect(of(train)).toEqual(counts);
        expect(counts[0]).toBe(perClass - options.validationPerClass - options.testPerClass);
        expect(counts).toEqual(counts.toSorted((a, b) => b - a));
        expect(longTailSplit(labels, classes, options).train).toEqual(train);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps the order of an item whatever else there is', () => {
    const labels = Int32Array.from({ length: 200 }, (_, i) => i % 2);
    const many = longTailSplit(labels, 2, { imbalance: 2, validationPerClass: 5, seed: 3 });
    const fewer = longTailSplit(labels, 2, { imbalance: 4, validationPerClass: 5, seed: 3 });
    expect(fewer.validation).toEqual(many.validation);
    expect([...fewer.train].every((i) => many.train.includes(i))).toBe(true);
  });

  it('takes explicit counts', () => {
    const labels = Int32Array.from({ length: 30 }, (_, i) => i % 3);
    const { train, counts } = longTailSplit(labels, 3, { counts: [1, 7, 3], validationPerClass: 2 });
    expect(counts).toEqual([1, 7, 3]);
    expect(
      countLabels(
        Int32Array.from(train, (i) => labels[i]),
        3,
      ),
    ).toEqual([1, 7, 3]);
  });

  it('stands more classes than a call takes arguments', async () => {
    const labels = Int32Array.from({ length: 300_000 }, (_, i) => i % 150_000);
    const split = longTailSplit(labels, 150_000, { imbalance: 2, validationPerClass: 0 });
    expect([split.counts[0], split.counts[149_999]]).toEqual([2, 1]);
  });

  it('refuses what cannot be drawn', async () => {
    const labels = Int32Array.from({ length: 60 }, (_, i) => i % 3);
    const of = (options: object, classes = 3) => longTailSplit(labels, classes, options);
    await expectRefusal(
      () => of({}),
      'CLASS_MISSING',
      /class 0 has 20 samples; 20 for validation and 1 for training/,
    );
    await expectRefusal(() => of({ validationPerClass: 5 }), 'CLASS_MISSING', /class 2.*factor 100/);
    await expectRefusal(() => of({ imbalance: 0.5 }), 'INVALID_ARGUMENT', /at least 1, not 0\.5/);
    await expectRefusal(() => of({ imbalance: Number.NaN }), 'INVALID_ARGUMENT', /NaN/);
    await expectRefusal(() => of({ seed: -1 }), 'INVALID_ARGUMENT', /seed/);
    await expectRefusal(() => of({ validationPerClass: 1.5 }), 'INVALID_ARGUMENT', /validation per class/);
    await expectRefusal(() => of({ testPerClass: -1 }), 'INVALID_ARGUMENT', /test per class/);
    await expectRefusal(
      () => of({ validationPerClass: 15, testPerClass: 6 }),
      'CLASS_MISSING',
      /class 0 has 20 samples; 15 for validation, 6 for testing and 1 for training/,
    );
    await expectRefusal(() => of({ counts: [1, 2] }), 'COUNTS_INVALID', /2 counts for 3 classes/);
    await expectRefusal(() => of({ counts: [1, -2, 3] }), 'COUNTS_INVALID', /class 1 is -2/);
    await expectRefusal(
      () => of({ counts: [1, 2, 30], validationPerClass: 1 }),
      'CLASS_MISSING',
      /class 2 has 20 samples; 1 for validation and 30/,
    );
    await expectRefusal(() => of({}, 2), 'LABELS_INVALID', /label 2/);
    await expectRefusal(() => longTailSplit(new Int32Array(50), 1), 'INVALID_ARGUMENT', /at least 2 classes/);
  });
});
