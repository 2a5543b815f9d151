/** Parquet: what pyarrow and DuckDB write is read, and refused where it cannot be features; what harms is refused. */
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/array/limits.js';
import { openArrays } from '../../src/array/open-arrays.js';
import { readBitRuns } from '../../src/array/parquet/bit-runs.js';
import { unpack } from '../../src/array/parquet/codecs.js';
import { readPageHeader } from '../../src/array/parquet/page.js';
import { openParquet } from '../../src/array/parquet/parquet.js';
import { unpackSnappy } from '../../src/array/parquet/snappy.js';
import { openTable } from '../../src/array/parquet/table.js';
import { skipStructure } from '../../src/array/parquet/thrift.js';
import { tableChunks } from '../../src/array/parquet/write-table.js';
import { expectRefusal } from './expect-refusal.js';

const fixture = (name: string) => new URL(`../fixtures/parquet/${name}.parquet`, import.meta.url).pathname;
const bytesOf = (name: string) => new Uint8Array(readFileSync(fixture(name)));
const { features, halves, logits, labels, classes } = JSON.parse(
  readFileSync(new URL('../fixtures/parquet/expected.json', import.meta.url), 'utf8'),
) as Record<'features' | 'halves' | 'logits' | 'labels', number[]> & { classes: string[] };
const [N, D, C] = [labels.length, 5, 3];

const numbers = async (path: string, array: string) => {
  const { shape, data } = await (await openParquet(path)).read(array);
  return { shape, numbers: Array.from(data as Float32Array, Number) };
};

describe('Parquet that others wrote', () => {
  it.each([
    ...[
      'plain',
      'snappy',
      'gzip',
      'zstd',
      'pages',
      'pages-v2',
      'split',
      'fixed',
      'double',
      'duckdb',
      'columns',
    ],
  ])('%s', async (name) => {
    const file = await openParquet(fixture(name));
    expect(await numbers(fixture(name), 'features')).toEqual({ shape: [N, D], numbers: features });
    expect(await numbers(fixture(name), 'logits')).toEqual({ shape: [N, C], numbers: logits });
    expect(await numbers(fixture(name), 'labels')).toEqual({ shape: [N], numbers: labels });
    expect((await file.read('classes')).strings).toEqual(classes);
    expect(file.has('features') && file.has('labels')).toBe(true);
    expect(file.has('f0') || file.has('label') || file.has('class')).toBe(false);
  });

  it.each(['required', 'duckdb-array', 'words'])('%s, with features and labels alone', async (name) => {
    expect(await numbers(fixture(name), 'features')).toEqual({ shape: [N, D], numbers: features });
    expect(await numbers(fixture(name), 'labels')).toEqual({ shape: [N], numbers: labels });
    expect((await openParquet(fixture(name))).has('logits')).toBe(false);
  });

  it('float16', async () => {
    expect(await numbers(fixture('half'), 'features')).toEqual({ shape: [N, D], numbers: halves });
  });

  it('class names that are written with the file are in their order', async () => {
    const file = await openParquet(fixture('named'));
    expect((await file.read('classes')).strings).toEqual(['猫', 'Ape', 'Bär', 'unseen']);
    expect(Array.from((await file.read('labels')).data as BigInt64Array, Number)).toEqual(labels);
  });

  it('other columns go by their names, and are not looked at unless they are asked for', async () => {
    expect((await openParquet(fixture('plain'))).names).toEqual([
      'features',
      'logits',
      'path',
      'labels',
      'classes',
      'ARROW:schema',
    ]);
    expect((await (await openParquet(fixture('plain'))).read('path')).strings?.[3]).toBe('3.png');
    const file = await openParquet(fixture('decimal'));
    expect(file.has('when')).toBe(true);
    await expectRefusal(
      () => file.read('when'),
      'FORMAT_UNSUPPORTED',
      /column when is of type INT32 DATE\. Floats/,
    );
  });

  it.each(['plain', 'pages', 'pages-v2', 'zstd', 'snappy', 'columns'])(
    '%s is read by rows from any place, page by page',
    async (name) => {
      const rows = await (await openParquet(fixture(name))).rows('features', { wholeBelow: 0 });
      expect(rows.shape).toEqual([N, D]);
      const at = fc.integer({ min: 0, max: N });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(at, at), { minLength: 1, maxLength: 6 }), async (pairs) => {
          const asked = pairs.map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
          // All at once: the reader serves one after the other.
          const got = await Promise.all(asked.map(([from, to]) => rows.read(from, to - from)));
          for (const [i, [from, to]] of asked.entries()) {
            expect(Array.from(got[i] as Float32Array)).toEqual(features.slice(from * D, to * D));
          }
        }),
      );
    },
  );

  it('is told by its first bytes', async () => {
    expect((await openArrays(bytesOf('plain'))).has('labels')).toBe(true);
  });

  it('may be a Buffer, at any place in memory', async () => {
    const bytes = bytesOf('plain');
    for (let shift = 0; shift < 8; shift++) {
      const place = Buffer.alloc(bytes.length + shift);
      place.set(bytes, shift);
      const file = await openParquet(place.subarray(shift));
      expect(Array.from((await file.read('features')).data, Number)).toEqual(features);
    }
  });
});

