import { describe, expect, it } from 'vitest';
import { alignLabels } from '../../src/data/class-names.js';

const labels = Int32Array.of(0, 1, 2, 2);

function align(
  classes?: string[],
  modelClasses?: string[],
  count = 3,
  given: Int32Array | undefined = labels,
) {
  return alignLabels({ labels: given, classes }, modelClasses, count, 'Testing');
}

describe('alignLabels', () => {
  it('keeps labels where the order is the same', () => {
    expect(align(['a', 'b', 'c'], ['a', 'b', 'c'])).toEqual({ labels, classes: ['a', 'b', 'c'] });
  });

  it('maps labels by name where the order differs', () => {
    expect(align(['c', 'a', 'b'], ['a', 'b', 'c'])).toEqual({
      labels: Int32Array.of(2, 0, 1, 1),
      classes: ['a', 'b', 'c'],
    });
  });

  it('maps a source that lacks classes', () => {
    const found = align(['c', 'a'], ['a', 'b', 'c'], 3, Int32Array.of(0, 1, 0));
    expect(found.labels).toEqual(Int32Array.of(2, 0, 2));
  });

  it('takes the names of the side that has them', () => {
    expect(align(['x', 'y', 'z']).classes).toEqual(['x', 'y', 'z']);
    expect(align(undefined, ['a', 'b', 'c'])).toEqual({ labels, classes: ['a', 'b', 'c'] });
    expect(align(undefined, undefined).classes).toBeUndefined();
  });

  it('allows a repeated name while the order is the same', () => {
    expect(align(['a', 'b', 'a'], ['a', 'b', 'a']).labels).toEqual(labels);
  });

  it.each([
    [
      'an unknown name',
      ['a', 'b', 'd'],
      ['a', 'b', 'c'],
      3,
      /1 class that the model does not know \(d\).*1 class that the data does not \(c\)/,
    ],
    [
      'other names in plenty',
      ['1', '2', '3', '4', '5', '6', '7'],
      ['a', 'b', 'c'],
      3,
      /7 classes .*1, 2, 3, 4, 5, … 2 more/,
    ],
    ['a repeated name in another order', ['b', 'a', 'a'], ['a', 'b', 'a'], 3, /two classes named "a"/],
    [
      'fewer classes without the names of the model',
      ['a', 'b'],
      undefined,
      3,
      /the data has 2 classes \(a, b\), the model has 3/,
    ],
  ])('refuses %s', (_, classes, modelClasses, count, message) => {
    expect(() => align(classes, modelClasses, count)).toThrow(message);
  });

  it('refuses labels out of range on every way', () => {
    const wrong = Int32Array.of(0, 3);
    for (const [classes, model] of [
      [undefined, undefined],
      [
        ['a', 'b', 'c'],
        ['a', 'b', 'c'],
      ],
      [
        ['c', 'b', 'a'],
        ['a', 'b', 'c'],
      ],
    ]) {
      expect(() => align(classes, model, 3, wrong)).toThrow(/label 3 of sample 1 is out of range/);
    }
  });
});
