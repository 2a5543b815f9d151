/** JSON files. */
import { platform } from '#platform';
import { nameOf } from '../array/byte-source.js';
import { TailorError } from '../array/errors.js';
import { assertJsonBytes, parseJson } from '../array/json.js';
import { repeatedKey } from '../array/json-keys.js';

/**
 * Parses a JSON file, by path or bytes; `what` is what it should hold and `name` what it is called, for messages. An object that has
 * a name twice is refused: one of the two would be left out without a word.
 * FORMAT_INVALID, LIMIT_EXCEEDED, FILE_NOT_FOUND, FILE_UNREADABLE.
 */
export async function readJson(
  source: string | Uint8Array,
  what: string,
  name = nameOf(source),
): Promise<unknown> {
  const bytes = typeof source === 'string' ? await platform.readFile(source) : source;
  const doing = `Reading ${what} from ${name}`;
  assertJsonBytes(bytes.length, doing);
  const text = new TextDecoder().decode(bytes);
  let json: unknown;
  try {
    json = parseJson(text, doing);
  } catch (cause) {
    if (cause instanceof TailorError) throw cause;
    throw new TailorError('FORMAT_INVALID', `${doing}: it is not valid JSON (${(cause as Error).message}).`, {
      cause,
    });
  }
  const twice = repeatedKey(text);
  if (twice === undefined) return json;
  throw new TailorError(
    'FORMAT_INVALID',
    `${doing}: an object has the name "${twice}" twice, and it is unclear which is meant. Leave one out.`,
  );
}
