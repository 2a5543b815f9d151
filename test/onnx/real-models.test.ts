/** Deployed models, untouched: found, read, put back byte for byte, and run. Needs TAILOR_DATA. */
import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, strFromU8 } from 'fflate';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { denseData } from '../../src/array/matrix.js';
import { cutExtractor } from '../../src/onnx/cut.js';
import { chooseHead, findHeads } from '../../src/onnx/find-heads.js';
import { graftHead } from '../../src/onnx/graft.js';
import { graphOf, readModelFile } from '../../src/onnx/model-file.js';
import { readHead } from '../../src/onnx/read-head.js';
import { largestDifference, otherHead, predict, run } from './run-model.js';
import { numbers } from './small-heads.js';

const data = process.env.TAILOR_DATA;
if (!data) console.warn('Skipping the deployed models: TAILOR_DATA does not say where they are.');
const folder = join(data ?? '', 'models');

const MODELS = [
  {
    path: 'magika/model.onnx',
    classes: 214,
    dimensions: 512,
    kind: 'matmul',
    output: 'target_label',
    size: 0,
  },
  {
    path: 'mobilenet/mobilenet_v1_0.25_128_imagenet.onnx',
    classes: 1001,
    dimensions: 256,
    kind: 'gemm',
    output: 'logits',
    size: 128,
  },
  {
    path: 'mobilenet/mobilenet_v1_0.5_160_imagenet.onnx',
    classes: 1001,
    dimensions: 512,
    kind: 'gemm',
    output: 'logits',
    size: 160,
  },
  {
    path: 'mobilenet/mobilenet_v2_1.0_224_inat_bird.onnx',
    classes: 965,
    dimensions: 1280,
    kind: 'gemm',
    output: 'logits',
    size: 224,
  },
  {
    path: 'resnet-cifar10/resnet20_cifar10.onnx',
    classes: 10,
    dimensions: 64,
    kind: 'gemm',
    output: 'logits',
    size: 32,
  },
];

async function open(path: string | Uint8Array) {
  const file = await readModelFile(path);
  return { file, location: chooseHead(findHeads(file)) };
}

describe.skipIf(!data).each(MODELS)('$path', ({ path, classes, dimensions, kind, output, size }) => {
  it('has its head found, and read', async () => {
    const { file, location } = await open(join(folder, path));
    expect(location).toMatchObject({ classes, dimensions, kind, output, dtype: 'float32', hasBias: true });
    expect(findHeads(file).heads).toHaveLength(1);
    expect((await readHead(file, location)).weight.shape).toEqual([classes, dimensions]);
  });

  it('is the same file when its own head is put back, and the same graph with metadata', async () => {
    const { file, location } = await open(join(folder, path));
    const head = await readHead(file, location);
    expect(Buffer.compare((await graftHead(file, location, head)).bytes, file.bytes)).toBe(0);
    const { bytes } = await graftHead(file, location, head, { metadata: { 'onnx_tailor.method': 'none' } });
    expect(bytes.length).toBeGreaterThan(file.bytes.length);
    expect(Buffer.compare(bytes.subarray(0, file.bytes.length), file.bytes)).toBe(0);
  });

  it('computes what a new head promises', async () => {
    const { file, location } = await open(join(folder, path));
    const feed =
      size === 0
        ? new ort.Tensor(
            'int32',
            Int32Array.from({ length: 2 * 2048 }, (_, i) => (i * 7919) % 257),
            [2, 2048],
          )
        : new ort.Tensor('float32', numbers(2 * 3 * size * size, 5), [2, 3, size, size]);
    const feeds = { [graphOf(file).input[0].name]: feed };
    const wanted = otherHead(location);
    const cut = await cutExtractor(file, location);
    const before = await run(cut.bytes, feeds);
    const features = before[cut.features].data as number[];
    expect(before[cut.features].dims).toEqual([2, dimensions]);
    const tolerance = (logits: readonly number[]) => 1e-4 * Math.max(1, ...logits.map(Math.abs));
    const own = predict(await readHead(file, location), features);
    expect(largestDifference(before[cut.logits].data, own)).toBeLessThan(tolerance(own));
    const after = await open((await graftHead(file, location, wanted)).bytes);
    const cutAfter = await cutExtractor(after.file, after.location);
    const promised = predict(wanted, features);
    expect(
      largestDifference((await run(cutAfter.bytes, feeds))[cutAfter.logits].data, promised),
    ).toBeLessThan(tolerance(promised));
  });
});

