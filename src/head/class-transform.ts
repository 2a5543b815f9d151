/**
 * A change of a head that treats each class by itself: w_k ← s_k w_k, b_k ← r_k b_k + t_k. Every post-hoc adjustment
 * is one. It can be applied to logits, z_k ← s_k (z_k − b_k) + r_k b_k + t_k, without W and the features, which is how
 * candidates are scored, or folded into (W, b), which is what is written to the model; both give the same logits.
 */
import { TailorError } from '../array/errors.js';
import { headShape, type LinearHead } from '../array/linear-head.js';
import { denseData, type FloatArray, type Matrix, matrix, vector } from '../array/matrix.js';

/** Per-class numbers, each [C] in float64. */
export interface ClassTransform {
  /** s_k, factor of the weight row. */
  readonly rowScale: Float64Array;
  /** r_k, factor of the bias. */
  readonly biasScale: Float64Array;
  /** t_k, added to the bias. */
  readonly biasShift: Float64Array;
}

/** The transform that changes nothing. */
export function identityTransform(classes: number): ClassTransform {
  return {
    rowScale: new Float64Array(classes).fill(1),
    biasScale: new Float64Array(classes).fill(1),
    // −0 is the neutral element of addition: −0 + 0 would turn a bias of −0 into 0.
    biasShift: new Float64Array(classes).fill(-0),
  };
}

/**
 * The transform as z_k ← scale_k z_k + offset_k on logits that were made with the bias b, [C]:
 * scale = s, offset = (r − s) b + t.
 */
export function affineOfLogits(
  { rowScale, biasScale, biasShift }: ClassTransform,
  bias: ArrayLike<number>,
): { scale: Float64Array; offset: Float64Array } {
  const offset = biasShift.map((t, k) => (biasScale[k] - rowScale[k]) * bias[k] + t);
  return { scale: rowScale, offset };
}

/** Applies a transform to logits [N, C] of `head`, in float64. */
export function transformLogits(
  logits: Matrix,
  head: LinearHead,
  transform: ClassTransform,
): Matrix<Float64Array> {
  const [samples, classes] = logits.shape;
  const { scale, offset } = affineOfLogits(transform, denseData(head.bias));
  const data = denseData(logits);
  const result = new Float64Array(data.length);
  for (let i = 0, at = 0; i < samples; i++) {
    for (let k = 0; k < classes; k++, at++) result[at] = scale[k] * data[at] + offset[k];
  }
  return matrix(result, samples, classes);
}

/**
 * Folds a transform into a head: computed in float64, rounded once to the element type of the head. The given head is
 * left as it is. HEAD_OVERFLOW naming the class when a number does not fit that type; `advice` completes the message.
 */
export function foldTransform<T extends FloatArray>(
  head: LinearHead<T>,
  transform: ClassTransform,
  { doing = 'Changing a head', advice = 'Use a smaller parameter.' } = {},
): LinearHead<T> {
  const [classes, dimensions] = headShape(head);
  const weight = denseData(head.weight).slice() as T;
  const bias = denseData(head.bias).slice() as T;
  const { rowScale, biasScale, biasShift } = transform;
  for (let k = 0; k < classes; k++) {
    const scale = rowScale[k];
    let finite = true;
    for (let at = k * dimensions; at < (k + 1) * dimensions; at++) {
      // A row of zeros stays one under any scale, an infinite one (τ-normalisation of a norm of 1e−200) included.
      if (weight[at] !== 0) weight[at] = scale * weight[at];
      finite &&= Number.isFinite(weight[at]);
    }
    bias[k] = biasScale[k] * bias[k] + biasShift[k];
    if (!finite || !Number.isFinite(bias[k])) {
      const type = weight instanceof Float32Array ? 'float32' : 'float64';
      throw new TailorError(
        'HEAD_OVERFLOW',
        `${doing}: the new ${finite ? 'bias' : 'weights'} of class ${k} (weights × ${scale}, bias × ${biasScale[k]} + ${biasShift[k]}) ` +
          `do not fit ${type}. ${advice}`,
      );
    }
  }
  return { weight: matrix(weight, classes, dimensions), bias: vector(bias) };
}
