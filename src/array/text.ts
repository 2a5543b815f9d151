/** Small pieces of messages. What is named in them comes from files, and may not do anything where it is shown. */

/**
 * What a terminal or a reader could take for more than text: control characters (escape sequences among them), marks that turn the
 * direction of what follows, invisible ones that make two names look the same, line separators, and halves of a character. Not the
 * zero-width joiners: scripts and emoji need them.
 */
const UNPRINTABLE =
  /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Cs}|[\u{e0000}-\u{e007f}]/gu;

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** `text` with what is no plain character written as \n, \x1b or \u{202e}; `keep` are characters that stay. */
export function escapeUnprintable(text: string, keep = ''): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (keep.includes(character)) return character;
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

/** Characters of one name among several. */
const LONGEST_LISTED = 120;

/** The first of many names, as messages show them: 'a, b, c, … 12 more'; '' for none. */
export function listNames(names: readonly (string | number)[], most = 5): string {
  const shown = names
    .slice(0, most)
    .map((name) => printable(String(name), LONGEST_LISTED))
    .join(', ');
  return names.length > most ? `${shown}, … ${names.length - most} more` : shown;
}

/** Characters of a quoted name that messages show; a file may hold one of gigabytes. */
const LONGEST_QUOTED = 100;

/** A name from a file in single quotes, as messages show it: shortened, what is no plain character written out. */
export function quoted(name: string): string {
  return `'${printable(name, LONGEST_QUOTED)}'`;
}

/** The first line of what a library threw: the lines after it are stack traces and source places. */
export function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.trim().split('\n', 1)[0];
}
