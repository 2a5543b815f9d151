/** Memory whose size a file or a caller decides. */
import { TailorError } from './errors.js';

/**
 * A typed array of `length` zeros, or LIMIT_EXCEEDED where the machine has no room for it: the engine's own RangeError
 * says neither what was being done nor what to do. `doing` is the start of the message.
 */
export function allocate<T>(make: new (length: number) => T, length: number, doing: string): T {
  try {
    return new make(length);
  } catch (cause) {
    throw new TailorError(
      'LIMIT_EXCEEDED',
      `${doing}: ${length} numbers are needed at once, and there is no room for them. Work on fewer or smaller pieces.`,
      { cause },
    );
  }
}