describe('a table that we write', () => {
  const write = async (...args: Parameters<typeof tableChunks>) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of tableChunks(...args)) chunks.push(chunk);
    return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  };

  it('comes back (property)', async () => {
    const any = fc.record({ rows: fc.integer({ min: 1, max: 40 }), width: fc.integer({ min: 1, max: 9 }) });
    const word = fc.string({ unit: 'grapheme' });
    await fc.assert(
      fc.asyncProperty(
        any,
        fc.infiniteStream(fc.float()),
        fc.infiniteStream(word),
        async ({ rows, width }, f, w) => {
          const data = Float32Array.from(f.take(rows * width));
          const texts = [...w.take(rows)];
          const label = Int32Array.from(texts, (text) => text.length - 3);
          const bytes = await write(
            [
              { kind: 'list', name: 'features', data, width },
              { kind: 'int32', name: 'n', data: label },
              { kind: 'text', name: 'word', data: texts },
            ],
            rows,
            { key: texts[0] },
          );
          const table = await openTable(bytes);
          expect([table.rows, table.metadata.get('key')]).toEqual([rows, texts[0]]);
          expect(await table.read('features')).toMatchObject({ shape: [rows, width], data });
          expect((await table.read('n')).data).toEqual(label);
          expect((await table.read('word')).strings).toEqual(texts);
        },
      ),
    );
  });

  it('is the same bytes again, in several row groups', async () => {
    const rows = 3000;
    const data = Float32Array.from({ length: rows * 1000 }, (_, i) => Math.sin(i));
    const columns = [{ kind: 'list', name: 'features', data, width: 1000 }] as const;
    const bytes = await write(columns, rows);
    const again = await write(columns, rows);
    expect([again.length, again.findIndex((byte, i) => byte !== bytes[i])]).toEqual([bytes.length, -1]);
    const table = await openTable(bytes);
    expect(table.column('features').chunks.map((chunk) => chunk.rows)).toEqual([1048, 1048, 904]);
    // toEqual is slow for millions.
    const back = (await table.read('features')).data as Float32Array;
    expect([back.length, back.findIndex((number, i) => number !== data[i])]).toEqual([data.length, -1]);
  });
});

