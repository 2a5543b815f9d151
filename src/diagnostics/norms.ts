/** Lengths of class means, of features and of the head's rows (Hasegawa & Sato 2024, section 4.5 and Figure 2). */
import { type LinearHead, rowNorms } from '../array/linear-head.js';
import { listNames } from '../array/text.js';
import type { Miss } from './missing.js';
import type { FeatureStatistics } from './statistics.js';

/** Sums of squares in which nothing that counts has overflowed or become 0. */
const [LEAST_SQUARES, MOST_SQUARES] = [1e-260, 1e300];

/** The norms of each class; see the fields of Diagnostics of the same names. */
export interface ClassNorms {
  readonly classMeanNorms: (number | null)[];
  readonly featureNorms: (number | null)[];
  readonly weightNorms: number[] | null;
}

/**
 * ‖μ_k‖, (1/N_k) Σ_{i in k} ‖f_i‖ and ‖w_k‖, [C] each. A mean is never longer than its features are on average:
 * ‖μ_k‖ ≤ mean ‖f‖, equal only where all of them point one way.
 */
export function classNorms(
  { classes, dimensions, counts, means, normSums }: FeatureStatistics,
  head: LinearHead | undefined,
  miss: Miss,
): ClassNorms {
  const present = Array.from(counts, (n) => n > 0);
  const empty = [...present.keys()].filter((k) => !present[k]);
  if (empty.length > 0) {
    const reason = `no sample of class ${listNames(empty)} in this set: null there`;
    miss('classMeanNorms', reason);
    miss('featureNorms', reason);
  }
  return {
    classMeanNorms: Array.from({ length: classes }, (_, k) =>
      present[k] ? norm(means.subarray(k * dimensions, (k + 1) * dimensions)) : null,
    ),
    featureNorms: Array.from(normSums, (sum, k) => (present[k] ? sum / counts[k] : null)),
    weightNorms: head ? Array.from(rowNorms(head)) : miss('weightNorms', 'no head was given'),
  };
}

/** Euclidean norm, safe from overflow. */
export function norm(values: Float64Array): number {
  let plain = 0;
  for (let at = 0; at < values.length; at++) plain += values[at] * values[at];
  if (plain > LEAST_SQUARES && plain < MOST_SQUARES) return Math.sqrt(plain);
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  if (largest === 0) return 0;
  let sum = 0;
  for (const value of values) sum += (value / largest) ** 2;
  return largest * Math.sqrt(sum);
}
