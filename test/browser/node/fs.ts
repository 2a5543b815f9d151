/** The part of node:fs that tests use, in a page (see ../files.ts). */
import { Buffer } from 'node:buffer';
import * as files from '../files.js';

export type Path = string | URL;
export const textOf = (path: Path) => (path instanceof URL ? decodeURIComponent(path.pathname) : path);

/** Bytes as Node takes them. */
export const bytesOf = (content: Uint8Array | string) =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

/** A Buffer, or text where an encoding is named. */
export function shown(bytes: Uint8Array<ArrayBuffer>, encoding?: string | null): Buffer | string {
  return encoding ? new TextDecoder(encoding).decode(bytes) : Buffer.from(bytes.buffer);
}

export const existsSync = (path: Path) => files.info(textOf(path)) !== undefined;
export const readFileSync = (path: Path, encoding?: string | null) =>
  shown(files.read(textOf(path)), encoding);
export const writeFileSync = (path: Path, content: Uint8Array | string) =>
  files.write(textOf(path), bytesOf(content));
export const readdirSync = (path: Path) => files.list(textOf(path));
export const mkdirSync = (path: Path, options?: { recursive?: boolean }) =>
  files.makeFolder(textOf(path), options);
export const rmSync = (path: Path, options?: { recursive?: boolean; force?: boolean }) =>
  files.remove(textOf(path), options);
export const symlinkSync = (target: string, path: string) => files.link(target, path);
export const cpSync = (from: string, to: string) => files.write(to, files.read(from));
export const truncateSync = (path: string, length: number) =>
  files.write(path, files.read(path).subarray(0, length));

export function mkdtempSync(prefix: string): string {
  const path = `${prefix}${crypto.randomUUID().slice(0, 8)}`;
  files.makeFolder(path);
  return path;
}
