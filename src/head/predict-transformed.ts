/** The predictions of a changed head, from the logits of the original: the hot loop of `select`. */
import { denseData, type Matrix } from '../array/matrix.js';
import { affineOfLogits, type ClassTransform } from './class-transform.js';

/**
 * The class with the largest scale_k z_k + offset_k of each row of logits [N, C]; of equal ones the lowest. The changed
 * logits are not written down. `bias` is the original head's, [C]; all must be finite.
 *
 * Four rows at a time: the comparisons of one row wait for each other, those of four do not (half the time).
 */
export function predictTransformed(
  logits: Matrix,
  transform: ClassTransform,
  bias: ArrayLike<number>,
): Int32Array {
  const [samples, classes] = logits.shape;
  const { scale, offset } = affineOfLogits(transform, bias);
  const data = denseData(logits);
  const predictions = new Int32Array(samples);
  const last = samples - 1;
  for (let i = 0; i < samples; i += 4) {
    // Past the end the last row is done again.
    const [i1, i2, i3] = [Math.min(i + 1, last), Math.min(i + 2, last), Math.min(i + 3, last)];
    const [from0, from1, from2, from3] = [i * classes, i1 * classes, i2 * classes, i3 * classes];
    let [best0, best1, best2, best3] = [0, 0, 0, 0];
    let [most0, most1, most2, most3] = [-Infinity, -Infinity, -Infinity, -Infinity];
    for (let k = 0; k < classes; k++) {
      const s = scale[k];
      const o = offset[k];
      const z0 = s * data[from0 + k] + o;
      const z1 = s * data[from1 + k] + o;
      const z2 = s * data[from2 + k] + o;
      const z3 = s * data[from3 + k] + o;
      if (z0 > most0) {
        most0 = z0;
        best0 = k;
      }
      if (z1 > most1) {
        most1 = z1;
        best1 = k;
      }
      if (z2 > most2) {
        most2 = z2;
        best2 = k;
      }
      if (z3 > most3) {
        most3 = z3;
        best3 = k;
      }
    }
    predictions[i] = best0;
    predictions[i1] = best1;
    predictions[i2] = best2;
    predictions[i3] = best3;
  }
  return predictions;
}
