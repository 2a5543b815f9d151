/** Node's side of `#platform`. */
import { createHash, randomBytes } from 'node:crypto';
import {
  access,
  constants,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { crc32 } from 'node:zlib';
import { allocate } from './allocate.js';
import { TailorError } from './errors.js';
import type { Platform } from './platform.js';

/** Files through node:fs; every failure is a TailorError. */
export const platform: Platform = {
  async readFile(path) {
    try {
      const bytes = await readFile(path);
      return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
    } catch (error) {
      throw readError(path, error);
    }
  },

  async readRange(path, offset, length) {
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
      } finally {
        await file.close();
      }
    } catch (error) {
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
      const found = await stat(path);
      const kind = found.isDirectory() ? 'folder' : found.isFile() ? 'file' : 'other';
      return { kind, bytes: found.size, modified: Math.floor(found.mtimeMs) };
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

  async writeFile(path, chunks, { overwrite = false } = {}) {
    const exists = await platform.info(path);
    // A rename would put a file in the place of /dev/null.
    if (exists && exists.kind !== 'file') {
      const what = exists.kind === 'folder' ? 'a folder' : 'a device or pipe';
      throw new TailorError(
        'FILE_UNWRITABLE',
        `Writing ${path}: ${what} of that name is there. Give a file name.`,
      );
    }
    if (exists && !overwrite) {
      throw new TailorError(
        'FILE_EXISTS',
        `Writing ${path}: it exists already. Choose another name, or allow overwriting (--force).`,
      );
    }
    // A rename would replace a symbolic link, and leave the file behind it as it was.
    const target = exists ? await platform.realPath(path) : path;
    const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
    try {
      // A rename would replace a file that its owner made read-only: respect the mark.
      if (exists) await access(target, constants.W_OK);
      const file = await open(temporary, 'wx');
      try {
        for await (const chunk of chunks) await file.writeFile(chunk);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      if (error instanceof TailorError) throw error;
      throw writeError(path, error);
    }
  },

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

  async sha256(bytes) {
    const hash = createHash('sha256');
    for (const part of partsOf(bytes)) hash.update(part);
    return hash.digest('hex');
  },

  async sha256File(path) {
    const hash = createHash('sha256');
    try {
      const file = await open(path, 'r');
      try {
        // A megabyte is hashed in a millisecond: nobody waits for it.
        const buffer = new Uint8Array(2 ** 20);
        for (;;) {
          const { bytesRead } = await file.read(buffer, 0, buffer.length);
          if (bytesRead === 0) break;
          hash.update(buffer.subarray(0, bytesRead));
        }
      } finally {
        await file.close();
      }
    } catch (error) {
      throw readError(path, error);
    }
    return hash.digest('hex');
  },

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

function partsOf(bytes: Uint8Array | readonly Uint8Array[]): readonly Uint8Array[] {
  return bytes instanceof Uint8Array ? [bytes] : bytes;
}

function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

function readError(path: string, error: unknown): TailorError {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new TailorError('FILE_NOT_FOUND', `Reading ${path}: there is no such file. Check the path.`, {
      cause: error,
    });
  }
  const why =
    code === 'EISDIR'
      ? 'it is a folder'
      : code === 'EACCES' || code === 'EPERM'
        ? 'permission denied'
        : (error as Error).message;
  return new TailorError('FILE_UNREADABLE', `Reading ${path}: ${why}.`, { cause: error });
}

function writeError(path: string, error: unknown): TailorError {
  const code = errorCode(error);
  const why =
    code === 'ENOENT'
      ? `the folder ${dirname(path)} does not exist; create it first`
      : code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
        ? 'permission denied'
        : code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
          ? 'no space is left on the disk'
          : (error as Error).message;
  return new TailorError('FILE_UNWRITABLE', `Writing ${path}: ${why}. The target was left as it was.`, {
    cause: error,
  });
}