describe('openParquet refuses', () => {
  it.each<[string, string, RegExp]>([
    ['ragged', 'FORMAT_INVALID', /the list of row 1 of a group does not have 2 values/],
    ['null-list', 'FORMAT_INVALID', /row 1 of a group has no value \(null\) or an empty list/],
    ['empty-list', 'FORMAT_INVALID', /row 1 of a group has no value \(null\) or an empty list/],
    ['null-number', 'FORMAT_INVALID', /row 0 of a group has no value/],
    ['nested', 'FORMAT_UNSUPPORTED', /column features has lists in lists/],
    ['struct', 'FORMAT_UNSUPPORTED', /column features has fields of its own/],
    ['brotli', 'FORMAT_UNSUPPORTED', /packed by BROTLI; snappy, gzip, zstd/],
    ['lz4', 'FORMAT_UNSUPPORTED', /packed by LZ4_RAW; snappy, gzip, zstd/],
    ['delta', 'FORMAT_UNSUPPORTED', /encoded as DELTA_BINARY_PACKED; PLAIN, dictionaries/],
    ['null-label', 'FORMAT_INVALID', /label of .*row 1 of a group has no value/],
    ['contradiction', 'FORMAT_INVALID', /label 0 is called a and, in row 2, c/],
    ['gap', 'FORMAT_INVALID', /2 columns named like f0, but none of number 1/],
    ['no-features', 'FORMAT_INVALID', /no column for features; it holds embedding, labels/],
  ])('%s', (name, code, message) =>
    expectRefusal(
      async () => (await openParquet(fixture(name))).read('features'),
      code as 'FORMAT_INVALID',
      message,
    ),
  );

  it('what does not begin and end as it should', async () => {
    const good = bytesOf('plain');
    const change = (at: number, text: string) => {
      const bytes = good.slice();
      bytes.set(new TextEncoder().encode(text), at < 0 ? good.length + at : at);
      return bytes;
    };
    const refuse = (bytes: Uint8Array, code: 'FORMAT_INVALID' | 'FORMAT_UNSUPPORTED', message: RegExp) =>
      expectRefusal(() => openParquet(bytes, 'x'), code, message);
    await refuse(new Uint8Array(0), 'FORMAT_INVALID', /Reading x as Parquet: it is empty/);
    await refuse(good.subarray(0, 11), 'FORMAT_INVALID', /11 bytes are too few/);
    await refuse(change(0, 'PAR2'), 'FORMAT_INVALID', /does not begin with PAR1/);
    await refuse(change(-4, 'PAR2'), 'FORMAT_INVALID', /does not end in PAR1: it is cut off/);
    await refuse(change(-4, 'PARE'), 'FORMAT_UNSUPPORTED', /encrypted/);
    await refuse(change(-8, '\x7f\x7f\x7f\x7f'), 'FORMAT_INVALID', /its footer should have 2139062143 bytes/);
  });

  it('a footer above the limit, without reading it', async () => {
    const most = LIMITS.parquetFooterBytes.default;
    const bytes = new Uint8Array(most + 100);
    bytes.set(new TextEncoder().encode('PAR1'));
    bytes.set(new TextEncoder().encode('PAR1'), bytes.length - 4);
    new DataView(bytes.buffer).setUint32(bytes.length - 8, most + 1, true);
    await expectRefusal(() => openParquet(bytes, 'x'), 'LIMIT_EXCEEDED', /16777217 bytes; at most 16777216/);
  });

  it('every file that was cut off', async () => {
    const bytes = bytesOf('required');
    for (let length = 0; length < bytes.length; length++) {
      await expectRefusal(() => openParquet(bytes.subarray(0, length)), 'FORMAT_INVALID', /./);
    }
  });

  it.each(['plain', 'snappy', 'gzip', 'zstd', 'pages-v2', 'duckdb', 'double', 'half', 'words'])(
    '%s with changed bytes, or reads it, and ends in time (property)',
    async (name) => {
      const bytes = bytesOf(name);
      const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }));
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
          const changed = bytes.slice();
          for (const [at, byte] of changes) changed[at] = byte;
          try {
            const file = await openParquet(changed);
            for (const array of file.names) await file.read(array);
          } catch (error) {
            expect((error as Error).name, (error as Error).stack).toBe('TailorError');
          }
        }),
        { numRuns: 300 },
      );
    },
  );
});

