/**
 * Parquet's "RLE / bit-packing hybrid": small whole numbers as runs of one number, and of eight and more packed into bits (Encodings,
 * RLE = 3). Levels and the numbers that point into dictionaries are written so.
 */
import { invalid } from './refusal.js';

/** Numbers of `width` bits, 0 to 32, `count` of them; as many bytes as these take. FORMAT_INVALID when the bytes end before. */
export function readBitRuns(bytes: Uint8Array, width: number, count: number, name: string): Uint32Array {
  const numbers = new Uint32Array(count);
  if (width === 0) return numbers;
  const cutOff = () => invalid(name, 'its runs of small numbers are cut off');
  let at = 0;
  const readHead = (): number => {
    let value = 0;
    for (let i = 0; i < 5; i++) {
      const byte = bytes[at++];
      if (byte === undefined) throw cutOff();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw invalid(name, 'a run of small numbers has an impossible length');
  };
  for (let done = 0; done < count; ) {
    const head = readHead();
    if (head % 2 === 0) {
      const end = Math.min(count, done + head / 2);
      let value = 0;
      for (let i = 0; i < Math.ceil(width / 8); i++) {
        if (at >= bytes.length) throw cutOff();
        value += bytes[at++] * 2 ** (8 * i);
      }
      numbers.fill(value, done, end);
      done = end;
      continue;
    }
    const groups = (head - 1) / 2;
    // Some writers leave the end of the last group out.
    const wanted = Math.min(groups * 8, count - done);
    if (at + Math.ceil((wanted * width) / 8) > bytes.length) throw cutOff();
    unpack(bytes.subarray(at, at + groups * width), width, numbers.subarray(done, done + wanted));
    at += groups * width;
    done += wanted;
  }
  return numbers;
}

/** Lowest bit first. */
function unpack(bytes: Uint8Array, width: number, numbers: Uint32Array): void {
  // What is left of a byte and three more are all that 32 bits hold.
  if (width > 24) {
    unpackWide(bytes, width, numbers);
    return;
  }
  const mask = 2 ** width - 1;
  for (let i = 0, at = 0, held = 0, bits = 0; i < numbers.length; i++) {
    for (; bits < width; bits += 8) held |= bytes[at++] << bits;
    numbers[i] = held & mask;
    held >>>= width;
    bits -= width;
  }
}

function unpackWide(bytes: Uint8Array, width: number, numbers: Uint32Array): void {
  for (let i = 0, bit = 0; i < numbers.length; i++) {
    let value = 0;
    for (let have = 0; have < width; ) {
      const shift = bit & 7;
      const take = Math.min(8 - shift, width - have);
      // Not shifted: 32 bits are more than signed ones hold.
      value += ((bytes[bit >> 3] >> shift) & ((1 << take) - 1)) * 2 ** have;
      have += take;
      bit += take;
    }
    numbers[i] = value;
  }
}
