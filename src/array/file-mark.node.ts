/** Whether a file is still the one that it was. */
import type { BigIntStats } from 'node:fs';
import { TailorError } from './errors.js';

/** What differs between two contents of a file: another file, another size, or written to at another time. */
export const markOf = ({ dev, ino, size, mtimeNs }: BigIntStats) => `${dev} ${ino} ${size} ${mtimeNs}`;

/** FILE_CHANGED unless `now` has the mark. */
export function assertSame(path: string, mark: string, now: BigIntStats): void {
  if (markOf(now) !== mark) throw fileChanged(path, 'was changed');
}

/** FILE_CHANGED. */
export function fileChanged(path: string, what: string, cause?: unknown): TailorError {
  return new TailorError(
    'FILE_CHANGED',
    `Reading ${path}: the file ${what} while it was in use. Run again when nothing writes to it.`,
    { cause },
  );
}
