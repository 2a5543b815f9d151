// Runs cycles and says whether memory is flat and nothing stays open.

import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Looks at the memory in a run. */
const LOOKS = 200;

/**
 * Growth per cycle that counts as flat, in bytes: what can be told from the allocator's unrest in 10,000 cycles, and far below what
 * a forgotten session (20 KiB and more), thread (4 MiB) or set of features costs.
 */
const MOST_GROWTH = { rss: 1024, javascript: 64 };

/** The same of a minute of progress: 24 hours of it are few cycles, and one byte for every thousandth report would show. */
const MOST_GROWTH_OF = { progress: { rss: 4096, javascript: 64 } };

/** Fewer cycles than these are not judged by memory. */
const LEAST_JUDGED = 1000;

/**
 * Runs `cycle(i)` for i = 0 … cycles − 1, and a tenth as many before to warm up. `cycle` returns the name of what it did, of which
 * there is a tally.
 * @param {string} part @param {(i: number) => Promise<string> | string} cycle @param {number} cycles @param {(done: number) => void} [report]
 */
export async function soak(part, cycle, cycles, report) {
  const bounds = MOST_GROWTH_OF[part] ?? MOST_GROWTH;
  const warmUp = Math.max(20, Math.floor(cycles / 10));
  for (let i = 0; i < warmUp; i++) await cycle(i);
  const before = await whatIsOpen();
  const tally = {};
  const looks = [await look(0)];
  const every = Math.max(1, Math.floor(cycles / LOOKS));
  const began = performance.now();
  for (let i = 0; i < cycles; i++) {
    const kind = await cycle(i);
    tally[kind] = (tally[kind] ?? 0) + 1;
    if ((i + 1) % every === 0) looks.push(await look(i + 1));
    if ((i + 1) % Math.ceil(cycles / 10) === 0) report?.(i + 1);
  }
  const seconds = (performance.now() - began) / 1000;
  const after = await whatIsOpen();
  const second = looks.slice(Math.floor(looks.length / 2));
  const growth = {
    rss: slope(second, ({ rss }) => rss),
    javascript: slope(second, ({ heap, external }) => heap + external),
  };
  const judged = cycles >= LEAST_JUDGED;
  const flat = judged ? Object.keys(growth).every((what) => growth[what].low <= bounds[what]) : null;
  const same = Object.keys(before).every((what) => after[what] <= before[what]);
  return {
    cycles,
    seconds,
    tally,
    growth,
    bounds,
    before,
    after,
    flat,
    same,
    passed: flat !== false && same,
    looks,
  };
}

/** Memory after a collection. */
async function look(cycle) {
  // What ended in the cycle is told to JavaScript with the next turn; its memory can be collected then.
  for (let i = 0; i < 3; i++) {
    await wait(0);
    globalThis.gc();
  }
  const { rss, heapUsed: heap, external } = process.memoryUsage();
  return { cycle, rss, heap, external };
}

/** Open files and sockets, threads (Linux), and what keeps Node's event loop busy. */
async function whatIsOpen() {
  await wait(500);
  const count = (folder) => {
    try {
      return readdirSync(folder).length;
    } catch {
      return 0;
    }
  };
  const resources = process.getActiveResourcesInfo().filter((name) => name !== 'Immediate');
  return { files: count('/proc/self/fd'), threads: count('/proc/self/task'), resources: resources.length };
}

/**
 * Growth per cycle by least squares, and a 95 % interval (low, high) of it whose error allows for neighbouring looks being alike.
 */
function slope(looks, of) {
  const n = looks.length;
  const mean = (values) => values.reduce((a, b) => a + b, 0) / n;
  const x = looks.map(({ cycle }) => cycle);
  const y = looks.map(of);
  const [mx, my] = [mean(x), mean(y)];
  const xx = x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
  const perCycle = x.reduce((sum, value, i) => sum + (value - mx) * (y[i] - my), 0) / xx;
  const rest = y.map((value, i) => value - my - perCycle * (x[i] - mx));
  const squares = rest.reduce((sum, value) => sum + value * value, 0);
  const product = rest.slice(1).reduce((sum, value, i) => sum + value * rest[i], 0);
  const alike = squares > 0 ? Math.min(0.95, Math.max(0, product / squares)) : 0;
  const error = Math.sqrt((squares / Math.max(1, n - 2) / xx) * ((1 + alike) / (1 - alike)));
  return { perCycle, low: perCycle - 2 * error, high: perCycle + 2 * error };
}

/** Some lines for people. */
export function describeRun(
  part,
  { cycles, seconds, tally, growth, bounds, before, after, looks, flat, same },
) {
  const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const grew = (what) => {
    const { perCycle, low, high } = growth[what];
    return `${perCycle.toFixed(1)} bytes per cycle (${low.toFixed(1)} … ${high.toFixed(1)}; allowed ${bounds[what]})`;
  };
  const [first, last] = [looks[0], looks.at(-1)];
  return [
    `${part}: ${flat === null ? 'too short to judge memory' : flat ? 'flat' : 'NOT FLAT'}, ${same ? 'nothing' : 'SOMETHING'} left open over ${cycles} cycles in ${seconds.toFixed(0)} s`,
    `  did: ${Object.entries(tally)
      .map(([kind, n]) => `${n} ${kind}`)
      .join(', ')}`,
    `  resident: ${mib(first.rss)} → ${mib(last.rss)}; second half ${grew('rss')}`,
    `  JavaScript: ${mib(first.heap + first.external)} → ${mib(last.heap + last.external)}; second half ${grew('javascript')}`,
    `  open: ${Object.keys(before)
      .map((what) => `${what} ${before[what]} → ${after[what]}`)
      .join(', ')}`,
  ].join('\n');
}
