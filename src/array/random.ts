/** Seeded random numbers and the keyed order that long-tailed subsets are drawn by. Same seed, same numbers, everywhere. */
import { TailorError } from './errors.js';

/** MurmurHash3's 32-bit finaliser: a bijection of the 32-bit integers that mixes every bit into every other. */
export function fmix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * The place of item `index` in the order that `seed` stands for: sort by it to shuffle. A bijection of the 32-bit
 * indices, so there are no ties, and an item's key does not depend on how many items there are: the same function
 * in Python (python-export) picks the same subset.
 */
export function shuffleKey(seed: number, index: number): number {
  return fmix32(index ^ fmix32(seed + 0x9e3779b9));
}

/** A stream of uniform numbers in [0, 1) with 32 random bits each. */
export type Random = () => number;

/**
 * sfc32 (Chris Doty-Humphrey's small fast counter generator, 128 bits of state), seeded by a whole number, of which the
 * lowest 32 bits count. INVALID_ARGUMENT for any other: NaN and 0.5 would quietly be the seed 0.
 */
export function createRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Making random numbers: the seed is ${seed}; a whole number is needed.`,
    );
  }
  let a = fmix32(seed);
  let b = fmix32(a + 0x9e3779b9);
  let c = fmix32(b + 0x9e3779b9);
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  // The first outputs still show the seed.
  for (let i = 0; i < 15; i++) next();
  return () => next() / 4294967296;
}

/** 0 … length−1 in a random order (Fisher–Yates). */
export function shuffledIndices(length: number, random: Random): Int32Array {
  const indices = Int32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [indices[i], indices[j]] = [indices[j], indices[i]];
  }
  return indices;
}
