/**
 * A file system for tests in a page. The repository is its root and TAILOR_DATA is /served-data, both read-only from the
 * development server (file-server.ts); /tmp lies in memory. Errors have Node's codes.
 */
import { SERVED } from './served.js';

export interface Info {
  readonly kind: 'file' | 'folder';
  readonly bytes: number;
}

type Entry =
  | { readonly kind: 'file'; bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'folder' }
  | { readonly kind: 'link'; readonly target: string };

export const TEMPORARY = '/tmp';
const entries = new Map<string, Entry>([[TEMPORARY, { kind: 'folder' }]]);
const MOST_LINKS = 40;

export class FileError extends Error {
  constructor(
    readonly code: 'ENOENT' | 'EEXIST' | 'EISDIR' | 'ENOTDIR' | 'EROFS' | 'ELOOP' | 'ENOTEMPTY',
    path: string,
  ) {
    super(`${code}: ${path}`);
  }
}

/** Absolute, without '.', '..' and empty parts. */
export function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/')) || '/';
const inMemory = (path: string) => path === TEMPORARY || path.startsWith(`${TEMPORARY}/`);

/** The path with links resolved, `last` those of its last part too. */
function resolved(path: string, last = true): string {
  let links = 0;
  let left = normalise(path).split('/').slice(1);
  let at = '';
  while (left.length > 0) {
    const [part, ...rest] = left;
    const next = `${at}/${part}`;
    const entry = entries.get(next);
    if (entry?.kind === 'link' && (last || rest.length > 0)) {
      if (++links > MOST_LINKS) throw new FileError('ELOOP', path);
      const target = normalise(entry.target.startsWith('/') ? entry.target : `${at}/${entry.target}`);
      left = [...target.split('/').slice(1), ...rest];
      at = '';
    } else {
      if (entry?.kind === 'file' && rest.length > 0) throw new FileError('ENOTDIR', path);
      at = next;
      left = rest;
    }
  }
  return at || '/';
}

function request(path: string, query: string): XMLHttpRequest {
  const asked = new XMLHttpRequest();
  asked.open('GET', `${SERVED}${encodeURI(path)}?${query}`, false);
  asked.overrideMimeType('text/plain; charset=x-user-defined');
  asked.send();
  return asked;
}

/** Undefined where nothing is. */
export function info(path: string): Info | undefined {
  let place: string;
  try {
    place = resolved(path);
  } catch (error) {
    if (error instanceof FileError && error.code === 'ENOTDIR') return undefined;
    throw error;
  }
  if (!inMemory(place)) return (JSON.parse(request(place, 'info').responseText) as Info | null) ?? undefined;
  const entry = entries.get(place);
  if (!entry || entry.kind === 'link') return undefined;
  return { kind: entry.kind, bytes: entry.kind === 'file' ? entry.bytes.length : 0 };
}

/** What is at the path, which must be there. */
function existing(path: string): Info {
  const found = info(path);
  if (!found) throw new FileError('ENOENT', path);
  return found;
}

/** The whole file. */
export function read(path: string): Uint8Array<ArrayBuffer> {
  if (existing(path).kind === 'folder') throw new FileError('EISDIR', path);
  const place = resolved(path);
  const entry = entries.get(place);
  if (entry?.kind === 'file') return entry.bytes.slice();
  const text = request(place, 'whole').responseText;
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
}

/** As `read` without stopping the page, and a part of the file where one is named. */
export async function readLater(
  path: string,
  part?: { offset: number; length: number },
): Promise<Uint8Array<ArrayBuffer>> {
  if (existing(path).kind === 'folder') throw new FileError('EISDIR', path);
  const place = resolved(path);
  const entry = entries.get(place);
  if (entry?.kind === 'file')
    return part ? entry.bytes.slice(part.offset, part.offset + part.length) : entry.bytes.slice();
  const query = part ? `from=${part.offset}&length=${part.length}` : 'whole';
  return new Uint8Array(await (await fetch(`${SERVED}${encodeURI(place)}?${query}`)).arrayBuffer());
}

export function list(path: string): string[] {
  if (existing(path).kind !== 'folder') throw new FileError('ENOTDIR', path);
  const place = resolved(path);
  if (!inMemory(place)) return JSON.parse(request(place, 'list').responseText) as string[];
  return [...entries.keys()].filter((name) => folderOf(name) === place).map((name) => baseName(name));
}

const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** Where something new may be put. */
function placeFor(path: string): string {
  const place = resolved(path);
  if (!inMemory(place)) throw new FileError('EROFS', path);
  if (existing(folderOf(place)).kind !== 'folder') throw new FileError('ENOTDIR', path);
  return place;
}

export function write(path: string, bytes: Uint8Array): void {
  const place = placeFor(path);
  if (entries.get(place)?.kind === 'folder') throw new FileError('EISDIR', path);
  entries.set(place, { kind: 'file', bytes: bytes.slice() });
}

export function makeFolder(path: string, { recursive = false } = {}): void {
  const found = info(path);
  if (found) {
    if (recursive && found.kind === 'folder') return;
    throw new FileError('EEXIST', path);
  }
  if (recursive) makeFolder(folderOf(normalise(path)), { recursive });
  entries.set(placeFor(path), { kind: 'folder' });
}

export function link(target: string, path: string): void {
  if (entries.has(resolved(path, false))) throw new FileError('EEXIST', path);
  entries.set(placeFor(path), { kind: 'link', target });
}

export function remove(path: string, { recursive = false, force = false } = {}): void {
  const place = resolved(path, false);
  if (!inMemory(place)) throw new FileError('EROFS', path);
  if (!entries.has(place)) {
    if (force) return;
    throw new FileError('ENOENT', path);
  }
  const inside = [...entries.keys()].filter((name) => name.startsWith(`${place}/`));
  if (entries.get(place)?.kind === 'folder' && !recursive) throw new FileError('EISDIR', path);
  for (const name of [place, ...inside]) entries.delete(name);
}

export function realPath(path: string): string {
  existing(path);
  return resolved(path);
}
