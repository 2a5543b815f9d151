/** Archives that are made to harm, or to be read one way here and another way elsewhere. */
import { Buffer } from 'node:buffer';
import { deflateSync, zipSync } from 'fflate';
import { afterEach, describe, expect, it } from 'vitest';
import { crc32 } from '../../src/array/crc32.js';
import { LIMITS, setLimits } from '../../src/array/limits.js';
import { encodeNpy } from '../../src/array/npy.js';
import { openNpz, readNpz } from '../../src/array/npz.js';
import { zipChunks } from '../../src/array/zip-write.js';
import { expectRefusal } from './expect-refusal.js';

afterEach(() => {
  setLimits({ unpackedBytes: LIMITS.unpackedBytes.default });
});

const array = (value: number, length = 4) =>
  encodeNpy({ shape: [length], data: new Uint8Array(length).fill(value) });

/** An entry of an archive that is written by hand; `local` and `listed` change fields of its two headers. */
interface HandEntry {
  readonly name: string;
  readonly content: Uint8Array;
  readonly method?: number;
  readonly packed?: Uint8Array;
  /** Of the local header; default behind the entry before. */
  readonly offset?: number;
  readonly local?: (header: DataView) => void;
  readonly listed?: (record: DataView) => void;
}

function byHand(entries: readonly HandEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const records: Uint8Array[] = [];
  let at = 0;
  for (const { name, content, method = 0, packed = content, offset, local, listed } of entries) {
    const title = new TextEncoder().encode(name);
    const header = new Uint8Array(30 + title.length);
    const view = new DataView(header.buffer);
    view.setUint32(0, 0x04034b50, true);
    view.setUint16(8, method, true);
    view.setUint32(14, crc32(content), true);
    view.setUint32(18, packed.length, true);
    view.setUint32(22, content.length, true);
    view.setUint16(26, title.length, true);
    header.set(title, 30);
    const record = new Uint8Array(46 + title.length);
    const list = new DataView(record.buffer);
    list.setUint32(0, 0x02014b50, true);
    record.set(header.subarray(4, 30), 6);
    list.setUint32(42, offset ?? at, true);
    record.set(title, 46);
    local?.(view);
    listed?.(list);
    records.push(record);
    if (offset !== undefined) continue;
    parts.push(header, packed);
    at += header.length + packed.length;
  }
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, entries.length, true);
  view.setUint16(10, entries.length, true);
  view.setUint32(
    12,
    records.reduce((sum, { length }) => sum + length, 0),
    true,
  );
  view.setUint32(16, at, true);
  return new Uint8Array(Buffer.concat([...parts, ...records, end]));
}

describe('an archive written by hand', () => {
  it('is read where nothing is wrong with it', async () => {
    const content = array(7);
    const bytes = byHand([
      { name: 'a.npy', content },
      { name: 'b.npy', content, method: 8, packed: deflateSync(content) },
    ]);
    const arrays = await readNpz(bytes);
    for (const name of ['a', 'b']) expect(arrays.get(name)?.data).toEqual(new Uint8Array(4).fill(7));
  });

  it('may say sizes behind its contents, as streams do', async () => {
    const streamed = (view: DataView) => {
      view.setUint16(6, 8, true);
      for (const at of [14, 18, 22]) view.setUint32(at, 0, true);
    };
    const bytes = byHand([{ name: 'a.npy', content: array(7), local: streamed }]);
    expect((await readNpz(bytes)).get('a')?.data).toEqual(new Uint8Array(4).fill(7));
  });
});

describe('bombs', () => {
  it('of entries that share their bytes are refused', async () => {
    const content = array(1, 1000);
    const packed = deflateSync(content);
    const kernel = { name: 'a.npy', content, packed, method: 8 };
    // The same local header listed under the same bytes.
    await expectRefusal(
      () => openNpz(byHand([kernel, { ...kernel, name: 'b.npy', offset: 0 }])),
      'FORMAT_INVALID',
      /entries a\.npy and b\.npy overlap/,
    );
    // Fifield's: the first entry is a stored block that quotes the header of the second one.
    const second = byHand([kernel]);
    const quoted = second.subarray(0, 35 + packed.length);
    const bytes = byHand([
      { name: 'outer.npy', content: quoted },
      { ...kernel, offset: 30 + 'outer.npy'.length },
    ]);
    await expectRefusal(() => openNpz(bytes), 'FORMAT_INVALID', /outer\.npy and a\.npy overlap/);
  });

  it('of many entries are counted together, and each once', async () => {
    const content = array(0, 100_000);
    const files = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`a${i}.npy`, content]));
    const bytes = zipSync(files, { level: 9 });
    expect(bytes.length).toBeLessThan(5000);
    setLimits({ unpackedBytes: 550_000 });
    await expectRefusal(
      () => readNpz(bytes, 'x'),
      'LIMIT_EXCEEDED',
      /a5\.npy of x: with what .*unpacked-bytes/,
    );
    const npz = await openNpz(bytes, 'x');
    for (let i = 0; i < 20; i++) expect((await npz.read('a3')).shape).toEqual([100_000]);
  });

  it('in archives in archives are not opened', async () => {
    const inner = zipSync({ 'deep.npy': array(1, 1000) });
    const bytes = zipSync({ 'inner.npz': inner, 'inner.npy': inner });
    const npz = await openNpz(bytes, 'x');
    expect(npz.names).toEqual(['inner']);
    await expectRefusal(() => npz.read('inner'), 'FORMAT_INVALID', /magic is missing/);
  });
});

