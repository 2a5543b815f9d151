/** Files of external data beside a changed model: which are to be written, and which are no longer of use. */
import { platform } from '#platform';
import { type ByteSource, openByteSource } from '../array/byte-source.js';
import { openExternalFile } from '../onnx/external-data.js';
import type { Grafted } from '../onnx/graft.js';
import type { ModelFile } from '../onnx/model-file.js';

/** What of a graft is about files. */
type Sides = Pick<Grafted, 'sideFiles' | 'keptSideFiles'>;

/** A file to be written. */
export interface SideFile {
  /** As the model names it. */
  readonly location: string;
  readonly target: string;
  readonly content: ByteSource;
  /** Named after its content, by us; the others are the model's own. */
  readonly own: boolean;
  /** Whether a file is there with other bytes. */
  readonly taken: boolean;
}

/**
 * External data, new and kept, that `folder` does not hold yet with the same bytes; of what it holds, what dead runs have left goes.
 * FILE_CHANGED.
 */
export async function missingSideFiles(
  { sideFiles, keptSideFiles }: Sides,
  source: ModelFile,
  folder: string,
): Promise<SideFile[]> {
  const wanted: Pick<SideFile, 'location' | 'content' | 'own'>[] = [];
  for (const { location, bytes } of sideFiles) {
    wanted.push({ location, content: await openByteSource(bytes, location), own: true });
  }
  const from = source.folder;
  if (from !== undefined) {
    const stays = (await platform.realPath(folder)) === (await platform.realPath(from));
    for (const location of keptSideFiles) {
      if (stays) await platform.clearBehind(platform.joinPath(folder, location));
      else wanted.push({ location, content: await openExternalFile(source, location), own: false });
    }
  }
  const missing: SideFile[] = [];
  for (const one of wanted) {
    const target = platform.joinPath(folder, one.location);
    const there = await platform.info(target);
    if (there?.kind === 'file' && (await sameBytes(await openByteSource(target), one.content))) {
      // A run that was killed behind its last step.
      await platform.clearBehind(target);
      continue;
    }
    missing.push({ ...one, target, taken: there?.kind === 'file' });
  }
  return missing;
}

/** Removes what runs that were killed have left of side files of this model. Only for who holds its lock. */
export async function clearSideFiles(sides: Sides, folder: string): Promise<void> {
  for (const name of await sideFilesIn(folder, sides, (data) => `\\.${data}\\.[0-9a-f]{12}\\.tmp`)) {
    await platform.removeFile(platform.joinPath(folder, name));
  }
}

/** Side files of earlier models of the same name that this one does not refer to. */
export async function unusedSideFiles(sides: Sides, folder: string): Promise<string[]> {
  const used = new Set([...sides.sideFiles.map(({ location }) => location), ...sides.keptSideFiles]);
  return (await sideFilesIn(folder, sides, (data) => data)).filter((name) => !used.has(name));
}

/** Names in `folder` that match `pattern` of the pattern of names of side files. */
async function sideFilesIn(
  folder: string,
  { sideFiles: [own] }: Sides,
  pattern: (data: string) => string,
): Promise<string[]> {
  if (!own) return [];
  const base = own.location.replace(/\.head-[0-9a-f]{12}\.data$/, '');
  const escaped = base.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const names = new RegExp(`^${pattern(`${escaped}\\.head-[0-9a-f]{12}\\.data`)}$`);
  return (await platform.listFolder(folder)).filter((name) => names.test(name));
}

/** Bytes that are read at a time of data that is copied or compared. */
const PIECE = 2 ** 25;

/** All of a source in order. */
export async function* piecesOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += PIECE) yield source.read(at, Math.min(PIECE, source.size - at));
}

async function sameBytes(a: ByteSource, b: ByteSource): Promise<boolean> {
  if (a.size !== b.size) return false;
  for (let at = 0; at < a.size; at += PIECE) {
    const length = Math.min(PIECE, a.size - at);
    const [one, other] = [await a.read(at, length), await b.read(at, length)];
    if (!one.every((byte, i) => byte === other[i])) return false;
  }
  return true;
}
