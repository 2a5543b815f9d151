import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TailorError } from '../../src/array/errors.js';
import { denseData } from '../../src/array/matrix.js';
import { parsePreprocess } from '../../src/data/preprocess.js';
import type { DataSource } from '../../src/data/sample.js';
import { defaultBatch, numbersPerSample } from '../../src/features/default-batch.js';
import { openModel } from '../../src/features/model.js';
import type { Progress } from '../../src/features/progress.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import {
  BIAS,
  colourSource,
  expected,
  pictureClassifier,
  rowSource,
  twoInputClassifier,
  vectorClassifier,
  WEIGHT,
} from './small-classifiers.js';

const rows = Array.from({ length: 7 }, (_, i): [number, number] => [i, 3 - i]);
const cpu = { device: 'cpu', threads: 1 } as const;

async function refusal(promise: Promise<unknown>): Promise<TailorError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TailorError);
  return error as TailorError;
}

describe('batches', () => {
  it.each([
    ['float32', 'batch', 3],
    ['float32', 'batch', 64],
    ['float32', 4, 64],
    ['float32', 1, 64],
    ['float16', 'batch', 2],
    ['int32', 5, 3],
    ['int64', 'batch', 3],
    ['uint8', 2, 3],
    ['float64', 'batch', 7],
  ] as const)('of %s inputs, first axis %s, --batch %i', async (type, batch, size) => {
    const model = await openModel(vectorClassifier({ type, batch }));
    const data = type === 'uint8' ? rows.map(([a]): [number, number] => [a, 2 * a]) : rows;
    const set = await model.extract(rowSource(data), { ...cpu, batch: size });
    expect([set.samples, set.dimensions, set.classCount]).toEqual([7, 2, 3]);
    expect([...denseData(set.features)]).toEqual(data.flatMap((row) => expected(row).features));
    expect([...denseData(set.logits!)]).toEqual(data.flatMap((row) => expected(row).logits));
    expect(set.extraction).toMatchObject({ device: 'cpu', refusedDevices: [], partlyOnCpu: false });
  });

  // Two float32 numbers a sample leave 64; a picture's bytes are those of its preprocessing, where the model leaves its size open.
  it.each([
    ['[n, 3, 32, 32]', ['n', 3, 32, 32], undefined, 64],
    ['[n, 3, 160, 160]', ['n', 3, 160, 160], undefined, 16],
    ['[n, 3, 224, 224]', ['n', 3, 224, 224], undefined, 8],
    ['[n, 3, 2000, 2000]', ['n', 3, 2000, 2000], undefined, 8],
    ['[n, 3, height, width], preprocessed to 160 × 160', ['n', 3, 'h', 'w'], [160, 160], 16],
    ['[n, 3, height, width]', ['n', 3, 'h', 'w'], undefined, 64],
  ] as const)('of inputs %s have as many samples on cpu as 5 MB hold', async (_, dims, size, batch) => {
    const preprocess = size && parsePreprocess({ size: [...size] }, 'a test');
    const sampleNumbers = numbersPerSample([{ name: 'x', type: 'float32', dims }], preprocess);
    expect(await defaultBatch({ sampleNumbers }, cpu)).toBe(batch);
    expect(await defaultBatch({ sampleNumbers }, { devices: ['cpu', 'cuda:0'] })).toBe(64);
  });

  it('are no longer than the data where nobody says', async () => {
    const model = await openModel(vectorClassifier());
    expect((await model.extract(rowSource(rows), cpu)).extraction?.batch).toBe(rows.length);
  });

  it('takes numbers of any type that fit', async () => {
    const model = await openModel(vectorClassifier({ type: 'int64' }));
    for (const make of [
      (row: readonly number[]) => Uint8Array.from(row),
      (row: readonly number[]) => Float64Array.from(row),
      (row: readonly number[]) => BigInt64Array.from(row, BigInt),
    ]) {
      const set = await model.extract(rowSource([[1, 2]], { make }), cpu);
      expect([...denseData(set.features)]).toEqual([2, 4]);
    }
    const error = await refusal(
      model.extract(
        rowSource([
          [1, 2],
          [1, 2.5],
        ]),
        cpu,
      ),
    );
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toMatch(
      /sample 1 of rows: input "x" to int64: number 1 is 2\.5; int64 holds whole numbers/,
    );
  });

  it('feeds several inputs by name', async () => {
    const model = await openModel(twoInputClassifier());
    const source: DataSource = {
      name: 'pairs',
      length: 5,
      read: async (i) => ({
        kind: 'tensor',
        inputs: {
          b: { data: Float32Array.of(10 + i), dims: [1] },
          a: { data: Float32Array.of(i / 2), dims: [1] },
        },
      }),
    };
    const set = await model.extract(source, { ...cpu, batch: 2 });
    expect([...denseData(set.features)]).toEqual([0, 10, 0.5, 11, 1, 12, 1.5, 13, 2, 14]);
    expect(Object.keys(set.verificationInputs!.inputs).sort()).toEqual(['a', 'b']);

    const lacking: DataSource = {
      ...source,
      read: () => ({ kind: 'tensor', inputs: { a: { data: Float32Array.of(1), dims: [1] } } }),
    };
    expect((await refusal(model.extract(lacking, cpu))).message).toMatch(
      /nothing for the model's input "b"; it has a/,
    );
    expect((await refusal(model.extract(rowSource([[1, 2]]), cpu))).message).toMatch(/inputs are "a", "b"/);
    const other: DataSource = {
      ...source,
      read: () => ({ kind: 'tensor', inputs: { c: { data: Float32Array.of(1), dims: [1] } } }),
    };
    expect((await refusal(model.extract(other, cpu))).message).toMatch(
      /an array "c", but the model's inputs are "a", "b"/,
    );
    expect((await refusal(model.extract(colourSource([[1, 2, 3]]), cpu))).message).toMatch(
      /the model has 2 inputs/,
    );
  });

  it('gives the logits of a LinearClassifier that only outputs probabilities', async () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['n', 2]);
    g.ops(
      'LinearClassifier',
      [x],
      {
        coefficients: { floats: [...WEIGHT] },
        intercepts: { floats: [...BIAS] },
        classlabels_strings: { strings: ['red', 'green', 'blue'] },
        post_transform: 'SOFTMAX',
        multi_class: 1,
      },
      { outputs: ['label', 'p'], domain: 'ai.onnx.ml' },
    );
    g.output('p', 'p', 'float32', ['n', 3]);
    const model = await openModel(g.build());
    expect(model.location.logits).toBeUndefined();
    const set = await model.extract(
      rowSource(
        [
          [2, 4],
          [-2, 1],
        ],
        { labels: Int32Array.of(1, 0), classes: ['green', 'red'] },
      ),
      cpu,
    );
    expect([...denseData(set.logits!)]).toEqual([...expected([1, 2]).logits, ...expected([-1, 0.5]).logits]);
    expect(set.classes).toEqual(['red', 'green', 'blue']);
    expect(set.labels).toEqual(Int32Array.of(0, 1));
  });

  it('same source, same numbers', async () => {
    const model = await openModel(vectorClassifier());
    const [a, b] = [await model.extract(rowSource(rows), cpu), await model.extract(rowSource(rows), cpu)];
    expect(denseData(a.features)).toEqual(denseData(b.features));
    expect({ ...a.origin }).toEqual({ ...b.origin });
  });
});

