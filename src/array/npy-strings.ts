/** The string types of numpy: 'U' (UTF-32, fixed width) and 'S' (bytes, read as UTF-8), padded with NULs at the end. */
import { TailorError } from './errors.js';
import type { NpyHeader } from './npy-header.js';

/** Reads the strings in file order. FORMAT_INVALID for a code point that does not exist or bytes that are not UTF-8. */
export function decodeStrings(body: Uint8Array, header: NpyHeader, name: string): string[] {
  const { kind, items, itemBytes, littleEndian } = header;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const strings = new Array<string>(items);
  for (let i = 0; i < items; i++) {
    try {
      strings[i] =
        kind === 'U'
          ? decodeUtf32(view, i * itemBytes, itemBytes, littleEndian)
          : utf8.decode(trimNuls(body.subarray(i * itemBytes, (i + 1) * itemBytes)));
    } catch (error) {
      throw new TailorError(
        'FORMAT_INVALID',
        `Reading ${name}: string ${i} is not ${kind === 'U' ? 'Unicode (UTF-32)' : 'UTF-8'}. Save it with array.astype(str).`,
        { cause: error },
      );
    }
  }
  return strings;
}

/** 'U' wide enough for the longest string, at least 1, as numpy.array(strings) has it. */
export function encodeStrings(strings: readonly string[]): { dtype: string; body: Uint8Array } {
  let width = 1;
  for (const [i, text] of strings.entries()) {
    if (text.endsWith('\0')) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `Writing strings to .npy: string ${i} ends with a NUL, which numpy takes for padding. Remove it.`,
      );
    }
    let length = 0;
    for (const _ of text) length++;
    width = Math.max(width, length);
  }
  const body = new Uint8Array(strings.length * width * 4);
  const view = new DataView(body.buffer);
  for (const [i, text] of strings.entries()) {
    let at = i * width * 4;
    for (const character of text) {
      view.setUint32(at, character.codePointAt(0) ?? 0, true);
      at += 4;
    }
  }
  return { dtype: `<U${width}`, body };
}

function decodeUtf32(view: DataView, offset: number, bytes: number, littleEndian: boolean): string {
  let end = offset + bytes;
  while (end > offset && view.getUint32(end - 4, littleEndian) === 0) end -= 4;
  let text = '';
  for (let at = offset; at < end; at += 4) text += String.fromCodePoint(view.getUint32(at, littleEndian));
  return text;
}

function trimNuls(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}
