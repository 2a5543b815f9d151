// Tables as text: .csv, .tsv and .arff, packed or not, with cells, quotes, rows and headers that are not what they should be.
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tableSource } from '../../dist/index.js';
import { damageBytes } from '../bytes.mjs';
import { TEXTS } from '../random.mjs';
import { company } from './arrays.mjs';

export { company };

const CELLS = [
  '1',
  '-2.5',
  '1e308',
  '1e309',
  '-0',
  '0x10',
  'inf',
  'nan',
  'NA',
  '?',
  '',
  'null',
  '1,5',
  ' 3 ',
  '"4"',
  '"',
  '""',
  '"a""b"',
  "'x'",
  '=1+1',
  '٣',
  '1_000',
  '9007199254740993',
  ...TEXTS,
];
const ARFF = [
  '@relation x',
  '@attribute a numeric',
  '@attribute b {x,y}',
  "@attribute 'a b' real",
  '@attribute class {0,1,2}',
  '@attribute d date',
  '@attribute e string',
  '@attribute',
  '@attribute a relational',
  '@data',
  '@DATA',
  '% comment',
  '{0 1, 2 3}',
  '@end a',
  '@attribute c {',
  '@attribute c {"a,b"}',
  '@attribute __proto__ numeric',
];

export async function make(random) {
  const kind = random.pick(['csv', 'csv', 'tsv', 'arff']);
  const separator = kind === 'tsv' ? '\t' : ',';
  const width = random.pick([1, 2, 3, 7, 2, 3]);
  const [wrongCells, wrongRows] = [random.pick([0, 0.01, 0.1]), random.pick([0, 0, 0.03])];
  const cell = (normal) => (random.chance(wrongCells) ? random.pick(CELLS) : normal);
  const header = Array.from({ length: width }, (_, i) => cell(i === width - 1 ? 'target' : `c${i}`));
  const rows = Array.from({ length: random.pick([0, 1, 5, 40]) }, (_, r) =>
    Array.from({ length: random.chance(wrongRows) ? random.below(10) : width }, (_, i) =>
      cell(i === width - 1 ? String(r % 3) : String(Math.sin(r + i))),
    ).join(separator),
  );
  const head =
    kind === 'arff'
      ? [
          '@relation x',
          ...header.map((name) => `@attribute ${name} ${name === 'target' ? '{0,1,2}' : 'numeric'}`),
          '@data',
        ]
      : [header.join(separator)];
  const lines = [...head, ...rows];
  if (kind === 'arff')
    for (let i = random.below(3); i > 0; i--) lines.splice(random.below(lines.length), 0, random.pick(ARFF));
  let bytes = Buffer.from(
    lines.join(random.pick(['\n', '\n', '\r\n', '\r'])) + random.pick(['\n', '', '\n\n']),
  );
  if (random.chance(0.05)) bytes = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]);
  if (random.chance(0.03)) bytes = Buffer.from(bytes.toString(), 'utf16le');
  if (random.chance(0.25)) bytes = damageBytes(bytes, random, () => bytes);
  // A line of a megabyte; a bomb.
  if (random.chance(0.01))
    bytes = Buffer.concat([bytes, Buffer.alloc(1e6, random.pick([',', '"', 'x', '\n', '\t']))]);
  let name = `case.${kind}`;
  if (random.chance(0.15)) {
    name += '.gz';
    bytes = gzipSync(random.chance(0.05) ? Buffer.concat([bytes, Buffer.alloc(1e7, '1,2,3\n')]) : bytes);
    if (random.chance(0.4)) bytes = damageBytes(bytes, random, () => bytes);
  }
  return { files: { [name]: bytes }, main: name };
}

export async function use(folder, main, random) {
  const columns = random.chance(0.3) ? { columns: ['c0', 'c1', `c2=${random.pick(CELLS)}`] } : {};
  const source = await tableSource(join(folder, main), columns);
  const width = source.columns.length;
  for (let i = 0; i < Math.min(source.length, 50); i++) {
    const { data } = (await source.read(i)).inputs[''];
    if (data.length !== width || !data.every(Number.isFinite))
      throw new Error(`row ${i} of ${width} inputs is [${data}]`);
  }
  if (source.labels && source.labels.length !== source.length) throw new Error('labels of another length');
  if (source.labels?.some((label) => !(label >= 0 && label < source.classes.length)))
    throw new Error('a label without a class');
  return 'table';
}

export const commands = (main) => [
  ['extract', 'model.onnx', '--data', main, '--out', 'out.npz', '--device', 'cpu', '--workers', '0'],
  ['evaluate', 'model.onnx', '--data', main, '--bootstrap', '0', '--device', 'cpu'],
];
