import { Buffer } from 'node:buffer';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { platform } from '#platform';
import { openByteSource } from '../../src/array/byte-source.js';
import { crc32 } from '../../src/array/crc32.js';
import { encodeNpy } from '../../src/array/npy.js';
import { encodeNpz, openNpz, readNpz, writeNpz } from '../../src/array/npz.js';
import { openZip, readZipEntry } from '../../src/array/zip-read.js';
import { zipChunks } from '../../src/array/zip-write.js';
import { expectRefusal } from './expect-refusal.js';
import { hasNumpy, runPython } from './python.js';

const path = (name: string) => new URL(`../fixtures/npz/${name}.npz`, import.meta.url).pathname;
const read = (name: string) => new Uint8Array(readFileSync(path(name)));
const folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-npz-'));
afterAll(() => rmSync(folder, { recursive: true }));

const features = Float32Array.from({ length: 12 }, (_, i) => Math.fround(-1 + (2 * i) / 11));

describe('npz that numpy wrote', () => {
  it.each(['stored', 'deflated', 'plain'])('%s', async (name) => {
    for (const source of [path(name), read(name)]) {
      const npz = await openNpz(source);
      expect(npz.names.slice(0, 3)).toEqual(['features', 'labels', 'classes']);
      expect(npz.has('readme.txt')).toBe(false);
      const found = await npz.read('features');
      expect(found.shape).toEqual([4, 3]);
      for (const [i, value] of (found.data as Float32Array).entries())
        expect(value).toBeCloseTo(features[i], 6);
      expect((await npz.read('labels')).data).toEqual(BigInt64Array.of(0n, 2n, 1n, 2n));
      expect((await npz.read('classes')).strings).toEqual(['cat', 'dog', 'Größe']);
    }
  });

  it('inflates what compresses well', async () => {
    const zeros = await (await openNpz(path('deflated'))).read('zeros');
    expect(zeros.data).toEqual(new Float64Array(10_000));
  });

  it('is read whole by readNpz', async () => {
    expect([...(await readNpz(path('stored'))).keys()]).toEqual(['features', 'labels', 'classes']);
  });
});

