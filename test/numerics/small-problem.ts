/** Random problems for properties: a head, features with labels, training counts and a target prior. */
import fc from 'fast-check';
import { type LinearHead, linearHead } from '../../src/array/linear-head.js';
import { denseData, type FloatArray, type Matrix, matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { FeatureSet } from '../../src/features/feature-set.js';

export interface SmallProblem {
  readonly classes: number;
  readonly dimensions: number;
  readonly head: LinearHead<Float32Array>;
  readonly features: Float32Array;
  readonly labels: Int32Array;
  readonly counts: number[];
  readonly q: number[];
  /** A rearrangement of the classes: class k becomes class order[k]. */
  readonly order: number[];
  readonly samples: number;
}

/** 2 … 5 classes, 1 … 5 dimensions, 2 … 8 samples of each class, counts of 1 … 10⁹. */
export const smallProblems = fc
  .record({
    classes: fc.integer({ min: 2, max: 5 }),
    dimensions: fc.integer({ min: 1, max: 5 }),
    perClass: fc.integer({ min: 2, max: 8 }),
    seed: fc.nat(),
  })
  .map(({ classes, dimensions, perClass, seed }): SmallProblem => {
    const random = createRandom(seed);
    const numbers = (length: number, size = 2) =>
      Float32Array.from({ length }, () => Math.fround(size * (2 * random() - 1)));
    const labels = Int32Array.from({ length: classes * perClass }, (_, i) => i % classes);
    const features = numbers(labels.length * dimensions);
    labels.forEach((k, i) => {
      features[i * dimensions + (k % dimensions)] += k - 1;
    });
    const order = Array.from({ length: classes }, (_, k) => k);
    for (let k = classes - 1; k > 0; k--) {
      const j = Math.floor(random() * (k + 1));
      [order[k], order[j]] = [order[j], order[k]];
    }
    return {
      ...{ classes, dimensions, labels, features, order, samples: labels.length },
      head: linearHead(numbers(classes * dimensions), numbers(classes, 1), classes, dimensions),
      counts: Array.from({ length: classes }, () => Math.max(1, Math.round(10 ** (9 * random())))),
      q: Array.from({ length: classes }, () => 0.01 + random()),
    };
  });

export const featuresOf = ({ features, samples, dimensions }: SmallProblem): Matrix<Float32Array> =>
  matrix(features, samples, dimensions);

export const setOf = (problem: SmallProblem, name = 'small'): FeatureSet =>
  new FeatureSet({
    name,
    features: featuresOf(problem),
    labels: problem.labels,
    classCount: problem.classes,
  });

/** Rows of class k at order[k]. */
export function moved<T extends FloatArray>(rows: T, order: readonly number[]): T {
  const width = rows.length / order.length;
  const result = rows.slice() as T;
  for (const [k, to] of order.entries()) result.set(rows.subarray(k * width, (k + 1) * width), to * width);
  return result;
}

export function movedList<T>(values: readonly T[], order: readonly number[]): T[] {
  const result = values.slice();
  for (const [k, to] of order.entries()) result[to] = values[k];
  return result;
}

export function movedHead<T extends FloatArray>(
  head: LinearHead<T>,
  order: readonly number[],
): LinearHead<T> {
  const [classes, dimensions] = head.weight.shape;
  return linearHead(
    moved(denseData(head.weight), order),
    moved(denseData(head.bias), order),
    classes,
    dimensions,
  );
}

/** The same problem with its classes in another order. */
export function permuted(problem: SmallProblem): SmallProblem {
  const { head, labels, counts, q, order } = problem;
  return {
    ...problem,
    head: movedHead(head, order),
    labels: labels.map((k) => order[k]),
    counts: movedList(counts, order),
    q: movedList(q, order),
  };
}

/** The columns of logits [N, C] in another order. */
export function movedColumns<T extends FloatArray>(logits: Matrix<T>, order: readonly number[]): Matrix<T> {
  const [samples, classes] = logits.shape;
  const data = denseData(logits);
  const result = data.slice() as T;
  for (let i = 0; i < samples; i++) {
    for (const [k, to] of order.entries()) result[i * classes + to] = data[i * classes + k];
  }
  return matrix(result, samples, classes);
}

/** The largest difference of two lists of numbers, relative to the largest number. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [most, size] = [a.length === b.length ? 0 : Number.NaN, 0];
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    // Not Math.max: a NaN must come through.
    if (!(difference <= most)) most = difference;
    size = Math.max(size, Math.abs(a[i]));
  }
  return size > 0 ? most / size : most;
}