describe('names of entries', () => {
  it.each(['../../etc/passwd', '/etc/passwd', 'C:\\windows\\a', '..\\a', '\x1b[2J', '__proto__', ''])(
    '%j is a name like others: nothing is written by it',
    async (name) => {
      const bytes = byHand([{ name: `${name}.npy`, content: array(3) }]);
      const npz = await openNpz(bytes, 'x');
      expect(npz.names).toEqual([name]);
      expect((await npz.read(name)).data).toEqual(new Uint8Array(4).fill(3));
    },
  );

  it('are told in messages so that a terminal only shows them', async () => {
    const npz = await openNpz(byHand([{ name: '\x1b[2J.npy', content: array(3) }]), 'x');
    await expectRefusal(() => npz.read('y'), 'FORMAT_INVALID', /it holds \\x1b\[2J\.$/);
    expect(npz.has('constructor')).toBe(false);
    await expectRefusal(() => npz.read('constructor'), 'FORMAT_INVALID', /no array named constructor/);
  });

  it('are there once', async () => {
    const two = [
      { name: 'a.npy', content: array(1) },
      { name: 'a.npy', content: array(2) },
    ];
    await expectRefusal(() => openNpz(byHand(two)), 'FORMAT_INVALID', /two entries are named a\.npy/);
  });
});

describe('headers that contradict the directory are refused', () => {
  const content = array(5);
  const set =
    (at: number, value: number, wide = true) =>
    (view: DataView) =>
      wide ? view.setUint32(at, value, true) : view.setUint16(at, value, true);

  it.each<[string, Partial<HandEntry>, RegExp]>([
    ['another method', { local: set(8, 8, false) }, /described otherwise/],
    ['encryption', { local: set(6, 1, false) }, /described otherwise/],
    ['another checksum', { local: set(14, 1) }, /described otherwise/],
    ['another size', { local: set(22, content.length - 1) }, /described otherwise/],
    ['another packed size', { local: set(18, content.length - 1) }, /described otherwise/],
    ['a zip64 size that is nowhere', { local: set(22, 0xffffffff) }, /zip64 size is missing/],
    ['a name in the place of another', { local: set(30, 0x2e2e2e2e) }, /another name at its own place/],
    ['a checksum in the directory', { listed: set(16, 1) }, /described otherwise/],
  ])('%s', async (_, change, message) => {
    const bytes = byHand([{ name: 'a.npy', content, ...change }]);
    await expectRefusal(() => readNpz(bytes), 'FORMAT_INVALID', message);
  });
});

describe('zip64 records that lie are refused', () => {
  const good = new Uint8Array(Buffer.concat([...zipChunks([{ name: 'a.npy', parts: [array(5)] }], 1)]));
  /** The end record is the last 22 bytes; before it 20 of the locator, and 56 of the zip64 one. */
  const changed = (fromEnd: number, change: (view: DataView, at: number) => void) => {
    const bytes = good.slice();
    change(new DataView(bytes.buffer), bytes.length - fromEnd);
    return bytes;
  };

  it('and read where they do not', async () => {
    expect((await readNpz(good)).get('a')?.data).toEqual(new Uint8Array(4).fill(5));
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'another number of entries in the short record',
      changed(12, (v, at) => v.setUint16(at, 2, true)),
      /contradict/,
    ],
    ['another place in the short record', changed(6, (v, at) => v.setUint32(at, 0, true)), /contradict/],
    ['another size in the short record', changed(10, (v, at) => v.setUint32(at, 1, true)), /contradict/],
    ['2⁶³ entries', changed(98 - 32, (v, at) => v.setBigUint64(at, 2n ** 63n, true)), /impossible/],
    [
      'a million entries',
      changed(98 - 32, (v, at) => v.setBigUint64(at, 10n ** 6n, true)),
      /entry 1 .*damaged/,
    ],
    ['a directory elsewhere', changed(98 - 48, (v, at) => v.setBigUint64(at, 1n, true)), /should end at/],
    [
      'a record beyond the end',
      changed(22 + 12, (v, at) => v.setBigUint64(at, 2n ** 40n, true)),
      /not where it should/,
    ],
    ['a record that is none', changed(98, (v, at) => v.setUint32(at, 0, true)), /end record is damaged/],
  ])('%s', async (_, bytes, message) => {
    await expectRefusal(() => readNpz(bytes), 'FORMAT_INVALID', message);
  });
});
