// Repeated measurements of several contestants, in turns: what slows the machine down slows all of them down.

/** @typedef {{ median: number, min: number, max: number, runs: number[] }} Spread */

/**
 * Runs every contestant once to warm up, then all of them in turns; stops early, after a whole turn, once `budget` seconds
 * have gone by.
 *
 * @param {Record<string, () => Promise<number> | number>} contestants each returns the seconds that it took
 * @param {{ repetitions: number, warmUp?: boolean, budget?: number, onRun?: (name: string, seconds: number) => void }} options
 * @returns {Promise<Record<string, Spread>>}
 */
export async function takeTurns(
  contestants,
  { repetitions, warmUp = true, budget = Number.POSITIVE_INFINITY, onRun },
) {
  const began = performance.now();
  /** @type {Record<string, number[]>} */
  const runs = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let turn = warmUp ? -1 : 0; turn < repetitions; turn++) {
    if (turn > 0 && (performance.now() - began) / 1000 > budget) break;
    for (const [name, run] of Object.entries(contestants)) {
      const seconds = await run();
      onRun?.(name, seconds);
      if (turn >= 0) runs[name].push(seconds);
    }
  }
  return Object.fromEntries(Object.entries(runs).map(([name, list]) => [name, spread(list)]));
}

/** @param {number[]} runs @returns {Spread} */
export function spread(runs) {
  const sorted = [...runs].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return {
    median: (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2,
    min: sorted[0],
    max: sorted[sorted.length - 1],
    runs,
  };
}

/** Mean and sample standard deviation (0 for one value). @param {readonly number[]} values */
export function meanAndSd(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0, n: values.length };
}

/** Wall time of a call in seconds. @param {() => unknown} call */
export async function secondsOf(call) {
  const began = performance.now();
  await call();
  return (performance.now() - began) / 1000;
}
