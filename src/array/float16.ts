/** The 16-bit floating-point formats, IEEE float16 and bfloat16, in terms of their bit patterns. */

const wide = new Float64Array(1);
const wideWords = new Uint32Array(wide.buffer);
// Adding and taking away 1.5·2^52 rounds a small number to a whole one, ties to even: what IEEE addition does.
const toWhole = 6755399441055744;

/** Bits of `value` in a 16-bit format of `mantissa` stored bits, rounded once to nearest, ties to even. */
function encode16(value: number, mantissa: number, bias: number): number {
  const infinity = (2 * bias + 1) << mantissa;
  if (Number.isNaN(value)) return infinity | (1 << (mantissa - 1));
  wide[0] = value;
  const sign = (wideWords[1] >>> 31) << 15;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | infinity;
  const exponent = Math.max(((wideWords[1] >>> 20) & 0x7ff) - 1023, 1 - bias);
  const steps = magnitude * 2 ** (mantissa - exponent) + toWhole - toWhole;
  // A subnormal has fewer than 2^mantissa steps and its exponent bits come out 0; a carry out of the mantissa
  // lands in the exponent, as it should.
  const bits = ((exponent + bias) << mantissa) + steps - (1 << mantissa);
  return sign | Math.min(bits, infinity);
}

function decode16(bits: number, mantissa: number, bias: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits & 0x7fff) >> mantissa;
  const fraction = bits & ((1 << mantissa) - 1);
  if (exponent === 2 * bias + 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - mantissa);
  return sign * (fraction + (1 << mantissa)) * 2 ** (exponent - bias - mantissa);
}

/** The 16 bits of the float16 nearest to `value` (ties to even; from 65520 on, infinity). */
export const toFloat16 = (value: number): number => encode16(value, 10, 15);
/** The number that the 16 bits of a float16 stand for, exactly. */
export const fromFloat16 = (bits: number): number => decode16(bits, 10, 15);
/** The 16 bits of the bfloat16 nearest to `value` (ties to even). */
export const toBfloat16 = (value: number): number => encode16(value, 7, 127);
/** The number that the 16 bits of a bfloat16 stand for, exactly. */
export const fromBfloat16 = (bits: number): number => decode16(bits, 7, 127);

/** Bit patterns of float16 as float32 numbers; exact. */
export function float16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < values.length; i++) values[i] = fromFloat16(bits[i]);
  return values;
}

/** Bit patterns of bfloat16 as float32 numbers; exact: they are the upper halves of those. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < words.length; i++) words[i] = bits[i] << 16;
  return new Float32Array(words.buffer);
}
