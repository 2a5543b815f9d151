/**
 * Snappy's raw format (google/snappy, format_description.txt): the size, then pieces that are given and pieces that repeat what came
 * before. Of our own because hyparquet's reader, given a piece of negative length, goes back and never ends.
 */

/** Fills `output` with what `input` holds; an Error for anything else than exactly as much. */
export function unpackSnappy(input: Uint8Array, output: Uint8Array): void {
  let at = 0;
  let filled = 0;
  const byte = (): number => {
    if (at >= input.length) throw new Error('snappy data are cut off');
    return input[at++];
  };
  const little = (bytes: number): number => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += byte() * 2 ** (8 * i);
    return value;
  };

  let size = 0;
  for (let i = 0, more = true; more; i++) {
    const next = byte();
    size += (next & 0x7f) * 2 ** (7 * i);
    more = next >= 0x80 && i < 4;
  }
  if (size !== output.length) {
    throw new Error(`snappy data unpack to ${size} bytes instead of ${output.length}`);
  }
  while (at < input.length) {
    const tag = byte();
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >> 2;
      const length = 1 + (short < 60 ? short : little(short - 59));
      if (length > input.length - at || length > size - filled) throw new Error('a snappy piece is too long');
      output.set(input.subarray(at, at + length), filled);
      at += length;
      filled += length;
      continue;
    }
    const length = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const back = kind === 1 ? (tag >> 5) * 256 + byte() : little(kind === 2 ? 2 : 4);
    if (back === 0 || back > filled || length > size - filled) {
      throw new Error('a snappy piece repeats what is not there');
    }
    // A piece may repeat itself: what it has written already is copied again.
    for (let i = 0; i < length; i++, filled++) output[filled] = output[filled - back];
  }
  if (filled !== size) throw new Error(`snappy data end after ${filled} of ${size} bytes`);
}
