/** Extraction with deployed models. TAILOR_DATA names the folder that has models/ (see its README). */
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, strFromU8 } from 'fflate';
import { describe, expect, it } from 'vitest';
import { denseData, type Matrix } from '../../src/array/matrix.js';
import { headLogitsReference } from '../../src/compute/head-logits.js';
import type { DataSource, Picture } from '../../src/data/sample.js';
import { inspectModel } from '../../src/features/describe-model.js';
import type { FeatureSet } from '../../src/features/feature-set.js';
import { openModel } from '../../src/features/model.js';
import { openSession } from '../../src/runtime/session.js';

const data = process.env.TAILOR_DATA;
if (!data) console.warn('Skipped: extraction with deployed models. TAILOR_DATA does not name their folder.');
const models = join(data ?? '', 'models');
const cpu = { device: 'cpu' } as const;

/** A 24-bit Windows bitmap: rows from the bottom, BGR, padded to 4 bytes. */
function readBitmap(path: string): Picture {
  const file = readFileSync(path);
  const [start, width, height] = [file.readUInt32LE(10), file.readInt32LE(18), file.readInt32LE(22)];
  expect(file.readUInt16LE(28)).toBe(24);
  const stride = Math.ceil((3 * width) / 4) * 4;
  const pixels = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = start + (height - 1 - y) * stride + 3 * x;
      for (let c = 0; c < 3; c++) pixels[3 * (y * width + x) + c] = file[from + 2 - c];
    }
  }
  return { width, height, channels: 3, data: pixels, fromFile: true };
}

function bitmaps(...names: string[]): DataSource {
  return {
    name: 'sample pictures',
    length: names.length,
    read: (i) => ({
      kind: 'picture',
      picture: readBitmap(join(models, 'mobilenet/sample', `${names[i]}.bmp`)),
    }),
    sampleName: (i) => names[i],
  };
}

function lines(file: string): string[] {
  return readFileSync(join(models, 'mobilenet', file), 'utf8')
    .trim()
    .split('\n');
}

function topClasses({ logits }: FeatureSet): number[] {
  const [samples, classes] = logits!.shape;
  const rows = denseData(logits!);
  return Array.from({ length: samples }, (_, i) => {
    const row = rows.subarray(i * classes, (i + 1) * classes);
    return row.indexOf(Math.max(...row));
  });
}

const bytesOf = (rows: Matrix) => Buffer.from(denseData(rows).slice().buffer);

/** The logits must be W f + b of the head that was read: float32 kernels against float64. */
function expectConsistent(set: FeatureSet, head: Parameters<typeof headLogitsReference>[0]): void {
  const [given, computed] = [denseData(set.logits!), denseData(headLogitsReference(head, set.features))];
  let worst = 0;
  for (let i = 0; i < given.length; i++) worst = Math.max(worst, Math.abs(given[i] - computed[i]));
  expect(worst).toBeLessThan(1e-4);
}

/** (x − 128) / 128. */
const centred = { scale: 1 / 128, mean: [1, 1, 1] } as const;

