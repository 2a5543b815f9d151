/** Which faults a case is given: after each of its calls, and at moments drawn from a seed. */

/** What disks and systems say no with. */
const ERRORS = ['ENOSPC', 'EACCES', 'EIO', 'EROFS', 'EMFILE'];

/**
 * Numbers (from 1) of the calls that are hit: of equal calls that follow one another, such as the writes of one file, the first and the
 * last, unless `every`.
 * @param {readonly string[]} calls
 */
export function numbersOf(calls, every = false) {
  // Names of temporary files are drawn.
  const names = calls.map((call) => call.replace(/[0-9a-f]{12}\.tmp/g, 'tmp'));
  return names.flatMap((name, i) => (every || name !== names[i - 1] || name !== names[i + 1] ? [i + 1] : []));
}

/**
 * @typedef {object} Planned
 * @property {string} kind for the table
 * @property {string} name
 * @property {object} fault for preload.cjs
 */

/**
 * Every fault at every call of a case.
 * @param {{ writes: readonly string[], all: readonly string[] }} calls
 * @param {{ every?: boolean, seed?: number, kinds?: readonly string[] }} [options]
 * @returns {Planned[]}
 */
export function systematic({ writes, all }, { every = false, seed = 0, kinds } = {}) {
  const planned = [];
  const plan = (kind, at, calls, fault) => {
    if (kinds && !kinds.includes(kind)) return;
    planned.push({
      kind,
      name: `${kind} ${Object.values(fault).join(' ')} at call ${at}: ${calls[at - 1]}`,
      fault: { at, ...fault },
    });
  };
  for (const at of numbersOf(writes, every)) {
    const error = ERRORS[(at + seed) % ERRORS.length];
    plan('kill', at, writes, { of: 'writes', how: 'kill' });
    plan('error from there on', at, writes, { of: 'writes', how: 'fail', error, sticky: true });
    plan('signal', at, writes, {
      of: 'writes',
      how: 'signal',
      signal: (at + seed) % 2 ? 'SIGINT' : 'SIGTERM',
    });
    if (!writes[at - 1].startsWith('write')) continue;
    plan('kill in a write', at, writes, { of: 'writes', how: 'half' });
    plan('short write', at, writes, { of: 'writes', how: 'short', error: 'ENOSPC' });
  }
  for (const at of numbersOf(all, every)) {
    plan('error', at, all, { of: 'all', how: 'fail', error: ERRORS[(at + seed) % ERRORS.length] });
  }
  return planned;
}

/**
 * Signals at moments spread over the time of a run, one in each of `rounds` equal parts of it.
 * @param {number} seconds of a run that nothing disturbs
 * @param {() => number} random
 * @returns {{ signal: 'SIGKILL' | 'SIGINT' | 'SIGTERM', after: number }[]} milliseconds
 */
export function moments(rounds, seconds, random) {
  const signals = /** @type {const} */ (['SIGKILL', 'SIGINT', 'SIGKILL', 'SIGTERM']);
  return Array.from({ length: rounds }, (_, i) => ({
    signal: signals[i % signals.length],
    after: ((i + random()) / rounds) * seconds * 1000,
  }));
}
