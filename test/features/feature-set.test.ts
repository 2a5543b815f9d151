import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { denseData, matrix } from '../../src/array/matrix.js';
import { encodeNpz } from '../../src/array/npz.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { readFeatures, rowsOf } from '../../src/features/read-features.js';
import { hasNumpy, runPython } from '../array/python.js';
import { temporaryFolder } from '../data/temporary-folder.js';

const fileIn = temporaryFolder();

const full = new FeatureSet({
  name: 'full',
  features: matrix(Float32Array.of(1, 2, 3, 4, 5, 6), 3, 2),
  labels: Int32Array.of(0, 2, 2),
  logits: matrix(Float32Array.of(1, 0, 0, 0, 0, 1, 0.5, 0, 2), 3, 3),
  classes: ['ape', 'Bär', '猫'],
  origin: {
    model: { sha256: 'ab'.repeat(32), name: 'm.onnx', output: 'p' },
    source: 'src',
    device: 'cpu',
    version: '0',
  },
  verificationInputs: {
    rows: Int32Array.of(0, 2),
    inputs: {
      'x:0': { data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] },
      ids: { data: BigInt64Array.of(7n, -8n), dims: [2, 1] },
    },
  },
});

describe('FeatureSet', () => {
  it('knows its sizes and counts', () => {
    expect([full.samples, full.dimensions, full.classCount]).toEqual([3, 2, 3]);
    expect(full.counts).toEqual([1, 0, 2]);
  });

  it('comes back from a file as it was', async () => {
    const path = fileIn('full.npz');
    await full.save(path);
    const read = await readFeatures(path);
    expect(denseData(read.features)).toEqual(denseData(full.features));
    expect(denseData(read.logits!)).toEqual(denseData(full.logits!));
    expect(read.labels).toEqual(full.labels);
    expect(read.classes).toEqual(full.classes);
    expect(read.origin).toEqual(full.origin);
    expect(read.verificationInputs).toEqual(full.verificationInputs);
    await expect(full.save(path)).rejects.toMatchObject({ code: 'FILE_EXISTS' });
    const before = readFileSync(path);
    await full.save(path, { overwrite: true });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('comes back without the parts that are optional', async () => {
    const path = fileIn('bare.npz');
    await new FeatureSet({ features: matrix(Float32Array.of(1, 2), 2, 1) }).save(path);
    const read = await readFeatures(path);
    expect([read.labels, read.logits, read.classes, read.origin, read.verificationInputs]).toEqual(
      new Array(5).fill(undefined),
    );
    expect(() => read.counts).toThrow(/has no labels/);
  });

  it.skipIf(!hasNumpy)('is read by numpy', async () => {
    const path = fileIn('numpy.npz');
    await full.save(path);
    const script = `
import json, numpy, sys
z = numpy.load(sys.argv[1])
print(json.dumps({
  'features': [z['features'].dtype.str, z['features'].tolist()],
  'labels': [z['labels'].dtype.kind, z['labels'].tolist()],
  'logits': list(z['logits'].shape), 'classes': z['classes'].tolist(),
  'sha': json.loads(str(z['origin']))['model']['sha256'], 'ids': z['input:ids'].tolist(),
}))`;
    expect(JSON.parse(runPython(script, path))).toEqual({
      features: [
        '<f4',
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      ],
      labels: ['i', [0, 2, 2]],
      logits: [3, 3],
      classes: ['ape', 'Bär', '猫'],
      sha: 'ab'.repeat(32),
      ids: [[7], [-8]],
    });
  });

  it.each([
    ['lengths that differ', { labels: Int32Array.of(0) }, 'SHAPE_MISMATCH', /2 samples, but 1 labels/],
    ['labels below 0', { labels: Int32Array.of(0, -1) }, 'LABELS_INVALID', /label -1 of sample 1/],
    [
      'labels beyond the names',
      { labels: Int32Array.of(0, 2), classes: ['a', 'b'] },
      'LABELS_INVALID',
      /label 2 of sample 1/,
    ],
    [
      'logits that are not a number',
      { logits: matrix(Float32Array.of(0, 1, 2, Number.NaN), 2, 2) },
      'NOT_FINITE',
      /logit of sample 1, class 1 is NaN/,
    ],
    [
      'infinite features',
      { features: matrix(Float32Array.of(0, 1, 2, -Infinity, 0, 0), 2, 3) },
      'NOT_FINITE',
      /feature of sample 1, dimension 0 is -Infinity/,
    ],
    ['no samples', { features: matrix(new Float32Array(0), 0, 3) }, 'INVALID_ARGUMENT', /no samples/],
  ])('refuses %s', (_, content, code, message) => {
    const make = () => new FeatureSet({ features: matrix(Float32Array.of(1, 2), 2, 1), ...content });
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code }));
  });
});

