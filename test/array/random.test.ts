import { describe, expect, it } from 'vitest';
import { createRandom, shuffledIndices, shuffleKey } from '../../src/array/random.js';
import { expectRefusal } from './expect-refusal.js';

describe('createRandom', () => {
  // From sfc32 and MurmurHash3's finaliser written once more, in Python's whole numbers.
  it.each([
    [0, [573062847, 3859256238, 1725490943, 4056088953]],
    [1, [1226962237, 1320587474, 2603719007, 1456039398]],
    [12345, [2437666414, 4168919005, 897717274, 3932956940]],
    [2 ** 32 - 1, [3510207671, 2495396174, 1679955243, 452453892]],
    [-1, [3510207671, 2495396174, 1679955243, 452453892]],
  ])('gives the numbers of seed %i', (seed, expected) => {
    const random = createRandom(seed);
    expect(expected.map(() => random() * 2 ** 32)).toEqual(expected);
  });

  it.each([Number.NaN, 0.5, Number.POSITIVE_INFINITY, 2 ** 60])('refuses the seed %d', async (seed) => {
    await expectRefusal(
      () => createRandom(seed),
      'INVALID_ARGUMENT',
      /the seed is .*a whole number is needed/,
    );
  });
});

describe('shuffledIndices', () => {
  it('has every index once, in another order for another seed', () => {
    const order = shuffledIndices(1000, createRandom(4));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(order).not.toEqual(shuffledIndices(1000, createRandom(5)));
  });
});

describe('shuffleKey', () => {
  it('gives the keys that Python gives', () => {
    expect([0, 1, 2].map((index) => shuffleKey(7, index))).toEqual([1802556003, 1927802737, 635815223]);
  });
});
