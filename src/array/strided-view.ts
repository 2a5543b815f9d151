/**
 * Views of typed arrays with the interface of the package `ndarray`. Its own constructor writes code at run time
 * (`new Function`), which pages with a content security policy forbid; this one does not, and is otherwise the same.
 */
import type { DataType, NdArray, Value } from 'ndarray';

type Floats = Float32Array | Float64Array;

/** Numbers along axes: the one at (i, j, …) is `data[offset + i · stride[0] + j · stride[1] + …]`. */
export class StridedView<D extends Floats> implements NdArray<D> {
  data: D;
  shape: number[];
  stride: number[];
  offset: number;

  constructor(data: D, shape: number[], stride: number[] = denseStride(shape), offset = 0) {
    this.data = data;
    this.shape = shape;
    this.stride = stride;
    this.offset = offset;
  }

  get dtype(): DataType<D> {
    return (this.data instanceof Float32Array ? 'float32' : 'float64') as DataType<D>;
  }

  /** Number of numbers. */
  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }

  /** Number of axes. */
  get dimension(): number {
    return this.shape.length;
  }

  /** The axes, those with the smallest steps first. */
  get order(): number[] {
    const step = (axis: number) => Math.abs(this.stride[axis]);
    return this.shape.map((_, axis) => axis).sort((a, b) => step(a) - step(b));
  }

  get T(): NdArray<D> {
    return this.transpose(...this.shape.map((_, axis) => this.shape.length - 1 - axis));
  }

  /** Place in `data`. */
  index(...at: number[]): Value<D> {
    return this.#place(at) as Value<D>;
  }

  get(...at: number[]): Value<D> {
    return this.data[this.#place(at)] as Value<D>;
  }

  /** The last argument is the new value. */
  set(...args: number[]): Value<D> {
    const value = args[this.stride.length];
    this.data[this.#place(args)] = value;
    return value as Value<D>;
  }

  /** Without the first numbers along each axis. */
  lo(...from: (number | null)[]): NdArray<D> {
    const skip = this.shape.map((_, axis) => whole(from[axis]) ?? 0);
    return this.#view(
      this.shape.map((length, axis) => length - skip[axis]),
      this.stride,
      this.#place(skip),
    );
  }

  /** The first numbers along each axis. */
  hi(...to: (number | null)[]): NdArray<D> {
    return this.#view(
      this.shape.map((length, axis) => whole(to[axis]) ?? length),
      this.stride,
      this.offset,
    );
  }

  /** Every so many along each axis; negative steps begin at the end. */
  step(...by: (number | null)[]): NdArray<D> {
    const steps = this.shape.map((_, axis) => Math.trunc(by[axis] ?? 1));
    return this.#view(
      this.shape.map((length, axis) => Math.ceil(length / Math.abs(steps[axis]))),
      this.stride.map((stride, axis) => stride * steps[axis]),
      this.#place(this.shape.map((length, axis) => (steps[axis] < 0 ? length - 1 : 0))),
    );
  }

  /** Axis a of the result is axis `axes[a]` of this. */
  transpose(...axes: (number | undefined)[]): NdArray<D> {
    const from = this.shape.map((_, axis) => axes[axis] ?? axis);
    return this.#view(
      from.map((axis) => this.shape[axis]),
      from.map((axis) => this.stride[axis]),
      this.offset,
    );
  }

  /** Without the axes that a place is given for. */
  pick(...at: (number | null)[]): NdArray<D> {
    const kept = this.shape.map((_, axis) => axis).filter((axis) => whole(at[axis]) === undefined);
    return this.#view(
      kept.map((axis) => this.shape[axis]),
      kept.map((axis) => this.stride[axis]),
      this.#place(this.shape.map((_, axis) => whole(at[axis]) ?? 0)),
    );
  }

  #place(at: readonly number[]): number {
    let place = this.offset;
    for (let axis = 0; axis < this.stride.length; axis++) place += this.stride[axis] * at[axis];
    return place;
  }

  #view(shape: number[], stride: number[], offset: number): NdArray<D> {
    return new StridedView(this.data, shape, [...stride], offset);
  }
}

/** A whole number that is not negative; anything else leaves an axis as it is. */
function whole(value: number | null | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? Math.trunc(value) : undefined;
}

/** Row-major. */
function denseStride(shape: readonly number[]): number[] {
  const stride = new Array<number>(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; axis--) {
    stride[axis] = step;
    step *= shape[axis];
  }
  return stride;
}
