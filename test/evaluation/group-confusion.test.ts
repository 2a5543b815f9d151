import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { perClassAccuracy, tallyClasses } from '../../src/evaluation/accuracy.js';
import { argmaxRows } from '../../src/evaluation/argmax.js';
import { groupConfusion } from '../../src/evaluation/group-confusion.js';
import { GROUPS, type Group, groupAccuracy } from '../../src/evaluation/groups.js';

describe('groupConfusion', () => {
  it('counts per class and averages over the classes of a group', () => {
    // Classes 0 and 1 are many, 2 and 3 few; class 0 has four samples, class 1 one, class 2 two, class 3 none.
    const { rows } = groupConfusion({
      groups: ['many', 'many', 'few', 'few'],
      labels: [0, 0, 0, 0, 1, 2, 2],
      predictions: [0, 0, 1, 2, 0, 0, 3],
    });
    expect(rows).toEqual([
      {
        group: 'many',
        classes: 2,
        samples: 5,
        // Class 0: 3/4 many, 1/4 few; class 1: all many.
        predicted: { many: 0.875, few: 0.125 },
        right: 0.25,
        wrongWithin: 0.625,
      },
      {
        group: 'few',
        classes: 1,
        samples: 2,
        predicted: { many: 0.5, few: 0.5 },
        right: 0,
        wrongWithin: 0.5,
      },
    ]);
  });

  it('leaves out groups without classes as columns and groups without samples as rows', () => {
    const { rows } = groupConfusion({
      groups: ['medium', 'few'],
      labels: [0, 0],
      predictions: [0, 1],
    });
    expect(rows.map(({ group }) => group)).toEqual(['medium']);
    expect(rows[0].predicted).toEqual({ medium: 0.5, few: 0.5 });
  });

  it('shares add up, the diagonal is the accuracy, and logits do what their predictions do', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(),
        (classes, samples, seed) => {
          const random = createRandom(seed);
          const pick = (n: number) => Math.floor(random() * n);
          const groups = Array.from({ length: classes }, (): Group => GROUPS[pick(3)]);
          const labels = Int32Array.from({ length: samples }, () => pick(classes));
          const logits = matrix(
            Float32Array.from({ length: samples * classes }, () => random() - 0.5),
            samples,
            classes,
          );
          const predictions = argmaxRows(logits);
          const found = groupConfusion({ logits, labels, groups });
          expect(groupConfusion({ predictions, labels, groups })).toEqual(found);
          const tally = tallyClasses(predictions, labels, classes);
          const accuracy = groupAccuracy(tally, groups);
          expect(found.rows.map(({ group }) => group)).toEqual(GROUPS.filter((group) => group in accuracy));
          for (const { group, predicted, right, wrongWithin, classes: present } of found.rows) {
            expect(Object.values(predicted).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
            expect(right).toBeCloseTo(accuracy[group]!, 12);
            expect(right + wrongWithin).toBeCloseTo(predicted[group]!, 12);
            expect(present).toBe(
              perClassAccuracy(tally).filter((a, k) => a !== null && groups[k] === group).length,
            );
          }
          expect(found.rows.reduce((sum, row) => sum + row.samples, 0)).toBe(samples);
        },
      ),
    );
  });

  const good = { groups: ['many', 'few'] as Group[], labels: [0, 1] };
  it.each([
    ['neither logits nor predictions', good, 'INVALID_ARGUMENT', /either logits or predictions/],
    [
      'both',
      { ...good, predictions: [0, 1], logits: matrix(new Float32Array(4), 2, 2) },
      'INVALID_ARGUMENT',
      /either logits or predictions/,
    ],
    ['no samples', { ...good, labels: [], predictions: [] }, 'INVALID_ARGUMENT', /no samples/],
    [
      'another number of labels',
      { ...good, predictions: [0] },
      'SHAPE_MISMATCH',
      /1 predictions, but 2 labels/,
    ],
    ['a label out of range', { ...good, labels: [0, 2], predictions: [0, 1] }, 'LABELS_INVALID', /label 2/],
    ['a prediction out of range', { ...good, predictions: [0, -1] }, 'LABELS_INVALID', /predictions.*-1/],
    [
      'logits of other classes',
      { ...good, logits: matrix(new Float32Array(6), 2, 3) },
      'SHAPE_MISMATCH',
      /3 classes, but 2 groups/,
    ],
  ])('refuses %s', (_, options, code, message) => {
    expect(() => groupConfusion(options)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});
