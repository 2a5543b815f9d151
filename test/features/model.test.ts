import { describe, expect, it } from 'vitest';
import { platform } from '#platform';
import { denseData } from '../../src/array/matrix.js';
import { inspectModel } from '../../src/features/describe-model.js';
import { openModel } from '../../src/features/model.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import {
  BIAS,
  pictureClassifier,
  twoInputClassifier,
  vectorClassifier,
  WEIGHT,
} from './small-classifiers.js';

const fileIn = temporaryFolder();

describe('openModel', () => {
  it('knows head, metadata and hash', async () => {
    const metadata = {
      'onnx_tailor.classes': '["a","b","c"]',
      'onnx_tailor.counts': '[100, 10, 1]',
      other: 'kept',
    };
    const bytes = vectorClassifier({ metadata });
    const model = await openModel(bytes);
    expect(denseData(model.head.weight)).toEqual(WEIGHT);
    expect(denseData(model.head.bias)).toEqual(BIAS);
    expect(model.classes).toEqual(['a', 'b', 'c']);
    expect(model.trainCounts).toEqual([100, 10, 1]);
    expect(model.metadata.get('other')).toBe('kept');
    expect(model.preprocess).toBeUndefined();
    expect(model.problems).toEqual([]);
    expect(model.sha256).toBe(await platform.sha256(bytes));
    expect((await openModel(bytes, { classes: ['x', 'y', 'z'] })).classes).toEqual(['x', 'y', 'z']);
  });

  it.each([
    ['onnx_tailor.classes', '["a","b"]', /2 entries, the head has 3 classes/],
    ['onnx_tailor.classes', '{"a":0}', /JSON array of names/],
    ['onnx_tailor.counts', '[1,2,0]', /numbers above 0/],
    ['onnx_tailor.counts', '[1,2', /not valid JSON/],
    ['onnx_tailor.preprocess', '{"colour":1}', /"colour" is not known/],
  ])('opens in spite of %s %s, and says what is wrong', async (key, value, problem) => {
    const model = await openModel(vectorClassifier({ metadata: { [key]: value } }));
    expect([model.classes, model.trainCounts, model.preprocess]).toEqual([undefined, undefined, undefined]);
    expect(model.problems).toHaveLength(1);
    expect(model.problems[0]).toMatch(problem);
    expect(model.problems[0]).toContain(key);
  });

  it('refuses options that do not fit', async () => {
    const bytes = vectorClassifier();
    await expect(openModel(bytes, { classes: ['a'] })).rejects.toThrow(/1 class names were given.*3 classes/);
    await expect(openModel(bytes, { preprocess: { scale: 1 } })).rejects.toThrow(/size is left out/);
    await expect(openModel(bytes, { output: 'nope' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('refuses a model without a head, which inspectModel describes', async () => {
    const g = new GraphBuilder();
    g.output(g.relu(g.input('x', 'float32', ['n', 4])), 'y', 'float32', ['n', 4]);
    const bytes = g.build();
    await expect(openModel(bytes)).rejects.toMatchObject({ code: 'HEAD_NOT_FOUND' });
    const described = await inspectModel(bytes);
    expect(described.heads).toEqual([]);
    expect(described.refused).toEqual([{ output: 'y', reason: expect.any(String) }]);
    expect(described.inputs).toEqual([{ name: 'x', type: 'float32', dims: ['n', 4] }]);
  });
});

describe('describe', () => {
  it('is the inspect document', async () => {
    const bytes = vectorClassifier({ batch: 4, type: 'int64' });
    const path = fileIn('small.onnx', bytes);
    const described = await (await openModel(path)).describe();
    expect(described).toEqual({
      model: {
        name: 'small.onnx',
        sha256: await platform.sha256(bytes),
        bytes: bytes.length,
        opset: 17,
        producer: 'onnx-tailor',
      },
      inputs: [{ name: 'x', type: 'int64', dims: [4, 2] }],
      outputs: [{ name: 'logits', type: 'float32', dims: [4, 3] }],
      heads: [
        {
          output: 'logits',
          kind: 'gemm',
          classes: 3,
          dimensions: 2,
          bias: true,
          dtype: 'float32',
          features: expect.any(String),
          logits: expect.any(String),
          activation: 'none',
          norms: { min: 1, max: Math.sqrt(5) },
        },
      ],
      refused: [],
      problems: [],
    });
    // The document is printed as JSON.
    expect(JSON.parse(JSON.stringify(described))).toEqual(described);
  });

  it('tells what pictures a model takes', async () => {
    const metadata = { 'onnx_tailor.preprocess': '{"mean":[0.5,0.5,0.5]}' };
    const described = await inspectModel(pictureClassifier({ layout: 'NHWC', size: 8, metadata }));
    expect(described.preprocess).toMatchObject({ layout: 'NHWC', size: [8, 8], channels: 'RGB' });
  });

  it('lists every input', async () => {
    const described = await inspectModel(twoInputClassifier());
    expect(described.inputs.map((input) => [input.name, input.type])).toEqual([
      ['a', 'float32'],
      ['b', 'int32'],
    ]);
  });

  it('says in a note that the weights cannot be read', async () => {
    const g = new GraphBuilder();
    const weight = g.constant(Float32Array.of(1, Number.NaN), [2, 1]);
    g.output(g.gemm(g.input('x', 'float32', ['n', 1]), weight, undefined, { transB: 1 }), 'y', 'float32', [
      'n',
      2,
    ]);
    const [head] = (await inspectModel(g.build())).heads;
    expect(head.norms).toBeNull();
    expect(head.note).toMatch(/NaN/);
  });
});
