/** The class distribution that a head is made for. */
import { LEAST_COUNT, MOST_COUNT } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';

/**
 * How often each class comes where the model will be used: 'uniform' (every class counts the same: best average
 * per-class accuracy), or one number of 1e−100 … 1e100 per class, [C], of any sum (it is normalised).
 */
export type TargetPrior = 'uniform' | ArrayLike<number>;

/**
 * The target prior q as probabilities, [C]; undefined for uniform, so that formulas leave q out there instead of
 * multiplying by C · (1/C), which is not always 1. INVALID_ARGUMENT for a wrong length or a number not above 0.
 */
export function resolveTargetPrior(
  target: TargetPrior,
  classes: number,
  doing: string,
): Float64Array | undefined {
  if (target === 'uniform') return undefined;
  if (typeof target === 'string' || target.length !== classes) {
    const found = typeof target === 'string' ? `'${target}'` : `${target.length} numbers`;
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the target prior is ${found}, but the head has ${classes} classes; give 'uniform' or one number above 0 per class.`,
    );
  }
  let sum = 0;
  for (let k = 0; k < classes; k++) {
    if (!(target[k] >= LEAST_COUNT && target[k] <= MOST_COUNT)) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `${doing}: the target prior of class ${k} is ${target[k]}; every one must be a finite number above 0 (${LEAST_COUNT} … ${MOST_COUNT}). ` +
          'Give a class that should hardly be predicted a small number: 0 would need an infinite logit.',
      );
    }
    sum += target[k];
  }
  return Float64Array.from(target, (q) => q / sum);
}
