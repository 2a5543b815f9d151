// A model of a few hundred numbers, a data source and features for it: 4 classes, 6 dimensions.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeNpz, FeatureSet, matrix } from 'onnx-tailor';
import { GraphBuilder } from '../../dist/onnx/build.js';

export const [CLASSES, DIMENSIONS, SAMPLES] = [4, 6, 48];

/** Numbers in −1 … 1 that are the same everywhere. */
const number = (i) => ((i * 2654435761) % 1000) / 500 - 1;

/** x [n, 6] → relu → Gemm. */
export function tinyModel() {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['n', DIMENSIONS]);
  const weight = Float32Array.from({ length: CLASSES * DIMENSIONS }, (_, i) => number(i));
  const bias = Float32Array.from({ length: CLASSES }, (_, i) => number(i + 77));
  const features = g.relu(x);
  const logits = g.gemm(features, g.constant(weight, [CLASSES, DIMENSIONS]), g.constant(bias, [CLASSES]), {
    transB: 1,
  });
  g.output(logits, 'logits', 'float32', ['n', CLASSES]);
  return g.build();
}

export const labels = Int32Array.from({ length: SAMPLES }, (_, i) => i % CLASSES);
export const inputs = Float32Array.from({ length: SAMPLES * DIMENSIONS }, (_, i) => {
  const own = labels[Math.floor(i / DIMENSIONS)] === i % DIMENSIONS ? 1 : 0;
  return own + number(i + 1001);
});

/** The model and the inputs in `folder`; damaged ones beside them. */
export function writeFiles(folder) {
  const paths = Object.fromEntries(
    ['model.onnx', 'cut.onnx', 'inputs.npz', 'damaged.npz', 'nan.npz'].map((name) => [
      name,
      join(folder, name),
    ]),
  );
  const model = tinyModel();
  writeFileSync(paths['model.onnx'], model);
  writeFileSync(paths['cut.onnx'], model.subarray(0, model.length / 2));
  const arrays = (data) => ({
    inputs: { shape: [SAMPLES, DIMENSIONS], data },
    labels: { shape: [SAMPLES], data: labels },
  });
  const npz = encodeNpz(arrays(inputs));
  writeFileSync(paths['inputs.npz'], npz);
  writeFileSync(paths['damaged.npz'], npz.subarray(0, npz.length - 200));
  const nan = inputs.slice();
  nan[SAMPLES * DIMENSIONS - 2] = Number.POSITIVE_INFINITY;
  writeFileSync(paths['nan.npz'], encodeNpz(arrays(nan)));
  return paths;
}

export function tinySet() {
  const features = matrix(
    inputs.map((value) => Math.max(0, value)),
    SAMPLES,
    DIMENSIONS,
  );
  return new FeatureSet({ name: 'tiny', features, labels, classCount: CLASSES });
}

/** Runs `work`, which has to fail with one of `codes`. */
export async function fails(codes, work) {
  try {
    await work();
  } catch (error) {
    if (codes.includes(error.code)) return;
    throw error;
  }
  throw new Error(`a cycle that had to fail with ${codes.join(' or ')} did not`);
}
