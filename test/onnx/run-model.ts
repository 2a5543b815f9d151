/** Runs models by onnxruntime-node itself, not by the package's own runtime floor. */
import * as ort from 'onnxruntime-node';
import type { LinearHead } from '../../src/array/linear-head.js';
import { linearHead } from '../../src/array/linear-head.js';
import { denseData } from '../../src/array/matrix.js';
import type { Activation, HeadLocation } from '../../src/onnx/head-location.js';
import { INPUTS, numbers } from './small-heads.js';

export const SAMPLES = 7;
/** Inputs that all small models are run on. */
export const INPUT = numbers(SAMPLES * INPUTS, 9);

/** Runs a model on the feeds (default: `x` [7, 6]) and gives the numbers of each output. */
export async function run(
  bytes: Uint8Array,
  feeds: Record<string, ort.Tensor> = { x: new ort.Tensor('float32', INPUT, [SAMPLES, INPUTS]) },
): Promise<Record<string, { data: (number | string)[]; dims: readonly number[]; type: string }>> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  try {
    const results = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, dims, type }]) => [
        name,
        {
          data: Array.from(data as ArrayLike<number | string>, (v) =>
            typeof v === 'string' ? v : Number(v),
          ),
          dims,
          type,
        },
      ]),
    );
  } finally {
    await session.release();
  }
}

/** W f + b in float64, row by row. */
export function predict(head: LinearHead, features: ArrayLike<number>): number[] {
  const [classes, dimensions] = head.weight.shape;
  const [w, b] = [denseData(head.weight), denseData(head.bias)];
  return Array.from({ length: (features.length / dimensions) * classes }, (_, i) => {
    const [row, k] = [Math.floor(i / classes), i % classes];
    let sum = b[k];
    for (let d = 0; d < dimensions; d++) sum += w[k * dimensions + d] * features[row * dimensions + d];
    return sum;
  });
}

/** What an output shows for logits. */
export function activate(logits: readonly number[], classes: number, activation: Activation): number[] {
  if (activation === 'none') return [...logits];
  if (activation === 'sigmoid') return logits.map((z) => 1 / (1 + Math.exp(-z)));
  return logits.map((z, i) => {
    const start = i - (i % classes);
    const sum = logits.slice(start, start + classes).reduce((total, other) => total + Math.exp(other), 0);
    return activation === 'softmax' ? Math.exp(z) / sum : z - Math.log(sum);
  });
}

/** Index of the largest of each row. */
export function argmax(values: readonly number[], classes: number): number[] {
  return Array.from({ length: values.length / classes }, (_, row) => {
    const part = values.slice(row * classes, (row + 1) * classes);
    return part.indexOf(Math.max(...part));
  });
}

export function largestDifference(a: readonly (number | string)[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce<number>((most, value, i) => Math.max(most, Math.abs(Number(value) - b[i])), 0);
}

/** A head of the location's size with other numbers. */
export function otherHead({ classes, dimensions, dtype }: HeadLocation, seed = 20): LinearHead {
  const [weight, bias] = [numbers(classes * dimensions, seed), numbers(classes, seed + 1)];
  if (dtype === 'float64') {
    return linearHead(
      Float64Array.from(weight, (v) => v * 1.1),
      Float64Array.from(bias, (v) => v * 1.1),
      classes,
      dimensions,
    );
  }
  return linearHead(weight, bias, classes, dimensions);
}
