/**
 * Who writes a file: one run at a time, and none is kept out by a run that is dead.
 *
 * The lock of FOLDER/NAME is the file FOLDER/.NAME.lock, which says who holds it. It appears with its whole content or not at all
 * (a hard link to a file that is complete). Whoever finds one asks whether its holder lives:
 *
 * - On the same machine (hostname, boot and process namespace agree) the process table answers: no such process, one that has
 *   ended and waits to be fetched, or one that began at another time, is dead. The lock of a dead holder is taken over at once.
 * - Of another machine, or where processes do not tell when they began, nothing can be asked. The holder touches its lock every
 *   BEAT_MS; a lock that is not touched for PATIENCE_MS while it is watched (by the watcher's own clock) has lost its holder.
 *
 * A temporary file `.NAME.<12 hex digits>.tmp` is written by holders of the lock of NAME only. So whoever gets the lock removes
 * those that are there: nobody alive writes them. Temporary files of other names are never touched.
 *
 * Where the watch is wrong (a holder on another machine that was suspended for longer than PATIENCE_MS), the holder finds its lock
 * gone before it renames, and ends with FILE_BUSY: the target is whole in any case.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import { link, open, readdir, readFile, realpath, rename, rm, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TailorError } from './errors.js';
import { errorCode, writeError } from './file-errors.node.js';

const BEAT_MS = 3_000;
const PATIENCE_MS = 30_000;
/** Locks that come and go while one is asked for, before it is given up. */
const ATTEMPTS = 50;

/** What stands in a lock. */
interface Owner {
  /** Another one for each lock. */
  readonly token: string;
  readonly pid: number;
  /** When the process began, in ticks of its machine; null where that is not known. */
  readonly began: string | null;
  /** Machine, boot and process namespace: where `pid` means something. */
  readonly place: string;
  /** For messages. */
  readonly host: string;
  readonly since: string;
}

/** A lock that this process holds. */
export interface HeldLock {
  /** The right to write is gone: FILE_BUSY. To be asked before what was written takes the place of the target. */
  assertHeld(): Promise<void>;
  /** Gives the lock back, the last time it was taken. */
  release(): Promise<void>;
}

interface Held {
  readonly lock: string;
  readonly token: string;
  readonly beat: NodeJS.Timeout;
}

/** By path of the lock: how often this process took it. */
const taken = new Map<string, { users: number; held: Promise<Held> }>();
/** Temporary files that this process is writing. */
const temporaries = new Set<string>();
let clearsUp = false;

/** Options of `lockFile`. */
export interface LockOptions {
  /** Refuse what this process holds already, too. Default: it is shared. */
  readonly alone?: boolean;
  /** Milliseconds without a sign of life; see above. */
  readonly patience?: number;
}

/**
 * Takes the lock of `path` and removes the temporary files that dead runs have left of it.
 * @throws FILE_BUSY where a living run holds it; an error of the system where the folder cannot be written to.
 */
export async function lockFile(
  path: string,
  { alone = false, patience = PATIENCE_MS }: LockOptions = {},
): Promise<HeldLock> {
  const target = await resolved(path);
  const lock = join(dirname(target), `.${basename(target)}.lock`);
  let mine = taken.get(lock);
  if (mine && alone) throw busy(path, { pid: process.pid, host: hostname(), since: 'before' });
  if (mine) mine.users++;
  else {
    mine = { users: 1, held: acquire(path, target, lock, patience) };
    taken.set(lock, mine);
  }
  const one = mine;
  let held: Held;
  try {
    held = await one.held;
  } catch (error) {
    if (taken.get(lock) === one) taken.delete(lock);
    throw error;
  }
  let released = false;
  return {
    async assertHeld() {
      const there = await ownerOf(lock).catch((error) => {
        throw writeError(path, error);
      });
      if (there?.owner?.token !== held.token) throw busy(path, there?.owner);
    },
    async release() {
      if (released) return;
      released = true;
      if (--one.users > 0) return;
      clearInterval(held.beat);
      taken.delete(lock);
      // One that cannot be read or removed is that of a dead process soon; what it protected is done, and does not fail for it.
      const there = await ownerOf(lock).catch(() => undefined);
      if (there?.owner?.token === held.token) await rm(lock, { force: true }).catch(() => {});
    },
  };
}

