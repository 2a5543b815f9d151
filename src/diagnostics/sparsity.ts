/**
 * Hoyer's sparsity of features (Hoyer 2004, section 3.1): (√D − ‖f‖₁/‖f‖₂) / (√D − 1), 0 where all numbers of a feature have
 * one size, 1 where a single one is not zero. A feature that is all zeros has none and is left out.
 */
import { listNames } from '../array/text.js';
import type { SparsityFigures } from './diagnostics.js';
import type { Miss } from './missing.js';
import type { FeatureStatistics } from './statistics.js';

/** Means over all features that are not zero, and by class. */
export function sparsityFigures(
  { classes, dimensions, sparsitySums, unitCounts }: FeatureStatistics,
  miss: Miss,
): SparsityFigures {
  if (dimensions === 1) {
    const reason = 'a feature of one dimension is neither sparse nor dense';
    miss('sparsity.perClass', reason);
    return { hoyer: miss('sparsity.hoyer', reason), perClass: new Array<null>(classes).fill(null) };
  }
  const none = [...unitCounts.keys()].filter((k) => unitCounts[k] === 0);
  if (none.length > 0) {
    miss('sparsity.perClass', `no feature that is not zero in class ${listNames(none)}: null there`);
  }
  const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
  const features = total(unitCounts);
  return {
    hoyer:
      features > 0 ? total(sparsitySums) / features : miss('sparsity.hoyer', 'every feature is all zeros'),
    perClass: Array.from(sparsitySums, (sum, k) => (unitCounts[k] > 0 ? sum / unitCounts[k] : null)),
  };
}
