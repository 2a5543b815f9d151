import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeNpy, type NumericArray, parseNpy, toFloat32, toLabels } from '../../src/array/npy.js';
import { encodeNpyHeader } from '../../src/array/npy-header.js';
import { expectRefusal } from './expect-refusal.js';
import { hasNumpy, runPython } from './python.js';

const folder = new URL('../fixtures/npy/', import.meta.url);
const read = (name: string) => new Uint8Array(readFileSync(new URL(`${name}.npy`, folder)));
const expected: Record<string, { dtype: string; shape: number[]; values: string[] }> = JSON.parse(
  readFileSync(new URL('expected.json', folder), 'utf8'),
);

/** As Python prints a number in the fixtures. */
function number(text: string): number {
  return text === 'nan'
    ? Number.NaN
    : text.endsWith('inf')
      ? Number(`${text}inity`.replace('inf', 'Inf'))
      : Number(text);
}

describe('parseNpy reads what numpy writes', () => {
  it('has a golden file for each name', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.npy'));
    expect(files.length).toBe(Object.keys(expected).length + 4);
  });

  it.each(Object.keys(expected))('%s', (name) => {
    const { dtype, shape, values } = expected[name];
    const array = parseNpy(read(name), name);
    expect(array.dtype).toBe(dtype);
    expect(array.shape).toEqual(shape);
    if (array.strings) expect(array.strings).toEqual(values);
    else if (array.data instanceof BigInt64Array || array.data instanceof BigUint64Array) {
      expect([...array.data]).toEqual(values.map(BigInt));
    } else {
      const data: ArrayLike<number> = array.data;
      expect(Array.from(data)).toEqual(values.map(number));
    }
  });

  it('gives the same numbers when the bytes start at an odd place', () => {
    const bytes = read('f8-little-c');
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(parseNpy(shifted.subarray(3))).toEqual(parseNpy(bytes));
    // Node's Buffer, whose slice() does not copy.
    expect(parseNpy(Buffer.from(shifted.buffer, 3))).toEqual(parseNpy(bytes));
  });
});

