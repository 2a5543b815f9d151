/** Single values of a table, as python-export reads them (tailor_export/data/table.py). */

const SPACES = ' \t\n\v\f\r';
const MISSING = new Set(['', '?', 'na', 'n/a', 'nan', 'null', 'none']);
/** Digits of ASCII only, and neither inf nor nan, nor Python's 1_000 or JavaScript's 0x10: they are words in a table. */
const NUMBER = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/** `text` without the spaces, tabs and line breaks around it; unlike trim(), those of ASCII only. */
export function trimCell(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACES.includes(text[start])) start++;
  while (end > start && SPACES.includes(text[end - 1])) end--;
  return text.slice(start, end);
}

/** Whether a value stands for none: nothing at all, `?`, NA, N/A, NaN, null or None, in any case. */
export function isMissing(value: string): boolean {
  return MISSING.has(value.toLowerCase());
}

/** The number that a value spells, infinite where it is too large; undefined for a word. */
export function parseNumber(value: string): number | undefined {
  return NUMBER.test(value) ? Number(value) : undefined;
}

/** Different values in order: by size where all are numbers (equal ones by text), else by code point. */
export function sortValues(values: Iterable<string>): string[] {
  const keyed = Array.from(values, (text) => ({ text, size: parseNumber(text) ?? Number.NaN }));
  if (keyed.some(({ size }) => Number.isNaN(size))) {
    return keyed.map(({ text }) => text).sort(compareText);
  }
  // Not a − b: two may be infinite.
  keyed.sort((a, b) => (a.size < b.size ? -1 : a.size > b.size ? 1 : compareText(a.text, b.text)));
  return keyed.map(({ text }) => text);
}

/** By code point, as Python compares. JavaScript's own order puts U+10000 and above before U+E000 … U+FFFF. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Surrogates, of which the characters from U+10000 are made, come after all other code units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
