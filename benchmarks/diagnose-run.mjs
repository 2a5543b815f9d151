// One measurement of `npm run bench -- diagnose`, in a process of its own, so that its peak memory is its own:
//
//   node diagnose-run.mjs fisher|diagnose|products FILE.npz [--threads N]
//
// Prints one line of JSON.

import { parseArgs } from 'node:util';
import { linearHead, readFeatures, readNpz } from 'onnx-tailor';
import { conditionEstimate } from '../dist/compute/cholesky-solve.js';
import { pivotedCholesky } from '../dist/compute/pivoted-cholesky.js';
import { scatterSum } from '../dist/compute/scatter.js';
import { transposedProducts } from '../dist/compute/transposed-product.js';
import { collectStatistics } from '../dist/diagnostics/collect-statistics.js';
import { fisherRatio } from '../dist/diagnostics/fdr.js';
import { secondsOf } from './timing.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string' } },
});
const threads = values.threads === undefined ? undefined : Number(values.threads);
const [what, path] = positionals;
const where = { device: 'cpu', threads };
const seconds = {};
const timed = async (stage, call) => {
  let result;
  seconds[stage] = await secondsOf(async () => {
    result = await call();
  });
  return result;
};

const measures = { fisher, diagnose, products };
const found = await measures[what]();
const peakGiB = process.resourceUsage().maxRSS / 2 ** 20;
console.log(JSON.stringify({ seconds, peakGiB, ...found }));

/** From the file to the ratio. */
async function fisher() {
  const set = await timed('read', () => readFeatures(path));
  const statistics = await timed('statistics', () =>
    collectStatistics(set.features, set.labels, { classes: set.classCount, ...where }),
  );
  const { value, rank, condition } = await timed('fisher', () => fisherRatio(statistics, where));
  return { value, rank, condition };
}

/** Everything that `diagnose` computes, with the head of the file. */
async function diagnose() {
  const verb = await import('../dist/diagnostics/diagnose.js').catch(() => undefined);
  if (!verb) return { missing: 'dist has no diagnose yet' };
  const set = await timed('read', () => readFeatures(path));
  const npz = await readNpz(path);
  const [classes, dimensions] = npz.get('weight').shape;
  const head = linearHead(npz.get('weight').data, npz.get('bias').data, classes, dimensions);
  const { fdr } = await timed('diagnose', () => verb.diagnose(set, { head, ...where }));
  return { value: fdr.value };
}

/** What the machine does at best, and the stages of the above on their own. */
async function products() {
  const set = await readFeatures(path);
  const [samples, dimensions] = set.features.shape;
  const edge = 2048;
  const square = Float64Array.from({ length: edge * edge }, (_, i) => Math.sin(i));
  const engine = transposedProducts(where);
  await engine.multiply(square, square, edge, edge, edge);
  const rates = [];
  for (let run = 0; run < 5; run++) {
    rates.push(
      (2 * edge ** 3) / (await secondsOf(() => engine.multiply(square, square, edge, edge, edge))) / 1e9,
    );
  }
  await engine.release();
  // The Gram stage as collectStatistics runs it, with the same number of rows.
  const sum = scatterSum(dimensions, samples, where);
  for (const { data } of sum.blocks)
    for (let i = 0; i < data.length; i++) data[i] = square[i % square.length];
  await sum.add(1);
  await timed('gram', async () => {
    for (let from = 0; from < samples; from += sum.capacity) {
      await sum.add(Math.min(sum.capacity, samples - from));
    }
  });
  const widths = sum.blocks.map(({ width }) => width);
  const done = widths.reduce((total, w, i) => total + 2 * w * widths.slice(i).reduce((a, b) => a + b, 0), 0);
  await sum.release();
  const statistics = await collectStatistics(set.features, set.labels, { classes: set.classCount, ...where });
  const factor = await timed('decomposition', () => pivotedCholesky(statistics.scatter, dimensions, where));
  await timed('condition', () => conditionEstimate(factor, statistics.scatter));
  return {
    gemmGflops: Math.max(...rates),
    gramOperations: samples * done,
    wholeOperations: 2 * samples * dimensions ** 2,
  };
}
