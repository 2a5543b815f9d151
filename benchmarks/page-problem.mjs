// A classifier and features of it, as files: what the sliders of the page are measured with.

import { encodeNpz } from 'onnx-tailor';
import { createRandom } from '../dist/array/random.js';
import { GraphBuilder } from '../dist/onnx/build.js';
import { normals } from './synthetic.mjs';

/** The head is that of the class means with the log of the class frequencies (ρ = 100); the model says these counts. */
export function longTailedProblem({ samples, dimensions, classes, seed = 0 }) {
  const normal = normals(createRandom(seed));
  const counts = Array.from({ length: classes }, (_, k) => Math.round(500 * 100 ** (-k / (classes - 1))));
  const means = Float32Array.from({ length: classes * dimensions }, () => 0.3 * normal());
  const bias = Float32Array.from(counts, Math.log);
  const g = new GraphBuilder();
  const x = g.relu(g.input('x', 'float32', ['n', dimensions]));
  const weight = g.constant(means, [classes, dimensions]);
  g.output(g.gemm(x, weight, g.constant(bias, [classes]), { transB: 1 }), 'logits', 'float32', [
    'n',
    classes,
  ]);
  const labels = Int32Array.from({ length: samples }, (_, i) => i % classes);
  const data = Float32Array.from({ length: samples * dimensions }, (_, at) => {
    const mean = means[labels[Math.floor(at / dimensions)] * dimensions + (at % dimensions)];
    return Math.max(0, mean + normal());
  });
  return {
    model: g.build({ metadata: { 'onnx_tailor.counts': JSON.stringify(counts) } }),
    features: encodeNpz({
      features: { shape: [samples, dimensions], data },
      labels: { shape: [samples], data: labels },
    }),
  };
}
