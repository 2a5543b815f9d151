/** numpy's .npz: a zip archive of named .npy arrays. */
import { platform } from '#platform';
import type { ArrayFile } from './array-file.js';
import { openByteSource } from './byte-source.js';
import { TailorError } from './errors.js';
import { type NpyArray, type NpyContent, npyParts, parseNpy } from './npy.js';
import { openRows } from './npy-rows.js';
import { listNames } from './text.js';
import { openZip, readZipEntry, type ZipEntry, zipEntryStart } from './zip-read.js';
import { type ZipContent, zipChunks } from './zip-write.js';

/** An opened .npz: names are known, arrays are read one at a time when asked for. */
export type Npz = ArrayFile;

/**
 * Opens an .npz by path or bytes: only the zip directory is read. Entries that are not .npy are left aside.
 * @param name what to call it in messages; default the path.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, FORMAT_INVALID (damaged, cut off, two arrays of one name),
 * FORMAT_UNSUPPORTED (encrypted, other compression), LIMIT_EXCEEDED.
 */
export async function openNpz(source: string | Uint8Array, name?: string): Promise<Npz> {
  const bytes = await openByteSource(source, name);
  const archive = await openZip(bytes);
  const names = [...archive.entries.keys()]
    .filter((entry) => entry.endsWith('.npy'))
    .map((entry) => entry.slice(0, -4));
  const find = (array: string): ZipEntry => {
    const entry = archive.entries.get(`${array}.npy`);
    if (entry) return entry;
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading ${bytes.name}: there is no array named ${array}; it holds ${listNames(names, 20) || 'none'}.`,
    );
  };
  const read = async (array: string) =>
    parseNpy(await readZipEntry(archive, find(array)), `${array} of ${bytes.name}`);
  return {
    name: bytes.name,
    names,
    has: (array) => archive.entries.has(`${array}.npy`),
    read,
    rows: async (array, options) => {
      const entry = find(array);
      const part = async () => ({ offset: await zipEntryStart(archive, entry), bytes: entry.bytes });
      const place = entry.method === 0 ? await part() : undefined;
      return openRows(bytes, place, () => read(array), `${array} of ${bytes.name}`, options);
    },
  };
}

/**
 * Reads every array of an .npz. For large files rather `openNpz`.
 * @param name what to call it in messages; default the path.
 * @throws as openNpz and parseNpy: FILE_NOT_FOUND, FILE_UNREADABLE, FORMAT_INVALID, FORMAT_UNSUPPORTED, LIMIT_EXCEEDED.
 */
export async function readNpz(source: string | Uint8Array, name?: string): Promise<Map<string, NpyArray>> {
  const npz = await openNpz(source, name);
  const arrays = new Map<string, NpyArray>();
  for (const array of npz.names) arrays.set(array, await npz.read(array));
  return arrays;
}

/**
 * Writes arrays to an .npz, uncompressed, streamed without a second copy of the numbers. Same arrays, same bytes.
 * @param overwrite replace an existing file; default false.
 * @throws FILE_EXISTS, FILE_UNWRITABLE, SHAPE_MISMATCH, INVALID_ARGUMENT.
 */
export async function writeNpz(
  path: string,
  arrays: Readonly<Record<string, NpyContent>>,
  { overwrite = false }: { overwrite?: boolean } = {},
): Promise<void> {
  await platform.writeFile(path, npzChunks(arrays), { overwrite });
}

/** The bytes of an .npz in order, the numbers not copied. Throws as encodeNpz. */
export function npzChunks(arrays: Readonly<Record<string, NpyContent>>): Iterable<Uint8Array> {
  return zipChunks(zipContents(arrays));
}

/** The bytes of an .npz, uncompressed. Same arrays, same bytes. @throws SHAPE_MISMATCH, INVALID_ARGUMENT. */
export function encodeNpz(arrays: Readonly<Record<string, NpyContent>>): Uint8Array<ArrayBuffer> {
  const chunks = [...npzChunks(arrays)];
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** All headers are made before the first byte is written, so that a bad array leaves no half file. */
function zipContents(arrays: Readonly<Record<string, NpyContent>>): ZipContent[] {
  return Object.entries(arrays).map(([name, content]) => {
    if (name === '' || name.includes('\0') || name.length > 10_000) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `Writing an .npz: "${name.slice(0, 40)}" cannot be the name of an array.`,
      );
    }
    const { header, body } = npyParts(content);
    return { name: `${name}.npy`, parts: [header, body] };
  });
}
