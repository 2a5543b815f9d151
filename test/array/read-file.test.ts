import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { platform } from '../../src/array/platform.node.js';

const sha256 = (...parts: Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

describe('readHashed', () => {
  let folder: string;
  let path: string;
  // Longer than what is hashed at once and than what lies between two stops, and a multiple of neither.
  const content = new Uint8Array(40 * 2 ** 20 + 12_345).map((_, i) => (i * 2_654_435_761) >>> 24);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-'));
    path = join(folder, 'large');
    writeFileSync(path, content);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('gives the bytes and their checksum', async () => {
    const { bytes, checksum } = await platform.readHashed(path);
    expect(Buffer.compare(bytes, content)).toBe(0);
    expect(checksum.sha256).toBe(sha256(content));
    expect(await platform.sha256File(path)).toBe(checksum.sha256);
    expect(await platform.sha256(bytes)).toBe(checksum.sha256);
  });

  it.each([
    ['nothing', () => []],
    ['other bytes alone', () => [Uint8Array.of(1, 2, 3)]],
    ['the whole', (bytes: Uint8Array) => [bytes]],
    ['the whole in views', (bytes: Uint8Array) => [bytes.subarray(0, 7), bytes.subarray(7)]],
    ['a change at the beginning', (bytes: Uint8Array) => [Uint8Array.of(9), bytes.subarray(1)]],
    ['a change at a stop', (bytes: Uint8Array) => changedAt(bytes, 2 ** 24)],
    ['a change before a stop', (bytes: Uint8Array) => changedAt(bytes, 2 ** 24 - 1)],
    ['a change behind a stop', (bytes: Uint8Array) => changedAt(bytes, 2 ** 25 + 1)],
    ['a change at the end', (bytes: Uint8Array) => changedAt(bytes, bytes.length - 1)],
    ['the beginning twice', (bytes: Uint8Array) => [bytes.subarray(0, 2 ** 25), bytes.subarray(0, 2 ** 25)]],
    ['a gap', (bytes: Uint8Array) => [bytes.subarray(0, 2 ** 24 + 5), bytes.subarray(2 ** 24 + 6)]],
    ['a copy', (bytes: Uint8Array) => [bytes.slice()]],
    [
      'empty parts',
      (bytes: Uint8Array) => [bytes.subarray(0, 0), bytes.subarray(0, 2 ** 24), bytes.subarray(3, 3)],
    ],
  ])('hashes parts of which the beginning is the file’s: %s', async (_, partsOf) => {
    const { bytes, checksum } = await platform.readHashed(path);
    const parts = partsOf(bytes);
    expect(await checksum.ofParts(parts)).toBe(sha256(...parts));
    // The stops are still there.
    expect(await checksum.ofParts(parts)).toBe(sha256(...parts));
  });

  it('serves others while it hashes', async () => {
    const turns = vi.fn();
    const timer = setInterval(turns, 0);
    await platform.sha256(content);
    clearInterval(timer);
    expect(turns).toHaveBeenCalled();
  });

  it.skipIf(process.platform !== 'linux')('reads what has no size', async () => {
    const { bytes, checksum } = await platform.readHashed('/proc/version');
    expect(bytes.length).toBeGreaterThan(0);
    expect(checksum.sha256).toBe(sha256(bytes));
    expect(await checksum.ofParts([bytes])).toBe(checksum.sha256);
  });

  it('names what is not there', async () => {
    await expect(platform.readHashed(join(folder, 'none'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(platform.readHashed(folder)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});

function changedAt(bytes: Uint8Array, at: number): Uint8Array[] {
  return [bytes.subarray(0, at), Uint8Array.of(bytes[at] ^ 1), bytes.subarray(at + 1)];
}