/**
 * Removes what dead runs have left of `path`, for those who write nothing themselves: where it may not be removed, or a living run is at
 * work there, it stays.
 */
export async function clearBehind(path: string): Promise<void> {
  try {
    const target = await resolved(path);
    const start = `.${basename(target)}.`;
    const isLeft = (name: string) =>
      name.startsWith(start) && /^(?:lock|[0-9a-f]{12}\.tmp)$/.test(name.slice(start.length));
    if (!(await readdir(dirname(target))).some(isLeft)) return;
    const lock = await lockFile(path, { alone: true });
    await lock.release();
  } catch {
    // See above.
  }
}

/** A name for a temporary file beside `target`, which goes when this process ends in any way that it can notice. */
export function temporaryFile(target: string): { path: string; done(): void } {
  clearUpAtExit();
  const path = temporaryName(target);
  temporaries.add(path);
  return { path, done: () => temporaries.delete(path) };
}

/** Two spellings of a path have one lock. A file that is not there yet has a folder that is. */
async function resolved(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return join(await realpath(dirname(path)), basename(path));
  }
}

const temporaryName = (target: string) =>
  join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);

async function acquire(path: string, target: string, lock: string, patience: number): Promise<Held> {
  clearUpAtExit();
  const token = randomBytes(12).toString('hex');
  const owner: Owner = {
    ...{ token, pid: process.pid, began: stateOf(process.pid)?.began ?? null, place: place() },
    ...{ host: hostname(), since: new Date().toISOString() },
  };
  for (let attempt = 0; !(await create(target, lock, owner)); attempt++) {
    const there = await ownerOf(lock);
    if (!there) {
      if (attempt < ATTEMPTS) continue;
      throw busy(path);
    }
    const life = there.owner ? lifeOf(there.owner) : 'unknown';
    if (life === 'alive' || attempt >= ATTEMPTS) throw busy(path, there.owner);
    if (life === 'unknown' && (await showsLife(lock, there.seen, patience))) throw busy(path, there.owner);
    await takeAway(target, lock, there.text);
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now).catch(() => {});
  }, BEAT_MS);
  beat.unref();
  await removeTemporaries(target);
  return { lock, token, beat };
}

/** Whether the lock is ours now. It is there with its content, or not there. */
async function create(target: string, lock: string, owner: Owner): Promise<boolean> {
  const { path: candidate, done } = temporaryFile(target);
  const text = JSON.stringify(owner);
  try {
    await writeNew(candidate, text);
    await link(candidate, lock);
    return true;
  } catch (error) {
    const code = errorCode(error);
    // Its holder has just removed all temporary files.
    if (code === 'EEXIST' || (code === 'ENOENT' && (await exists(dirname(target))))) return false;
    // Some file systems have no links. Killed in between, this leaves a lock that says nothing: it is watched.
    if (code && NO_LINKS.has(code)) return createPlain(lock, text);
    throw error;
  } finally {
    await rm(candidate, { force: true }).catch(() => {});
    done();
  }
}

const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/** Whether an error says that the file system knows no hard links. */
export const hasNoLinks = (error: unknown) => NO_LINKS.has(errorCode(error) ?? '');

