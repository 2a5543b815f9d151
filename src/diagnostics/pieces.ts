/** Which parts of feature stores statistics are of: none twice, and what is missing. */
import { TailorError } from '../array/errors.js';
import { listNames } from '../array/text.js';
import type { StorePiece } from '../features/store/piece.js';

/** As many tasks as no array job has; a file that says more is not one of ours. */
const MOST_PARTS = 1_000_000;

/**
 * Pieces of statistics that are merged, in order. Copies of a store are one store.
 * @param file where `more` comes from, for the message.
 * @throws INVALID_ARGUMENT where samples would be counted twice.
 */
export function joinPieces(
  pieces: readonly StorePiece[],
  more: readonly StorePiece[],
  file: string,
): readonly StorePiece[] {
  const joined = [...pieces];
  for (const piece of more) {
    const twice = joined.find((other) => other.store === piece.store && overlap(other, piece));
    if (!twice) {
      joined.push(piece);
      continue;
    }
    const which = sameParts([piece, twice]) ? '' : `, which shares samples with ${nameOf(twice)}`;
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Merging statistics of features: ${file} is of ${nameOf(piece)} of ${piece.name}${which}, and those samples are among the ` +
        'other statistics already. Samples count once: give the statistics of each part once.',
    );
  }
  return joined;
}

/** What is missing of the stores, in words; undefined where every one is whole. */
export function missingPieces(pieces: readonly StorePiece[]): string | undefined {
  const missing: string[] = [];
  for (const store of new Set(pieces.map((piece) => piece.store))) {
    const parts = pieces.filter((piece) => piece.store === store);
    const gaps = gapsOf(parts);
    if (gaps.length === 0) continue;
    const [{ name, total }] = parts;
    const samples = gaps.reduce((sum, { from, to }) => sum + to - from, 0);
    missing.push(`${samples} of the ${total} samples of ${name} (${whichOf(parts, gaps)})`);
  }
  return missing.length > 0 ? missing.join(', and ') : undefined;
}

/** What a file says in JSON; undefined where it cannot be. */
export function parsePieces(text: string | undefined): readonly StorePiece[] | undefined {
  try {
    const found: unknown = JSON.parse(text ?? '');
    if (!Array.isArray(found) || found.length > MOST_PARTS || !found.every(isPiece)) return undefined;
    return found;
  } catch {
    return undefined;
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
}

const overlap = (a: Range, b: Range) => a.from < b.to && b.from < a.to;

const nameOf = ({ part, total }: StorePiece) =>
  part.count === 1 ? `all ${total} samples` : `part ${part.index} of ${part.count}`;

const sameParts = (pieces: readonly StorePiece[]) => new Set(pieces.map(({ part }) => part.count)).size === 1;

function gapsOf(pieces: readonly StorePiece[]): Range[] {
  const gaps: Range[] = [];
  let next = 0;
  for (const { from, to } of [...pieces].sort((a, b) => a.from - b.from)) {
    if (from > next) gaps.push({ from: next, to: from });
    next = Math.max(next, to);
  }
  const [{ total }] = pieces;
  if (next < total) gaps.push({ from: next, to: total });
  return gaps;
}

/** Numbers of parts, where all are of one number of parts; else numbers of samples. */
function whichOf(pieces: readonly StorePiece[], gaps: readonly Range[]): string {
  if (!sameParts(pieces)) {
    return `counted from 0: ${listNames(gaps.map(({ from, to }) => `${from} to ${to - 1}`))}`;
  }
  const [{ part }] = pieces;
  const there = new Set(pieces.map(({ part: { index } }) => index));
  const missing = Array.from({ length: part.count }, (_, i) => i + 1).filter((index) => !there.has(index));
  return `${missing.length > 1 ? 'parts' : 'part'} ${listNames(missing, 12)} of ${part.count}`;
}

function isPiece(value: unknown): value is StorePiece {
  const { store, name, total, part, from, to } = (value ?? {}) as Partial<StorePiece>;
  const { index, count } = part ?? {};
  return (
    typeof store === 'string' &&
    typeof name === 'string' &&
    isWhole(total, 1, Number.MAX_SAFE_INTEGER) &&
    isWhole(count, 1, MOST_PARTS) &&
    isWhole(index, 1, count) &&
    isWhole(from, 0, total) &&
    isWhole(to, from, total)
  );
}

const isWhole = (value: unknown, least: number, most: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
