/** What a command is going to write is its own until it ends. */
import { platform } from '#platform';
import type { FileLock } from '../array/platform.js';

const held: FileLock[] = [];

/** Keeps other runs from writing `path` until `releaseLocks`. FILE_BUSY; FILE_UNWRITABLE where nothing can be written at all. */
export async function holdLock(path: string): Promise<void> {
  held.push(await platform.lockFile(path));
}

/** At the end of a command, whatever end it was. */
export async function releaseLocks(): Promise<void> {
  for (const lock of held.splice(0)) await lock.release();
}
