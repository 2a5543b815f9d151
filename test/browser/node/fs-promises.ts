/** The part of node:fs/promises that tests use, in a page (see ../files.ts). */
import * as files from '../files.js';
import * as sync from './fs.js';

export const readFile = async (path: sync.Path, encoding?: string | null) =>
  sync.shown(await files.readLater(sync.textOf(path)), encoding);
export const writeFile = async (path: sync.Path, content: Uint8Array | string) =>
  sync.writeFileSync(path, content);
export const readdir = async (path: sync.Path) => sync.readdirSync(path);
export const mkdir = async (path: sync.Path, options?: { recursive?: boolean }) =>
  sync.mkdirSync(path, options);
export const mkdtemp = async (prefix: string) => sync.mkdtempSync(prefix);
export const rm = async (path: sync.Path, options?: { recursive?: boolean; force?: boolean }) =>
  sync.rmSync(path, options);
export const cp = async (from: string, to: string) => sync.cpSync(from, to);
export const symlink = async (target: string, path: string) => sync.symlinkSync(target, path);
export const truncate = async (path: string, length: number) => sync.truncateSync(path, length);
