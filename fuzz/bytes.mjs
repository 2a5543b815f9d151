// Damage that knows nothing of formats.
import { EDGES } from './random.mjs';

/** @typedef {import('./random.mjs').Random} Random */

const splice = (bytes, at, removed, added) =>
  Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(Math.min(bytes.length, at + removed))]);

/** An edge number in 1, 2, 4 or 8 bytes, either way round. @param {Random} random */
function number(random) {
  const width = random.pick([1, 2, 4, 8]);
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(random.pick(EDGES))));
  const part = bytes.subarray(0, width);
  return random.chance(0.2) ? part.reverse() : part;
}

/** @type {((bytes: Buffer, random: Random, other: () => Buffer) => Buffer)[]} */
const DAMAGES = [
  (bytes, random) => {
    bytes[random.below(bytes.length)] ^= 1 << random.below(8);
    return bytes;
  },
  (bytes, random) => {
    bytes[random.below(bytes.length)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
    return bytes;
  },
  (bytes, random) => {
    const added = number(random);
    return splice(bytes, random.below(bytes.length), added.length, added);
  },
  (bytes, random) => splice(bytes, random.below(bytes.length), 0, number(random)),
  (bytes, random) =>
    splice(bytes, random.below(bytes.length), 1 + random.below(random.pick([2, 16, 1000])), Buffer.alloc(0)),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  (bytes, random) => {
    const at = random.below(bytes.length);
    const part = bytes.subarray(at, at + 1 + random.below(64));
    return splice(bytes, random.below(bytes.length), 0, Buffer.concat(Array(random.few(8)).fill(part)));
  },
  (bytes, random, other) => {
    const second = other();
    return Buffer.concat([
      bytes.subarray(0, random.below(bytes.length)),
      second.subarray(random.below(second.length)),
    ]);
  },
  (bytes, random) => Buffer.concat([bytes, Buffer.alloc(1 + random.below(64), random.below(256))]),
];

/**
 * A damaged copy. Half of the places are in the first and last kilobyte, where headers and directories are.
 * @param {Uint8Array} source @param {Random} random @param {() => Buffer} other another file of the kind
 */
export function damageBytes(source, random, other) {
  let bytes = Buffer.from(source);
  for (let i = random.few(6); i > 0 && bytes.length > 0; i--) {
    if (bytes.length > 4096 && random.chance(0.5)) {
      const start = random.chance(0.5) ? 0 : bytes.length - 1024;
      const part = random.pick(DAMAGES)(Buffer.from(bytes.subarray(start, start + 1024)), random, other);
      bytes = Buffer.concat([bytes.subarray(0, start), part, bytes.subarray(start + 1024)]);
    } else {
      bytes = Buffer.from(random.pick(DAMAGES)(bytes, random, other));
    }
  }
  return bytes;
}
