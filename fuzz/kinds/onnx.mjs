// Models: what is done to them is what people do: inspect, open, graft and prove, write, read back.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import {
  batchNormDiagnostics,
  encodeNpz,
  graft,
  inspectModel,
  linearHead,
  openModel,
  readModelFile,
} from '../../dist/index.js';
import { exposeOutputs } from '../../dist/onnx/expose-outputs.js';
import { findLayers } from '../../dist/onnx/find-layers.js';
import { graphView } from '../../dist/onnx/graph-view.js';
import { damageBytes } from '../bytes.mjs';
import { damageModel } from './onnx-damage.mjs';
import { pickModel } from './onnx-models.mjs';

const EXTERNAL = Buffer.alloc(1000, 1);

export async function make(random) {
  const { bytes } = pickModel(random);
  const files = { data: EXTERNAL, 'sub/data': EXTERNAL };
  let damaged = bytes;
  const how = random.next();
  if (how < 0.75) {
    const model = fromBinary(ModelProtoSchema, bytes);
    damageModel(model, random);
    damaged = Buffer.from(toBinary(ModelProtoSchema, model));
  }
  if (how > 0.65) damaged = damageBytes(damaged, random, () => pickModel(random).bytes);
  return { files: { ...files, 'case.onnx': damaged }, main: 'case.onnx' };
}

const isKnown = (error) => error?.name === 'TailorError';

export async function use(folder, main, random) {
  const path = join(folder, main);
  JSON.stringify(await inspectModel(path));
  const model = await openModel(path);
  for (const look of [
    async () => batchNormDiagnostics(model.file),
    async () =>
      findLayers(graphView(model.file), model.location.features, ['activation', 'normalization', 'linear']),
    async () =>
      exposeOutputs(model.file, [model.location.features, { tensor: model.location.features, shape: true }]),
  ]) {
    await look().catch((error) => {
      if (!isKnown(error)) throw error;
    });
  }
  const { classes, dimensions } = model.location;
  // The head of a damaged shape may be of any size; that is not what is looked for.
  if (classes * dimensions > 1e6) return 'opened';
  const other = (values) => Float32Array.from(values, (value, i) => value * 0.5 + (i % 7) / 8);
  const diagonal = (_, i) => (i % (classes + 1) === 0 ? 1 + (i % 3) / 4 : 0);
  const weight =
    model.location.kind === 'logits'
      ? Float32Array.from({ length: classes * classes }, diagonal)
      : other(model.head.weight.data);
  const head = linearHead(weight, other(model.head.bias.data), classes, dimensions);
  const changed = await graft(model, head, { device: 'cpu', threads: 1, outName: 'out.onnx' });
  const out = join(folder, random.chance(0.8) ? 'out.onnx' : 'sub/out.onnx');
  await changed.save(out);
  const again = await openModel(out, { output: model.location.output });
  for (const part of ['weight', 'bias']) {
    const [wanted, got] = [changed.head[part].data, again.head[part].data];
    if (wanted.length !== got.length || !wanted.every((value, i) => value === got[i]))
      throw new Error(`the ${part} that was written is not the one that is read`);
  }
  if (readdirSync(folder).some((name) => name.endsWith('.tmp'))) throw new Error('a temporary file was left');
  await readModelFile(changed.bytes);
  return 'grafted';
}

export const commands = (main) => [
  ['inspect', main],
  ['inspect', main, '--json'],
  ['graft', main, '--head', 'head.npz', '--out', 'out.onnx', '--device', 'cpu'],
  [
    'recalibrate',
    main,
    '--val',
    'features.npz',
    '--counts',
    'counts.json',
    '--apply',
    'always',
    '--out',
    'out.onnx',
    '--report',
    'out.html',
    '--device',
    'cpu',
    '--bootstrap',
    '100',
  ],
  ['evaluate', main, '--data', 'features.npz', '--bootstrap', '0', '--device', 'cpu'],
  ['diagnose', 'features.npz', '--model', main, '--report', 'out.html', '--device', 'cpu'],
  ['extract', main, '--data', 'inputs.npz', '--out', 'out.npz', '--device', 'cpu', '--workers', '0'],
  ['fit', 'features.npz', '--method', 'tau-norm', '--init', main, '--out', 'out.npz'],
];

/** What the commands need beside the model. */
export async function company() {
  const [n, d, c] = [40, 5, 4];
  const labels = Int32Array.from({ length: n }, (_, i) => i % c);
  const wave = (length) => Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7));
  return {
    'head.npz': encodeNpz({
      weight: { shape: [c, d], data: wave(c * d) },
      bias: { shape: [c], data: wave(c) },
    }),
    'features.npz': encodeNpz({
      features: { shape: [n, d], data: wave(n * d) },
      labels: { shape: [n], data: labels },
    }),
    'inputs.npz': encodeNpz({
      inputs: { shape: [n, 6], data: wave(n * 6) },
      labels: { shape: [n], data: labels },
    }),
    'counts.json': Buffer.from('[100,50,10,2]'),
  };
}
