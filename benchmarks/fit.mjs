// `npm run bench -- fit`: how fast heads are fitted, beside what people would use instead.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeNpz } from 'onnx-tailor';
import { epochOrder } from '../dist/head/batches.js';
import { classBalancedWeights } from '../dist/head/class-weights.js';
import { maxNormRadius } from '../dist/head/max-norm.js';
import { benchEpoch } from './fit-epoch.mjs';
import { benchGrid } from './fit-grid.mjs';
import { benchOptimum } from './fit-optimum.mjs';
import { describeMachine, machineFacts } from './machine.mjs';
import { openPeers } from './peers.mjs';
import { syntheticFeatures } from './synthetic.mjs';

const EPOCHS = 10;

/**
 * Everything that the parts share.
 * @typedef {object} Bench
 * @property {import('../dist/head/fit-options.js').FitData} data
 * @property {import('onnx-tailor').LinearHead} init
 * @property {Int32Array[]} order the samples of each epoch, the same for everyone
 * @property {number} radius of MaxNorm
 * @property {Float64Array} classWeights
 * @property {number} threads
 * @property {number | undefined} ownThreads what onnx-tailor is told: nothing where it may use all cores
 * @property {boolean} quick
 * @property {import('./peers.mjs').Peers | { missing: string }} peers
 * @property {string} folder for files that Python reads and writes
 */

/** @param {{ threads: number, quick: boolean, out: string }} options */
export async function benchFit({ threads, quick, out }) {
  const machine = await machineFacts(threads);
  const peers = await openPeers();
  if ('versions' in peers) Object.assign(machine.versions, present(peers.versions));
  const folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-bench-'));
  try {
    const { data, init } = await syntheticFeatures();
    const [samples, dimensions] = data.features.shape;
    const bench = {
      ...{ data, init, threads, quick, peers, folder },
      order: Array.from({ length: EPOCHS }, (_, epoch) => ordered(samples, epoch)),
      radius: maxNormRadius({ relative: 0.1 }, init),
      classWeights: classBalancedWeights(data.counts, 0.9999),
      ownThreads: threads < machine.cores ? threads : undefined,
    };
    if ('ask' in peers) await peers.ask('load', { path: await writeData(bench) });
    const sections = [
      `# Speed of fits\n\n${describeMachine(machine)}`,
      `N = ${samples}, D = ${dimensions}, C = ${data.classes} (synthetic.mjs, seed 0).`,
    ];
    for (const section of sections) console.log(`\n${section}`);
    const result = { machine, problem: { samples, dimensions, classes: data.classes, seed: 0 } };
    for (const [name, part] of Object.entries({
      epoch: benchEpoch,
      optimum: benchOptimum,
      grid: benchGrid,
    })) {
      const { markdown, ...numbers } = await part(bench);
      result[name] = numbers;
      sections.push(markdown);
      console.log(`\n${markdown}`);
    }
    writeFileSync(join(out, 'fit.json'), `${JSON.stringify(result, undefined, 2)}\n`);
    writeFileSync(join(out, 'fit.md'), `${sections.join('\n\n')}\n`);
  } finally {
    if ('close' in peers) peers.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const present = (versions) => Object.fromEntries(Object.entries(versions).filter(([, version]) => version));

/** A permutation for an epoch. */
function ordered(samples, epoch) {
  return epochOrder(new Int32Array(samples), 1, { sampling: 'plain', seed: 0, epoch });
}

/** @param {Bench} bench */
async function writeData({ data, init, order, classWeights, folder }) {
  const path = join(folder, 'data.npz');
  const [samples] = data.features.shape;
  await writeNpz(path, {
    features: { data: data.features.data, shape: data.features.shape },
    labels: { data: data.labels, shape: [samples] },
    weight: { data: init.weight.data, shape: init.weight.shape },
    bias: { data: init.bias.data, shape: init.bias.shape },
    class_weights: { data: classWeights, shape: [data.classes] },
    order: { data: Int32Array.from(order.flatMap((list) => [...list])), shape: [order.length, samples] },
  });
  return path;
}