describe('a structure of Thrift', () => {
  const skip = (bytes: number[] | Uint8Array) => skipStructure(Uint8Array.from(bytes), 0, 'x', 'footer');

  it('ends where it says', () => {
    // i32 1, a list of two binaries, a struct with a double, true, stop.
    const double = [0x17, 0, 0, 0, 0, 0, 0, 0, 0];
    expect(skip([0x15, 2, 0x19, 0x28, 1, 65, 0, 0x1c, ...double, 0, 0x11, 0, 99])).toBe(20);
    expect(skip([0x15])).toBeUndefined();
    expect(skip([0x15, 2])).toBeUndefined();
    expect(skip([0x18, 5, 65])).toBeUndefined();
  });

  it.each<[string, number[] | Uint8Array, 'FORMAT_INVALID' | 'LIMIT_EXCEEDED', RegExp]>([
    [
      'numbers without end',
      new Uint8Array(2 ** 20).fill(0x80, 1).fill(0x16, 0, 1),
      'FORMAT_INVALID',
      /more than 64 bits/,
    ],
    ['structures without end', new Uint8Array(2 ** 20).fill(0x1c), 'FORMAT_INVALID', /nested 33 deep/],
    ['lists in lists without end', new Uint8Array(2 ** 20).fill(0x19), 'FORMAT_INVALID', /nested 33 deep/],
    ['types that are not used', [0x1b, 0], 'FORMAT_INVALID', /a value of type 11/],
    [
      'millions of empty structures',
      new Uint8Array(2 ** 22).fill(0).fill(0x19, 0, 1).fill(0xfc, 1, 2).fill(0xff, 2, 5).fill(0x07, 5, 6),
      'LIMIT_EXCEEDED',
      /at most 2097152 values/,
    ],
  ])('with %s is refused', (_, bytes, code, message) => expectRefusal(() => skip(bytes), code, message));

  it('of a page cannot ask for more values or bytes than the limits', async () => {
    const varint = (n: number): number[] =>
      n < 128 ? [n] : [(n % 128) + 128, ...varint(Math.floor(n / 128))];
    const header = (values: number, bytes: number) =>
      // DATA_PAGE, sizes, then a data page header: number of values, PLAIN, RLE, RLE.
      Uint8Array.from([
        0x15,
        0,
        0x15,
        ...varint(2 * bytes),
        0x15,
        2,
        0x2c,
        0x15,
        ...varint(2 * values),
        0x15,
        0,
        0x15,
        6,
        0x15,
        6,
        0,
        0,
      ]);
    expect(readPageHeader(header(5, 20), 'x')).toMatchObject({ kind: 'data', values: 5 });
    await expectRefusal(
      () => readPageHeader(header(LIMITS.parquetPageValues.default + 1, 20), 'x'),
      'LIMIT_EXCEEDED',
      /67108865 values; at most 67108864/,
    );
    await expectRefusal(
      () => unpack(new Uint8Array(9), 'ZSTD', 2 ** 28 + 1, 'x'),
      'LIMIT_EXCEEDED',
      /268435457 bytes/,
    );
  });
});

