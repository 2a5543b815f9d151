// .npz and .npy: zip archives whose records are wrong one field at a time, and headers of arrays that lie.
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { encodeNpy, parseNpy } from '../../dist/array/npy.js';
import { npySource } from '../../dist/index.js';
import { damageBytes } from '../bytes.mjs';
import { EDGES, TEXTS } from '../random.mjs';
import { arrayCommands, CONTENTS, company, useArrays } from './arrays.mjs';

export { company };

const DESCR = [
  "'<f4'",
  "'<f8'",
  "'>f4'",
  "'<f2'",
  "'|b1'",
  "'|u1'",
  "'<i8'",
  "'<u8'",
  "'<U3'",
  "'|S4'",
  "'<U99999999999'",
  "'<U0'",
  "'O'",
  "'|O'",
  "'<c8'",
  "'<M8[s]'",
  "'|V8'",
  "'<f16'",
  "[('a', '<f4')]",
  "'<f4', 'x': (",
  '',
  "'<f999999999999999999'",
  "'\\u003cf4'",
  'None',
  "{'a': 1}",
  "'<i0'",
  "'<i3'",
];
const SHAPES = [
  '()',
  '(0,)',
  '(1,)',
  '(12, 3)',
  '(3, 12)',
  '(-1,)',
  '(4294967296, 4294967296)',
  '(9007199254740993,)',
  '(1e3,)',
  '(0x10,)',
  '(12.0, 3)',
  '(12 3)',
  "('a',)",
  '((1,),)',
  '(True,)',
  `(${'1,'.repeat(40)})`,
  `(${'0,'.repeat(100_000)})`,
  '(0, 9007199254740991)',
  '(2147483648,)',
  '(36,)',
  '[12, 3]',
  '',
  'None',
];

/** The bytes of an array, its header written by hand. */
function npy(content, random) {
  const plain = Buffer.from(encodeNpy(content));
  if (random.chance(0.4)) return plain;
  const wide = plain[6] > 1;
  const at = wide ? 12 : 10;
  const length = wide ? plain.readUInt32LE(8) : plain.readUInt16LE(8);
  let header = plain.subarray(at, at + length).toString('latin1');
  const body = plain.subarray(at + length);
  for (let i = random.few(3); i > 0; i--) {
    const change = random.below(8);
    if (change === 0) header = header.replace(/'descr': [^,]*/, () => `'descr': ${random.pick(DESCR)}`);
    if (change === 1) header = header.replace(/'shape': \([^)]*\)/, () => `'shape': ${random.pick(SHAPES)}`);
    if (change === 2)
      header = header.replace(/False/, () => random.pick(['True', 'False', '1', 'None', "'x'"]));
    if (change === 3)
      header = header.replace(
        /^\{/,
        () => `{${random.pick(["'descr': '<f4', ", "'__proto__': 1, ", "'x': (), ", '{', "'a'"])}`,
      );
    if (change === 4)
      header = header.replace(/\}/, () =>
        random.pick(['', '}}', ", 'y': 2}", '}x', `${' '.repeat(70_000)}}`]),
      );
    if (change === 5) header += random.pick(['\n', '\0', ' '.repeat(1000), '(('.repeat(5000)]);
    if (change === 6) header = header.replace(/'/, '"');
    if (change === 7) header = '('.repeat(random.pick([1, 100, 60_000]));
  }
  const bytes = Buffer.from(header, 'latin1');
  const start = Buffer.from(plain.subarray(0, 12));
  const version = random.chance(0.8)
    ? bytes.length > 65535
      ? 2
      : plain[6]
    : random.pick([0, 1, 2, 3, 4, 255]);
  start[6] = version;
  if (random.chance(0.1)) start[7] = 1;
  const said = random.chance(0.85) ? bytes.length : random.pick(EDGES);
  if (version > 1) start.writeUInt32LE(Number(BigInt.asUintN(32, BigInt(said))), 8);
  else start.writeUInt16LE(Number(BigInt.asUintN(16, BigInt(said))), 8);
  return Buffer.concat([start.subarray(0, version > 1 ? 12 : 10), bytes, body]);
}

/** Little-endian fields of `widths` bytes with `values`; one in `odds` of them is something else. */
function record(random, odds, ...fields) {
  return Buffer.concat(
    fields.map(([width, value]) => {
      const bytes = Buffer.alloc(8);
      const wrong = random.chance(odds);
      bytes.writeBigUInt64LE(
        BigInt.asUintN(64, BigInt(wrong ? random.pick([...EDGES, value + 1, value - 1, value * 2]) : value)),
      );
      return bytes.subarray(0, width);
    }),
  );
}

