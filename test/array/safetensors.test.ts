/** safetensors: what the Python package writes is read, what is written here is what it would write, and what harms is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { repeatedKey } from '../../src/array/json-keys.js';
import { LIMITS } from '../../src/array/limits.js';
import type { NpyContent } from '../../src/array/npy.js';
import { openArrays } from '../../src/array/open-arrays.js';
import { openSafetensors, safetensorsChunks, writeSafetensors } from '../../src/array/safetensors.js';
import { expectRefusal } from './expect-refusal.js';
import { pythonHas, runPython } from './python.js';

const fixture = (name: string) => new URL(`../fixtures/safetensors/${name}`, import.meta.url).pathname;
const expected: Record<string, { shape: number[]; numbers: string[] }> = JSON.parse(
  readFileSync(fixture('expected.json'), 'utf8'),
);
const folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const concat = (chunks: readonly Uint8Array[]) => new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
const encode = (arrays: Record<string, NpyContent>) => concat(safetensorsChunks(arrays));

/** Numbers as Python writes them. */
function numberOf(text: string): number | bigint {
  const words: Record<string, number> = { inf: Infinity, '-inf': -Infinity, nan: NaN, True: 1, False: 0 };
  return words[text] ?? Number(text);
}

describe('safetensors that the Python package wrote', () => {
  it('has every type of number', async () => {
    for (const source of [fixture('types.safetensors'), readFileSync(fixture('types.safetensors'))]) {
      const file = await openSafetensors(source);
      for (const name of [
        'i1',
        'u1',
        'i2',
        'u2',
        'i4',
        'u4',
        'i8',
        'u8',
        'f2',
        'f4',
        'f8',
        'bool',
        'scalar',
      ]) {
        const { shape, numbers } = expected[name];
        const found = await file.read(name);
        expect(found.shape, name).toEqual(shape);
        if (found.data instanceof BigInt64Array || found.data instanceof BigUint64Array) {
          expect([...found.data], name).toEqual(numbers.map(BigInt));
        } else expect([...found.data], name).toEqual(numbers.map(numberOf));
      }
      expect((await file.read('empty')).shape).toEqual([0, 5]);
      expect((await file.read('f8')).dtype).toBe('<f8');
    }
  });

  it('has texts beside the arrays, those that are JSON arrays as axes of strings', async () => {
    const file = await openSafetensors(fixture('types.safetensors'));
    expect(file.has('classes')).toBe(true);
    expect(await file.read('classes')).toMatchObject({ shape: [3], strings: ['ape', 'Bär', '猫'] });
    const head = await openSafetensors(fixture('head.safetensors'));
    expect(head.names).toEqual(['bias', 'weight', 'format']);
    expect(await head.read('format')).toMatchObject({ shape: [], strings: ['pt'] });
  });

  it('has bfloat16, which numpy does not know, and refuses a type that is not read when it is asked for', async () => {
    const file = await openSafetensors(fixture('bfloat16.safetensors'));
    const found = await file.read('weight');
    expect(found).toMatchObject({ dtype: 'bfloat16', shape: [2, 3] });
    expect([...(found.data as Float32Array)]).toEqual(expected.weight.numbers.map(numberOf));
    await expectRefusal(
      () => file.read('eight'),
      'FORMAT_UNSUPPORTED',
      /eight of .*: the type F8_E4M3 is not read; BOOL/,
    );
    await expectRefusal(() => file.rows('eight'), 'FORMAT_UNSUPPORTED', /F8_E4M3/);
  });

  it('gives rows without reading the rest', async () => {
    const file = await openSafetensors(fixture('types.safetensors'));
    const rows = await file.rows('i8');
    expect([rows.dtype, rows.shape]).toEqual(['<i8', [3, 4]]);
    expect([...((await rows.read(1, 2)) as BigInt64Array)]).toEqual(expected.i8.numbers.slice(4).map(BigInt));
    expect((await (await file.rows('empty')).read(0, 0)).length).toBe(0);
    await expectRefusal(() => file.rows('scalar'), 'FORMAT_INVALID', /samples along the first axis/);
    await expectRefusal(() => file.rows('classes'), 'FORMAT_INVALID', /samples along the first axis/);
  });

  it('is told from other formats by its first bytes', async () => {
    const bytes = readFileSync(fixture('head.safetensors'));
    const path = join(folder, 'weights.bin');
    writeFileSync(path, bytes);
    for (const source of [path, new Uint8Array(bytes)])
      expect((await openArrays(source)).has('weight')).toBe(true);
  });
});

const ours: Record<string, NpyContent> = {
  features: { shape: [3, 2], data: Float32Array.from({ length: 6 }, (_, i) => i / 4) },
  labels: { shape: [3], data: BigInt64Array.of(0n, 2n, 1n) },
  logits: { shape: [3, 3], data: Float32Array.from({ length: 9 }, (_, i) => i) },
  classes: { strings: ['a', 'b', 'ü'] },
  input_rows: { shape: [2], data: Int32Array.of(0, 2) },
  'input:x': { shape: [2, 2], data: Uint8Array.of(1, 2, 3, 4) },
};

