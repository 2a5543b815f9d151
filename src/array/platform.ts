/**
 * What the core needs from the machine it runs on. `#platform` resolves to platform.node.ts or
 * platform.browser.ts (package.json "imports"); both export exactly this interface as `platform`.
 */

/** What is found at a path. */
export interface FileInfo {
  /** 'other' is a device, a pipe or a socket: it can be read from start to end, but has no size and no ranges. */
  readonly kind: 'file' | 'folder' | 'other';
  /** Size of a file; means nothing for the others. */
  readonly bytes: number;
  /** When it was last written to, in milliseconds since 1970; absent where the machine does not know. */
  readonly modified?: number;
  /**
   * Of a file: another one for each content (device, inode, size, time of writing). Absent where the machine does not know. A file that
   * is written to twice within the tick of the machine's file clock (some milliseconds), without a change of its size, has one mark.
   */
  readonly mark?: string;
}

/** The right to write a file, or what belongs to it. */
export interface FileLock {
  /** FILE_BUSY where another run has taken it over; see file-lock.node.ts for when that can be. */
  assertHeld(): Promise<void>;
  /** Gives it back. */
  release(): Promise<void>;
}

/** The checksum of a file whose bytes are in memory. */
export interface FileChecksum {
  /** Of the whole file, in lower-case hexadecimal. */
  readonly sha256: string;
  /** Of `parts` behind each other; for as long as they begin with views of the file's bytes, nothing is hashed a second time. */
  ofParts(parts: readonly Uint8Array[]): Promise<string>;
}

/** The machine's files, clock and checksums. */
export interface Platform {
  /** The whole file. FILE_NOT_FOUND, FILE_UNREADABLE, FILE_CHANGED when it is written to in the meantime. */
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The same with its checksum, made while it is read. */
  readHashed(path: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; checksum: FileChecksum }>;
  /**
   * `length` bytes from `offset`. FILE_NOT_FOUND, FILE_UNREADABLE, FORMAT_INVALID when the file ends before, LIMIT_EXCEEDED; with the
   * `mark` that `info` gave before, FILE_CHANGED unless the file is still that one after the read.
   */
  readRange(path: string, offset: number, length: number, mark?: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Undefined where nothing is. */
  info(path: string): Promise<FileInfo | undefined>;
  /** Names in a folder, sorted by code unit. */
  listFolder(path: string): Promise<string[]>;
  /**
   * Writes to a temporary file beside `path` (chunks in order), flushes it to disk and renames it, so that `path` is
   * either as before or complete. FILE_EXISTS unless `overwrite`; FILE_UNWRITABLE with the reason, target untouched; a
   * folder or a device is never replaced. Where `path` is a symbolic link, the file that it points to is meant. Takes the lock of
   * `path` for as long as it writes (FILE_BUSY), unless the caller holds one that covers it (`locked`).
   */
  writeFile(
    path: string,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options?: { overwrite?: boolean; locked?: boolean },
  ): Promise<void>;
  /**
   * Keeps other runs from writing `path`, for longer than one write takes, and removes the temporary files that dead runs have left of
   * it. Within a process a lock is shared, unless it is asked for `alone`. A lock of a dead run is taken over. FILE_BUSY where a living
   * run has it; FILE_UNWRITABLE. See file-lock.node.ts.
   */
  lockFile(path: string, options?: { alone?: boolean }): Promise<FileLock>;
  /** Removes what dead runs have left of `path`, where that may be done; never fails. For who finds the file there and writes nothing. */
  clearBehind(path: string): Promise<void>;
  /** Removes a file; nothing happens where there is none. FILE_UNWRITABLE. */
  removeFile(path: string): Promise<void>;
  /** Creates a folder and its parents. */
  makeFolder(path: string): Promise<void>;
  /** Absolute path with symbolic links resolved. FILE_NOT_FOUND. */
  realPath(path: string): Promise<string>;
  /** Lower-case hexadecimal sha256 of the parts behind each other; Node serves others while it is made. */
  sha256(bytes: Uint8Array | readonly Uint8Array[]): Promise<string>;
  /** The same of a file, read piece by piece. FILE_NOT_FOUND, FILE_UNREADABLE. */
  sha256File(path: string): Promise<string>;
  /** CRC-32 as zip and gzip use it, continuing from the checksum of what came before. */
  crc32(bytes: Uint8Array, before?: number): number;
  joinPath(...parts: string[]): string;
  /** The folder part of a path ('.' for a bare name). */
  folderOf(path: string): string;
  /** The last part of a path. */
  baseName(path: string): string;
  /** Monotonic seconds. */
  seconds(): number;
}
