/** Byte order of the machine and its reversal. */

/** Whether this machine keeps the lowest byte first; nearly all that run JavaScript do. */
export const HOST_IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** A copy of `bytes` with the order reversed inside each item of `width` bytes. */
export function swapBytes(bytes: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const swapped = new Uint8Array(bytes.length);
  for (let item = 0; item + width <= bytes.length; item += width) {
    for (let i = 0; i < width; i++) swapped[item + i] = bytes[item + width - 1 - i];
  }
  return swapped;
}
