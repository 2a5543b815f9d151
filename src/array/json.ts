/** JSON of files. */
import { limit, limitExceeded } from './limits.js';

/** LIMIT_EXCEEDED for more bytes than are parsed; `doing` starts the message. */
export function assertJsonBytes(bytes: number, doing: string): void {
  if (bytes > limit('jsonBytes')) throw limitExceeded('jsonBytes', `${doing}: it has ${bytes} bytes of JSON`);
}
