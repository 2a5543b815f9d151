/** Small pieces of messages. */

/** The first of many names: 'a, b, c, … 12 more'; '' for none. */
export function listNames(names: readonly (string | number)[], most = 5): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown}, … ${names.length - most} more` : shown;
}

/** The first line of what a library threw: the lines after it are stack traces and source places. */
export function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.trim().split('\n', 1)[0];
}
