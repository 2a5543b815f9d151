/** The part of node:path that tests use, in a page. */
import { folderOf, normalise } from '../files.js';

export function join(...parts: string[]): string {
  const joined = parts.filter((part) => part !== '').join('/');
  return joined.startsWith('/') ? normalise(joined) : normalise(joined).slice(1);
}

export const resolve = (...parts: string[]) =>
  parts.reduce((at, part) => normalise(part.startsWith('/') ? part : `${at}/${part}`), '/');
export const dirname = (path: string) => (path.includes('/') ? folderOf(path) : '.');
export const basename = (path: string) => path.slice(path.lastIndexOf('/') + 1);
