/** Class counts as people type or paste them. */
import { TailorError } from '../../array/errors.js';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * What `parseCounts` takes, of JSON, of numbers in class order (`5000, 2997 1796`, separated by commas, semicolons, blanks or
 * line ends), or of lines with a name and a number (`cat: 5000`, as spreadsheets and dictionaries are pasted).
 * COUNTS_INVALID for anything else.
 */
export function parseCountsText(text: string): unknown {
  const trimmed = text.trim();
  if (/^[[{]/.test(trimmed)) {
    try {
      return JSON.parse(trimmed);
    } catch (error) {
      throw invalid(`it begins like JSON, but is none (${(error as Error).message})`);
    }
  }
  const items = trimmed.split(/[\s,;]+/).filter((item) => item !== '');
  if (items.length === 0) throw invalid('nothing was typed');
  if (items.every((item) => NUMBER.test(item))) return items.map(Number);
  return Object.fromEntries(pairs(trimmed));
}

/** One pair a line; with commas or semicolons between pairs where all stand on one line. */
function pairs(text: string): [string, number][] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const parts = lines.length > 1 ? lines : text.split(/[,;](?=[^,;]*\D[^,;]*\d)/);
  const seen = new Set<string>();
  return parts.map((part) => {
    // The number stands last; a name may have blanks and digits.
    const [, quoted = '', number = ''] = /^(.*?)[\s:=,;]+(\S+?)[,;]?\s*$/.exec(part.trim()) ?? [];
    const name = quoted.replace(/^(["'])(.*)\1$/, '$2').trim();
    if (name === '' || !NUMBER.test(number)) {
      throw invalid(
        `"${part.trim().slice(0, 40)}" is neither a number nor a class name with a number behind it`,
      );
    }
    if (seen.has(name)) throw invalid(`the class ${name} is there twice`);
    seen.add(name);
    return [name, Number(number)];
  });
}

function invalid(found: string): TailorError {
  return new TailorError(
    'COUNTS_INVALID',
    `Reading class counts: ${found}. Give one number per class in class order, or lines with a class name and its number.`,
  );
}