describe('readFeatures', () => {
  const features = { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };

  it.each([
    ['float64', { shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) }],
    ['int64', { shape: [2, 2], data: BigInt64Array.of(1n, 2n, 3n, 4n) }],
    ['axes of length 1', { shape: [2, 1, 2, 1], data: Float32Array.of(1, 2, 3, 4) }],
  ])('takes features with %s', async (_, given) => {
    const set = await readFeatures(encodeNpz({ features: given }));
    expect(set.features.shape).toEqual([2, 2]);
    expect(denseData(set.features)).toEqual(features.data);
  });

  it.each([
    [
      'no features',
      { labels: { shape: [1], data: Int32Array.of(1) } },
      'FORMAT_INVALID',
      /no array "features"; it holds labels/,
    ],
    [
      'maps',
      { features: { shape: [1, 2, 2], data: Float32Array.of(1, 2, 3, 4) } },
      'SHAPE_MISMATCH',
      /\[1, 2, 2\]/,
    ],
    [
      'NaN',
      { features: { shape: [2, 2], data: Float32Array.of(1, 2, Number.NaN, 4) } },
      'NOT_FINITE',
      /sample 1, dimension 0 is NaN/,
    ],
    [
      'labels with fractions',
      { features, labels: { shape: [2], data: Float32Array.of(0, 0.5) } },
      'LABELS_INVALID',
      /0\.5/,
    ],
    [
      'class names that are numbers',
      { features, classes: { shape: [2], data: Int32Array.of(0, 1) } },
      'FORMAT_INVALID',
      /classes must be one axis of strings.*type <i4/,
    ],
    [
      'kept inputs of no samples',
      {
        features,
        input_rows: { shape: [0], data: new Int32Array(0) },
        'input:x': { shape: [0, 2], data: new Float32Array(0) },
      },
      'FORMAT_INVALID',
      /input_rows and input:x must be numbers/,
    ],
    [
      'kept inputs that are strings',
      { features, input_rows: { shape: [1], data: Int32Array.of(0) }, 'input:x': { strings: ['a'] } },
      'FORMAT_INVALID',
      /input:x must be numbers/,
    ],
    [
      'kept inputs of another number of samples',
      {
        features,
        input_rows: { shape: [2], data: Int32Array.of(0, 1) },
        'input:x': { shape: [3, 1], data: new Float32Array(3) },
      },
      'FORMAT_INVALID',
      /one row per kept sample/,
    ],
  ])('refuses %s', async (_, entries, code, message) => {
    const reading = readFeatures(encodeNpz(entries));
    await expect(reading).rejects.toMatchObject({ code });
    await expect(reading).rejects.toThrow(message);
  });

  it('leaves an origin aside that is not ours', async () => {
    for (const text of ['Paris', '[]', 'null', '{"model":1}']) {
      const bytes = encodeNpz({ features, origin: { strings: [text] } });
      expect((await readFeatures(bytes)).origin).toBeUndefined();
    }
  });
});

describe('rowsOf', () => {
  it('accepts exactly the shapes with one axis of features', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 5 }), (shape) => {
        const long = shape.slice(1).filter((size) => size > 1);
        const found = rowsOf(shape);
        if (shape.length < 2 || long.length > 1) expect(found).toBeUndefined();
        else expect(found).toEqual([shape[0], long[0] ?? 1]);
      }),
    );
  });
});