describe('pictures', () => {
  const colours = [
    [10, 20, 30],
    [40, 50, 60],
    [255, 0, 128],
  ];
  const plain = { scale: 1 };

  it.each([
    ['NCHW', 'float32'],
    ['NHWC', 'float32'],
    ['NHWC', 'uint8'],
  ] as const)('%s %s', async (layout, type) => {
    const model = await openModel(pictureClassifier({ layout, type }), { preprocess: plain });
    expect(model.preprocess).toMatchObject({ layout, size: [2, 2] });
    const set = await model.extract(colourSource(colours), { ...cpu, batch: 2 });
    expect([...denseData(set.features)]).toEqual(colours.flat());
  });

  it('are rounded for models that take whole numbers', async () => {
    const model = await openModel(pictureClassifier({ type: 'uint8' }), {
      preprocess: { scale: 0.3, mean: [-1, 5, 0] },
    });
    const set = await model.extract(colourSource([[12, 13, 255]]), cpu);
    // 4.6, −1.1 and 76.5
    expect([...denseData(set.features)]).toEqual([5, 0, 77]);
  });

  it('are preprocessed as the metadata says, or as the caller says instead', async () => {
    const metadata = {
      'onnx_tailor.preprocess': JSON.stringify({ scale: 1, channels: 'BGR', mean: [10, 0, 0] }),
    };
    const model = await openModel(pictureClassifier({ metadata }));
    const set = await model.extract(colourSource(colours), cpu);
    expect([...denseData(set.features)].slice(0, 3)).toEqual([20, 20, 10]);
    expect(set.origin!.preprocess).toMatchObject({ channels: 'BGR', size: [2, 2] });
    const other = await model.extract(colourSource(colours), { ...cpu, preprocess: plain });
    expect([...denseData(other.features)].slice(0, 3)).toEqual([10, 20, 30]);
  });

  it.each([
    [
      'no preprocessing',
      {},
      undefined,
      colours,
      {},
      'INVALID_ARGUMENT',
      /metadata \(onnx_tailor\.preprocess\).*--preprocess P\.json.*flags/,
    ],
    ['another size', {}, plain, colours, { width: 3 }, 'SHAPE_MISMATCH', /2 × 3.*2 × 2/],
    ['another number of channels', {}, plain, [[7]], {}, 'SHAPE_MISMATCH', /1 channel.*3 channels/],
    [
      'a preprocessing to another size',
      {},
      { ...plain, size: [4, 4] as const },
      colours,
      { width: 4, height: 4 },
      'SHAPE_MISMATCH',
      /into \[3, 4, 4\], but the model's input "image" takes \[3, 2, 2\]/,
    ],
    [
      'a preprocessing to another layout',
      {},
      { ...plain, layout: 'NHWC' as const },
      colours,
      {},
      'SHAPE_MISMATCH',
      /the layouts differ/,
    ],
    [
      'metadata that is no preprocessing',
      { metadata: { 'onnx_tailor.preprocess': '{"colour": 1}' } },
      undefined,
      colours,
      {},
      'INVALID_ARGUMENT',
      /not known \(metadata onnx_tailor\.preprocess: .*"colour" is not known/,
    ],
  ])('refuses %s', async (_, model, preprocess, data, picture, code, message) => {
    const opened = await openModel(pictureClassifier(model), { preprocess });
    const error = await refusal(opened.extract(colourSource(data, picture), cpu));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it('of several sizes go through a model of any size, batch by batch', async () => {
    const model = await openModel(pictureClassifier({ size: 's' }));
    const source: DataSource = {
      name: 'sizes',
      length: 3,
      read: (i) => ({
        kind: 'tensor',
        inputs: { image: { data: new Float32Array(3 * (i + 1) ** 2).fill(i), dims: [3, i + 1, i + 1] } },
      }),
    };
    const set = await model.extract(source, { ...cpu, batch: 1 });
    expect([...denseData(set.features)]).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
    expect([...set.verificationInputs!.rows]).toEqual([0]);
    expect((await refusal(model.extract(source, cpu))).message).toMatch(
      /samples of one batch must have one shape/,
    );
  });
});

describe('what is refused', () => {
  it('samples of another shape, naming both', async () => {
    const model = await openModel(vectorClassifier());
    const error = await refusal(model.extract(rowSource([[1, 2, 3]]), cpu));
    expect(error.code).toBe('SHAPE_MISMATCH');
    expect(error.message).toMatch(/gives \[3\], but the model's input "x" takes \[2\]/);
  });

  it.each([
    [
      [
        [1, 2],
        [1, Number.NaN],
      ],
      /feature of sample 1, dimension 1 is NaN/,
    ],
    [
      [
        [1, 2],
        [1, 2],
        [Infinity, 0],
      ],
      /feature of sample 2, dimension 0 is Infinity/,
    ],
  ])('numbers that are not finite, naming sample and dimension', async (data, message) => {
    const model = await openModel(vectorClassifier());
    const error = await refusal(model.extract(rowSource(data), { ...cpu, batch: 2 }));
    expect(error.code).toBe('NOT_FINITE');
    expect(error.message).toMatch(message);
  });

  it('labels out of range and unknown classes, before anything is run', async () => {
    const model = await openModel(vectorClassifier(), { classes: ['a', 'b', 'c'] });
    const never = () => {
      throw new Error('read');
    };
    const wrong = rowSource(rows, { labels: new Int32Array(7).fill(3), read: never });
    expect((await refusal(model.extract(wrong, cpu))).code).toBe('LABELS_INVALID');
    const short = rowSource(rows, { labels: new Int32Array(6), read: never });
    expect((await refusal(model.extract(short, cpu))).message).toMatch(/7 samples, but 6 labels/);
    const unknown = rowSource(rows, { labels: new Int32Array(7), classes: ['z'], read: never });
    expect((await refusal(model.extract(unknown, cpu))).message).toMatch(/does not know \(z\)/);
  });

  it.each([
    [{ batch: 0 }, /batch is 0/],
    [{ batch: 1.5 }, /batch is 1\.5/],
    [{ limit: 0 }, /limit is 0/],
    [{ limit: Number.NaN }, /limit is NaN/],
    [{ threads: 0 }, /threads is 0/],
  ])('%o', async (options, message) => {
    const model = await openModel(vectorClassifier());
    const error = await refusal(model.extract(rowSource(rows), { device: 'cpu', ...options }));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toMatch(message);
  });

  it('more samples than memory holds, before the first is read', async () => {
    const model = await openModel(vectorClassifier());
    const endless: DataSource = {
      name: 'endless',
      length: 2 ** 50,
      read: () => {
        throw new Error('read');
      },
    };
    const error = await refusal(model.extract(endless, cpu));
    expect(error.code).toBe('LIMIT_EXCEEDED');
    expect(error.message).toMatch(/features of endless: 2251799813685248 numbers/);
  });

  it('takes a batch larger than the set without memory for it', async () => {
    const model = await openModel(vectorClassifier());
    const set = await model.extract(rowSource(rows), { ...cpu, batch: 2 ** 50 });
    expect(set.samples).toBe(rows.length);
  });

  it('a source without samples', async () => {
    const model = await openModel(vectorClassifier());
    expect((await refusal(model.extract(rowSource([]), cpu))).message).toMatch(/no samples/);
  });

  it('what the source throws, and nothing is left unhandled', async () => {
    const model = await openModel(vectorClassifier());
    const broken = rowSource(rows, {
      read: async (i) => {
        if (i >= 4) throw new TailorError('FILE_UNREADABLE', `sample ${i} is broken`);
        return { kind: 'tensor', inputs: { '': { data: Float32Array.of(1, 2), dims: [2] } } };
      },
    });
    expect((await refusal(model.extract(broken, { ...cpu, batch: 3 }))).message).toBe('sample 4 is broken');
  });

  it('several heads without a choice', async () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['n', 2]);
    for (const name of ['fine', 'coarse']) {
      g.output(g.gemm(x, g.constant(WEIGHT, [3, 2]), g.constant(BIAS, [3]), { transB: 1 }), name, 'float32', [
        'n',
        3,
      ]);
    }
    expect((await refusal(openModel(g.build()))).code).toBe('HEAD_AMBIGUOUS');
    const model = await openModel(g.build(), { output: 'coarse' });
    expect((await model.extract(rowSource(rows), cpu)).origin!.model.output).toBe('coarse');
  });
});

describe('progress, limit and abort', () => {
  it('progress is monotone with a constant total and ends at it', async () => {
    const dynamic = await openModel(vectorClassifier());
    const fixed = await openModel(vectorClassifier({ batch: 3 }));
    const runs = fc.record({
      samples: fc.integer({ min: 1, max: 20 }),
      batch: fc.integer({ min: 1, max: 8 }),
      limit: fc.option(fc.integer({ min: 1, max: 25 }), { nil: undefined }),
      useFixed: fc.boolean(),
      // Threads cost some tenths of a second each.
      workers: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(2) }),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ samples, batch, limit, useFixed, workers }) => {
        const events: Progress[] = [];
        const data = Array.from({ length: samples }, (_, i) => [i, -i]);
        const set = await (useFixed ? fixed : dynamic).extract(rowSource(data), {
          ...cpu,
          batch,
          limit,
          workers,
          onProgress: (event) => events.push(event),
        });
        const total = Math.min(samples, limit ?? samples);
        expect(set.samples).toBe(total);
        expect(events[0]).toMatchObject({ done: 0, total, samplesPerSecond: 0 });
        expect(events.at(-1)).toMatchObject({ done: total, total, secondsLeft: 0 });
        expect(events).toHaveLength(1 + Math.ceil(total / (useFixed ? 3 : batch)));
        for (let i = 1; i < events.length; i++) {
          expect(events[i].total).toBe(total);
          expect(events[i].done).toBeGreaterThan(events[i - 1].done);
          expect(events[i].seconds).toBeGreaterThanOrEqual(events[i - 1].seconds);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('an abort stops before the next batch is run', async () => {
    const model = await openModel(vectorClassifier());
    const controller = new AbortController();
    const done: number[] = [];
    const stopped = model.extract(rowSource(rows), {
      ...cpu,
      batch: 2,
      signal: controller.signal,
      onProgress: (event) => {
        done.push(event.done);
        if (event.done === 4) controller.abort();
      },
    });
    expect((await refusal(stopped)).code).toBe('ABORTED');
    expect(done).toEqual([0, 2, 4]);
    const late = model.extract(rowSource(rows), { ...cpu, signal: AbortSignal.abort() });
    expect((await refusal(late)).code).toBe('ABORTED');
  });

  it.each([
    // One that runs, the next is read. With a thread: one that runs, one that waits, and one that is read; so for each session.
    ['in the thread of the caller', 0, 2],
    ['in a thread', 1, 3],
    ['in two threads', 2, 5],
  ])('reads ahead while a batch runs %s, and no further', async (_, workers, batches) => {
    const model = await openModel(vectorClassifier());
    const many = Array.from({ length: 30 }, (_, i): [number, number] => [i, i]);
    const reads: number[] = [];
    const seen: number[] = [];
    let done = 0;
    await model.extract(
      rowSource(many, {
        read: async (i) => {
          reads.push(i);
          seen.push(i - done);
          return { kind: 'tensor', inputs: { '': { data: Float32Array.of(i, i), dims: [2] } } };
        },
      }),
      { ...cpu, batch: 1, workers, onProgress: (event) => (done = event.done) },
    );
    expect(reads).toEqual(many.map((_, i) => i));
    // Sample i is read while those before it, as many as fit, are not reported yet.
    expect(Math.max(...seen)).toBeLessThanOrEqual(batches - 1);
    expect(Math.max(...seen)).toBeGreaterThan(0);
  });

  it('labels are those of the samples taken', async () => {
    const model = await openModel(vectorClassifier());
    const labels = Int32Array.of(0, 1, 2, 0, 1, 2, 2);
    const set = await model.extract(rowSource(rows, { labels }), { ...cpu, limit: 3 });
    expect(set.labels).toEqual(Int32Array.of(0, 1, 2));
    expect(set.counts).toEqual([1, 1, 1]);
  });
});

describe('verification inputs', () => {
  it('are the inputs of rows spread over the set, without padding', async () => {
    const model = await openModel(vectorClassifier({ batch: 4 }));
    const many = Array.from({ length: 150 }, (_, i) => [i, i + 0.5]);
    const { verificationInputs } = await model.extract(rowSource(many), cpu);
    const picked = Array.from({ length: 64 }, (_, i) => Math.floor((i * 150) / 64));
    expect([...verificationInputs!.rows]).toEqual(picked);
    expect(verificationInputs!.inputs.x).toEqual({
      data: Float32Array.from(picked.flatMap((i) => many[i])),
      dims: [64, 2],
    });
  });

  it('are fewer where they are large', async () => {
    const model = await openModel(pictureClassifier({ size: 's' }));
    const side = 500; // 3 MB a sample
    const source: DataSource = {
      name: 'large',
      length: 5,
      read: () => ({
        kind: 'tensor',
        inputs: { '': { data: new Float32Array(3 * side * side), dims: [3, side, side] } },
      }),
    };
    const { verificationInputs } = await model.extract(source, { ...cpu, batch: 2 });
    expect([...verificationInputs!.rows]).toEqual([0, 2]);
  });
});
