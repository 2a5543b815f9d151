import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import { encodeNpy } from '../../src/array/npy.js';
import { openNpyRows } from '../../src/array/npy-rows.js';
import { encodeNpz } from '../../src/array/npz.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { openFeatureStream } from '../../src/features/feature-stream.js';
import { expectRefusal } from '../array/expect-refusal.js';

let folder: string;
let path: string;
const rows = Float32Array.from({ length: 21 }, (_, i) => i / 4);
const logits = Float32Array.from({ length: 28 }, (_, i) => -1 - i);
const labels = Int32Array.of(0, 1, 2, 0, 1, 2, 0);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-tailor-stream-'));
  path = join(folder, 'f.npz');
  const set = new FeatureSet({ features: matrix(rows, 7, 3), labels, logits: matrix(logits, 7, 4) });
  await set.save(path);
});

afterAll(() => rm(folder, { recursive: true }));

describe('openFeatureStream', () => {
  it('gives all samples in order, in chunks of any size', async () => {
    const stream = await openFeatureStream(path);
    expect(stream).toMatchObject({ name: path, samples: 7, dimensions: 3, classCount: 4, labels });
    for (const size of [undefined, 1, 3, 7, 100]) {
      const found = { features: [] as number[], labels: [] as number[], logits: [] as number[] };
      for await (const chunk of stream.chunks(size)) {
        expect(chunk.features.shape[0]).toBeLessThanOrEqual(size ?? 7);
        found.features.push(...chunk.features.data);
        found.labels.push(...Array.from(chunk.labels));
        found.logits.push(...(chunk.logits?.data ?? []));
      }
      expect(found).toEqual({
        features: [...rows],
        labels: [...labels],
        logits: [...logits],
      });
    }
  });

  it('takes other number types, axes of length one, and no logits', async () => {
    const bytes = encodeNpz({
      features: { shape: [2, 2, 1, 1], data: Float64Array.of(1, 2, 3, 4) },
      labels: { shape: [2], data: BigInt64Array.of(0n, 1n) },
      classes: { strings: ['a', 'b', 'c'] },
    });
    const stream = await openFeatureStream(bytes, 'x.npz');
    expect(stream.classCount).toBe(3);
    const chunks = stream.chunks();
    const { value: chunk } = await chunks.next();
    expect((await chunks.next()).done).toBe(true);
    expect(chunk).toEqual({
      features: matrix(Float32Array.of(1, 2, 3, 4), 2, 2),
      labels: Int32Array.of(0, 1),
      logits: undefined,
    });
  });

  it('refuses what is no labelled feature file', async () => {
    const features = { shape: [2, 1], data: Float32Array.of(1, 2) };
    const refused = (
      arrays: Parameters<typeof encodeNpz>[0],
      code: Parameters<typeof expectRefusal>[1],
      message: RegExp,
    ) => expectRefusal(() => openFeatureStream(encodeNpz(arrays), 'x.npz'), code, message);
    const two = { shape: [2], data: Int32Array.of(0, 1) };
    await refused({ features }, 'LABELS_INVALID', /no array "labels"; it holds features/);
    await refused({ labels: two }, 'FORMAT_INVALID', /no array "features"/);
    await refused(
      { features, labels: { shape: [3], data: Int32Array.of(0, 1, 1) } },
      'SHAPE_MISMATCH',
      /\[2, 1\].*3 samples of the labels/,
    );
    await refused(
      { features, labels: two, logits: { shape: [2, 1], data: Float32Array.of(1, 2) } },
      'LABELS_INVALID',
      /label 1 of sample 1/,
    );
    await refused(
      { features, labels: two, logits: features, classes: { strings: ['a', 'b'] } },
      'SHAPE_MISMATCH',
      /1 classes, but 2 class names/,
    );
    const stream = await openFeatureStream(encodeNpz({ features, labels: two }), 'x.npz');
    await expectRefusal(() => stream.chunks(0).next(), 'INVALID_ARGUMENT', /chunks of 0/);
  });
});

describe('rows of a .npy', () => {
  it.each([0, 1000])('are read several at once, held in memory below %s bytes', async (wholeBelow) => {
    const data = Int32Array.from({ length: 12 }, (_, i) => i);
    const found = await openNpyRows(encodeNpy({ shape: [4, 3], data }), { wholeBelow });
    expect(await found.read(1)).toEqual(Int32Array.of(3, 4, 5));
    expect(await found.read(1, 2)).toEqual(Int32Array.of(3, 4, 5, 6, 7, 8));
    expect(await found.read(0, 4)).toEqual(data);
  });
});
