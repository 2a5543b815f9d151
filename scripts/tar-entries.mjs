// Files of a gzipped tar archive, read as a stream.

import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';

const BLOCK = 512;

/**
 * The wanted files, by the last part of their names, one at a time. Reads plain ustar headers, which is what npm writes.
 *
 * @param {string} path
 * @param {(name: string) => boolean} wanted
 * @returns {AsyncGenerator<{ name: string, data: Buffer }>}
 */
export async function* tarEntries(path, wanted) {
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  const gunzip = createGunzip({ chunkSize: 1 << 20 });
  stream.on('error', (error) => gunzip.destroy(error));
  const reader = new ByteReader(stream.pipe(gunzip));
  try {
    for (;;) {
      const header = await reader.take(BLOCK);
      if (header === undefined || header[0] === 0) return;
      const text = (/** @type {number} */ start, /** @type {number} */ length) =>
        header
          .toString('latin1', start, start + length)
          .replace(/\0.*$/s, '')
          .trim();
      const size = Number.parseInt(text(124, 12), 8);
      if (!Number.isInteger(size)) throw new Error(`${path} is not a tar archive`);
      const padded = Math.ceil(size / BLOCK) * BLOCK;
      const name = text(0, 100).split('/').at(-1) ?? '';
      if (!wanted(name)) {
        await reader.skip(padded);
        continue;
      }
      const data = await reader.take(padded);
      if (data === undefined) throw new Error(`${path} ends in the middle of ${name}`);
      yield { name, data: data.subarray(0, size) };
    }
  } finally {
    stream.destroy();
    gunzip.destroy();
  }
}

/** Takes exact numbers of bytes from a stream of chunks. */
class ByteReader {
  #chunks;
  /** @type {Buffer} */
  #rest = Buffer.alloc(0);

  /** @param {AsyncIterable<Buffer>} source */
  constructor(source) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** @returns {Promise<boolean>} false at the end */
  async #refill() {
    const next = await this.#chunks.next();
    if (next.done) return false;
    this.#rest = next.value;
    return true;
  }

  /** @param {number} length @returns {Promise<Buffer | undefined>} undefined when the stream ends first */
  async take(length) {
    const taken = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      if (this.#rest.length === 0 && !(await this.#refill())) return undefined;
      const part = this.#rest.subarray(0, length - filled);
      part.copy(taken, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return taken;
  }

  /** @param {number} length */
  async skip(length) {
    let left = length;
    while (left > 0) {
      if (this.#rest.length === 0 && !(await this.#refill())) return;
      const part = Math.min(left, this.#rest.length);
      left -= part;
      this.#rest = this.#rest.subarray(part);
    }
  }
}