describe('runs of small numbers', () => {
  it('are read: repeated ones and packed ones', () => {
    // Three times 5 in 3 bits; then 0 … 7 packed (Parquet's own example).
    const bytes = Uint8Array.of(6, 5, 3, 0b10001000, 0b11000110, 0b11111010);
    expect([...readBitRuns(bytes, 3, 11, 'x')]).toEqual([5, 5, 5, 0, 1, 2, 3, 4, 5, 6, 7]);
    expect([...readBitRuns(Uint8Array.of(3, 255, 255, 255, 255, 1, 0, 0, 0), 32, 2, 'x')]).toEqual([
      2 ** 32 - 1,
      1,
    ]);
    expect([...readBitRuns(new Uint8Array(0), 0, 3, 'x')]).toEqual([0, 0, 0]);
  });

  it('are refused when they end early, and longer ones than asked for are cut', async () => {
    expect([...readBitRuns(Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0x0f, 1), 1, 2, 'x')]).toEqual([1, 1]);
    for (const bytes of [[], [6], [3], [0x80, 0x80], [3, 1]]) {
      await expectRefusal(() => readBitRuns(Uint8Array.from(bytes), 9, 8, 'x'), 'FORMAT_INVALID', /cut off/);
    }
    const endless = new Uint8Array(10).fill(0xff);
    await expectRefusal(() => readBitRuns(endless, 9, 8, 'x'), 'FORMAT_INVALID', /impossible length/);
    // Runs of nothing: their bytes end.
    await expectRefusal(() => readBitRuns(new Uint8Array(1000), 1, 8, 'x'), 'FORMAT_INVALID', /cut off/);
  });
});

describe('packed pages', () => {
  const snappy = (bytes: number[], size: number) =>
    unpackSnappy(Uint8Array.from(bytes), new Uint8Array(size));

  it('repeat themselves', () => {
    const output = new Uint8Array(11);
    // 11 bytes: "ab", then 9 from two before.
    unpackSnappy(Uint8Array.of(11, 4, 97, 98, ((9 - 4) << 2) | 1, 2), output);
    expect(new TextDecoder().decode(output)).toBe('abababababa');
  });

  it.each<[string, number[], number, RegExp]>([
    ['nothing', [], 1, /cut off/],
    ['another size', [3, 4, 97, 98], 2, /unpack to 3 bytes instead of 2/],
    ['too little', [2, 0, 97], 2, /end after 1 of 2/],
    ['too much', [1, 4, 97, 98], 1, /piece is too long/],
    [
      'a piece of 2³² − 3 bytes, which is −4 in 32 bits',
      [4, 252, 251, 255, 255, 255, 97],
      4,
      /piece is too long/,
    ],
    ['a piece beyond the end', [9, 32, 97], 9, /piece is too long/],
    ['a repetition of nothing', [5, 0, 97, 1, 0], 5, /repeats what is not there/],
    ['a repetition from before the beginning', [5, 0, 97, 1, 2], 5, /repeats what is not there/],
    ['a repetition beyond the end', [4, 0, 97, 1, 1], 4, /repeats what is not there/],
  ])('by snappy: %s is refused', (_, bytes, size, message) => {
    expect(() => snappy(bytes, size)).toThrow(message);
  });

  it('of another size than the header says are refused', async () => {
    const gzip = Uint8Array.from(atob('H4sIAAAAAAACA0tMTEpOBgDvOTBKBgAAAA=='), (sign) => sign.charCodeAt(0));
    const zstd = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 3, 0x19, 0, 0, 97, 98, 99);
    // The same without a size in the frame.
    const stream = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0x19, 0, 0, 97, 98, 99);
    for (const packed of [zstd, stream]) {
      expect(new TextDecoder().decode(unpack(packed, 'ZSTD', 3, 'x'))).toBe('abc');
      for (const size of [2, 4, 1000]) {
        await expectRefusal(
          () => unpack(packed, 'ZSTD', size, 'x'),
          'FORMAT_INVALID',
          /packed by ZSTD cannot be read/,
        );
      }
    }
    await expectRefusal(() => unpack(gzip, 'GZIP', 7, 'x'), 'FORMAT_INVALID', /./);
    await expectRefusal(() => unpack(gzip, 'UNCOMPRESSED', 7, 'x'), 'FORMAT_INVALID', /instead of 7/);
    await expectRefusal(() => unpack(gzip, 'GZIP', 2 ** 28, 'x'), 'FORMAT_INVALID', /./);
  });
});
