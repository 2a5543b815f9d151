/** What is disturbed: each verb that writes, on models so small that a run takes half a second. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { encodeNpz } from '../dist/array/npz.js';
import { createRandom } from '../dist/array/random.js';
import { GraphBuilder } from '../dist/onnx/build.js';

const CLASSES = 4;
const DIMENSIONS = 5;
const SAMPLES = 48;
const fixtures = resolve(import.meta.dirname, '../test/fixtures/onnx');

const noise = (seed, length) => {
  const random = createRandom(seed);
  return Float32Array.from({ length }, () => random() - 0.5);
};
const matrix = (seed, rows, columns) => ({ shape: [rows, columns], data: noise(seed, rows * columns) });
const labels = { shape: [SAMPLES], data: Int32Array.from({ length: SAMPLES }, (_, i) => i % CLASSES) };

function model() {
  const g = new GraphBuilder();
  const features = g.op('Identity', [g.input('x', 'float32', ['n', DIMENSIONS])]);
  const weight = g.constant(noise(1, CLASSES * DIMENSIONS), [CLASSES, DIMENSIONS], { name: 'w' });
  const bias = g.constant(noise(2, CLASSES), [CLASSES], { name: 'b' });
  g.output(g.gemm(features, weight, bias, { transB: 1 }), 'logits', 'float32', ['n', CLASSES]);
  return g.build();
}

/** All that any case reads. */
function writeInputs(folder) {
  const write = (name, content) => writeFileSync(join(folder, name), content);
  write('model.onnx', model());
  for (const name of ['external.onnx', 'external.onnx.data'])
    cpSync(join(fixtures, name), join(folder, name));
  const bias = { shape: [CLASSES], data: noise(4, CLASSES) };
  write('head.npz', encodeNpz({ weight: matrix(3, CLASSES, DIMENSIONS), bias }));
  write('data.npz', encodeNpz({ inputs: matrix(5, SAMPLES, DIMENSIONS), labels }));
  write(
    'features.npz',
    encodeNpz({ features: matrix(6, SAMPLES, DIMENSIONS), labels, logits: matrix(7, SAMPLES, CLASSES) }),
  );
  write('counts.json', JSON.stringify([100, 40, 20, 10]));
}

const OLD = 'what was there before, and must not be lost\n';

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {string} verb as the command `npm run faults` takes it
 * @property {string[]} args
 * @property {string[]} targets files of which each is to be as before or complete
 * @property {string} [store] a folder of shards instead: whole, or refused as unfinished and gone on with
 * @property {boolean} old whether something is in the target's place
 * @property {boolean} [short] among those of the tests, which take no long time
 * @property {string} [inPlace] the target that is what it reads as well
 * @property {string} [needs] a target that is of no use without the other files of the same run
 */

const extract = [
  'extract',
  'model.onnx',
  '--data',
  'data.npz',
  '--batch',
  '24',
  '--device',
  'cpu',
  '--workers',
  '0',
];
const recalibrate = [
  ...['recalibrate', 'model.onnx', '--val', 'features.npz', '--counts', 'counts.json', '--device', 'cpu'],
  ...['--method', 'additive', '--tau', '1', '--apply', 'always', '--bootstrap', '100'],
];
const store = [...extract, '--shard-rows', '24', '--out', 'store/'];

/** @type {Case[]} */
export const CASES = [
  {
    ...{ name: 'graft', verb: 'graft', old: true, short: true, targets: ['out.onnx'] },
    args: ['graft', 'model.onnx', '--head', 'head.npz', '--out', 'out.onnx', '--force'],
  },
  {
    ...{ name: 'graft to a new file', verb: 'graft', old: false, targets: ['out.onnx'] },
    args: ['graft', 'model.onnx', '--head', 'head.npz', '--out', 'out.onnx'],
  },
  {
    ...{ name: 'graft with external data', verb: 'graft', old: true, short: true, targets: ['out.onnx'] },
    args: ['graft', 'external.onnx', '--head', 'head.npz', '--out', 'out.onnx', '--force'],
    needs: 'out.onnx',
  },
  {
    ...{
      name: 'graft in place',
      verb: 'graft',
      old: false,
      targets: ['external.onnx'],
      needs: 'external.onnx',
      inPlace: 'external.onnx',
    },
    args: ['graft', 'external.onnx', '--head', 'head.npz', '--out', 'external.onnx', '--force'],
  },
  {
    ...{ name: 'graft to another folder', verb: 'graft', old: false, needs: 'sub/out.onnx' },
    targets: ['sub/out.onnx', 'sub/external.onnx.data'],
    args: ['graft', 'external.onnx', '--head', 'head.npz', '--out', 'sub/out.onnx', '--force'],
  },
  {
    ...{ name: 'recalibrate', verb: 'recalibrate', old: true, short: true, targets: ['out.onnx'] },
    args: [...recalibrate, '--out', 'out.onnx', '--force'],
  },
  {
    ...{ name: 'recalibrate with reports', verb: 'recalibrate', old: true },
    targets: ['out.onnx', 'report.html', 'report.md'],
    args: [
      ...[
        ...recalibrate,
        '--out',
        'out.onnx',
        '--report',
        'report.html',
        '--markdown',
        'report.md',
        '--force',
      ],
    ],
  },
  ...['npz', 'safetensors', 'parquet'].map((format) => ({
    ...{ name: `extract to .${format}`, verb: 'extract', old: true, short: format === 'npz' },
    targets: [`out.${format}`],
    args: [...extract, '--out', `out.${format}`, '--force'],
  })),
  {
    ...{ name: 'extract to a store', verb: 'extract', old: false, short: true, targets: [], store: 'store' },
    args: [...store, '--resume'],
  },
  {
    ...{ name: 'extract to part of a store', verb: 'extract', old: false, targets: [], store: 'store' },
    args: [...store, '--shard', '1/1', '--resume'],
  },
  {
    ...{ name: 'fit', verb: 'fit', old: true, short: true, targets: ['fit.npz'] },
    args: ['fit', 'features.npz', '--method', 'ncm', '--out', 'fit.npz', '--force'],
  },
  {
    ...{ name: 'fit to .safetensors', verb: 'fit', old: false, targets: ['fit.safetensors'] },
    args: ['fit', 'features.npz', '--method', 'linear', '--tolerance', '1e-2', '--out', 'fit.safetensors'],
  },
  {
    ...{
      name: 'diagnose',
      verb: 'diagnose',
      old: true,
      short: true,
      targets: ['report.html', 'statistics.npz'],
    },
    args: [
      ...['diagnose', 'features.npz', '--report', 'report.html', '--save-statistics', 'statistics.npz'],
      '--force',
    ],
  },
];

export const VERBS = [...new Set(CASES.map(({ verb }) => verb))];

/** A folder as it is before a run. @param {Case} one */
export function prepare(folder, one) {
  mkdirSync(join(folder, 'sub'), { recursive: true });
  writeInputs(folder);
  if (one.old) for (const target of one.targets) writeFileSync(join(folder, target), OLD);
}
