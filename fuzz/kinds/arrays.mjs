// Files of named arrays, of whatever format: what programs do with them.
import { join } from 'node:path';
import {
  encodeNpz,
  npzSource,
  openArrays,
  openFeatureStream,
  readCounts,
  readFeatures,
  readHeadFile,
  readNpz,
  readStatistics,
} from '../../dist/index.js';

const [SAMPLES, DIMENSIONS, CLASSES] = [12, 3, 4];
const wave = (length, Type = Float32Array) => Type.from({ length }, (_, i) => Math.sin(i * 1.7) * 3);

/** What files of arrays usually hold, by name. */
export const CONTENTS = {
  features: {
    features: { shape: [SAMPLES, DIMENSIONS], data: wave(SAMPLES * DIMENSIONS) },
    logits: { shape: [SAMPLES, CLASSES], data: wave(SAMPLES * CLASSES) },
    labels: { shape: [SAMPLES], data: Int32Array.from({ length: SAMPLES }, (_, i) => i % CLASSES) },
    classes: { shape: [CLASSES], strings: ['a', 'b', 'c', 'dä'] },
  },
  head: {
    weight: { shape: [CLASSES, DIMENSIONS], data: wave(CLASSES * DIMENSIONS) },
    bias: { shape: [CLASSES], data: wave(CLASSES) },
  },
  doubles: { weight: { shape: [CLASSES, DIMENSIONS], data: wave(CLASSES * DIMENSIONS, Float64Array) } },
  pictures: {
    images: { shape: [4, 5, 6, 3], data: Uint8Array.from({ length: 360 }, (_, i) => i) },
    labels: { shape: [4], data: Uint8Array.of(0, 1, 2, 3) },
  },
  inputs: {
    inputs: { shape: [4, 6], data: wave(24) },
    labels: { shape: [4], data: BigInt64Array.of(0n, 1n, 2n, 3n) },
  },
};

const isKnown = (error) => error?.name === 'TailorError';

/** Reads every array, then reads the file as everything that it could be. Accepted where one of them takes it. */
export async function useArrays(path) {
  const taken = [];
  let refusal;
  const attempt = async (what, work) => {
    try {
      await work();
      taken.push(what);
    } catch (error) {
      if (!isKnown(error)) throw error;
      refusal ??= error;
    }
  };
  await attempt('arrays', async () => {
    const file = await openArrays(path);
    for (const name of file.names) {
      const array = await file.read(name);
      const count = array.shape.reduce((product, length) => product * length, 1);
      const held = (array.strings ?? array.data).length;
      if (held !== count) throw new Error(`array ${name} has shape ${array.shape} and ${held} entries`);
      await attempt('rows', async () => {
        const rows = await file.rows(name);
        if (rows.rows > 0 && rows.close) await rows.close();
      });
      await attempt('again', async () => {
        const [back] = (await readNpz(encodeNpz({ a: array }))).values();
        if (back.shape.join() !== array.shape.join() || (back.strings ?? back.data).length !== held)
          throw new Error(`array ${name} is written as another`);
      });
    }
  });
  await attempt('head', () => readHeadFile(path));
  await attempt('features', () => readFeatures(path));
  await attempt('stream', async () => {
    const stream = await openFeatureStream(path);
    for await (const _ of stream.chunks?.() ?? []);
  });
  await attempt('counts', () => readCounts(path, { classCount: CLASSES, classes: ['a', 'b', 'c', 'dä'] }));
  await attempt('statistics', () => readStatistics(path));
  if (path.endsWith('.npz')) {
    await attempt('source', async () => {
      const source = await npzSource(path);
      for (let i = 0; i < Math.min(source.length, 3); i++) await source.read(i);
    });
  }
  if (taken.length === 0) throw refusal;
  return taken.join(' ');
}

/** Commands that take such a file. */
export const arrayCommands = (main) => [
  ['graft', 'model.onnx', '--head', main, '--out', 'out.onnx', '--device', 'cpu'],
  ['fit', main, '--method', 'ncm', '--out', 'out.npz'],
  ['diagnose', main, '--report', 'out.html'],
  ['evaluate', main, '--data', main, '--bootstrap', '0'],
  [
    'recalibrate',
    'model.onnx',
    '--val',
    main,
    '--counts',
    main,
    '--out',
    'out.onnx',
    '--bootstrap',
    '100',
    '--device',
    'cpu',
  ],
  ['extract', 'model.onnx', '--data', main, '--out', 'out.npz', '--device', 'cpu', '--workers', '0'],
];

/** The model that they go with. */
export async function company() {
  const { GraphBuilder } = await import('../../dist/onnx/build.js');
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['n', 6]);
  const f = g.relu(g.matMul(x, g.constant(wave(6 * DIMENSIONS), [6, DIMENSIONS])));
  g.output(
    g.gemm(
      f,
      g.constant(wave(CLASSES * DIMENSIONS), [CLASSES, DIMENSIONS]),
      g.constant(wave(CLASSES), [CLASSES]),
      { transB: 1 },
    ),
    'y',
    'float32',
    ['n', CLASSES],
  );
  return { 'model.onnx': g.build() };
}

export const fixture = (name) => join(import.meta.dirname, '../../test/fixtures', name);
