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
}

/** The machine's files, clock and checksums. */
export interface Platform {
  /** The whole file. FILE_NOT_FOUND, FILE_UNREADABLE. */
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** `length` bytes from `offset`. FILE_NOT_FOUND, FILE_UNREADABLE, FORMAT_INVALID when the file ends before, LIMIT_EXCEEDED. */
  readRange(path: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Undefined where nothing is. */
  info(path: string): Promise<FileInfo | undefined>;
  /** Names in a folder, sorted by code unit. */
  listFolder(path: string): Promise<string[]>;
  /**
   * Writes to a temporary file beside `path` (chunks in order), flushes it to disk and renames it, so that `path` is
   * either as before or complete. FILE_EXISTS unless `overwrite`; FILE_UNWRITABLE with the reason, target untouched; a
   * folder or a device is never replaced. Where `path` is a symbolic link, the file that it points to is meant.
   */
  writeFile(
    path: string,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options?: { overwrite?: boolean },
  ): Promise<void>;
  /** Removes a file; nothing happens where there is none. FILE_UNWRITABLE. */
  removeFile(path: string): Promise<void>;
  /** Creates a folder and its parents. */
  makeFolder(path: string): Promise<void>;
  /** Absolute path with symbolic links resolved. FILE_NOT_FOUND. */
  realPath(path: string): Promise<string>;
  /** Lower-case hexadecimal sha256. */
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
