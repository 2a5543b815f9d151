/** From logits to predictions. */
import { denseData, type FloatArray, type Matrix } from '../array/matrix.js';

/**
 * The class with the largest logit of each row of `logits` [N, C]; of equal logits the lowest class, as numpy does.
 * Logits must be finite (see assertLabelledLogits): a NaN would win no comparison and pass unseen.
 */
export function argmaxRows(logits: Matrix): Int32Array {
  const [samples, classes] = logits.shape;
  const data = denseData(logits);
  const predictions = new Int32Array(samples);
  for (let i = 0; i < samples; i++) predictions[i] = argmaxRow(data, i * classes, classes);
  return predictions;
}

/** The position, counted from `from`, of the first largest of `length` numbers. */
export function argmaxRow(data: FloatArray, from: number, length: number): number {
  let best = 0;
  let largest = data[from];
  for (let k = 1; k < length; k++) {
    if (data[from + k] > largest) {
      largest = data[from + k];
      best = k;
    }
  }
  return best;
}
