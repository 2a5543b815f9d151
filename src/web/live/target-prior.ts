/** The target prior as one slider: from every class alike to as often as in training. */
import type { ClassCounts } from '../../array/class-counts.js';
import type { TargetPrior } from '../../head/target-prior.js';

/**
 * q_k ∝ N_k^exponent: 0 is uniform (the word, so that the file says so), 1 the training frequencies, between them the geometric
 * mean, above 1 even steeper, below 0 the other way round. The sum is 1.
 */
export function priorBetween(counts: ClassCounts, exponent: number): TargetPrior & ('uniform' | number[]) {
  if (exponent === 0) return 'uniform';
  // A base in 0 … 1 to a power that keeps it there: nothing overflows.
  const base = Array.from(counts).reduce(exponent > 0 ? (a, b) => Math.max(a, b) : (a, b) => Math.min(a, b));
  const powers = Array.from(counts, (n) => (n / base) ** exponent);
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}
