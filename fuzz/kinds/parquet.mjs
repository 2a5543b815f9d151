// .parquet: files of many writers (test/fixtures/parquet), damaged at the footer, in page headers, in packed pages.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { damageBytes } from '../bytes.mjs';
import { EDGES } from '../random.mjs';
import { arrayCommands, company, fixture, useArrays } from './arrays.mjs';

export { company };

const folder = fixture('parquet');
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.parquet'))
  .sort();
const sound = (random) => readFileSync(join(folder, random.pick(files)));

/** Changes numbers in the footer: thrift's compact form keeps them as zigzag varints, a byte each where they are small. */
function damageFooter(bytes, random) {
  const length = bytes.readUInt32LE(bytes.length - 8);
  const start = bytes.length - 8 - length;
  let footer = Buffer.from(bytes.subarray(start, start + length));
  for (let i = random.few(4); i > 0; i--) {
    const at = random.below(footer.length);
    const value = BigInt.asUintN(64, BigInt(random.pick(EDGES)) * 2n);
    const varint = [];
    for (let rest = value; ; rest >>= 7n) {
      varint.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
      if (rest <= 127n) break;
    }
    footer = random.chance(0.5)
      ? Buffer.concat([footer.subarray(0, at), Buffer.from(varint), footer.subarray(at + 1)])
      : damageBytes(footer, random, () => footer);
    if (footer.length === 0) break;
  }
  const end = Buffer.from(bytes.subarray(-8));
  if (random.chance(0.95)) end.writeUInt32LE(footer.length);
  return Buffer.concat([bytes.subarray(0, start), footer, end]);
}

export async function make(random) {
  let bytes = sound(random);
  const how = random.next();
  if (how < 0.5) bytes = damageFooter(bytes, random);
  if (how > 0.4) bytes = damageBytes(bytes, random, () => sound(random));
  return { files: { 'case.parquet': bytes }, main: 'case.parquet' };
}

export const use = (where, main) => useArrays(join(where, main));
export const commands = arrayCommands;
