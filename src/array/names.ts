/** Names that files and their makers choose. */
import { limit, limitExceeded } from './limits.js';
import { printable } from './text.js';

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
