/** Which libraries a shared library of Linux needs, and which of them are not to be found: what ldd says, without loading anything. */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the loader looks by itself; its cache is asked too. */
const STANDARD_FOLDERS = [
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
];

/** What a library says of its needs. */
export interface ElfNeeds {
  /** File names, as DT_NEEDED has them. */
  readonly needed: readonly string[];
  /** Folders of DT_RUNPATH or DT_RPATH, $ORIGIN resolved. */
  readonly folders: readonly string[];
}

/** Most bytes of the tables that are read; real ones have some kB. */
const MAX_TABLE = 1 << 24;

const [LOAD, DYNAMIC] = [1, 2];
const [NEEDED, STRINGS, RPATH, STRINGS_SIZE, RUNPATH] = [1, 5, 15, 10, 29];

/** Reads the dynamic section of a 64-bit little-endian ELF file; undefined for any other file. */
export function elfNeeds(path: string): ElfNeeds | undefined {
  const file = openSync(path, 'r');
  try {
    const read = (offset: number, length: number) => {
      const bytes = Buffer.alloc(Math.min(length, MAX_TABLE));
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset));
    };
    const header = read(0, 64);
    // 0x7f 'ELF', class 64 bit, little endian
    if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) {
      return undefined;
    }
    const [size, count] = [header.readUInt16LE(54), header.readUInt16LE(56)];
    const programs = read(Number(header.readBigUInt64LE(32)), size * count);
    const segments = Array.from({ length: Math.floor(programs.length / size) }, (_, i) => {
      const at = (field: number) => Number(programs.readBigUInt64LE(i * size + field));
      return { type: programs.readUInt32LE(i * size), offset: at(8), address: at(16), bytes: at(32) };
    });
    const dynamic = segments.find(({ type }) => type === DYNAMIC);
    if (!dynamic) return { needed: [], folders: [] };
    const section = read(dynamic.offset, dynamic.bytes);
    const entries: { tag: number; value: number }[] = [];
    for (let at = 0; at + 16 <= section.length; at += 16) {
      entries.push({
        tag: Number(section.readBigInt64LE(at)),
        value: Number(section.readBigUInt64LE(at + 8)),
      });
    }
    const entryOf = (tag: number) => entries.find((entry) => entry.tag === tag)?.value;
    const address = entryOf(STRINGS) ?? 0;
    const home = segments.find(
      (segment) =>
        segment.type === LOAD && address >= segment.address && address < segment.address + segment.bytes,
    );
    if (!home) return undefined;
    const strings = read(address - home.address + home.offset, entryOf(STRINGS_SIZE) ?? 0);
    const text = (at: number) => strings.toString('utf8', at, Math.max(at, strings.indexOf(0, at)));
    const texts = (...tags: number[]) =>
      entries.filter(({ tag }) => tags.includes(tag)).map(({ value }) => text(value));
    const origin = dirname(path);
    const folders = texts(RUNPATH, RPATH)
      .flatMap((list) => list.split(':'))
      .map((folder) => folder.replace(/\$(ORIGIN|\{ORIGIN\})/g, origin));
    return { needed: texts(NEEDED), folders };
  } finally {
    closeSync(file);
  }
}

/** File names that a library needs and the loader would not find, in the order of the library. Empty for what is no ELF file. */
export function missingLibraries(path: string): string[] {
  const needs = elfNeeds(path);
  if (!needs) return [];
  const folders = [
    ...needs.folders,
    ...(process.env.LD_LIBRARY_PATH ?? '').split(':').filter((folder) => folder !== ''),
    ...STANDARD_FOLDERS,
  ];
  // What onnxruntime has loaded already lies beside it.
  folders.push(dirname(path));
  const absent = needs.needed.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  if (absent.length === 0) return [];
  const cached = loaderCache();
  return absent.filter((name) => !cached.has(name));
}

/** Names in the loader's cache; empty where it cannot be asked. */
function loaderCache(): Set<string> {
  for (const command of ['ldconfig', '/sbin/ldconfig']) {
    try {
      const text = execFileSync(command, ['-p'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      return new Set([...text.matchAll(/^\s+(\S+) \(/gm)].map((found) => found[1]));
    } catch {
      // not there: the next
    }
  }
  return new Set();
}
