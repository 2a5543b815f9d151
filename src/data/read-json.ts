/** JSON files. */
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';

/** Parses a JSON file; `what` is what it should hold, for messages. FORMAT_INVALID, FILE_NOT_FOUND, FILE_UNREADABLE. */
export async function readJson(path: string, what: string): Promise<unknown> {
  const text = new TextDecoder().decode(await platform.readFile(path));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading ${what} from ${path}: it is not JSON (${(cause as Error).message}).`,
      { cause },
    );
  }
}
