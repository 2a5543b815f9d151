/** Writes files so that their target is as before or complete, whatever happens in between. */
import { constants } from 'node:fs';
import { access, type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TailorError } from './errors.js';
import { errorCode } from './file-errors.node.js';
import { hasNoLinks, lockFile, temporaryFile } from './file-lock.node.js';

/** What there is to be written, and where. */
export interface FileToWrite {
  /** For messages. */
  readonly path: string;
  /** The file itself, where `path` is a link to it. */
  readonly target: string;
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Whether a file is there that is to be replaced. */
  readonly replace: boolean;
  /** Whether the caller holds a lock that no other run writes `target` without. */
  readonly locked: boolean;
}

/**
 * A temporary file beside the target is filled, flushed to disk and given the target's name: by a rename where a file is replaced
 * (its permissions stay), else by a link, which fails where a file has appeared.
 * @throws TailorError (FILE_BUSY, FILE_EXISTS) or an error of the system; the target is then as it was.
 */
export async function writeWhole({ path, target, chunks, replace, locked }: FileToWrite): Promise<void> {
  // A rename would replace a file that its owner made read-only: respect the mark.
  if (replace) await access(target, constants.W_OK);
  const lock = locked ? undefined : await lockFile(target);
  const temporary = temporaryFile(target);
  try {
    const mode = replace ? (await stat(target)).mode & 0o7777 : undefined;
    const file = await open(temporary.path, 'wx');
    try {
      await writeFlushing(file, chunks);
      if (mode !== undefined) await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await lock?.assertHeld();
    await (replace ? rename(temporary.path, target) : putInPlace(temporary.path, path, target));
    // Who holds the lock writes more, and looks after what a loss of power has taken of it.
    if (!locked) await syncFolder(dirname(target));
  } finally {
    // After a rename there is none.
    await rm(temporary.path, { force: true }).catch(() => {});
    temporary.done();
    await lock?.release();
  }
}

/** Bytes that one call of the system is given. */
const WRITTEN_AT_ONCE = 2 ** 24;

/** Bytes after which the disk is told to begin: a wait for all of them at the end takes three times as long for a gigabyte. */
const FLUSHED_AT_ONCE = 2 ** 26;

/** Writes the chunks; the disk works on what is there while the next are made and handed over. */
async function writeFlushing(
  file: FileHandle,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  let flush: Promise<void> | undefined;
  let unflushed = 0;
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += WRITTEN_AT_ONCE) {
        const piece = chunk.subarray(at, at + WRITTEN_AT_ONCE);
        await file.writeFile(piece);
        unflushed += piece.length;
        if (unflushed < FLUSHED_AT_ONCE) continue;
        await flush;
        flush = file.datasync();
        // It is waited for below or behind the next piece: until then a failure is nobody's.
        flush.catch(() => {});
        unflushed = 0;
      }
    }
  } finally {
    await flush;
  }
}

async function putInPlace(temporary: string, path: string, target: string): Promise<void> {
  try {
    await link(temporary, target);
    return;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw fileExists(path);
    if (!hasNoLinks(error)) throw error;
  }
  // Without links nothing is better than to look once more: the lock keeps out other runs of ours.
  if (await stat(target).catch(() => undefined)) throw fileExists(path);
  await rename(temporary, target);
}

/** The name is on the disk as well; not every system can flush a folder, and the file is whole without. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const file = await open(folder, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  } catch {
    // See above.
  }
}

/** FILE_EXISTS. */
export function fileExists(path: string): TailorError {
  return new TailorError(
    'FILE_EXISTS',
    `Writing ${path}: it exists already. Choose another name, or allow overwriting (--force).`,
  );
}
