/** JSON files. */
import { platform } from '#platform';
import { nameOf } from '../array/byte-source.js';
import { TailorError } from '../array/errors.js';
import { assertJsonBytes } from '../array/json.js';

/**
 * Parses a JSON file, by path or bytes; `what` is what it should hold and `name` what it is called, for messages.
 * FORMAT_INVALID, LIMIT_EXCEEDED, FILE_NOT_FOUND, FILE_UNREADABLE.
 */
export async function readJson(
  source: string | Uint8Array,
  what: string,
  name = nameOf(source),
): Promise<unknown> {
  const bytes = typeof source === 'string' ? await platform.readFile(source) : source;
  assertJsonBytes(bytes.length, `Reading ${what} from ${name}`);
  const text = new TextDecoder().decode(bytes);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading ${what} from ${name}: it is not JSON (${(cause as Error).message}).`,
      { cause },
    );
  }
}
