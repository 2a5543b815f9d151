/** How a Parquet file is refused. */
import { TailorError } from '../errors.js';
import { type LimitName, limitExceeded } from '../limits.js';
import { firstLine } from '../text.js';

/** A file that is damaged, or not what it says. */
export function invalid(name: string, found: string, cause?: unknown): TailorError {
  return new TailorError('FORMAT_INVALID', `Reading ${name} as Parquet: ${found}. Write or fetch it again.`, {
    cause,
  });
}

/** A valid file with something in it that is not read here; `next` says what to do. */
export function unsupported(name: string, found: string, next: string): TailorError {
  return new TailorError('FORMAT_UNSUPPORTED', `Reading ${name} as Parquet: ${found}. ${next}`);
}

/** A file that asks for more than a named limit; `instead` says what else helps. */
export function tooMuch(limit: LimitName, name: string, found: string, instead: string): TailorError {
  return limitExceeded(limit, `Reading ${name} as Parquet: ${found}`, { instead });
}

/** Runs a library's parser; what it throws becomes a refusal. */
export function parsed<T>(name: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TailorError) throw error;
    // What JavaScript says of a value that it did not expect helps nobody who has a damaged file.
    const own = error instanceof TypeError || error instanceof RangeError;
    throw invalid(name, `its ${what} cannot be read${own ? '' : ` (${firstLine(error)})`}`, error);
  }
}
