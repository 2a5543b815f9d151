/** The linear classifier at the end of a network: logits z = W f + b. */
import { TailorError } from './errors.js';
import {
  denseData,
  type FloatArray,
  firstNonFinite,
  type Matrix,
  matrix,
  type Vector,
  vector,
} from './matrix.js';

/**
 * A linear head. `weight` is [C, D] (one row per class), `bias` is [C]; logits of a feature f are W f + b.
 * Float32 for float16, bfloat16 and float32 models (exact), Float64 for float64 models. A model without a bias
 * has a bias of zeros here.
 */
export interface LinearHead<T extends FloatArray = FloatArray> {
  /** W [C, D]: a row per class. */
  readonly weight: Matrix<T>;
  /** b [C]; zeros where the model stores none. */
  readonly bias: Vector<T>;
}

/** Makes a head from row-major numbers; checks the sizes (SHAPE_MISMATCH) and that all are finite (NOT_FINITE). */
export function linearHead<T extends FloatArray>(
  weight: T,
  bias: T,
  classes: number,
  dimensions: number,
): LinearHead<T> {
  if (bias.length !== classes) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `Making a head of ${classes} classes × ${dimensions} dimensions: the bias needs ${classes} numbers, got ${bias.length}.`,
    );
  }
  const head = { weight: matrix(weight, classes, dimensions), bias: vector(bias) };
  assertFiniteHead(head);
  return head;
}

/** The head rounded to float32, in numbers of its own; NOT_FINITE where one does not fit. */
export function float32Head(head: LinearHead): LinearHead<Float32Array> {
  const numbers = (of: Matrix) => Float32Array.from(denseData(of));
  return linearHead(numbers(head.weight), numbers(head.bias), ...headShape(head));
}

/** The head widened to float64, in numbers of its own. */
export function float64Head(head: LinearHead): LinearHead<Float64Array> {
  const numbers = (of: Matrix) => Float64Array.from(denseData(of));
  return linearHead(numbers(head.weight), numbers(head.bias), ...headShape(head));
}

/** [classes, dimensions] of a head. */
export function headShape(head: LinearHead): [classes: number, dimensions: number] {
  return [head.weight.shape[0], head.weight.shape[1]];
}

/** Throws NOT_FINITE with class and dimension when the head holds NaN or infinity. */
export function assertFiniteHead(head: LinearHead, doing = 'Making a head'): void {
  const [, dimensions] = headShape(head);
  const w = firstNonFinite(denseData(head.weight));
  if (w >= 0) {
    throw new TailorError(
      'NOT_FINITE',
      `${doing}: the weight of class ${Math.floor(w / dimensions)}, dimension ${w % dimensions} is ${denseData(head.weight)[w]}; every weight must be finite.`,
    );
  }
  const b = firstNonFinite(denseData(head.bias));
  if (b >= 0) {
    throw new TailorError(
      'NOT_FINITE',
      `${doing}: the bias of class ${b} is ${denseData(head.bias)[b]}; every bias must be finite.`,
    );
  }
}

/** Sums of squares in which nothing that counts has overflowed or become 0. */
const [LEAST_SQUARES, MOST_SQUARES] = [1e-260, 1e300];

/** Euclidean norm of each row of the weight, [C], in float64; also of rows whose squares float64 does not hold. */
export function rowNorms(head: LinearHead): Float64Array {
  const [classes, dimensions] = headShape(head);
  const weight = denseData(head.weight);
  const norms = new Float64Array(classes);
  for (let k = 0; k < classes; k++) {
    let sum = 0;
    for (let d = k * dimensions; d < (k + 1) * dimensions; d++) sum += weight[d] * weight[d];
    const holds = sum > LEAST_SQUARES && sum < MOST_SQUARES;
    norms[k] = holds ? Math.sqrt(sum) : scaledNorm(weight.subarray(k * dimensions, (k + 1) * dimensions));
  }
  return norms;
}

function scaledNorm(row: FloatArray): number {
  let largest = 0;
  for (const value of row) largest = Math.max(largest, Math.abs(value));
  if (largest === 0) return 0;
  let sum = 0;
  for (const value of row) sum += (value / largest) ** 2;
  return largest * Math.sqrt(sum);
}