describe('parseNpy refuses', () => {
  const good = read('version-1');
  const withText = (text: string) => {
    const bytes = good.slice();
    bytes.fill(0x20, 10, 127);
    bytes.set(new TextEncoder().encode(text), 10);
    return bytes;
  };

  it.each([
    ['object', /pickle.*astype/],
    ['structured', /is not read/],
    ['complex', /<c8.*is not read/],
    ['date', /M8.*is not read/],
  ])('%s arrays', async (name, message) => {
    await expectRefusal(() => parseNpy(read(name), name), 'FORMAT_UNSUPPORTED', message);
  });

  it('empty and foreign files', async () => {
    await expectRefusal(() => parseNpy(new Uint8Array(0), 'x.npy'), 'FORMAT_INVALID', /x\.npy.*0 bytes/);
    await expectRefusal(() => parseNpy(new Uint8Array(200)), 'FORMAT_INVALID', /magic/);
  });

  it('every file that was cut off', async () => {
    for (let length = 0; length < good.length; length++) {
      await expectRefusal(() => parseNpy(good.subarray(0, length)), 'FORMAT_INVALID', /./);
    }
  });

  it('lying headers', async () => {
    const shape = (text: string) => withText(`{'descr': '<i4', 'fortran_order': False, 'shape': ${text}, }`);
    expect(parseNpy(shape('(3, 2)')).shape).toEqual([3, 2]);
    expect(parseNpy(shape('(3L, 2L)')).shape).toEqual([3, 2]);
    await expectRefusal(
      () => parseNpy(shape('(3, 3)')),
      'FORMAT_INVALID',
      /promises 9 items.*24 bytes.*cut off/,
    );
    await expectRefusal(() => parseNpy(shape('(1, 1)')), 'FORMAT_INVALID', /longer than one array/);
    await expectRefusal(
      () => parseNpy(shape('(9999999999, 9999999999)')),
      'FORMAT_INVALID',
      /impossible shape/,
    );
    for (const bad of ['(-2, 3)', '(2.0, 3)', '6', '(6)', '(2, None)', '(2, (3,))', '(2;3)']) {
      await expectRefusal(() => parseNpy(shape(bad)), 'FORMAT_INVALID', /./);
    }
    await expectRefusal(
      () => parseNpy(shape(`(${'1,'.repeat(30)}${'1,'.repeat(10)})`)),
      'FORMAT_INVALID',
      /./,
    );
  });

  it('a shape that keeps a regular expression busy', async () => {
    const bytes = new Uint8Array(10 + 65_535).fill(0x20);
    bytes.set(good.subarray(0, 8));
    bytes.set([0xff, 0xff], 8);
    bytes.set(new TextEncoder().encode("{'descr': '<i4', 'fortran_order': False, 'shape': (1"), 10);
    bytes.set(new TextEncoder().encode('x), }'), bytes.length - 5);
    // Quadratic backtracking runs into the time limit of a test; a single pass takes a millisecond.
    await expectRefusal(() => parseNpy(bytes), 'FORMAT_INVALID', /not a tuple of sizes/);
  });

  it('headers that are no dictionary of the three keys', async () => {
    for (const text of [
      '',
      '{}',
      "{'descr': '<i4', 'shape': (2, 3)}",
      "{'descr': '<i4', 'fortran_order': 0, 'shape': (2, 3)}",
      "{'descr': '<i4', 'descr': '<i4', 'fortran_order': False, 'shape': (2, 3)}",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3)} + open('x')",
      "x = {'descr': '<i4', 'fortran_order': False, 'shape': (2, 3)}",
    ]) {
      await expectRefusal(() => parseNpy(withText(text)), 'FORMAT_INVALID', /dictionary/);
    }
  });

  it('what goes past a limit', async () => {
    const many = encodeNpyHeader('<i4', new Array(65).fill(1));
    const bytes = new Uint8Array(many.length + 4);
    bytes.set(many);
    await expectRefusal(() => parseNpy(bytes), 'LIMIT_EXCEEDED', /65 axes; at most 64/);
    const wide = read('version-2');
    new DataView(wide.buffer).setUint32(8, 0xffffff, true);
    await expectRefusal(() => parseNpy(wide), 'LIMIT_EXCEEDED', /header claims 16777215/);
    // Empty strings take no bytes: 128 bytes would be an array of 4 billion.
    const empty = (items: number) =>
      withText(`{'descr': '<U0', 'fortran_order': False, 'shape': (${items},)}`);
    expect(parseNpy(empty(3).subarray(0, 128)).strings).toEqual(['', '', '']);
    await expectRefusal(() => parseNpy(empty(4e9).subarray(0, 128)), 'LIMIT_EXCEEDED', /4000000000 strings/);
    const strings = withText("{'descr': '<U999999', 'fortran_order': False, 'shape': (2, 3)}");
    await expectRefusal(() => parseNpy(strings), 'LIMIT_EXCEEDED', /strings has 3999996 bytes/);
  });

  it('unknown versions and text that is no Unicode', async () => {
    const bytes = read('version-1');
    bytes[6] = 4;
    await expectRefusal(() => parseNpy(bytes), 'FORMAT_UNSUPPORTED', /version 4/);
    const text = read('unicode');
    text.fill(0xff, text.length - 4);
    await expectRefusal(() => parseNpy(text), 'FORMAT_INVALID', /string 5 is not Unicode/);
  });
});

const typedArray: fc.Arbitrary<NumericArray> = fc.oneof(
  fc.int8Array(),
  fc.uint8Array(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map((values) => BigInt64Array.from(values)),
  fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })).map((values) => BigUint64Array.from(values)),
);

/** A shape whose product is `items`. */
function shapeOf(items: number, rows: number): number[] {
  return items % rows === 0 ? [rows, items / rows] : [items];
}

