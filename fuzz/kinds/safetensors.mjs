// .safetensors: a JSON header with names, types, shapes and offsets, any of which may lie.
import { join } from 'node:path';
import { safetensorsChunks } from '../../dist/array/safetensors.js';
import { damageBytes } from '../bytes.mjs';
import { EDGES, TEXTS } from '../random.mjs';
import { arrayCommands, CONTENTS, company, useArrays } from './arrays.mjs';

export { company };

const NUMBERS = Object.fromEntries(
  Object.entries(CONTENTS).map(([name, arrays]) => [
    name,
    Object.fromEntries(Object.entries(arrays).filter(([, { strings }]) => !strings)),
  ]),
);

const DTYPES = [
  'F32',
  'F64',
  'F16',
  'BF16',
  'I64',
  'I32',
  'U8',
  'BOOL',
  'F8_E4M3',
  'F4',
  'C64',
  '',
  'f32',
  null,
  1,
  '__proto__',
  'O',
];

export async function make(random) {
  const whole = Buffer.concat(safetensorsChunks(NUMBERS[random.pick(Object.keys(NUMBERS))]));
  let bytes = whole;
  if (random.chance(0.75)) {
    const length = Number(whole.readBigUInt64LE());
    const header = JSON.parse(whole.subarray(8, 8 + length).toString());
    for (let i = random.few(4); i > 0; i--) {
      const name = random.pick(Object.keys(header));
      const one = header[name];
      const anything = random.pick([null, 1, 'x', [], {}, -1, 1e308]);
      const changes = [
        () => (one.dtype = random.pick(DTYPES)),
        () =>
          (one.shape = Array.from({ length: random.pick([0, 1, 2, 3, 70]) }, () =>
            random.pick([1, 2, 3, 4, 12, ...EDGES]),
          )),
        () => (one.data_offsets = [random.pick([0, 4, 48, ...EDGES]), random.pick([48, 144, ...EDGES])]),
        () => (one[random.pick(['dtype', 'shape', 'data_offsets', 'x'])] = anything),
        () => (header[random.pick([...TEXTS, '__metadata__', 'weight', 'features', 'labels'])] = one),
        () =>
          (header.__metadata__ = random.pick([
            anything,
            { a: 'b' },
            { a: 1 },
            { origin: '{"model":{}}', classes: '["a"]' },
          ])),
        () => delete header[name],
        () => (header[name] = anything),
      ];
      if (one && typeof one === 'object') random.pick(changes)();
    }
    let text = JSON.stringify(header);
    if (random.chance(0.1))
      text = text.replace(
        '{',
        `{${random.pick(['"__proto__":{"dtype":"F32"},', '"weight":1,', '"a":', '{"b":'.repeat(50_000)])}`,
      );
    if (random.chance(0.1)) text += ' '.repeat(random.below(100));
    const said = random.chance(0.9) ? Buffer.byteLength(text) : random.pick(EDGES);
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt.asUintN(64, BigInt(said)));
    bytes = Buffer.concat([start, Buffer.from(text), whole.subarray(8 + length)]);
  }
  if (random.chance(0.35)) bytes = damageBytes(bytes, random, () => whole);
  return { files: { 'case.safetensors': bytes }, main: 'case.safetensors' };
}

export const use = (folder, main) => useArrays(join(folder, main));
export const commands = arrayCommands;
