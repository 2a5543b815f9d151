// Features as a deep network gives them, drawn by a seed: what the benchmarks of speed are fitted to.

import { headLogits, linearHead, matrix } from 'onnx-tailor';
import { createRandom } from '../dist/array/random.js';

/**
 * CIFAR100-LT, ρ = 100: N_k = floor(500 · 100^(−k/99)) makes 10,847 samples of 100 classes.
 *
 * f = relu(½ + M (σ ∘ (½ c_y + √¾ e))) with c_k and e standard normal, M / √(mean square) a square normal matrix, and
 * σ_j² ∝ 1/(j+1): the spectrum, the share of zeros and the share of between-class variance are about those of a MobileNet's
 * 512 features of Tiny-ImageNet-LT. The first samples are of class 0, and so on.
 *
 * @param {{ classes?: number, dimensions?: number, largest?: number, imbalance?: number, seed?: number }} [options]
 */
export async function syntheticFeatures({
  classes = 100,
  dimensions = 512,
  largest = 500,
  imbalance = 100,
  seed = 0,
} = {}) {
  const normal = normals(createRandom(seed));
  const fill = (length) => Float32Array.from({ length }, normal);
  const counts = Array.from({ length: classes }, (_, k) =>
    Math.floor(largest * imbalance ** (-k / (classes - 1))),
  );
  const labels = Int32Array.from(counts.flatMap((count, k) => Array(count).fill(k)));
  const samples = labels.length;

  const sigma = Float64Array.from({ length: dimensions }, (_, j) => 1 / Math.sqrt(j + 1));
  const scale = 1 / Math.sqrt(sigma.reduce((sum, s) => sum + s * s, 0));
  const centres = fill(classes * dimensions);
  const latent = new Float32Array(samples * dimensions);
  for (let i = 0; i < samples; i++) {
    for (let d = 0; d < dimensions; d++) {
      const noise = Math.sqrt(0.75) * normal();
      latent[i * dimensions + d] = scale * sigma[d] * (0.5 * centres[labels[i] * dimensions + d] + noise);
    }
  }
  // The mixing is the product of a head: M as its weight, ½ as its bias.
  const mixing = linearHead(
    fill(dimensions * dimensions),
    new Float32Array(dimensions).fill(0.5),
    dimensions,
    dimensions,
  );
  const mixed = await headLogits(mixing, matrix(latent, samples, dimensions), { device: 'cpu' });
  const numbers = mixed.data.map((value) => Math.max(0, value));
  const features = matrix(numbers, samples, dimensions);

  // A head to start from, with rows of unlike norms, so that a relative MaxNorm has something to do.
  const weight = Float32Array.from(
    { length: classes * dimensions },
    (_, at) => (0.02 + 0.03 * (1 - Math.floor(at / dimensions) / classes)) * normal(),
  );
  const init = linearHead(weight, new Float32Array(classes), classes, dimensions);
  return { data: { features, labels, classes, counts }, init };
}

/** Standard normal numbers (Box and Muller). @param {() => number} random */
export function normals(random) {
  let spare = Number.NaN;
  return () => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