describe('npz that we write', () => {
  const arrays = {
    features: { shape: [4, 3], data: features },
    labels: { shape: [4], data: Int32Array.of(0, 2, 1, 2) },
    classes: { strings: ['cat', 'dog', 'Größe'] },
    'input:images/x:0': { shape: [1, 2], data: Uint8Array.of(7, 8) },
  };

  it('is deterministic and reads back', async () => {
    expect(encodeNpz(arrays)).toEqual(encodeNpz(arrays));
    const back = await readNpz(encodeNpz(arrays));
    expect([...back.keys()]).toEqual(Object.keys(arrays));
    expect(back.get('features')?.data).toEqual(features);
    expect(back.get('classes')?.strings).toEqual(arrays.classes.strings);
  });

  it('reads back whatever names and numbers (property)', async () => {
    const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\0'));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, fc.float32Array(), { maxKeys: 5 }), async (made) => {
        const entries = Object.entries(made).map(
          ([key, data]) => [key, { shape: [data.length], data }] as const,
        );
        const back = await readNpz(encodeNpz(Object.fromEntries(entries)));
        expect([...back.keys()].sort()).toEqual(Object.keys(made).sort());
        for (const [key, { data }] of entries) expect(back.get(key)?.data).toEqual(data);
      }),
    );
  });

  it('goes to a file, and over an existing one only when asked', async () => {
    const file = join(folder, 'written.npz');
    await writeNpz(file, arrays);
    expect(new Uint8Array(readFileSync(file))).toEqual(encodeNpz(arrays));
    await expectRefusal(() => writeNpz(file, {}), 'FILE_EXISTS', /written\.npz/);
    expect(new Uint8Array(readFileSync(file))).toEqual(encodeNpz(arrays));
    await writeNpz(file, {}, { overwrite: true });
    expect((await openNpz(file)).names).toEqual([]);
  });

  it('leaves no file when an array is wrong', async () => {
    const file = join(folder, 'wrong.npz');
    const wrong = { good: arrays.labels, bad: { shape: [3], data: Int32Array.of(1) } };
    await expectRefusal(() => writeNpz(file, wrong), 'SHAPE_MISMATCH', /\(3\)/);
    await expectRefusal(() => readNpz(file), 'FILE_NOT_FOUND', /wrong\.npz/);
    await expectRefusal(() => encodeNpz({ '': arrays.labels }), 'INVALID_ARGUMENT', /name/);
  });

  it('uses zip64 where sizes or offsets need it', async () => {
    const parts = (text: string) => [encodeNpy({ strings: [text] })];
    const contents = [
      { name: 'a.npy', parts: parts('first') },
      { name: 'b.npy', parts: parts('second') },
    ];
    const plain = Buffer.concat([...zipChunks(contents)]);
    for (const from of [0, 1, 170, 300, plain.length]) {
      const bytes = new Uint8Array(Buffer.concat([...zipChunks(contents, from)]));
      const back = await readNpz(bytes);
      expect(back.get('a')?.strings).toEqual(['first']);
      expect(back.get('b')?.strings).toEqual(['second']);
    }
    if (hasNumpy) {
      const file = join(folder, 'zip64.npz');
      writeFileSync(file, Buffer.concat([...zipChunks(contents, 0)]));
      const script = 'import sys, numpy as n; z = n.load(sys.argv[1]); print(z["a"][0], z["b"][0])';
      expect(runPython(script, file).trim()).toBe('first second');
    }
  });

  it('writes no number of its own where zip64 begins: 0xffffffff means that it stands elsewhere', () => {
    const content = (name: string) => ({ name, parts: [new Uint8Array(100)] });
    const second = 30 + 1 + 100;
    const directory = 2 * second;
    const records = (from: number) => {
      const bytes = new Uint8Array(Buffer.concat([...zipChunks([content('a'), content('b')], from)]));
      const view = new DataView(bytes.buffer);
      const end = bytes.length - 22;
      const wide = view.getUint32(end - 20, true) === 0x07064b50;
      const farEntry = view.getUint32(directory + 46 + 1 + 42, true) === 0xffffffff;
      if (!wide) expect(view.getUint32(end + 16, true)).toBe(directory);
      else {
        expect([12, 16].map((at) => view.getUint32(end + at, true))).toEqual([0xffffffff, 0xffffffff]);
        expect([8, 10].map((at) => view.getUint16(end + at, true))).toEqual([0xffff, 0xffff]);
        expect(view.getBigUint64(end - 20 - 56 + 48, true)).toBe(BigInt(directory));
      }
      return { wide, farEntry };
    };
    // Each number by itself: the second entry's offset, then the directory's; the directory's own 94 bytes are fewer.
    expect(records(second)).toEqual({ wide: true, farEntry: true });
    expect(records(second + 1)).toEqual({ wide: true, farEntry: false });
    expect(records(directory)).toEqual({ wide: true, farEntry: false });
    expect(records(directory + 1)).toEqual({ wide: false, farEntry: false });
  });

  it('holds more arrays than 16 bits count', async () => {
    const parts = [encodeNpy({ shape: [1], data: Int8Array.of(7) })];
    function* contents(count: number) {
      for (let i = 0; i < count; i++) yield { name: `${i}.npy`, parts };
    }
    for (const count of [65_534, 65_535, 65_536]) {
      const npz = await openNpz(new Uint8Array(Buffer.concat([...zipChunks(contents(count))])));
      expect(npz.names.length).toBe(count);
      expect((await npz.read(`${count - 1}`)).data).toEqual(Int8Array.of(7));
    }
  });

  it.skipIf(!hasNumpy)('is read by numpy', async () => {
    const file = join(folder, 'numpy.npz');
    await writeNpz(file, arrays);
    const script =
      'import sys, json, numpy as n; z = n.load(sys.argv[1]); print(json.dumps({k: [str(z[k].dtype), z[k].tolist()] for k in z.files}))';
    expect(JSON.parse(runPython(script, file))).toEqual({
      features: ['float32', [0, 3, 6, 9].map((i) => Array.from(features.subarray(i, i + 3)))],
      labels: ['int32', [0, 2, 1, 2]],
      classes: ['<U5', ['cat', 'dog', 'Größe']],
      'input:images/x:0': ['uint8', [[7, 8]]],
    });
  });

  it.skipIf(!hasNumpy)('round trip: numpy writes every array (random), we read it', async () => {
    const file = join(folder, 'random.npz');
    const script = `import sys, json, numpy as n
r = n.random.default_rng(0); arrays = {}
for i in range(40):
    t = r.choice(['i1','u1','i2','u2','i4','u4','f4','f8'])
    a = r.integers(0, 100, size=tuple(r.integers(0, 5, size=r.integers(0, 4)))).astype(r.choice(['<', '>']) + t)
    arrays[f'a{i}'] = n.asfortranarray(a) if r.random() < 0.5 else a
(n.savez if sys.argv[2] == 'stored' else n.savez_compressed)(sys.argv[1], **arrays)
print(json.dumps({k: [list(a.shape), a.flatten().tolist()] for k, a in arrays.items()}))`;
    for (const mode of ['stored', 'deflated']) {
      const made: Record<string, [number[], number[]]> = JSON.parse(runPython(script, file, mode));
      const back = await readNpz(file);
      for (const [name, [shape, values]] of Object.entries(made)) {
        expect(back.get(name)?.shape).toEqual(shape);
        expect(Array.from(back.get(name)?.data as Float64Array)).toEqual(values);
      }
    }
  });
});

