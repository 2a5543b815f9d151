/** Node's side of `#platform`. */
import { mkdir, open, readdir, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { crc32 } from 'node:zlib';
import { allocate } from './allocate.js';
import { TailorError } from './errors.js';
import { errorCode, readError, writeError } from './file-errors.node.js';
import { clearBehind, lockFile } from './file-lock.node.js';
import { assertSame, fileChanged, markOf } from './file-mark.node.js';
import type { Platform } from './platform.js';
import { hashBytes, hashFile, readHashed, readWhole } from './read-file.node.js';
import { fileExists, writeWhole } from './write-file.node.js';

/** Files through node:fs; every failure is a TailorError. */
export const platform: Platform = {
  readFile: readWhole,
  readHashed,

  async readRange(path, offset, length, mark) {
    let bytesRead = 0;
    const bytes = allocate<Uint8Array<ArrayBuffer>>(Uint8Array, length, `Reading ${path}`);
    try {
      const file = await open(path, 'r');
      try {
        while (bytesRead < length) {
          // One read of the system takes at most 2³¹−1 bytes.
          const wanted = Math.min(length - bytesRead, 2 ** 30);
          const part = await file.read(bytes, bytesRead, wanted, offset + bytesRead);
          if (part.bytesRead === 0) break;
          bytesRead += part.bytesRead;
        }
        if (mark !== undefined) assertSame(path, mark, await file.stat({ bigint: true }));
      } finally {
        await file.close();
      }
    } catch (error) {
      if (mark !== undefined && errorCode(error) === 'ENOENT') throw fileChanged(path, 'is gone', error);
      throw readError(path, error);
    }
    if (bytesRead < length) {
      throw new TailorError(
        'FORMAT_INVALID',
        `Reading ${path}: ${length} bytes from offset ${offset} are needed, but the file ends after ${offset + bytesRead}.`,
      );
    }
    return bytes;
  },

  async info(path) {
    try {
      const found = await stat(path, { bigint: true });
      const kind = found.isDirectory() ? 'folder' : found.isFile() ? 'file' : 'other';
      return {
        ...{ kind, bytes: Number(found.size), modified: Math.floor(Number(found.mtimeNs) / 1e6) },
        ...(kind === 'file' && { mark: markOf(found) }),
      };
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
      throw readError(path, error);
    }
  },

  async listFolder(path) {
    try {
      return (await readdir(path)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    } catch (error) {
      throw readError(path, error);
    }
  },

  async writeFile(path, chunks, { overwrite = false, locked = false } = {}) {
    const exists = await platform.info(path);
    // A rename would put a file in the place of /dev/null.
    if (exists && exists.kind !== 'file') {
      const what = exists.kind === 'folder' ? 'a folder' : 'a device or pipe';
      throw new TailorError(
        'FILE_UNWRITABLE',
        `Writing ${path}: ${what} of that name is there. Give a file name.`,
      );
    }
    if (exists && !overwrite) throw fileExists(path);
    try {
      // A rename would replace a symbolic link, and leave the file behind it as it was.
      const target = exists ? await platform.realPath(path) : path;
      await writeWhole({ path, target, chunks, replace: exists !== undefined, locked });
    } catch (error) {
      throw writeError(path, error);
    }
  },

  async lockFile(path, options) {
    try {
      return await lockFile(path, options);
    } catch (error) {
      throw writeError(path, error);
    }
  },

  clearBehind,

  async removeFile(path) {
    try {
      await rm(path, { force: true });
    } catch (error) {
      throw writeError(path, error);
    }
  },

  async makeFolder(path) {
    try {
      await mkdir(path, { recursive: true });
    } catch (error) {
      throw writeError(path, error);
    }
  },

  async realPath(path) {
    try {
      return await realpath(path);
    } catch (error) {
      throw readError(path, error);
    }
  },

  sha256: (bytes) => hashBytes(bytes instanceof Uint8Array ? [bytes] : bytes),
  sha256File: hashFile,

  crc32(bytes, before = 0) {
    let crc = before;
    // zlib counts the bytes of one call in 32 bits.
    for (let at = 0; at < bytes.length; at += 2 ** 30) crc = crc32(bytes.subarray(at, at + 2 ** 30), crc);
    return crc;
  },

  joinPath: join,
  folderOf: dirname,
  baseName: basename,
  seconds: () => performance.now() / 1000,
};
