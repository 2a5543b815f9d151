import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  columnFigure,
  countOf,
  figure,
  fitText,
  percent,
  percentRange,
  points,
  shortNumber,
  textWidth,
} from '../../src/report/words.js';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [12345, '12,345'],
    [-1234567.8, '−1,234,568'],
    [123.4, '123'],
    [38.44, '38.4'],
    [5.206, '5.21'],
    [-0.5517, '−0.552'],
    [0.00314, '0.0031'],
    [2.6e-6, '2.60e−6'],
    [4.2e9, '4.20e9'],
    [-0.00004, '−4.00e−5'],
    [null, '–'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '∞'],
  ])('figure(%s)', (value, expected) => {
    expect(figure(value)).toBe(expected);
  });

  it('shares and points', () => {
    expect([0.6558, 1, -0.0004, null].map(percent)).toEqual([
      '65.6\u00a0%',
      '100.0\u00a0%',
      '0.0\u00a0%',
      '–',
    ]);
    expect([0.102, -0.05, 0, -0.0001].map(points)).toEqual(['+10.2', '−5.0', '0.0', '0.0']);
    expect(percentRange([0.57, 0.631])).toBe('57.0 … 63.1\u00a0%');
    expect([0.5, 100, 0.25, 1e-9].map(shortNumber)).toEqual(['0.5', '100', '0.25', '1.00e−9']);
    expect(countOf(1, 'class', 'classes') + countOf(1200, 'sample')).toBe('1 class1,200 samples');
  });

  it('columns have the same decimals', () => {
    const write = columnFigure([0.5, 2.25, null]);
    expect([0.5, 2.25, null].map(write)).toEqual(['0.50', '2.25', '–']);
    expect([3, 4000].map(columnFigure([3, 4000]))).toEqual(['3', '4,000']);
  });
});

describe('fitText', () => {
  it('keeps what fits and cuts what does not', () => {
    expect(fitText('airplane', 8)).toBe('airplane');
    expect(fitText('a very long name of a class', 8)).toMatch(/^a very.*…$/);
    expect(fitText(' two\n lines ', 20)).toBe('two lines');
  });

  it('cuts between letters as people see them, and no tower of accents gets through', () => {
    expect(fitText('👩‍👩‍👧‍👦'.repeat(5), 3)).toMatch(/^(👩‍👩‍👧‍👦)+…$/u);
    expect(fitText(`Z${'\u0351'.repeat(500)}`, 10).length).toBeLessThan(8);
  });

  it('keeps right-to-left names from turning what is around them', () => {
    expect(fitText('שלום', 10)).toBe('\u2068שלום\u2069');
  });

  it('never gives more than fits', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 50 }),
        fc.integer({ min: 3, max: 20 }),
        (text, width) => {
          const fitted = fitText(text, width).replace(/[\u2068\u2069]/g, '');
          expect(textWidth(fitted)).toBeLessThanOrEqual(width + 1e-9);
        },
      ),
    );
  });
});
