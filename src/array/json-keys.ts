/** Names that JSON repeats. JSON.parse keeps the last one without a word, where other parsers keep the first. */

import { closingQuote } from './json.js';

/** The first name that one object of `json` has twice, or undefined. `json` is known to be valid. */
export function repeatedKey(json: string): string | undefined {
  const objects: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    const sign = json[at];
    if (sign === '{') objects.push(new Set());
    else if (sign === '}') objects.pop();
    if (sign !== '"') continue;
    const end = closingQuote(json, at) + 1;
    if (isName(json, end)) {
      // "a" and "\u0061" are the same name.
      const name = JSON.parse(json.slice(at, end)) as string;
      const names = objects.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
    at = end - 1;
  }
  return undefined;
}

/** Whether a string that ends before `at` is a name: a colon follows it, maybe behind blanks. */
function isName(json: string, at: number): boolean {
  while (/[ \t\r\n]/.test(json.charAt(at))) at++;
  return json[at] === ':';
}