async function createPlain(lock: string, text: string): Promise<boolean> {
  try {
    await writeNew(lock, text);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

interface Found {
  readonly text: string;
  /** Absent where the lock says nothing of its holder. */
  readonly owner?: Owner;
  /** When it was last touched, by the clock of whoever keeps the file. */
  readonly seen: string;
}

/** Undefined where there is no lock. Opening it is what makes file servers tell its present time. */
async function ownerOf(lock: string): Promise<Found | undefined> {
  try {
    const file = await open(lock, 'r');
    try {
      const { mtimeNs, ino } = await file.stat({ bigint: true });
      const text = await file.readFile('utf8');
      return { text, owner: parseOwner(text), seen: `${ino} ${mtimeNs}` };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Owner | null;
    return typeof owner?.token === 'string' && Number.isSafeInteger(owner.pid) ? owner : undefined;
  } catch {
    return undefined;
  }
}

function lifeOf(owner: Owner): 'alive' | 'dead' | 'unknown' {
  if (owner.place !== place()) return 'unknown';
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // Another user's process may not be asked, but is one.
    if (errorCode(error) === 'ESRCH') return 'dead';
  }
  const state = stateOf(owner.pid);
  if (!state || owner.began === null) return 'unknown';
  return state.ended || state.began !== owner.began ? 'dead' : 'alive';
}

/** Of a process on Linux: whether it has ended and only waits to be fetched, and when it began. */
function stateOf(pid: number): { ended: boolean; began: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in parentheses, may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { ended: fields[0] === 'Z' || fields[0] === 'X', began: fields[19] };
  } catch {
    return undefined;
  }
}

let here: string | undefined;
function place(): string {
  here ??= [hostname(), orNothing(bootId), orNothing(() => readlinkSync('/proc/self/ns/pid'))].join(' ');
  return here;
}

const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();

function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** Watches a lock until it is touched (true), or for as long as patience lasts. Gone is not touched. */
async function showsLife(lock: string, seen: string, patience: number): Promise<boolean> {
  for (let waited = 0; waited < patience; ) {
    const pause = Math.min(500, patience / 4);
    await sleep(pause);
    waited += pause;
    const now = await ownerOf(lock);
    if (!now) return false;
    if (now.seen !== seen) return true;
  }
  return false;
}

/** Removes the lock whose content is `text`, and no other: two runs may have found the same dead holder. */
async function takeAway(target: string, lock: string, text: string): Promise<void> {
  const { path: aside, done } = temporaryFile(target);
  try {
    await rename(lock, aside);
    const moved = await readFile(aside, 'utf8');
    // Somebody was quicker: theirs goes back, unless it is replaced again; then its holder finds out.
    if (moved !== text) await link(aside, lock).catch(() => {});
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  } finally {
    await rm(aside, { force: true }).catch(() => {});
    done();
  }
}

async function removeTemporaries(target: string): Promise<void> {
  const [folder, start] = [dirname(target), `.${basename(target)}.`];
  for (const name of await readdir(folder).catch((): string[] => [])) {
    if (!name.startsWith(start) || !/^[0-9a-f]{12}\.tmp$/.test(name.slice(start.length))) continue;
    await rm(join(folder, name), { force: true }).catch(() => {});
  }
}

const exists = (path: string) =>
  realpath(path).then(
    () => true,
    () => false,
  );

/** What ends without its finally blocks, such as an exception that nobody caught, leaves nothing behind either. */
function clearUpAtExit(): void {
  if (clearsUp) return;
  clearsUp = true;
  process.on('exit', clearUp);
}

/** Removes the locks and temporary files of this process, at once: it is about to end. */
export function clearUp(): void {
  for (const path of temporaries) quietly(() => rmSync(path, { force: true }));
  for (const lock of taken.keys()) {
    quietly(() => {
      const owner = parseOwner(readFileSync(lock, 'utf8'));
      if (owner?.pid === process.pid && owner.place === place()) rmSync(lock, { force: true });
    });
  }
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // There is nobody left to tell.
  }
}

function busy(path: string, owner?: Pick<Owner, 'pid' | 'host' | 'since'>): TailorError {
  const who = owner
    ? `process ${owner.pid} on ${owner.host}, since ${owner.since}`
    : 'its lock comes and goes';
  return new TailorError(
    'FILE_BUSY',
    `Writing ${path}: another run is writing it (${who}). Wait until it has ended, or choose another name. The target was left as it was.`,
  );
}
