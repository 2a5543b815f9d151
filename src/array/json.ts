/** JSON of files. */
import { limit, limitExceeded } from './limits.js';

/**
 * Parses JSON that came from a file; `doing` starts messages. Throws SyntaxError for what is none, as JSON.parse does, and
 * LIMIT_EXCEEDED for too many bytes and for what is nested too deep: the parser stands it, whatever walks over it does not.
 */
export function parseJson(json: string, doing: string): unknown {
  assertJsonBytes(json.length, doing);
  const most = limit('jsonDepth');
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const sign = json[at];
    if (sign === '"') at = closingQuote(json, at);
    else if (sign === ']' || sign === '}') depth--;
    else if ((sign === '[' || sign === '{') && ++depth > most) {
      throw limitExceeded('jsonDepth', `${doing}: its JSON is nested deeper`);
    }
  }
  return JSON.parse(json);
}

/** LIMIT_EXCEEDED for more bytes than are parsed; `doing` starts the message. */
export function assertJsonBytes(bytes: number, doing: string): void {
  if (bytes > limit('jsonBytes')) throw limitExceeded('jsonBytes', `${doing}: it has ${bytes} bytes of JSON`);
}

/** The place of the quote that ends the string at `start`: one behind an odd number of backslashes is part of it. */
export function closingQuote(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); quote >= 0; quote = json.indexOf('"', quote + 1)) {
    let first = quote;
    while (json[first - 1] === '\\') first--;
    if ((quote - first) % 2 === 0) return quote;
  }
  return json.length;
}
