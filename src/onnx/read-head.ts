/** The numbers of a head, as the model uses them. */

import { TailorError } from '../array/errors.js';
import { limit, limitExceeded } from '../array/limits.js';
import { type LinearHead, linearHead } from '../array/linear-head.js';
import { denseData, type FloatArray } from '../array/matrix.js';
import { quoted } from '../array/text.js';
import type { HeadLocation, ParameterSource } from './head-location.js';
import { classifierParameters } from './linear-classifier.js';
import { graphOf, type ModelFile } from './model-file.js';
import { readStatic } from './static-tensor.js';
import { transposed } from './tensor-data.js';

/**
 * The effective head: logits = W f + b with weight [C, D] (Gemm's alpha multiplied in) and bias [C] (beta multiplied in,
 * expanded where stored as one number, zeros where there is none). Float64 for float64 heads, else Float32; exact but
 * for alpha and beta other than 1, which are rounded once. Kind `logits`: the identity and zeros, or the
 * scale and shift that were grafted before. A binary
 * LinearClassifier: rows −w/2 and w/2, whose softmax is the model's logistic.
 *
 * NOT_FINITE where the model holds NaN or infinity; LIMIT_EXCEEDED for kind `logits` beyond the limit logitsClasses; MODEL_INVALID, FILE_NOT_FOUND, PATH_FORBIDDEN for external data.
 */
export async function readHead(file: ModelFile, location: HeadLocation): Promise<LinearHead> {
  const { classes, dimensions } = location;
  const [weight, bias] = await readParameters(file, location);
  return linearHead(weight, bias, classes, dimensions);
}

async function readParameters(file: ModelFile, location: HeadLocation): Promise<[FloatArray, FloatArray]> {
  const { kind, classes, dimensions, dtype } = location;
  const numbers = (length: number) =>
    dtype === 'float64' ? new Float64Array(length) : new Float32Array(length);
  if (kind === 'logits') {
    if (classes > limit('logitsClasses'))
      throw limitExceeded(
        'logitsClasses',
        `Reading the head of ${quoted(location.output)}: its logits have ${classes} classes`,
      );
    const [scale, shift] = [numbers(classes).fill(1), numbers(classes)];
    if (location.affine?.scale) scale.set(await readStatic(file, location.affine.scale.tensor));
    if (location.affine?.shift) shift.set(await readStatic(file, location.affine.shift.tensor));
    const diagonal = numbers(classes * classes);
    for (let k = 0; k < classes; k++) diagonal[k * classes + k] = scale[k];
    return [diagonal, shift];
  }
  if (kind === 'linear-classifier') return readClassifier(file, location);
  if (!location.weight) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Reading the head of ${quoted(location.output)}: its location has no weight.`,
    );
  }
  let weight = scaled(await readStatic(file, location.weight.tensor), location.weight);
  if (location.weightRows === 'dimensions') weight = transposed(weight, [dimensions, classes], [1, 0]);
  const bias = numbers(classes);
  if (location.bias) {
    const stored = scaled(await readStatic(file, location.bias.tensor), location.bias);
    for (let k = 0; k < classes; k++) bias[k] = stored.length === 1 ? stored[0] : stored[k];
  }
  return [weight, bias];
}

function scaled(values: FloatArray, { scale }: ParameterSource): FloatArray {
  if (scale === 1) return values;
  // Zero times anything is zero here, as for the runtimes that skip beta = 0.
  return values.map((value) => (scale === 0 ? 0 : value * scale)) as FloatArray;
}

function readClassifier(
  file: ModelFile,
  { node, classes, dimensions, binary }: HeadLocation,
): [FloatArray, FloatArray] {
  const found = classifierParameters(graphOf(file).node[node]);
  if (!found) throw new TailorError('MODEL_INVALID', 'Reading the head: the LinearClassifier has changed.');
  const { coefficients, intercepts, rows } = found;
  if (!binary) {
    const bias = new Float32Array(classes);
    bias.set(intercepts);
    return [Float32Array.from(coefficients), bias];
  }
  // p = logistic(s) is softmax([−s/2, s/2]); halving a float is exact.
  const last = (rows - 1) * dimensions;
  const half = Float32Array.from(coefficients.slice(last, last + dimensions), (value) => value / 2);
  const weight = new Float32Array(2 * dimensions);
  weight.set(half.map((value) => -value));
  weight.set(half, dimensions);
  const intercept = (intercepts[rows - 1] ?? 0) / 2;
  return [weight, Float32Array.of(-intercept, intercept)];
}

/** True when the two heads hold the same numbers bit for bit (−0 and 0 differ). */
export function sameNumbers(a: LinearHead, b: LinearHead): boolean {
  const same = (x: FloatArray, y: FloatArray) =>
    x.length === y.length && x.every((value, i) => Object.is(value, y[i]));
  return same(denseData(a.weight), denseData(b.weight)) && same(denseData(a.bias), denseData(b.bias));
}
