/** Zstandard frames (RFC 8878) of a known size. */
import { decompress } from 'fzstd';

/**
 * Fills `output` with what `packed` holds; an Error for another size. The library writes into the room it is given and does not say
 * how much: what the frame says of its size is therefore compared, and where it says nothing, two runs over different bytes are.
 */
export function unpackZstd(packed: Uint8Array, output: Uint8Array): void {
  const size = contentSize(packed);
  if (size !== undefined && size !== output.length) {
    throw new Error(`zstd data unpack to ${size} bytes instead of ${output.length}`);
  }
  fill(packed, output);
  if (size !== undefined) return;
  const again = new Uint8Array(output.length).fill(0xff);
  fill(packed, again);
  if (again.some((byte, i) => byte !== output[i])) {
    throw new Error(`zstd data unpack to fewer than ${output.length} bytes`);
  }
}

/** The library asks `output == 1`, for which an array would be written out as a text of all its numbers. */
function fill(packed: Uint8Array, output: Uint8Array): void {
  decompress(packed, Object.assign(output, { toString: () => '' }));
}

/** Frame_Content_Size of RFC 8878, 3.1.1.1; undefined where the frame has none, as those that are written in a stream. */
function contentSize(packed: Uint8Array): number | undefined {
  const descriptor = packed[4];
  const single = (descriptor >> 5) & 1;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3];
  const flag = descriptor >> 6;
  const bytes = flag === 0 ? single : 2 ** flag;
  if (!(bytes > 0)) return undefined;
  const start = 6 - single + dictionaryBytes;
  let size = flag === 1 ? 256 : 0;
  for (let i = 0; i < bytes; i++) size += packed[start + i] * 2 ** (8 * i);
  return size;
}
