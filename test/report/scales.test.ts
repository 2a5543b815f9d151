import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byCount, cutIntoBins } from '../../src/evaluation/class-order.js';
import { quantileOf } from '../../src/evaluation/quantile.js';
import { groupRuns, meanOf, prevailingGroup } from '../../src/report/order.js';
import { linearScale, logScale } from '../../src/report/scales.js';

describe('linearScale', () => {
  it('maps linearly, with round ticks', () => {
    const x = linearScale([0, 1], [100, 200]);
    expect(x(0.25)).toBe(125);
    expect(x.ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  });

  it('widens to whole ticks on request', () => {
    const { domain, ticks } = linearScale([0, 5.6], [0, 1], { round: true });
    expect({ domain, ticks }).toEqual({ domain: [0, 6], ticks: [0, 2, 4, 6] });
  });

  it('has room for a single value', () => {
    const y = linearScale([3, 3], [0, 100]);
    expect(y(3)).toBeCloseTo(50, 9);
    expect(linearScale([0, 0], [0, 100])(0)).toBeCloseTo(50, 9);
  });

  it('has few ticks, all in the domain, on values of any size', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e9, max: 1e9, noNaN: true }),
        fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
        (low, size) => {
          fc.pre(low + size > low + Math.abs(low) * 1e-9);
          const { ticks, domain } = linearScale([low, low + size], [0, 1]);
          expect(ticks.length).toBeGreaterThanOrEqual(2);
          expect(ticks.length).toBeLessThanOrEqual(7);
          const room = (domain[1] - domain[0]) * 1e-6 + Math.abs(low) * 1e-10;
          expect(ticks[0]).toBeGreaterThanOrEqual(domain[0] - room);
          expect(ticks.at(-1)).toBeLessThanOrEqual(domain[1] + room);
        },
      ),
    );
  });
});

describe('logScale', () => {
  it('gives equal room to equal ratios', () => {
    const x = logScale([10, 1000], [0, 200]);
    expect(x(100)).toBeCloseTo(100, 9);
    expect(x.ticks).toEqual([10, 30, 100, 300, 1000]);
  });

  it('has room for a single value, and not too many ticks over many decades', () => {
    expect(logScale([5, 5], [0, 100])(5)).toBeCloseTo(50, 9);
    expect(logScale([1e-12, 1e12], [0, 1]).ticks.length).toBeLessThanOrEqual(9);
  });
});

describe('order and bins', () => {
  it('sorts by count, ties by index', () => {
    expect(byCount([5, 9, 5, 100])).toEqual([3, 1, 0, 2]);
  });

  it('cuts into bins of almost the same size, nothing lost', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 60 }), (length, most) => {
        const order = Array.from({ length }, (_, i) => i);
        const bins = cutIntoBins(order, most);
        expect(bins.flat()).toEqual(order);
        const sizes = bins.map((bin) => bin.length);
        expect(bins.length).toBe(Math.min(most, length));
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('means, quantiles and runs of groups', () => {
    expect(meanOf([1, null, 3, undefined])).toBe(2);
    expect(meanOf([null])).toBeNull();
    expect(quantileOf([0, 10, 20], 0.25)).toBe(5);
    expect(prevailingGroup([0, 1, 2], ['few', 'many', 'few'])).toBe('few');
    expect(prevailingGroup([0, 1], ['few', 'many'])).toBe('many');
    expect(groupRuns(['many', 'many', 'few'] as const, (group) => group)).toEqual([
      { group: 'many', from: 0, to: 2 },
      { group: 'few', from: 2, to: 3 },
    ]);
  });
});