describe('safetensors that we write', () => {
  it('is the bytes that the Python package writes', async () => {
    const path = join(folder, 'ours.safetensors');
    await writeSafetensors(path, ours);
    expect(readFileSync(path)).toEqual(readFileSync(fixture('ours.safetensors')));
    await expectRefusal(() => writeSafetensors(path, {}), 'FILE_EXISTS', /ours\.safetensors/);
    await writeSafetensors(path, {}, { overwrite: true });
    expect((await openSafetensors(path)).names).toEqual([]);
  });

  it('comes back, whatever the names and numbers (property)', async () => {
    const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => text !== '__metadata__');
    const array = fc.oneof(
      fc.float32Array(),
      fc.float64Array(),
      fc.int8Array(),
      fc.uint8Array(),
      fc.int16Array(),
      fc.uint16Array(),
      fc.int32Array(),
      fc.uint32Array(),
      fc.bigInt64Array(),
      fc.bigUint64Array(),
    );
    const strings = fc.array(fc.string({ unit: 'grapheme' }));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, fc.oneof(array, strings), { maxKeys: 6 }), async (made) => {
        const entries = Object.entries(made).map(([key, data]): [string, NpyContent] => [
          key,
          Array.isArray(data) ? { strings: data } : { shape: [data.length], data },
        ]);
        const file = await openSafetensors(encode(Object.fromEntries(entries)));
        expect([...file.names].sort()).toEqual(Object.keys(made).sort());
        for (const [key, data] of Object.entries(made)) {
          const back = await file.read(key);
          expect(back.shape).toEqual([data.length]);
          expect(Array.isArray(data) ? back.strings : back.data).toEqual(data);
        }
      }),
    );
  });

  it('refuses what the format cannot hold', async () => {
    const data = Float32Array.of(1);
    await expectRefusal(
      () => encode({ a: { shape: [2], data } }),
      'SHAPE_MISMATCH',
      /\[2\] of a does not fit 1/,
    );
    await expectRefusal(
      () => encode({ __metadata__: { shape: [1], data } }),
      'INVALID_ARGUMENT',
      /not the name/,
    );
    const table = { shape: [1, 2], strings: ['a', 'b'] };
    await expectRefusal(() => encode({ table }), 'INVALID_ARGUMENT', /table has strings of shape \[1, 2\]/);
  });

  it.skipIf(!pythonHas('safetensors'))('is read by the Python package', async () => {
    const path = join(folder, 'for-python.safetensors');
    await writeSafetensors(path, ours);
    const script = `import sys, json; from safetensors import safe_open
with safe_open(sys.argv[1], framework="np") as f:
  print(json.dumps([{k: [str(f.get_tensor(k).dtype), f.get_tensor(k).tolist()] for k in f.keys()}, f.metadata()]))`;
    const [arrays, metadata] = JSON.parse(runPython(script, path));
    expect(arrays.labels).toEqual(['int64', [0, 2, 1]]);
    expect(arrays.features).toEqual([
      'float32',
      [
        [0, 0.25],
        [0.5, 0.75],
        [1, 1.25],
      ],
    ]);
    expect(arrays['input:x']).toEqual([
      'uint8',
      [
        [1, 2],
        [3, 4],
      ],
    ]);
    expect(JSON.parse(metadata.classes)).toEqual(['a', 'b', 'ü']);
  });
});

/** A file of this header and so many bytes of numbers. */
function fileOf(header: string | object, dataBytes = 0, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const tensor = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') => ({
  ...{ dtype, shape, data_offsets: [begin, end] },
});

