import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { castTo, toFloat32Data } from '../../src/runtime/tensors.js';

describe('castTo', () => {
  it('returns the same array where nothing is to be done', () => {
    const numbers = Float32Array.of(1, Number.NaN);
    expect(castTo('float32', numbers)).toBe(numbers);
    const whole = BigInt64Array.of(1n);
    expect(castTo('int64', whole)).toBe(whole);
    const words = ['a'];
    expect(castTo('string', words)).toBe(words);
  });

  const wholeTypes = ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'] as const;

  it('keeps whole numbers exactly or refuses them, whatever holds them', () => {
    const numbers = fc.array(fc.integer({ min: -(2 ** 33), max: 2 ** 33 }), { minLength: 1 });
    fc.assert(
      fc.property(numbers, fc.constantFrom(...wholeTypes), fc.boolean(), (values, type, big) => {
        const data = big ? BigInt64Array.from(values, BigInt) : Float64Array.from(values);
        let cast: unknown;
        try {
          cast = castTo(type, data);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
          const bits = Number(type.replace(/\D/g, ''));
          const [low, high] = type.startsWith('u')
            ? [0, 2 ** bits - 1]
            : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
          expect(values.some((value) => value < low || value > high)).toBe(true);
          return;
        }
        expect(Array.from(cast as BigInt64Array, Number)).toEqual(values.map((value) => value + 0));
      }),
    );
  });

  it.each([
    [
      'int32',
      Float32Array.of(1.5),
      /number 0 is 1\.5; int32 holds whole numbers from -2147483648 to 2147483647/,
    ],
    ['int32', Float32Array.of(Number.NaN), /is NaN/],
    ['int64', Float64Array.of(Infinity), /is Infinity/],
    ['uint8', Int32Array.of(0, 256), /number 1 is 256; uint8 holds whole numbers from 0 to 255/],
    ['uint8', Int8Array.of(-1), /is -1/],
    ['int64', BigUint64Array.of(2n ** 63n), /9223372036854775808/],
    ['bool', Uint8Array.of(0, 1, 2), /number 2 is 2; bool holds/],
    ['float16', Float32Array.of(65536), /is 65536; float16 holds from -65504 to 65504/],
    ['float32', Float64Array.of(1e39), /float32 holds from/],
    ['bfloat16', Float32Array.of(1), /no such type; they have float32/],
    ['int32', ['1'], /strings and numbers/],
    ['string', Float32Array.of(1), /strings and numbers/],
  ] as const)('to %s refuses %o', (type, data, message) => {
    const cast = () => castTo(type, data as Float32Array, 'x');
    expect(cast).toThrow(message);
    expect(cast).toThrow(/Converting x to /);
  });

  it('lets NaN and infinity through to floats', () => {
    expect(castTo('float32', Float64Array.of(Number.NaN, -Infinity))).toEqual(
      Float32Array.of(Number.NaN, -Infinity),
    );
    expect(castTo('float16', Float32Array.of(1, -2, Infinity))).toEqual(
      Uint16Array.of(0x3c00, 0xc000, 0x7c00),
    );
  });

  it('takes booleans of 0 and 1 from any type', () => {
    expect(castTo('bool', Float64Array.of(0, 1))).toEqual(Uint8Array.of(0, 1));
  });
});

describe('toFloat32Data', () => {
  it('reads numbers and refuses strings', () => {
    expect(toFloat32Data(BigInt64Array.of(3n), 'x')).toEqual(Float32Array.of(3));
    expect(() => toFloat32Data(['3'], 'x')).toThrow(/strings/);
  });
});
