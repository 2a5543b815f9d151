// Seeded random choices: a case is known by (kind, seed, number) alone, whichever cases were run before it.

/** @param {string} text */
function hash(text) {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Choices of one case. */
export class Random {
  #state;

  /** @param {string} kind @param {number} seed @param {number} number */
  constructor(kind, seed, number) {
    this.#state = hash(`${kind}/${seed}/${number}`);
  }

  /** A number in [0, 1): mulberry32. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `end`. @param {number} end */
  below(end) {
    return Math.floor(this.next() * end);
  }

  /** @template T @param {ArrayLike<T>} list @returns {T} */
  pick(list) {
    return list[this.below(list.length)];
  }

  /** @param {number} probability */
  chance(probability) {
    return this.next() < probability;
  }

  /** Mostly 1, seldom many: 1 … most. @param {number} most */
  few(most) {
    let count = 1;
    while (count < most && this.chance(0.4)) count++;
    return count;
  }
}

/** Whole numbers at which readers go wrong. */
export const EDGES = [
  0,
  1,
  2,
  3,
  4,
  5,
  7,
  8,
  15,
  16,
  63,
  64,
  100,
  127,
  128,
  255,
  256,
  1000,
  32767,
  65535,
  65536,
  1e6,
  1e8,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 32 + 1,
  1e12,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  -1,
  -2,
  -8,
  -(2 ** 31),
  -(2 ** 53),
];

/** Texts at which readers, messages, pages and terminals go wrong. */
export const TEXTS = [
  '',
  ' ',
  'a',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '..',
  '../x',
  '/etc/hostname',
  'C:\\x',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'",
  '\0',
  'a\0b',
  '\x1b[2J\x1b]0;x\x07',
  '\x9b2J',
  '\r\nfake',
  '\u202eabc',
  '\ufeff',
  '\ud800',
  '𝕏',
  'é',
  '%s%n',
  '{{x}}',
  'NaN',
  '-0',
  '1e309',
  'true',
  'x'.repeat(300),
  'x'.repeat(70_000),
];
