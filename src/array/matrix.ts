/** Dense row-major matrices: `ndarray` at the public surface, typed arrays inside. */
import type { NdArray } from 'ndarray';
import { TailorError } from './errors.js';
import { StridedView } from './strided-view.js';

/** The element types in which features, logits and heads are held. */
export type FloatArray = Float32Array | Float64Array;

/** A two-dimensional array [rows, columns]; row-major unless a caller passes a view. */
export type Matrix<T extends FloatArray = FloatArray> = NdArray<T>;

/** A one-dimensional array. */
export type Vector<T extends FloatArray = FloatArray> = NdArray<T>;

/** Wraps row-major `data` as a [rows, columns] matrix without copying. SHAPE_MISMATCH where it has another length. */
export function matrix<T extends FloatArray>(data: T, rows: number, columns: number): Matrix<T> {
  if (data.length !== rows * columns) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `Making a matrix of ${rows} × ${columns}: needs ${rows * columns} numbers, got ${data.length}.`,
    );
  }
  return new StridedView(data, [rows, columns]);
}

/** Wraps `data` as a vector without copying. */
export function vector<T extends FloatArray>(data: T): Vector<T> {
  return new StridedView(data, [data.length]);
}

/**
 * The numbers of `array` in row-major order. Returns the underlying typed array when it already is exactly
 * that (no copy: do not write to it), else a dense copy of the same element type.
 */
export function denseData<T extends FloatArray>(array: NdArray<T>): T {
  const { data, shape, stride, offset } = array;
  let step = 1;
  let dense = offset === 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    // A stride along an axis of length one is never taken.
    if (shape[axis] !== 1 && stride[axis] !== step) dense = false;
    step *= shape[axis];
  }
  if (dense && data.length === step) return data;
  const copy = new (data.constructor as new (length: number) => T)(step);
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < step; i++) {
    let from = offset;
    for (let axis = 0; axis < shape.length; axis++) from += index[axis] * stride[axis];
    copy[i] = data[from];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return copy;
}

/** The position of the first number that is NaN or infinite, or −1. */
export function firstNonFinite(data: ArrayLike<number>): number {
  if (data instanceof Float32Array && allFinite(data)) return -1;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  return -1;
}

/** The usual answer for what features are held in, in half the time: 0·x is NaN for NaN and infinities, and 0 for all else. */
function allFinite(data: Float32Array): boolean {
  const whole = data.length - (data.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    a += data[i] * 0;
    b += data[i + 1] * 0;
    c += data[i + 2] * 0;
    d += data[i + 3] * 0;
  }
  for (let i = whole; i < data.length; i++) a += data[i] * 0;
  return a + b + c + d === 0;
}

/**
 * Throws NOT_FINITE naming the sample and the column of the first NaN or infinity in `rows` [N, columns].
 * @param what a number of the matrix is called, e.g. 'feature'.
 * @param axis a column is called, e.g. 'dimension'.
 * @param firstSample what row 0 is counted as, default 0.
 */
export function assertFiniteRows(
  rows: Matrix,
  doing: string,
  what: string,
  axis: string,
  firstSample = 0,
): void {
  const data = denseData(rows);
  const at = firstNonFinite(data);
  if (at < 0) return;
  const columns = rows.shape[1];
  throw new TailorError(
    'NOT_FINITE',
    `${doing}: the ${what} of sample ${firstSample + Math.floor(at / columns)}, ${axis} ${at % columns} is ${data[at]}; ` +
      (what === 'logit' && data[at] === Number.NEGATIVE_INFINITY
        ? 'every number must be finite. A class that the model masks out with −Infinity cannot be adjusted or evaluated: mask it with a large negative number (−1e30), or leave it out. Without a mask, the weights or features are too large for their type.'
        : 'every number must be finite. Look at that sample, its preprocessing, and the weights.'),
  );
}
