/** Names that files and their makers choose: of classes, arrays, files, columns. They are shown, so they may not do anything else. */
import { limit, limitExceeded } from './limits.js';

/**
 * What a terminal or a reader could take for more than text: control characters (escape sequences among them), marks that turn the
 * direction of what follows, invisible ones that make two names look the same, line separators, and halves of a character.
 */
const UNPRINTABLE =
  /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Cs}|[\u{e0000}-\u{e007f}]/gu;

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** `text` with what is no plain character written as \n, \x1b or \u{202e}. Zero-width joiners within emoji are shown so, too. */
export function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    return ESCAPES[character] ?? (code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`);
  });
}

/**
 * A name from a file as a terminal, a log or a message may show it: without control characters (see escapeUnprintable), and when it
 * has more than `most` characters with its middle left out, which it says.
 */
export function printable(name: string, most = 200): string {
  if (name.length <= most) return escapeUnprintable(name);
  const [start, end] = [Math.ceil(most / 2), Math.floor(most / 4)];
  const left = name.length - start - end;
  return `${escapeUnprintable(name.slice(0, start))}… ${left} more characters …${escapeUnprintable(name.slice(-end))}`;
}

/** LIMIT_EXCEEDED for a name of a class that is longer than the limit `nameLength`; `doing` starts the message. */
export function assertNameLengths(names: readonly string[], doing: string): void {
  const most = limit('nameLength');
  const long = names.findIndex((name) => name.length > most);
  if (long < 0) return;
  throw limitExceeded(
    'nameLength',
    `${doing}: the name of class ${long} has ${names[long].length} characters (${printable(names[long], 40)})`,
  );
}
