/** The problems that test/fixtures/fit-sgd.py trains on: whole numbers made by a hash, divided by a power of two. */

import { type LinearHead, linearHead } from '../../src/array/linear-head.js';
import { matrix } from '../../src/array/matrix.js';
import { fmix32 } from '../../src/array/random.js';
import type { HeldFitData } from '../../src/head/fit-options.js';

/** `length` random integers of 32 bits. */
function bits(stream: number, length: number): Uint32Array {
  const key = fmix32(stream);
  return Uint32Array.from({ length }, (_, i) => fmix32(i ^ key));
}

/** The low ten bits of the stream. */
const small = (stream: number, length: number) => bits(stream, length).map((value) => value & 1023);

export interface FitProblem {
  readonly data: HeldFitData;
  readonly sampleWeights: Float32Array;
  readonly init: LinearHead<Float32Array>;
  readonly order: Int32Array[];
}

export function fitProblem(samples: number, classes: number, dimensions: number, epochs = 10): FitProblem {
  const u = bits(1, samples).map((value) => value & 0xffff);
  const labels = Int32Array.from(u, (value, i) =>
    i < classes ? i : Math.floor((value * value * classes) / 2 ** 32),
  );
  const noise = small(2, samples * dimensions);
  const means = small(3, classes * dimensions);
  const features = Float32Array.from(noise, (value, at) => {
    const i = Math.floor(at / dimensions);
    return Math.max(0, value + means[labels[i] * dimensions + (at % dimensions)] - 900) / 512;
  });
  const weight = Float32Array.from(small(4, classes * dimensions), (value, at) => {
    return ((value - 512) * (1 + (Math.floor(at / dimensions) % 5))) / 2 ** 15;
  });
  const bias = Float32Array.from(small(5, classes), (value) => (value - 512) / 2 ** 12);
  const order = Array.from({ length: epochs }, (_, epoch) => {
    const keys = bits(10 + epoch, samples);
    return Int32Array.from(keys.keys()).sort((i, j) => keys[i] - keys[j]);
  });
  return {
    data: { features: matrix(features, samples, dimensions), labels, classes },
    sampleWeights: Float32Array.from(small(6, samples), (value) => value / 512),
    init: linearHead(weight, bias, classes, dimensions),
    order,
  };
}

/** W·S for S [D, 4] of random signs, row by row. */
export function signedSums(weight: ArrayLike<number>, dimensions: number): Float64Array {
  const signs = bits(7, dimensions * 4).map((value) => value & 1);
  const rows = weight.length / dimensions;
  const sums = new Float64Array(rows * 4);
  for (let at = 0; at < weight.length; at++) {
    const k = Math.floor(at / dimensions);
    const d = at % dimensions;
    for (let j = 0; j < 4; j++) sums[k * 4 + j] += signs[d * 4 + j] ? weight[at] : -weight[at];
  }
  return sums;
}
