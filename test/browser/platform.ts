/** platform.browser.ts with files for the tests (files.ts): all but the files is what pages get. */
import { TailorError } from '../../src/array/errors.js';
import { platform as page } from '../../src/array/platform.browser.js';
import type { Platform } from '../../src/array/platform.js';
import * as files from './files.js';

export const platform: Platform = {
  ...page,

  async readFile(path) {
    try {
      return await files.readLater(path);
    } catch (error) {
      throw readError(path, error);
    }
  },

  async readHashed(path) {
    const bytes = await platform.readFile(path);
    return { bytes, checksum: { sha256: await page.sha256(bytes), ofParts: page.sha256 } };
  },

  async readRange(path, offset, length) {
    const bytes = (await platform.info(path))?.bytes;
    if (bytes !== undefined && offset + length > bytes) {
      throw new TailorError(
        'FORMAT_INVALID',
        `Reading ${path}: ${length} bytes from offset ${offset} are needed, but the file ends after ${bytes}.`,
      );
    }
    try {
      return await files.readLater(path, { offset, length });
    } catch (error) {
      throw readError(path, error);
    }
  },

  info: async (path) => files.info(path),

  async listFolder(path) {
    try {
      return files.list(path).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    } catch (error) {
      throw readError(path, error);
    }
  },

  async writeFile(path, chunks, { overwrite = false } = {}) {
    const exists = files.info(path);
    if (exists?.kind === 'folder') {
      throw new TailorError('FILE_UNWRITABLE', `Writing ${path}: a folder of that name is there.`);
    }
    if (exists && !overwrite) {
      throw new TailorError('FILE_EXISTS', `Writing ${path}: it exists already (--force).`);
    }
    try {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      for await (const chunk of chunks) parts.push(chunk.slice());
      files.write(path, new Uint8Array(await new Blob(parts).arrayBuffer()));
    } catch (error) {
      throw writeError(path, error);
    }
  },

  // Nobody else writes here; a lock lies beside its file, so there has to be a folder for it.
  async lockFile(path) {
    const folder = page.folderOf(path);
    if (!files.info(folder)) throw writeError(path, new files.FileError('ENOENT', folder));
    return { assertHeld: async () => {}, release: async () => {} };
  },

  clearBehind: async () => {},

  async makeFolder(path) {
    try {
      files.makeFolder(path, { recursive: true });
    } catch (error) {
      throw writeError(path, error);
    }
  },

  async realPath(path) {
    try {
      return files.realPath(path);
    } catch (error) {
      throw readError(path, error);
    }
  },
};

function readError(path: string, cause: unknown): TailorError {
  const code = cause instanceof files.FileError ? cause.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new TailorError('FILE_NOT_FOUND', `Reading ${path}: there is no such file.`, { cause });
  }
  const why = code === 'EISDIR' ? 'it is a folder' : String(cause);
  return new TailorError('FILE_UNREADABLE', `Reading ${path}: ${why}.`, { cause });
}

function writeError(path: string, cause: unknown): TailorError {
  if (cause instanceof TailorError) return cause;
  const missing = cause instanceof files.FileError && cause.code === 'ENOENT';
  const why = missing ? 'its folder does not exist' : String(cause);
  return new TailorError('FILE_UNWRITABLE', `Writing ${path}: ${why}. The target was left as it was.`, {
    cause,
  });
}
