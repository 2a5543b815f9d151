import { describe, it, vi } from 'vitest';
import { decodePicture } from '../../src/data/pictures.node.js';
import { expectRefusal } from '../array/expect-refusal.js';

vi.mock('sharp', () => {
  throw new Error('Cannot find package');
});

describe('without sharp', () => {
  it('decoding a picture says what to install', async () => {
    await expectRefusal(
      () => decodePicture(new Uint8Array(10), 'x.png'),
      'DEPENDENCY_MISSING',
      /x\.png.*npm install sharp.*\.npz/,
    );
  });
});
