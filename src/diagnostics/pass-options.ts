/** Options of what reads all features once more. */
import type { SessionOptions } from '../runtime/session.js';

/** Options of a pass over features. */
export interface PassOptions extends SessionOptions {
  /** Stops between chunks with ABORTED. */
  readonly signal?: AbortSignal;
  /** Called with the number of samples that were done since the last call. */
  readonly onSamples?: (samples: number) => void;
}
