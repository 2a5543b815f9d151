/** What a picture file is, by how it begins: its name says nothing. */
import { TailorError } from '../array/errors.js';

const text = (bytes: Uint8Array, from: number, to: number) =>
  String.fromCharCode(...bytes.subarray(from, to));

/** A box `ftyp` that names AVIF, still or moving, among its brands. */
function isAvif(bytes: Uint8Array): boolean {
  if (bytes.length < 16 || text(bytes, 4, 8) !== 'ftyp') return false;
  const end = Math.min(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), bytes.length, 256);
  for (let at = 8; at + 4 <= end; at += 4) if (/^avi[fs]$/.test(text(bytes, at, at + 4))) return true;
  return false;
}

/**
 * FORMAT_INVALID for bytes that do not begin as a png, jpeg, webp, gif, tiff or avif file. The decoder knows many more formats, some
 * of which fetch other files (SVG) or run programs (PDF, and whatever a library was built with): none of them is reached.
 */
export function assertPictureFormat(bytes: Uint8Array, name: string): void {
  const start = text(bytes, 0, 12);
  const known =
    start.startsWith('\x89PNG\r\n\x1a\n') ||
    start.startsWith('\xff\xd8\xff') ||
    /^GIF8[79]a/.test(start) ||
    (start.startsWith('RIFF') && start.endsWith('WEBP')) ||
    /^(?:II[*+]\0|MM\0[*+])/.test(start) ||
    isAvif(bytes);
  if (known) return;
  const found =
    bytes.length === 0 ? 'it is empty' : 'it begins as no png, jpeg, webp, gif, tiff or avif file does';
  throw new TailorError(
    'FORMAT_INVALID',
    `Decoding ${name}: it cannot be read as a picture (${found}). Replace or remove the file.`,
  );
}
