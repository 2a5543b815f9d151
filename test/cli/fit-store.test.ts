/** `fit` to a store that is far larger than what it may hold in memory. */
import { beforeAll, expect, it } from 'vitest';
import { denseData } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { readHeadFile } from '../../src/head/head-file.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { largeStore, runMeasured } from './large-store.js';

const file = temporaryFolder();
const [ROWS, DIMENSIONS, CLASSES, SHARDS] = [62_500, 256, 10, 25];
let samples = 0;
let bytes = 0;

beforeAll(() => {
  const random = createRandom(5);
  const labels = Int32Array.from({ length: ROWS }, (_, i) => i % CLASSES);
  const features = Float32Array.from({ length: ROWS * DIMENSIONS }, (_, at) => {
    const y = labels[Math.floor(at / DIMENSIONS)];
    return random() - 0.5 + ((at % DIMENSIONS) % CLASSES === y ? 0.1 : 0);
  });
  const logits = new Float32Array(ROWS * CLASSES);
  ({ samples, bytes } = largeStore(file, { features, logits, labels, classes: CLASSES }, SHARDS));
});

it.each([
  ['sgd', ['--method', 'linear', '--solver', 'sgd', '--epochs', '1', '--batch', '512', '--lr', '0.1']],
  ['lbfgs', ['--method', 'linear', '--tolerance', '1e-2']],
] as const)('by %s holds a part of 1.6 GB at a time', { timeout: 600_000 }, async (name, args) => {
  const { document, peak } = runMeasured(file, ['fit', 'store/', ...args, '--out', `${name}.npz`]);
  console.info(
    `fit by ${name} to ${samples} samples, ${Math.round(bytes / 1e6)} MB: ${Math.round(peak / 1e6)} MB at most, ` +
      `${Number(document.seconds).toFixed(1)} s`,
  );
  // A mean of this size in its own dimensions, and in no other.
  const weight = denseData((await readHeadFile(file(`${name}.npz`))).weight);
  for (let k = 0; k < CLASSES; k++) {
    const row = weight.subarray(k * DIMENSIONS, (k + 1) * DIMENSIONS);
    const own = row.filter((_, d) => d % CLASSES === k);
    expect(Math.min(...own)).toBeGreaterThan(0);
  }
  expect(peak).toBeLessThan(0.6 * bytes);
});
