/** Parsers of numbers on the command line. */
import { InvalidArgumentError } from 'commander';

/** A parser of whole numbers of at least `least`, and at most `most`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const limit = most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : '';
    throw new InvalidArgumentError(`A whole number of at least ${least}${limit} is needed.`);
  };
}

/** Any finite number. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('A number is needed.');
}

/** A finite number above 0. */
export function parsePositive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('A number above 0 is needed.');
}