describe('openSafetensors refuses', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /Reading x as safetensors: it is empty/],
    ['less than a length', new Uint8Array(7), /7 bytes are too few/],
    ['a header longer than the file', fileOf('{}', 0, 100n), /promise a header of 100 bytes, but 2 follow/],
    ['a header of 2⁶⁴−1 bytes', fileOf('{}', 0, 2n ** 64n - 1n), /promise a header of 1844674407370955/],
    ['no header', fileOf('', 0), /does not begin with \{/],
    ['another beginning', fileOf(' {}'), /does not begin with \{/],
    ['what is not JSON', fileOf('{"a":'), /not JSON in UTF-8/],
    [
      'what is not UTF-8',
      fileOf('{"a\u00ff":1}').map((byte) => (byte === 0xc3 ? 0xff : byte)),
      /not JSON in UTF-8/,
    ],
    [
      'a name twice',
      fileOf('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\\u0061":1}'),
      /the name a twice/,
    ],
    [
      'a type twice',
      fileOf('{"a":{"dtype":"F32","dtype":"U8","shape":[0],"data_offsets":[0,0]}}'),
      /name dtype twice/,
    ],
    ['a tensor that is none', fileOf({ a: null }), /a needs a dtype, a shape and two data_offsets/],
    ['a number as type', fileOf({ a: { ...tensor(0, 4), dtype: 4 } }, 4), /a needs a dtype/],
    ['a negative size', fileOf({ a: { ...tensor(0, 4), shape: [-1] } }, 4), /a needs a dtype, a shape/],
    ['a broken size', fileOf({ a: { ...tensor(0, 4), shape: [0.5] } }, 4), /a needs a dtype, a shape/],
    [
      'a size beyond 2⁵³',
      fileOf('{"a":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,4]}}', 4),
      /needs a dtype/,
    ],
    ['three offsets', fileOf({ a: { ...tensor(0, 4), data_offsets: [0, 2, 4] } }, 4), /two data_offsets/],
    [
      'an end before the beginning',
      fileOf({ a: tensor(4, 0, [1]) }, 4),
      /takes 4 bytes, but stands at bytes 4 to 0/,
    ],
    ['a size that does not fit', fileOf({ a: tensor(0, 4, [2]) }, 4), /F32 \[2\], which takes 8 bytes, but/],
    [
      'a product beyond all numbers',
      fileOf({ a: tensor(0, 4, [2 ** 52, 2 ** 52, 2 ** 52]) }, 4),
      /but stands at/,
    ],
    [
      'tensors beyond the end',
      fileOf({ a: tensor(0, 8) }, 4),
      /end at byte \d+, but it ends after \d+: it is cut off/,
    ],
    ['tensors that overlap', fileOf({ a: tensor(0, 8), b: tensor(4, 12) }, 12), /b overlaps a/],
    ['the same bytes for two', fileOf({ a: tensor(0, 8), b: tensor(0, 8) }, 8), /b overlaps a/],
    ['a gap', fileOf({ a: tensor(0, 4), b: tensor(8, 12) }, 12), /b leaves a gap of 4 bytes behind a/],
    ['a gap at the beginning', fileOf({ a: tensor(4, 8) }, 8), /a leaves a gap of 4 bytes behind the header/],
    ['bytes at the end', fileOf({ a: tensor(0, 4) }, 6), /2 bytes at its end belong to no tensor/],
    [
      'metadata that are no texts',
      fileOf({ __metadata__: { a: 1 } }),
      /__metadata__ must be an object of texts/,
    ],
    ['metadata in an array', fileOf({ __metadata__: ['a'] }), /__metadata__ must be an object of texts/],
  ])('%s', (_, bytes, message) =>
    expectRefusal(() => openSafetensors(bytes, 'x'), 'FORMAT_INVALID', message),
  );

  it('a header above the limit, without reading it', async () => {
    const most = LIMITS.safetensorsHeaderBytes.default;
    const bytes = new Uint8Array(8 + most + 1);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(most + 1), true);
    await expectRefusal(
      () => openSafetensors(bytes, 'x'),
      'LIMIT_EXCEEDED',
      /16777217 bytes; at most 16777216/,
    );
  });

  it('more axes than are read', () =>
    expectRefusal(
      () => openSafetensors(fileOf({ a: tensor(0, 4, new Array(65).fill(1)) }, 4), 'x'),
      'LIMIT_EXCEEDED',
      /a has 65 axes; at most 64/,
    ));

  it('an array that is not there', async () => {
    const file = await openSafetensors(fileOf({ a: tensor(0, 4) }, 4), 'x');
    await expectRefusal(() => file.read('b'), 'FORMAT_INVALID', /no array named b; it holds a/);
    await expectRefusal(() => file.rows('__proto__'), 'FORMAT_INVALID', /no array named __proto__/);
  });

  it('every file that was cut off', async () => {
    const bytes = new Uint8Array(readFileSync(fixture('ours.safetensors')));
    for (let length = 0; length < bytes.length; length++) {
      await expectRefusal(() => openSafetensors(bytes.subarray(0, length)), 'FORMAT_INVALID', /./);
    }
  });

  it('or reads, but does nothing else, when bytes of the header are changed (property)', async () => {
    const bytes = new Uint8Array(readFileSync(fixture('ours.safetensors')));
    await fc.assert(
      fc.asyncProperty(fc.nat(399), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = bytes.slice();
        changed[at] ^= flip;
        try {
          const file = await openSafetensors(changed);
          for (const name of file.names) await file.read(name);
        } catch (error) {
          expect((error as Error).name).toBe('TailorError');
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('repeatedKey', () => {
  it('looks at names of one object, and at nothing else', () => {
    expect(repeatedKey('{"a":{"a":"a"},"b":["a","a",{"a":1}]}')).toBeUndefined();
    expect(repeatedKey('{"a\\\\":1,"b":"\\",\\"b\\":2"}')).toBeUndefined();
    expect(repeatedKey('[{"x":{"b" : 1, "\\u0062"\n: 2}}]')).toBe('b');
    expect(repeatedKey('{"__proto__":1,"__proto__":2}')).toBe('__proto__');
  });

  it('takes as long as the text is', () => {
    const long = 'a\\"'.repeat(5_000_000);
    expect(repeatedKey(`{"${long}":1,"${'\\\\'.repeat(5_000_000)}":1,"b":2,"b":3}`)).toBe('b');
  });
});
