/** Binomial random numbers, drawn many at a time from the same distribution. */
import type { Random } from '../array/random.js';

/** Draws one number of successes. */
export type Binomial = (random: Random) => number;

/**
 * A sampler of Binomial(n, p): inversion of a table of the cumulative distribution, made once by the recurrence of
 * the probabilities from the mode outwards (no factorials, so no overflow at any n) and cut where they fall below
 * 1e−18 of the largest. The table has about 18 standard deviations of entries, at most n + 1.
 *
 * @param n - trials, a whole number ≥ 0
 * @param p - chance of success, 0 … 1
 */
export function createBinomial(n: number, p: number): Binomial {
  if (n === 0 || p <= 0) return () => 0;
  if (p >= 1) return () => n;
  const negligible = 1e-18;
  const mode = Math.min(n, Math.floor((n + 1) * p));
  const odds = p / (1 - p);
  const below: number[] = [];
  for (let k = mode, mass = 1; k > 0; k--) {
    mass *= k / ((n - k + 1) * odds);
    if (mass < negligible) break;
    below.push(mass);
  }
  const masses = below.reverse();
  const first = mode - masses.length;
  masses.push(1);
  for (let k = mode, mass = 1; k < n; k++) {
    mass *= ((n - k) / (k + 1)) * odds;
    if (mass < negligible) break;
    masses.push(mass);
  }
  const cumulative = new Float64Array(masses.length);
  let sum = 0;
  for (let i = 0; i < masses.length; i++) {
    sum += masses[i];
    cumulative[i] = sum;
  }
  const last = cumulative.length - 1;
  return (random) => {
    const u = random() * sum;
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle] > u) high = middle;
      else low = middle + 1;
    }
    return first + low;
  };
}