describe('encodeNpy', () => {
  it('gives back every number after parseNpy', () => {
    fc.assert(
      fc.property(typedArray, fc.integer({ min: 1, max: 4 }), (data, rows) => {
        const shape = shapeOf(data.length, rows);
        const bytes = encodeNpy({ shape, data });
        expect((bytes.length - data.byteLength) % 64).toBe(0);
        const back = parseNpy(bytes);
        expect(back.shape).toEqual(shape);
        expect(back.data).toEqual(data);
      }),
    );
  });

  it('gives back every string after parseNpy', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.endsWith('\0'));
    fc.assert(
      fc.property(fc.array(text), (strings) => {
        expect(parseNpy(encodeNpy({ strings })).strings).toEqual(strings);
      }),
    );
  });

  it('writes what numpy.save writes, byte for byte', () => {
    for (const name of ['f4-little-c', 'i8-little-c', 'u1-little-c', 'scalar', 'empty', 'version-1']) {
      const golden = read(name);
      const { shape, data } = parseNpy(golden);
      expect(encodeNpy({ shape, data })).toEqual(golden);
    }
    const golden = read('unicode');
    expect(encodeNpy({ strings: expected.unicode.values })).toEqual(golden);
  });

  it('refuses a shape that does not fit and a string that numpy cannot hold', async () => {
    await expectRefusal(
      () => encodeNpy({ shape: [2, 2], data: new Float32Array(5) }),
      'SHAPE_MISMATCH',
      /\(2, 2\) does not fit 5/,
    );
    await expectRefusal(
      () => encodeNpy({ shape: [-1, -5], data: new Float32Array(5) }),
      'SHAPE_MISMATCH',
      /-1, -5/,
    );
    await expectRefusal(() => encodeNpy({ strings: ['a\0'] }), 'INVALID_ARGUMENT', /NUL/);
  });

  it.skipIf(!hasNumpy)('is read by numpy', () => {
    const path = join(tmpdir(), `onnx-tailor-${process.pid}.npy`);
    writeFileSync(
      path,
      encodeNpy({ shape: [2, 3], data: Float32Array.from([1.5, -2, 3, 4, 5, Number.NaN]) }),
    );
    const script =
      'import sys, numpy as n; a = n.load(sys.argv[1]); print(a.dtype, a.shape, a.tolist(), a.flags.c_contiguous)';
    expect(runPython(script, path).trim()).toBe('float32 (2, 3) [[1.5, -2.0, 3.0], [4.0, 5.0, nan]] True');
    writeFileSync(path, encodeNpy({ strings: ['cat', 'Größe', '🐈', ''] }));
    expect(runPython('import sys, numpy as n; print(ascii(n.load(sys.argv[1]).tolist()))', path).trim()).toBe(
      "['cat', 'Gr\\xf6\\xdfe', '\\U0001f408', '']",
    );
  });
});

describe('toFloat32 and toLabels', () => {
  it('convert any width', () => {
    const data = BigInt64Array.from([0n, 3n, 2n]);
    expect(toLabels({ dtype: '<i8', shape: [3], data }, 'labels')).toEqual(Int32Array.of(0, 3, 2));
    expect(toLabels({ dtype: '<f8', shape: [2, 1], data: Float64Array.of(1, 5) }, 'labels')).toEqual(
      Int32Array.of(1, 5),
    );
    expect(toFloat32({ dtype: '<i8', shape: [3], data }, 'x')).toEqual(Float32Array.of(0, 3, 2));
    const shared = Float32Array.of(1, 2);
    expect(toFloat32({ dtype: '<f4', shape: [2], data: shared }, 'x')).toBe(shared);
  });

  it('refuse what is no label', async () => {
    const of = (data: NumericArray, shape = [data.length]) => ({ dtype: '?', shape, data });
    await expectRefusal(
      () => toLabels(of(Float32Array.of(0, 1.5)), 'y'),
      'LABELS_INVALID',
      /y: item 1 is 1\.5/,
    );
    await expectRefusal(() => toLabels(of(Int32Array.of(0, -1)), 'y'), 'LABELS_INVALID', /item 1 is -1/);
    await expectRefusal(() => toLabels(of(Float32Array.of(Number.NaN)), 'y'), 'LABELS_INVALID', /NaN/);
    await expectRefusal(
      () => toLabels(of(BigInt64Array.of(2n ** 40n)), 'y'),
      'LABELS_INVALID',
      /1099511627776/,
    );
    // Counting the classes below such a label would take all memory there is.
    expect(toLabels(of(Int32Array.of(2 ** 20 - 1)), 'y')).toEqual(Int32Array.of(2 ** 20 - 1));
    await expectRefusal(
      () => toLabels(of(Int32Array.of(0, 2 ** 31 - 2)), 'y'),
      'LIMIT_EXCEEDED',
      /item 1 is the label 2147483646, of 2147483647 classes; at most 1048576 classes/,
    );
    await expectRefusal(
      () => toLabels(of(Int32Array.of(0, 1, 2, 3), [2, 2]), 'y'),
      'LABELS_INVALID',
      /shape \[2, 2\]/,
    );
    const text = parseNpy(encodeNpy({ strings: ['1'] }));
    await expectRefusal(() => toLabels(text, 'y'), 'LABELS_INVALID', /type <U1/);
    await expectRefusal(() => toFloat32(text, 'y'), 'FORMAT_UNSUPPORTED', /strings/);
  });
});
