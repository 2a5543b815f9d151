/**
 * The browser's side of `#platform`. A page has no file system: files come in as bytes (drop zone, fetch) and go out
 * as downloads, so every path operation refuses and says what to call instead.
 */
import { crc32 } from './crc32.js';
import { TailorError } from './errors.js';
import type { Platform } from './platform.js';
import { sha256 } from './sha256.js';

function noFiles(path: string): never {
  throw new TailorError(
    'FILE_UNREADABLE',
    `Opening ${path}: a page has no file system. Pass the bytes (Uint8Array) instead of a path.`,
  );
}

/** Bytes only; see the top of this file. */
export const platform: Platform = {
  readFile: async (path) => noFiles(path),
  readHashed: async (path) => noFiles(path),
  readRange: async (path) => noFiles(path),
  info: async (path) => noFiles(path),
  listFolder: async (path) => noFiles(path),
  writeFile: async (path) => noFiles(path),
  lockFile: async (path) => noFiles(path),
  clearBehind: async (path) => noFiles(path),
  removeFile: async (path) => noFiles(path),
  makeFolder: async (path) => noFiles(path),
  realPath: async (path) => noFiles(path),

  async sha256(bytes) {
    const whole = bytes instanceof Uint8Array ? bytes : await joined(bytes);
    // Only secure pages (https, localhost) have it.
    const own = globalThis.crypto?.subtle as SubtleCrypto | undefined;
    const digest = own
      ? new Uint8Array(await own.digest('SHA-256', whole as Uint8Array<ArrayBuffer>))
      : sha256(whole);
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  },

  sha256File: async (path) => noFiles(path),

  crc32,

  joinPath: (...parts) => parts.join('/').replace(/\/+/g, '/'),
  folderOf: (path) => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) || '/' : '.'),
  baseName: (path) => path.slice(path.lastIndexOf('/') + 1),
  seconds: () => performance.now() / 1000,
};

async function joined(parts: readonly Uint8Array[]): Promise<Uint8Array> {
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}
