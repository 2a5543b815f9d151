// An epoch of stochastic training: onnx-tailor, PyTorch and the float64 reference, and the machine's own rate.

import { join } from 'node:path';
import { readNpz } from 'onnx-tailor';
import { fitReference } from '../dist/head/fit-reference.js';
import { fitSgd } from '../dist/head/fit-sgd.js';
import { learningRates } from '../dist/head/schedule.js';
import { epochOperations, epochProducts, largeProduct } from './gemm-rate.mjs';
import { importPeer } from './node-peers.mjs';
import { whyMissing } from './peers.mjs';
import { formatSeconds, markdownTable } from './table.mjs';
import { secondsOf, takeTurns } from './timing.mjs';

const BATCH = 64;
const RECIPE = {
  learningRate: 0.01,
  momentum: 0.9,
  weightDecay: 0.1,
  batch: BATCH,
  loss: 'cb',
  beta: 0.9999,
};
const OURS = 'onnx-tailor';
const REFERENCE = 'float64 TypeScript reference';
const JAVASCRIPT = 'ml-logistic-regression, one step over all samples';

/** @param {import('./fit.mjs').Bench} bench */
export async function benchEpoch(bench) {
  const { data, init, order, radius, threads, ownThreads, quick, peers } = bench;
  const [samples, dimensions] = data.features.shape;
  const epochs = order.length;
  const options = { ...RECIPE, epochs, order, maxNorm: { radius }, schedule: 'cosine-published' };
  let ours;
  const contestants = {
    // The whole fit, with building the graph and opening the session, over its epochs.
    [OURS]: async () => {
      const seconds = await secondsOf(async () => {
        [ours] = await fitSgd(data, options, { init, threads: ownThreads });
      });
      return seconds / epochs;
    },
  };
  const missing = whyMissing(peers, 'torch');
  const torchFile = join(bench.folder, 'torch.npz');
  const torch = [];
  if (!missing) {
    for (const [fused, count] of [
      ...[false, true].map((fused) => [fused, threads]),
      ...(threads > 1 ? [[true, 1]] : []),
    ]) {
      const name = `PyTorch${fused ? ', fused SGD' : ''}, ${count === 1 ? '1 thread' : `${count} threads`}`;
      torch.push(name);
      const request = {
        ...{ threads: count, fused, radius, batch: BATCH, momentum: RECIPE.momentum },
        rates: [...learningRates('cosine-published', RECIPE.learningRate, epochs)],
        weight_decay: RECIPE.weightDecay,
        out: torchFile,
      };
      contestants[name] = async () => (await peers.ask('torch_sgd', request)).seconds / epochs;
    }
  }
  const shape = { samples, dimensions, classes: data.classes, batch: BATCH };
  const rates = {};
  for (const count of new Set([1, threads])) {
    const words = count === 1 ? '1 thread' : `${count} threads`;
    rates[`the epoch's products alone, ${words}`] = await epochProducts(shape, count);
    rates[`product of 2048 × 2048, ${words}`] = await largeProduct(count);
  }
  for (const [name, { run }] of Object.entries(rates)) contestants[name] = run;
  const spreads = await takeTurns(contestants, { repetitions: quick ? 2 : 7 });
  for (const { release } of Object.values(rates)) await release();
  const reference = { ...options, epochs: 1, order: order.slice(0, 1) };
  const slow = { [REFERENCE]: () => secondsOf(() => fitReference(data, reference, { init })) };
  let javascriptMissing;
  try {
    slow[JAVASCRIPT] = await gradientStep(data);
  } catch ({ message }) {
    javascriptMissing = message;
  }
  Object.assign(spreads, await takeTurns(slow, { repetitions: quick ? 1 : 3, warmUp: false }));

  const own = spreads[OURS].median;
  const fits = [OURS, ...torch, ...Object.keys(slow)];
  const operations = epochOperations(samples, dimensions, data.classes);
  const gflops = (name) => (rates[name]?.operations ?? operations) / spreads[name].median / 1e9;
  const ownRate = gflops(OURS);
  const table = markdownTable(
    ['(a) one epoch, batch 64', 'median', 'min', 'max', '× onnx-tailor', 'GFLOP/s'],
    fits.map((name) => {
      const { median, min, max } = spreads[name];
      const times = [median, min, max].map(formatSeconds);
      return [name, ...times, (median / own).toFixed(2), gflops(name).toFixed(1)];
    }),
  );
  const machineTable = markdownTable(
    ["(d) the machine's own float32 products", 'GFLOP/s', 'of which onnx-tailor’s epoch'],
    Object.keys(rates).map((name) => [
      name,
      gflops(name).toFixed(1),
      `${Math.round((100 * ownRate) / gflops(name))} %`,
    ]),
  );
  const difference = missing ? undefined : await headDifference(ours.head, torchFile);
  const notes = [
    `SGD, momentum 0.9, weight decay 0.1, class-balanced loss, MaxNorm after the epoch. A time is that of a fit of ${epochs} ` +
      `epochs, divided by ${epochs}; all fits see the same order of samples.`,
    missing
      ? `PyTorch: not measured, ${missing}.`
      : `Largest difference of a weight from PyTorch's after ${epochs} epochs: ${difference.toExponential(1)} of the largest weight.`,
  ];
  notes.push(
    javascriptMissing
      ? `ml-logistic-regression: not measured, ${javascriptMissing}.`
      : 'ml-logistic-regression fits one class against the rest by gradient descent over all samples, 50,000 steps if nothing else is ' +
          'asked for: its time is that of one step of all classes, which has the products of an epoch.',
  );
  const fastest = Math.min(...torch.map((name) => spreads[name].median));
  return {
    markdown: [table, notes.join(' '), machineTable].join('\n\n'),
    seconds: spreads,
    gflops: Object.fromEntries([...fits, ...Object.keys(rates)].map((name) => [name, gflops(name)])),
    torchMissing: missing,
    ratioToFastestTorch: missing ? null : fastest / own,
    ratioToReference: spreads[REFERENCE].median / own,
    relativeDifferenceFromTorch: difference ?? null,
  };
}

/** One step of what people find on npm for this. Throws where it is not installed. */
async function gradientStep({ features, labels }) {
  const { default: LogisticRegression } = await importPeer('ml-logistic-regression');
  const { Matrix } = await importPeer('ml-matrix');
  const [samples, dimensions] = features.shape;
  const rows = Array.from({ length: samples }, (_, i) =>
    features.data.subarray(i * dimensions, (i + 1) * dimensions),
  );
  const X = new Matrix(rows);
  const Y = Matrix.columnVector(Array.from(labels));
  return () => secondsOf(() => new LogisticRegression({ numSteps: 1, learningRate: 1e-3 }).train(X, Y));
}

async function headDifference(head, path) {
  const other = (await readNpz(path)).get('weight').data;
  const ours = head.weight.data;
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < ours.length; i++) {
    largest = Math.max(largest, Math.abs(other[i]));
    difference = Math.max(difference, Math.abs(ours[i] - other[i]));
  }
  return difference / largest;
}
