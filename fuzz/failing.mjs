// Cases that fail on purpose: the harness must see each of them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TailorError } from '../dist/index.js';

/** @type {Record<string, (folder: string) => Promise<string>>} */
export const FAILING = {
  async hangs() {
    for (;;);
  },
  async dies() {
    process.abort();
  },
  async 'throws what is no TailorError'() {
    throw new RangeError('Invalid array length');
  },
  async 'shows a stack trace'() {
    throw new TailorError('FORMAT_INVALID', `Reading x: ${new Error('inside').stack}`);
  },
  async 'leaves a file behind an error'(folder) {
    writeFileSync(join(folder, 'out.onnx'), '');
    throw new TailorError('FORMAT_INVALID', 'Reading x: it is empty.');
  },
  async 'takes too much memory'() {
    const taken = Buffer.alloc(1.2 * 2 ** 30, 1);
    return `accepted ${taken.length}`;
  },
};
