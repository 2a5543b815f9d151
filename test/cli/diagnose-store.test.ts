/** `diagnose` of a store that is far larger than what it may hold in memory. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { createRandom } from '../../src/array/random.js';
import { writeHeadFile } from '../../src/head/head-file.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { largeStore, runMeasured } from './large-store.js';

const file = temporaryFolder();
const [ROWS, DIMENSIONS, CLASSES, SHARDS] = [62_500, 256, 10, 24];

it('holds a part of 1.5 GB at a time', { timeout: 600_000 }, async () => {
  const random = createRandom(5);
  const features = Float32Array.from({ length: ROWS * DIMENSIONS }, () => random());
  const logits = Float32Array.from({ length: ROWS * CLASSES }, () => random());
  const labels = Int32Array.from({ length: ROWS }, (_, i) => i % CLASSES);
  const { samples, bytes } = largeStore(file, { features, logits, labels, classes: CLASSES }, SHARDS);
  const weight = Float32Array.from({ length: CLASSES * DIMENSIONS }, () => random() - 0.5);
  await writeHeadFile(file('head.npz'), linearHead(weight, new Float32Array(CLASSES), CLASSES, DIMENSIONS));
  const args = ['diagnose', 'store/', '--head', 'head.npz', '--report', 'report.html'];
  const { document, peak } = runMeasured(file, args);
  expect(document).toMatchObject({ samples, classes: CLASSES, dimensions: DIMENSIONS });
  expect(document.accuracy).not.toBeNull();
  expect(readFileSync(file('report.html'), 'utf8')).toContain('calibration');
  console.info(`diagnose of ${bytes / 1e6} MB of features: ${Math.round(peak / 1e6)} MB at most`);
  expect(peak).toBeLessThan(0.6 * bytes);
});
