/** Numbers and names as people read them. */
import { cleanText } from './markup.js';

/** The minus sign, as wide as a plus. */
const MINUS = '\u2212';

/** Keeps the sign at its number when lines are broken. */
const SPACE = '\u00a0';

/** A share as per cent with one decimal; '–' for none. */
export function percent(share: number | null | undefined): string {
  return share == null ? '–' : `${signed(share * 100, 1)}${SPACE}%`;
}

/** An interval of shares, '57.0 … 63.1 %'. */
export function percentRange([low, high]: readonly [number, number]): string {
  return `${signed(low * 100, 1)} … ${percent(high)}`;
}

/** A difference of shares in percentage points, always with its sign. */
export function points(difference: number): string {
  const text = signed(difference * 100, 1);
  return difference < 0 || Number(text) === 0 ? text : `+${text}`;
}

/** Three digits: '12,345', '38.4', '0.131', '2.60e−6'; whole numbers with all of theirs, '–' for none. */
export function figure(value: number | null | undefined): string {
  if (value == null || Number.isNaN(value)) return '–';
  const size = Math.abs(value);
  if (size === Number.POSITIVE_INFINITY) return value > 0 ? '∞' : `${MINUS}∞`;
  if (size >= 1e7 || (size > 0 && size < 1e-4)) return exponent(value);
  if (Number.isInteger(value) || size >= 100) return signed(value, 0);
  if (size < 0.01) return signed(value, 4);
  return signed(value, size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** A number as short as it is: beside axes, and parameters that somebody chose. */
export function shortNumber(value: number): string {
  const text = figure(Number(value.toPrecision(4)));
  return text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text;
}

/** Writes all numbers of a column with the same decimals. */
export function columnFigure(values: readonly (number | null)[]): (value: number | null) => string {
  const there = values
    .filter((value) => value !== null && Number.isFinite(value))
    .map((value) => Math.abs(value!));
  const largest = there.reduce((most, value) => Math.max(most, value), 0);
  if (largest >= 1e7 || (largest > 0 && largest < 0.01) || there.every(Number.isInteger)) return figure;
  const decimals = largest >= 100 ? 0 : largest >= 10 ? 1 : largest >= 1 ? 2 : 3;
  return (value) => (value !== null && Number.isFinite(value) ? signed(value, decimals) : figure(value));
}

/** 'a … b' of an interval. */
export function range(
  [low, high]: readonly [number, number],
  write: (value: number) => string = figure,
): string {
  return `${write(low)} … ${write(high)}`;
}

/** '1 class', '12 classes'. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${figure(count)} ${count === 1 ? one : many}`;
}

function signed(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  const [whole, fraction] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const sign = value < 0 && Number(text) !== 0 ? MINUS : '';
  return `${sign}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

function exponent(value: number): string {
  return value.toExponential(2).replace('-', MINUS).replace('e+', 'e').replace('e-', `e${MINUS}`);
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Names with towers of accents exist only to break pages: four are enough for any language. */
const TOWERS = /(\p{M}{4})\p{M}+/gu;

/** Text that fits into `width` times the font size, with '…' where it was cut; by estimate, fonts differ. */
export function fitText(text: string, width: number): string {
  const line = oneLine(text).replace(TOWERS, '$1');
  // What is longer does not fit anyway, and a segmenter takes its time on megabytes.
  const letters = lettersOf(line.slice(0, 40 + 16 * width));
  let used = 0;
  for (let i = 0; i < letters.length; i++) {
    used += letterWidth(letters[i]);
    if (used <= width) continue;
    let kept = i + 1;
    while (kept > 0 && used > width - letterWidth('…')) used -= letterWidth(letters[--kept]);
    return isolate(`${letters.slice(0, kept).join('').trimEnd()}…`);
  }
  return isolate(letters.join(''));
}

function lettersOf(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** The estimated width of a text in font sizes. */
export function textWidth(text: string): number {
  return Array.from(segmenter.segment(text), ({ segment }) => letterWidth(segment)).reduce(
    (a, b) => a + b,
    0,
  );
}

/** Clean text with runs of spaces, tabs and line breaks as one space. */
export function oneLine(text: string): string {
  return cleanText(text).replace(/\s+/gu, ' ').trim();
}

function letterWidth(letter: string): number {
  if (/^[ijlI|.,:;'!]/.test(letter)) return 0.32;
  if (/^[mwMW@%…]/.test(letter)) return 0.9;
  if (/^[A-Z0-9#&_=+<>~]/.test(letter)) return 0.66;
  const code = letter.codePointAt(0) ?? 0;
  return code >= 0x1100 && !(code >= 0x1e00 && code < 0x2e80) ? 1.05 : 0.56;
}

// Hebrew, Arabic and their neighbours, and the marks that turn the direction of what follows.
const TURNS = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff]/u;

/** Right-to-left text between marks that keep it from turning what stands around it. */
export function isolate(text: string): string {
  return TURNS.test(text) ? `\u2068${text}\u2069` : text;
}