interface MagikaConfig {
  beg_size: number;
  end_size: number;
  padding_token: number;
  block_size: number;
  min_file_size_for_dl: number;
  target_labels_space: string[];
}

const isSpace = (byte: number) => byte === 32 || (byte >= 9 && byte <= 13);

/**
 * Magika's input: the first bytes of the first block without leading white space, and the last bytes of the last block
 * without trailing white space, padded on the far side. Undefined for contents too short for the model.
 */
function magikaInput(content: Uint8Array, config: MagikaConfig): Int32Array | undefined {
  const { beg_size, end_size, padding_token, block_size, min_file_size_for_dl } = config;
  const first = content.subarray(0, block_size);
  const last = content.subarray(Math.max(0, content.length - block_size));
  const from = first.findIndex((byte) => !isSpace(byte));
  const start = from < 0 ? new Uint8Array() : first.subarray(from, from + beg_size);
  const stripped = last.subarray(0, last.findLastIndex((byte) => !isSpace(byte)) + 1);
  const end = stripped.subarray(Math.max(0, stripped.length - end_size));
  const input = new Int32Array(beg_size + end_size).fill(padding_token);
  input.set(start);
  input.set(end, input.length - end.length);
  return input[min_file_size_for_dl - 1] === padding_token ? undefined : input;
}

interface Example {
  content_base64: string;
  prediction: { dl: string; score: number };
}

describe.skipIf(!data)('magika', () => {
  it('gives its published answers before and after a round trip, and after a scale and its reverse', async () => {
    const config = JSON.parse(await readFile(join(folder, 'magika/config.min.json'), 'utf8')) as MagikaConfig;
    const packed = await readFile(join(folder, 'magika/inference_examples_by_content.json.gz'));
    const all = (JSON.parse(strFromU8(gunzipSync(packed))) as Example[]).filter(
      ({ prediction }) => prediction.dl !== 'undefined',
    );
    expect(all).toHaveLength(129);
    // WebAssembly takes half a minute for all of them.
    const examples = 'document' in globalThis ? all.filter((_, i) => i % 10 === 0) : all;
    const inputs = examples.map(({ content_base64 }) =>
      magikaInput(Buffer.from(content_base64, 'base64'), config),
    );
    // One by one, as they were published: in a batch, this model's scores move by up to 0.005.
    const answers = async (bytes: Uint8Array) => {
      const session = await ort.InferenceSession.create(bytes);
      const found: { dl: string; score: number }[] = [];
      for (const input of inputs) {
        const feed = new ort.Tensor('int32', input ?? new Int32Array(), [1, 2048]);
        const scores = (await session.run({ bytes: feed })).target_label.data as Float32Array;
        const best = scores.indexOf(Math.max(...scores));
        found.push({ dl: config.target_labels_space[best], score: scores[best] });
      }
      await session.release();
      return found;
    };
    const check = async (bytes: Uint8Array, digits: number) => {
      const found = await answers(bytes);
      examples.forEach(({ prediction }, i) => {
        expect(found[i].dl).toBe(prediction.dl);
        expect(found[i].score).toBeCloseTo(prediction.score, digits);
      });
    };
    const { file, location } = await open(join(folder, 'magika/model.onnx'));
    await check(file.bytes, 5);
    const head = await readHead(file, location);
    const same = await graftHead(file, location, head, { metadata: { 'onnx_tailor.method': 'none' } });
    await check(same.bytes, 5);
    // Through a head that was really written, and back.
    denseData(head.weight).forEach((_, i, weight) => {
      weight[i] *= 2;
    });
    const doubled = await open((await graftHead(file, location, head)).bytes);
    expect((await answers(doubled.file.bytes))[3].score).not.toBeCloseTo(examples[3].prediction.score, 3);
    const back = await graftHead(doubled.file, doubled.location, await readHead(file, location));
    expect(Buffer.compare(back.bytes, file.bytes)).toBe(0);
  });
});
