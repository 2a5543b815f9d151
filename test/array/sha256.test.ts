import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sha256 } from '../../src/array/sha256.js';

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

it.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
])('is what FIPS 180-4 has for "%s"', (text, digest) => {
  expect(hex(sha256(new TextEncoder().encode(text)))).toBe(digest);
});

it('is what the machine computes, at every length about a block and at any place in a buffer (property)', async () => {
  const own = async (bytes: Uint8Array<ArrayBuffer>) =>
    new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  for (let length = 50; length < 135; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => 7 * i + length);
    expect(sha256(bytes)).toEqual(await own(bytes));
  }
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.nat(9), async (made, skip) => {
      const bytes = Uint8Array.from(made).subarray(skip);
      expect(sha256(bytes)).toEqual(await own(bytes));
    }),
  );
});
