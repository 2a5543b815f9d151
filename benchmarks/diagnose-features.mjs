// Features of the size of ImageNet-LT's, drawn by a seed and kept in .cache/features.

import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { headLogits, linearHead, matrix, writeNpz } from 'onnx-tailor';
import { createRandom, shuffledIndices } from '../dist/array/random.js';
import { root } from './feature-sets.mjs';
import { normals } from './synthetic.mjs';

/** Raised when the numbers change. */
const VERSION = 1;
const AT_ONCE = 8192;

/**
 * Path of an .npz with features [N, D], labels [N] in random order, and a head (weight, bias) for them.
 *
 * Counts: N_k ∝ 128^(−k/(C−1)), what rounding leaves goes to class 0. f = relu(½ + M (σ ∘ (½ c_y + √¾ e))) as in synthetic.mjs,
 * with σ_j² ∝ 1/(j+1).
 *
 * @param {{ samples: number, dimensions: number, classes: number, seed?: number }} size
 */
export async function diagnoseFeatures({ samples, dimensions, classes, seed = 0 }) {
  const path = join(
    root,
    '.cache/features',
    `diagnose-${samples}-${dimensions}-${classes}-${seed}-v${VERSION}.npz`,
  );
  if (existsSync(path)) return path;
  process.stderr.write(`Making ${samples} × ${dimensions} features …\n`);
  const random = createRandom(seed);
  const normal = normals(random);
  const fill = (length) => Float32Array.from({ length }, normal);
  const labels = shuffled(labelsOf(samples, classes), random);
  const sigma = Float64Array.from({ length: dimensions }, (_, j) => 1 / Math.sqrt(j + 1));
  const scale = 1 / Math.sqrt(sigma.reduce((sum, s) => sum + s * s, 0));
  const centres = fill(classes * dimensions);
  const mixing = linearHead(
    fill(dimensions * dimensions),
    new Float32Array(dimensions).fill(0.5),
    dimensions,
    dimensions,
  );
  const features = new Float32Array(samples * dimensions);
  for (let from = 0; from < samples; from += AT_ONCE) {
    const count = Math.min(AT_ONCE, samples - from);
    const latent = new Float32Array(count * dimensions);
    for (let i = 0; i < count; i++) {
      const centre = labels[from + i] * dimensions;
      for (let d = 0; d < dimensions; d++) {
        const value = 0.5 * centres[centre + d] + Math.sqrt(0.75) * normal();
        latent[i * dimensions + d] = scale * sigma[d] * value;
      }
    }
    const mixed = await headLogits(mixing, matrix(latent, count, dimensions), { device: 'cpu' });
    features.set(
      mixed.data.map((value) => Math.max(0, value)),
      from * dimensions,
    );
  }
  mkdirSync(dirname(path), { recursive: true });
  await writeNpz(path, {
    features: { data: features, shape: [samples, dimensions] },
    labels: { data: labels, shape: [samples] },
    weight: { data: fill(classes * dimensions).map((w) => 0.05 * w), shape: [classes, dimensions] },
    bias: { data: new Float32Array(classes), shape: [classes] },
  });
  return path;
}

function labelsOf(samples, classes) {
  const shares = Array.from({ length: classes }, (_, k) => 128 ** (-k / Math.max(1, classes - 1)));
  const sum = shares.reduce((a, b) => a + b, 0);
  const counts = shares.map((share) => Math.floor((samples * share) / sum));
  counts[0] += samples - counts.reduce((a, b) => a + b, 0);
  return Int32Array.from(counts.flatMap((count, k) => Array(count).fill(k)));
}

function shuffled(labels, random) {
  return Int32Array.from(shuffledIndices(labels.length, random), (i) => labels[i]);
}