describe.skipIf(!data)('deployed models', () => {
  it.each([
    ['magika/model.onnx', 'matmul', 214, 512, 'softmax'],
    ['mobilenet/mobilenet_v1_0.25_128_imagenet.onnx', 'gemm', 1001, 256, 'none'],
    ['mobilenet/mobilenet_v1_0.5_160_imagenet.onnx', 'gemm', 1001, 512, 'none'],
    ['mobilenet/mobilenet_v2_1.0_224_inat_bird.onnx', 'gemm', 965, 1280, 'none'],
    ['resnet-cifar10/resnet20_cifar10.onnx', 'gemm', 10, 64, 'none'],
  ])('%s has its head', async (file, kind, classes, dimensions, activation) => {
    const { heads } = await inspectModel(join(models, file));
    expect(heads).toHaveLength(1);
    expect(heads[0]).toMatchObject({ kind, classes, dimensions, activation, bias: true, dtype: 'float32' });
    expect(heads[0].norms!.min).toBeGreaterThan(0);
  });

  // The portrait in naval uniform is a gown to both models, in Python's onnxruntime as well.
  it.each([
    [
      'mobilenet_v1_0.25_128_imagenet.onnx',
      ['bird', 'cat', 'grace_hopper'],
      [/^chickadee/, /^Egyptian cat/, /^academic gown/],
    ],
    [
      'mobilenet_v1_0.5_160_imagenet.onnx',
      ['bird', 'cat', 'dragonfly', 'grace_hopper'],
      [/^chickadee/, /^Egyptian cat/, /^dragonfly/, /^academic gown/],
    ],
  ])('%s names what is on the pictures', async (file, names, labels) => {
    const classes = lines('imagenet_labels.txt');
    const model = await openModel(join(models, 'mobilenet', file), { preprocess: centred, classes });
    const set = await model.extract(bitmaps(...names), { ...cpu, batch: 2 });
    topClasses(set).forEach((top, i) => {
      expect(set.classes![top]).toMatch(labels[i]);
    });
    expectConsistent(set, model.head);
  });

  it('the bird model names the bird', async () => {
    const classes = lines('inat_bird_labels.txt');
    const path = join(models, 'mobilenet/mobilenet_v2_1.0_224_inat_bird.onnx');
    const model = await openModel(path, { preprocess: centred, classes });
    const set = await model.extract(bitmaps('bird'), cpu);
    expect(classes[topClasses(set)[0]]).toBe('Poecile atricapillus (Black-capped Chickadee)');
    expectConsistent(set, model.head);
  });

  it('ResNet-20 gives the features that it declares itself, twice the same', async () => {
    const path = join(models, 'resnet-cifar10/resnet20_cifar10.onnx');
    const preprocess = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    const model = await openModel(path, { preprocess });
    const source = bitmaps('cat', 'bird', 'dragonfly', 'grace_hopper');
    const set = await model.extract(source, { ...cpu, batch: 3 });
    const again = await model.extract(source, { ...cpu, batch: 3 });
    expect(bytesOf(again.features).equals(bytesOf(set.features))).toBe(true);
    expect(bytesOf(again.logits!).equals(bytesOf(set.logits!))).toBe(true);
    expectConsistent(set, model.head);
    expect(topClasses(set).slice(0, 2)).toEqual([3, 2]); // cat, bird

    const { rows, inputs } = set.verificationInputs!;
    expect([...rows]).toEqual([0, 1, 2, 3]);
    const session = await openSession(path, cpu);
    const whole = await session.run(inputs);
    await session.release();
    const declared = whole.features.data as Float32Array;
    denseData(set.features).forEach((value: number, i: number) => {
      expect(Math.abs(value - declared[i])).toBeLessThan(1e-5);
    });
  });

  it('magika gives its published answers', async () => {
    interface Example {
      content_base64: string;
      status: string;
      prediction: { dl: string };
    }
    const config = JSON.parse(readFileSync(join(models, 'magika/config.min.json'), 'utf8')) as {
      target_labels_space: string[];
    };
    const all = JSON.parse(
      strFromU8(gunzipSync(readFileSync(join(models, 'magika/inference_examples_by_content.json.gz')))),
    ) as Example[];
    const answered = all.filter(
      (example) => example.status === 'ok' && example.prediction.dl !== 'undefined',
    );
    expect(answered.length).toBeGreaterThan(100);
    // WebAssembly takes its time for all of them.
    const examples = 'document' in globalThis ? answered.filter((_, i) => i % 10 === 0) : answered;
    const classes = config.target_labels_space;
    const source: DataSource = {
      name: 'published examples',
      length: examples.length,
      classes,
      labels: Int32Array.from(examples, (example) => classes.indexOf(example.prediction.dl)),
      read: (i) => ({
        kind: 'tensor',
        inputs: { bytes: { data: magikaInput(examples[i].content_base64), dims: [2048] } },
      }),
    };
    const model = await openModel(join(models, 'magika/model.onnx'), { classes });
    const set = await model.extract(source, { ...cpu, batch: 32 });
    expect(topClasses(set)).toEqual([...set.labels!]);
    expectConsistent(set, model.head);
  });
});

/** The first and last 1024 bytes without white space at the ends, padded with 256. */
function magikaInput(base64: string): Uint16Array {
  const bytes = Buffer.from(base64, 'base64');
  const space = (byte: number) => byte === 32 || (byte >= 9 && byte <= 13);
  let [from, to] = [0, bytes.length];
  while (from < Math.min(4096, bytes.length) && space(bytes[from])) from++;
  while (to > Math.max(0, bytes.length - 4096) && space(bytes[to - 1])) to--;
  const input = new Uint16Array(2048).fill(256);
  input.set(bytes.subarray(from, Math.min(4096, bytes.length)).subarray(0, 1024));
  const end = bytes.subarray(Math.max(0, bytes.length - 4096), to).subarray(-1024);
  input.set(end, 2048 - end.length);
  return input;
}
