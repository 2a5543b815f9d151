/** Head files: what is written is read, and what numpy writes as well. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { denseData, type FloatArray } from '../../src/array/matrix.js';
import { encodeNpz, readNpz } from '../../src/array/npz.js';
import { isHeadFile, readHeadFile, writeHeadFile } from '../../src/head/head-file.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { hasNumpy, runPython } from '../array/python.js';
import { temporaryFolder } from '../data/temporary-folder.js';

const file = temporaryFolder();
const ENDINGS = ['.npz', '.safetensors'];
const WEIGHT = Float32Array.of(1, -2.5, 3e-40, 0, -0, 1e38);
const BIAS = Float32Array.of(0.1, -7, 2);
const weight = { shape: [3, 2], data: WEIGHT };

describe('a head file', () => {
  const WIDE = [
    Float64Array.of(1 / 3, 1e300, -1e-300, 0, Math.PI, 2),
    Float64Array.of(0.1, 0.2, 1e200),
  ] as const;
  it.each<[string, string, FloatArray, FloatArray]>(
    ENDINGS.flatMap((ending): [string, string, FloatArray, FloatArray][] => [
      ['float32', ending, WEIGHT, BIAS],
      ['float64', ending, ...WIDE],
    ]),
  )('gives %s back bit for bit from %s', async (type, ending, w, b) => {
    const path = file(`${type}${ending}`);
    await writeHeadFile(path, linearHead<FloatArray>(w, b, 3, 2));
    const head = await readHeadFile(path);
    expect(head.weight.shape).toEqual([3, 2]);
    expect(head.bias.shape).toEqual([3]);
    expect(denseData(head.weight)).toStrictEqual(w);
    expect(denseData(head.bias)).toStrictEqual(b);
    const again = file(`${type}-again${ending}`);
    await writeHeadFile(again, head);
    expect(readFileSync(again).equals(readFileSync(path))).toBe(true);
    expect(await readHeadFile(readFileSync(path), 'in memory')).toEqual(head);
  });

  it('holds the rows of a head that is a view', async () => {
    const { weight: whole, bias } = linearHead(
      Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      BIAS.slice(0, 2),
      2,
      4,
    );
    const path = file('view.npz');
    await writeHeadFile(path, { weight: whole.lo(0, 1).hi(2, 2), bias });
    expect(denseData((await readHeadFile(path)).weight)).toEqual(Float32Array.of(2, 3, 6, 7));
    expect((await readNpz(path)).get('weight')!.shape).toEqual([2, 2]);
  });

  it('is a linear layer of PyTorch', async () => {
    const path = new URL('../fixtures/safetensors/head.safetensors', import.meta.url).pathname;
    const head = await readHeadFile(path);
    expect(denseData(head.weight)).toEqual(Float32Array.of(1, 2, 3, 4, 5.5, -6));
    expect(denseData(head.bias)).toEqual(Float32Array.of(0.5, -0.25));
    expect(['h.npz', 'H.SAFETENSORS', 'm.onnx', 'f.parquet'].map(isHeadFile)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('is not written in a format that heads are not read from', () =>
    expectRefusal(
      () => writeHeadFile(file('head.parquet'), linearHead(WEIGHT, BIAS, 3, 2)),
      'FORMAT_UNSUPPORTED',
      /head\.parquet: the name says no format.*\.npz or \.safetensors/,
    ));

  it('is not overwritten unasked', async () => {
    const path = file('taken.npz', 'precious');
    const head = linearHead(WEIGHT, BIAS, 3, 2);
    await expectRefusal(() => writeHeadFile(path, head), 'FILE_EXISTS', /taken\.npz/);
    expect(readFileSync(path, 'utf8')).toBe('precious');
    await writeHeadFile(path, head, { overwrite: true });
    expect(denseData((await readHeadFile(path)).bias)).toEqual(BIAS);
    await expectRefusal(() => writeHeadFile(file('no/such.npz'), head), 'FILE_UNWRITABLE', /does not exist/);
  });

  it('may do without a bias', async () => {
    const head = await readHeadFile(encodeNpz({ weight }));
    expect(denseData(head.bias)).toStrictEqual(new Float32Array(3));
    const doubles = await readHeadFile(
      encodeNpz({ weight: { shape: [3, 2], data: Float64Array.from(WEIGHT) } }),
    );
    expect(denseData(doubles.weight)).toBeInstanceOf(Float64Array);
    expect(denseData(doubles.bias)).toStrictEqual(new Float64Array(3));
  });

  it.each([[[3]], [[3, 1]], [[1, 3]]])('may have a bias %j', async (shape) => {
    expect(denseData((await readHeadFile(encodeNpz({ weight, bias: { shape, data: BIAS } }))).bias)).toEqual(
      BIAS,
    );
  });

  it('takes the wider of two types for both', async () => {
    const bias = { shape: [3], data: Float64Array.of(0.1, 0.2, 0.3) };
    const head = await readHeadFile(encodeNpz({ weight, bias }));
    expect(denseData(head.weight)).toStrictEqual(Float64Array.from(WEIGHT));
    expect(denseData(head.bias)).toStrictEqual(bias.data);
  });

  it('may hold whole numbers', async () => {
    const head = await readHeadFile(
      encodeNpz({
        weight: { shape: [2, 2], data: Int32Array.of(1, 2, -3, 4) },
        bias: { shape: [2], data: BigInt64Array.of(5n, -6n) },
      }),
    );
    expect(denseData(head.weight)).toStrictEqual(Float32Array.of(1, 2, -3, 4));
    expect(denseData(head.bias)).toStrictEqual(Float32Array.of(5, -6));
  });
});

describe('refused are', () => {
  const read = (arrays: Parameters<typeof encodeNpz>[0]) => () => readHeadFile(encodeNpz(arrays), 'h.npz');
  const bias = { shape: [3], data: BIAS };

  it('files without a weight', async () => {
    await expectRefusal(
      read({ bias, w: weight }),
      'FORMAT_INVALID',
      /from h\.npz: .*no array "weight"; it holds bias, w\./,
    );
    await expectRefusal(read({}), 'FORMAT_INVALID', /it holds nothing/);
    await expectRefusal(() => readHeadFile(file('text.npz', 'no zip')), 'FORMAT_INVALID', /text\.npz/);
    await expectRefusal(() => readHeadFile(file('none.npz')), 'FILE_NOT_FOUND', /none\.npz/);
  });

  it.each([
    [[6], /the weight is \[6\]; \[classes, dimensions\]/],
    [[3, 2, 1], /the weight is \[3, 2, 1\]/],
  ])('a weight %j', (shape, message) =>
    expectRefusal(read({ weight: { shape, data: WEIGHT }, bias }), 'SHAPE_MISMATCH', message),
  );

  it.each([
    [[2], 2, /the bias is \[2\]; the weight has 3 rows, so \[3\] is needed/],
    [[6], 6, /the bias is \[6\]/],
    [[], 1, /the bias is \[\]/],
  ])('a bias %j', (shape, length, message) =>
    expectRefusal(
      read({ weight, bias: { shape, data: new Float32Array(length) } }),
      'SHAPE_MISMATCH',
      message,
    ),
  );

  it('a bias that is a matrix, though it has as many numbers as there are classes', () =>
    expectRefusal(
      read({
        weight: { shape: [4, 1], data: new Float32Array(4) },
        bias: { shape: [2, 2], data: new Float32Array(4) },
      }),
      'SHAPE_MISMATCH',
      /the bias is \[2, 2\]/,
    ));

  it('numbers that are none', async () => {
    const bad = WEIGHT.slice();
    bad[3] = Number.NaN;
    await expectRefusal(
      read({ weight: { shape: [3, 2], data: bad }, bias }),
      'NOT_FINITE',
      /weight of class 1, dimension 1 is NaN/,
    );
    const infinite = { shape: [3], data: Float64Array.of(0, 1, Number.NEGATIVE_INFINITY) };
    await expectRefusal(read({ weight, bias: infinite }), 'NOT_FINITE', /bias of class 2 is -Infinity/);
    await expectRefusal(
      read({ weight: { shape: [2, 1], strings: ['1', '2'] } }),
      'FORMAT_UNSUPPORTED',
      /weight of h\.npz: numbers are needed/,
    );
  });
});

describe.skipIf(!hasNumpy)('numpy', () => {
  it.each([
    ['float32', Float32Array, 'np.savez'],
    ['float64', Float64Array, 'np.savez'],
    ['float16', Float32Array, 'np.savez_compressed'],
  ] as const)('%s heads are read, fortran order and compression included', async (dtype, type, save) => {
    const path = file(`numpy-${dtype}.npz`);
    runPython(
      `import sys, numpy as np
w = np.asfortranarray(np.array([[1, 2, 3], [4, 5.5, -6]], dtype='${dtype}'))
${save}(sys.argv[1], weight=w, bias=np.array([0.5, -0.25], dtype='${dtype}'))`,
      path,
    );
    const head = await readHeadFile(path);
    expect(head.weight.shape).toEqual([2, 3]);
    expect(denseData(head.weight)).toStrictEqual(type.of(1, 2, 3, 4, 5.5, -6));
    expect(denseData(head.bias)).toStrictEqual(type.of(0.5, -0.25));
  });

  it('reads what is written here', async () => {
    const path = file('for-numpy.npz');
    await writeHeadFile(path, linearHead(Float64Array.from(WEIGHT), Float64Array.from(BIAS), 3, 2));
    const shown = runPython(
      `import sys, json, numpy as np
f = np.load(sys.argv[1])
print(json.dumps({k: [str(f[k].dtype), f[k].shape, f[k].tolist()] for k in f}))`,
      path,
    );
    expect(JSON.parse(shown)).toEqual({
      weight: [
        'float64',
        [3, 2],
        [
          [1, -2.5],
          [WEIGHT[2], 0],
          [-0, WEIGHT[5]],
        ],
      ],
      bias: ['float64', [3], Array.from(BIAS)],
    });
  });
});
