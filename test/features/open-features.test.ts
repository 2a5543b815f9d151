import { describe, expect, it } from 'vitest';
import { denseData } from '../../src/array/matrix.js';
import { encodeNpz } from '../../src/array/npz.js';
import { openModel } from '../../src/features/model.js';
import { openFeatures } from '../../src/features/open-features.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { expected, rowSource, vectorClassifier } from './small-classifiers.js';

const fileIn = temporaryFolder();
const cpu = { device: 'cpu', threads: 1 } as const;
const labels = { shape: [2], data: Int32Array.of(0, 2) };
const features = { shape: [2, 2], data: Float32Array.of(2, 4, -2, 6) };
const logits = [...expected([1, 2]).logits, ...expected([-1, 3]).logits];

function file(name: string, entries: Parameters<typeof encodeNpz>[0]): string {
  return fileIn(name, encodeNpz(entries));
}

describe('openFeatures', () => {
  it('reads a feature file and computes the logits that it lacks', async () => {
    const model = await openModel(vectorClassifier());
    const set = await openFeatures(file('f.npz', { features, labels }), model, cpu);
    expect([...denseData(set.logits!)]).toEqual(logits);
    expect(set.classCount).toBe(3);
    expect(set.labels).toEqual(labels.data);
  });

  it('knows a feature file by its content, whatever the case of its ending', async () => {
    const { head } = await openModel(vectorClassifier());
    const set = await openFeatures(file('F.NPZ', { features, labels }), head, cpu);
    expect(set.samples).toBe(2);
  });

  it('runs everything else through the model', async () => {
    const model = await openModel(vectorClassifier());
    const inputs = { shape: [2, 2], data: Float32Array.of(1, 2, -1, 3) };
    const set = await openFeatures(file('inputs.npz', { inputs, labels }), model, cpu);
    expect([...denseData(set.features)]).toEqual([...features.data]);
    expect([...denseData(set.logits!)]).toEqual(logits);
    expect(set.extraction).toBeDefined();
  });

  it('works with a head alone, but not on what is to be extracted', async () => {
    const { head } = await openModel(vectorClassifier());
    const set = await openFeatures(file('f2.npz', { features, labels }), head, cpu);
    expect([...denseData(set.logits!)]).toEqual(logits);
    const inputs = file('inputs2.npz', { inputs: features, labels });
    await expect(openFeatures(inputs, head, cpu)).rejects.toThrow(/a head alone cannot extract/);
  });

  it('keeps the logits of a file only when this very model and head made it', async () => {
    const model = await openModel(vectorClassifier());
    const set = await model.extract(
      rowSource(
        [
          [1, 2],
          [-1, 3],
        ],
        { labels: labels.data },
      ),
      cpu,
    );
    const path = fileIn('made.npz');
    await set.with({ logits: undefined }).save(path);
    expect([...denseData((await openFeatures(path, model, cpu)).logits!)]).toEqual(logits);
    const wrong = { shape: [2, 3], data: new Float32Array(6).fill(9) };
    const origin = { strings: [JSON.stringify(set.origin)] };
    const own = file('own.npz', { features, labels, logits: wrong, origin });
    expect([...denseData((await openFeatures(own, model, cpu)).logits!)]).toEqual([9, 9, 9, 9, 9, 9]);
    const other = await openModel(vectorClassifier({ metadata: { another: 'file' } }));
    expect([...denseData((await openFeatures(own, other, cpu)).logits!)]).toEqual(logits);
    expect([...denseData((await openFeatures(own, model.head, cpu)).logits!)]).toEqual(logits);
  });

  it('brings labels into the order of the model', async () => {
    const model = await openModel(vectorClassifier(), { classes: ['a', 'b', 'c'] });
    const path = file('names.npz', {
      features,
      labels: { shape: [2], data: Int32Array.of(0, 1) },
      classes: { strings: ['c', 'b'] },
    });
    const set = await openFeatures(path, model, cpu);
    expect(set.labels).toEqual(Int32Array.of(2, 1));
    expect(set.classes).toEqual(['a', 'b', 'c']);
  });

  it.each([
    [
      'another width',
      {
        features: { shape: [1, 3], data: new Float32Array(3) },
        labels: { shape: [1], data: Int32Array.of(0) },
      },
      'SHAPE_MISMATCH',
      /they have 3 dimensions, the head takes 2/,
    ],
    ['no labels', { features }, 'LABELS_INVALID', /has none.*"labels" \[N\]/],
    [
      'labels out of range',
      { features, labels: { shape: [2], data: Int32Array.of(0, 3) } },
      'LABELS_INVALID',
      /label 3 of sample 1 is out of range/,
    ],
    [
      'NaN',
      { features: { shape: [2, 2], data: Float32Array.of(0, Number.NaN, 0, 0) }, labels },
      'NOT_FINITE',
      /sample 0, dimension 1/,
    ],
    ['inputs without labels', { inputs: features }, 'LABELS_INVALID', /has none/],
  ])('refuses %s', async (name, entries, code, message) => {
    const model = await openModel(vectorClassifier());
    const opening = openFeatures(file(`${name}.npz`, entries), model, cpu);
    await expect(opening).rejects.toMatchObject({ code });
    await expect(opening).rejects.toThrow(message);
  });

  it('takes sets without labels where none are needed', async () => {
    const model = await openModel(vectorClassifier());
    const set = await openFeatures(file('free.npz', { features }), model, { ...cpu, labels: false });
    expect(set.labels).toBeUndefined();
    expect(set.logits!.shape).toEqual([2, 3]);
  });

  it('refuses what is not there', async () => {
    const model = await openModel(vectorClassifier());
    await expect(openFeatures(fileIn('none.npz'), model)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
  });
});
