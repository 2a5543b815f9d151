/** Weights of classes in the class-balanced loss. */
import { assertCounts, type ClassCounts } from '../array/class-counts.js';
import { assertNumber } from './fit-checks.js';

/**
 * v_k = (1−β)/(1−β^{N_k}), normalised so that Σ_k v_k = C (Cui et al. 2019, 'Class-Balanced Loss Based on Effective Number
 * of Samples', eq. 10). β = 0 gives ones, β = 1 the limit v_k = N̄/N_k with the harmonic mean N̄. Float64; written with
 * log1p and expm1, so that β just below 1 and counts of 1e9 lose no digits.
 *
 * @param counts N_k, [C], above 0
 * @param beta β, 0 … 1
 *
 * Errors: COUNTS_INVALID, INVALID_ARGUMENT.
 */
export function classBalancedWeights(counts: ClassCounts, beta: number): Float64Array {
  const doing = 'Computing class-balanced weights';
  assertCounts(counts, counts.length, doing);
  assertNumber(doing, 'beta', beta, beta >= 0 && beta <= 1, 'a number from 0 to 1');
  const logBeta = Math.log1p(beta - 1);
  const weights = Float64Array.from(counts, (n) =>
    beta === 1 ? 1 / n : (1 - beta) / -Math.expm1(n * logBeta),
  );
  const scale = weights.length / weights.reduce((sum, v) => sum + v, 0);
  return weights.map((v) => v * scale);
}
