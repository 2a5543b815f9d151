/** MaxNorm: rows of the weight are kept within a ball (Alshammari et al. 2022). */
import { TailorError } from '../array/errors.js';
import { type LinearHead, rowNorms } from '../array/linear-head.js';
import type { FitEpoch, MaxNorm } from './fit-options.js';

/**
 * The radius η: as given, or for `relative` t: n_min + t·(n_max − n_min) over the row norms of `start`, the head that
 * the fit starts from. INVALID_ARGUMENT for t outside of 0 … 1 and for a radius that is not a finite number above 0.
 */
export function maxNormRadius(maxNorm: MaxNorm, start: LinearHead): number {
  const doing = 'Computing the radius of MaxNorm';
  if ('radius' in maxNorm) {
    if (!(Number.isFinite(maxNorm.radius) && maxNorm.radius > 0)) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `${doing}: the radius is ${maxNorm.radius}; it must be a finite number above 0.`,
      );
    }
    return maxNorm.radius;
  }
  const t = maxNorm.relative;
  if (!(t >= 0 && t <= 1)) {
    throw new TailorError('INVALID_ARGUMENT', `${doing}: relative is ${t}; it must be from 0 to 1.`);
  }
  const { min: low, max: high } = summarizeNorms(rowNorms(start));
  const radius = low + t * (high - low);
  if (radius > 0) return radius;
  throw new TailorError(
    'INVALID_ARGUMENT',
    `${doing}: relative ${t} of the row norms ${low} … ${high} is 0. ` +
      'A relative radius needs a trained head to start from: give init, or a radius.',
  );
}

/** w_k ← w_k · min(1, η/‖w_k‖) for every row of `weight` [C, D], in place. */
export function projectRows(weight: Float64Array, classes: number, radius: number): void {
  const dimensions = weight.length / classes;
  for (let from = 0; from < weight.length; from += dimensions) {
    const row = weight.subarray(from, from + dimensions);
    let squares = 0;
    for (const w of row) squares += w * w;
    const scale = radius / Math.sqrt(squares);
    if (scale < 1) for (let d = 0; d < dimensions; d++) row[d] *= scale;
  }
}

/** Smallest, mean and largest of row norms, [C] with C above 0. */
export function summarizeNorms(norms: Float64Array): FitEpoch['norms'] {
  let [min, max, sum] = [Number.POSITIVE_INFINITY, 0, 0];
  for (const norm of norms) {
    min = Math.min(min, norm);
    max = Math.max(max, norm);
    sum += norm;
  }
  return { min, mean: sum / norms.length, max };
}