describe('openNpz refuses', () => {
  const good = encodeNpz({ a: { shape: [4], data: Float32Array.of(1, 2, 3, 4) } });

  it('what is not a zip archive', async () => {
    await expectRefusal(() => openNpz(new Uint8Array(0), 'x.npz'), 'FORMAT_INVALID', /x\.npz.*empty/);
    await expectRefusal(
      () => openNpz(new Uint8Array(500)),
      'FORMAT_INVALID',
      /end of a zip archive is missing/,
    );
    await expectRefusal(() => openNpz(join(folder, 'none.npz')), 'FILE_NOT_FOUND', /none\.npz/);
    await expectRefusal(() => openNpz(folder), 'FILE_UNREADABLE', /folder/);
  });

  it('every archive that was cut off', async () => {
    for (const bytes of [good, read('deflated')]) {
      for (let length = 0; length < bytes.length; length += 1) {
        await expectRefusal(() => readNpz(bytes.subarray(0, length)), 'FORMAT_INVALID', /./);
      }
    }
  });

  it('never reads another number when a byte is changed (property)', async () => {
    const stored = new Map([...(await readNpz(good))]);
    const deflated = read('deflated');
    const original = await readNpz(deflated);
    const sources = [
      { bytes: good, arrays: stored },
      { bytes: deflated, arrays: original },
    ];
    await fc.assert(
      fc.asyncProperty(fc.nat(1), fc.nat(), fc.integer({ min: 1, max: 255 }), async (which, at, flip) => {
        const { bytes, arrays } = sources[which];
        const changed = bytes.slice();
        changed[at % bytes.length] ^= flip;
        const back = await readNpz(changed).catch((error) => {
          expect(error.name).toBe('TailorError');
          return undefined;
        });
        // A change of a date or a version is harmless; a changed name is another array.
        for (const [name, array] of back ?? [])
          if (arrays.has(name)) expect(array.data).toEqual(arrays.get(name)?.data);
      }),
      { numRuns: 400 },
    );
  });

  it('duplicate names', async () => {
    const content = { name: 'a.npy', parts: [encodeNpy({ shape: [1], data: Int8Array.of(1) })] };
    const bytes = new Uint8Array(Buffer.concat([...zipChunks([content, content])]));
    await expectRefusal(() => openNpz(bytes), 'FORMAT_INVALID', /two entries are named a\.npy/);
  });

  it('a damaged entry, by its checksum', async () => {
    const bytes = good.slice();
    bytes[200 > bytes.length ? 100 : 30 + 5 + 128 + 2] ^= 1;
    const npz = await openNpz(bytes);
    await expectRefusal(() => npz.read('a'), 'FORMAT_INVALID', /checksum/);
  });

  it('an array that is not there, naming those that are', async () => {
    await expectRefusal(
      async () => (await openNpz(good)).read('b'),
      'FORMAT_INVALID',
      /no array named b; it holds a/,
    );
  });

  it('sizes that deflate cannot reach, before anything is allocated', async () => {
    const bytes = zipSync({ 'a.npy': new Uint8Array(100_000) }, { level: 9 });
    const directory = bytes.length - 22 - 46 - 'a.npy'.length;
    const claim = (size: number) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      // In the directory, and in the header at the entry's own place.
      for (const at of [directory + 24, 22]) view.setUint32(at, size, true);
    };
    claim(0xfffffffe);
    const npz = await openNpz(bytes);
    await expectRefusal(() => npz.read('a'), 'LIMIT_EXCEEDED', /1032 : 1/);
    claim(99_000);
    await expectRefusal(
      async () => (await openNpz(bytes)).read('a'),
      'FORMAT_INVALID',
      /cannot be inflated to its 99000/,
    );
    claim(100_001);
    await expectRefusal(
      async () => (await openNpz(bytes)).read('a'),
      'FORMAT_INVALID',
      /100000 bytes instead of 100001/,
    );
  });

  it('archives in several parts', async () => {
    for (const [at, value] of [
      [4, 1],
      [8, 2],
    ]) {
      const bytes = good.slice();
      bytes[good.length - 22 + at] = value;
      await expectRefusal(() => openNpz(bytes), 'FORMAT_UNSUPPORTED', /several parts/);
    }
  });

  it('encrypted entries and other compressions', async () => {
    const directory = good.length - 22 - 46 - 'a.npy'.length;
    const encrypted = good.slice();
    encrypted[directory + 8] |= 1;
    await expectRefusal(() => openNpz(encrypted), 'FORMAT_UNSUPPORTED', /encrypted/);
    const lzma = good.slice();
    lzma[directory + 10] = 14;
    await expectRefusal(() => openNpz(lzma), 'FORMAT_UNSUPPORTED', /method 14/);
  });
});

describe('zip', () => {
  it('reads a large deflated entry in one piece', async () => {
    const content = new Uint8Array(3_000_000);
    for (let i = 0; i < content.length; i++) content[i] = Math.imul(i, 2654435761) >>> 27;
    const archive = await openZip(await openByteSource(zipSync({ x: content })));
    const entry = archive.entries.get('x');
    if (!entry) throw new Error('no entry x');
    expect(Buffer.compare(await readZipEntry(archive, entry), content)).toBe(0);
  });

  it('has the checksum of the standard', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
    const bytes = Uint8Array.from({ length: 100 }, (_, i) => i * 7);
    for (const length of [0, 1, 7, 8, 9, 100]) {
      expect(crc32(bytes.subarray(0, length))).toBe(platform.crc32(bytes.subarray(0, length)));
    }
    for (let cut = 0; cut <= 100; cut++)
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(crc32(bytes));
  });
});
