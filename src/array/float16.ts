/** IEEE 754 half precision, as arrays of 16-bit patterns. */

const exponents = new Float64Array(32);
for (let e = 1; e < 31; e++) exponents[e] = 2 ** (e - 15);

/** The number that a half-precision bit pattern stands for; exact. */
function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * exponents[exponent] * (1 + fraction / 1024);
}

/** Half-precision bit patterns as float32 numbers; exact. */
export function float16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = float16Value(bits[i]);
  return values;
}