/** A zip archive with mistakes. */
function zip(entries, random) {
  const odds = random.pick([0, 0, 0.02, 0.1]);
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, bytes] of entries) {
    const deflated = random.chance(0.5);
    const data = deflated ? deflateRawSync(bytes) : bytes;
    const stored = random.chance(0.03) ? Buffer.concat([data, Buffer.alloc(random.below(100))]) : data;
    const utf8 = Buffer.from(name);
    const method = deflated ? 8 : 0;
    const sum = crc32(bytes);
    const extra = random.chance(0.1)
      ? record(random, 0.3, [2, 1], [2, 16], [8, bytes.length], [8, stored.length])
      : Buffer.alloc(0);
    const common = [
      [2, 20],
      [2, 0x800],
      [2, method],
      [2, 0],
      [2, 0],
      [4, sum],
      [4, stored.length],
      [4, bytes.length],
      [2, utf8.length],
      [2, extra.length],
    ];
    const local = Buffer.concat([record(random, odds, [4, 0x04034b50], ...common), utf8, extra, stored]);
    directory.push(
      Buffer.concat([
        record(
          random,
          odds,
          [4, 0x02014b50],
          [2, 20],
          ...common,
          [2, 0],
          [2, 0],
          [2, 0],
          [4, 0],
          [4, offset],
        ),
        utf8,
        extra,
      ]),
    );
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = record(
    random,
    odds,
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, entries.length],
    [2, entries.length],
    [4, central.length],
    [4, offset],
    [2, 0],
  );
  const wide = random.chance(0.1)
    ? Buffer.concat([
        record(
          random,
          odds,
          [4, 0x06064b50],
          [8, 44],
          [2, 45],
          [2, 45],
          [4, 0],
          [4, 0],
          [8, entries.length],
          [8, entries.length],
          [8, central.length],
          [8, offset],
        ),
        record(random, odds, [4, 0x07064b50], [4, 0], [8, offset + central.length], [4, 1]),
      ])
    : Buffer.alloc(0);
  const comment = random.chance(0.05)
    ? Buffer.alloc(random.pick([1, 100, 70_000]), 'PK\x05\x06')
    : Buffer.alloc(0);
  return Buffer.concat([...parts, central, wide, end, comment]);
}

function entriesOf(random) {
  const entries = Object.entries(CONTENTS[random.pick(Object.keys(CONTENTS))]).map(([name, content]) => [
    `${name}.npy`,
    npy(content, random),
  ]);
  if (random.chance(0.15)) entries.push(random.pick(entries));
  if (random.chance(0.1))
    entries.push([`${random.pick(TEXTS).slice(0, 60_000)}.npy`, random.pick(entries)[1]]);
  if (random.chance(0.1))
    entries.push([
      random.pick([
        '../x.npy',
        '/x.npy',
        'a/../../x.npy',
        'a\\x.npy',
        'x.txt',
        'sub/',
        '__proto__.npy',
        'labels',
        'origin.npy',
        'input_rows.npy',
        'input:x.npy',
      ]),
      random.pick(entries)[1],
    ]);
  // A bomb: a megabyte of zeros takes a kilobyte.
  if (random.chance(0.02)) entries.push(['bomb.npy', Buffer.alloc(2e7)]);
  return entries;
}

export async function make(random) {
  if (random.chance(0.2)) {
    let bytes = npy(random.pick(Object.values(random.pick(Object.values(CONTENTS)))), random);
    if (random.chance(0.4)) bytes = damageBytes(bytes, random, () => bytes);
    return { files: { 'case.npy': bytes }, main: 'case.npy' };
  }
  const sound = () => zip(entriesOf(random), random);
  const bytes = random.chance(0.3) ? damageBytes(sound(), random, sound) : sound();
  return { files: { 'case.npz': bytes }, main: 'case.npz' };
}

export async function use(folder, main) {
  const path = join(folder, main);
  if (!main.endsWith('.npy')) return useArrays(path);
  const { readFileSync } = await import('node:fs');
  const array = parseNpy(readFileSync(path));
  const held = (array.strings ?? array.data).length;
  if (held !== array.shape.reduce((product, length) => product * length, 1))
    throw new Error(`shape ${array.shape} and ${held} entries`);
  const source = await npySource(path);
  for (let i = 0; i < Math.min(source.length, 3); i++) await source.read(i);
  return 'array';
}

export const commands = (main) =>
  main.endsWith('.npz') ? arrayCommands(main) : arrayCommands(main).slice(-1);
