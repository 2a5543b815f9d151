/** Names, sizes and times of the files of a data source: whether it is still the one that it was. */
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import type { DataSource, SourceFingerprint } from './sample.js';

/** A file of a source. */
export interface SourceFile {
  readonly path: string;
  /** As it is known in the source, the same on every machine. */
  readonly name: string;
}

/** Files that are asked for at the same time: file servers answer many as fast as one. */
const AT_ONCE = 64;

/**
 * The fingerprint of files in an order that means something (that of the samples).
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE.
 */
export async function fingerprintFiles(files: readonly SourceFile[]): Promise<SourceFingerprint> {
  const lines: string[] = [];
  let modified: number | null = null;
  for (let from = 0; from < files.length; from += AT_ONCE) {
    const found = await Promise.all(files.slice(from, from + AT_ONCE).map(stateOf));
    for (const { line, time } of found) {
      lines.push(line);
      if (time !== undefined) modified = Math.max(modified ?? 0, time);
    }
  }
  return { sha256: await sha256OfText(lines.join('\n')), modified };
}

/** The fingerprint of a source that is one file; none where its bytes were given. */
export function fingerprintPath(file: string | Uint8Array): Pick<DataSource, 'fingerprint'> {
  if (typeof file !== 'string') return {};
  return { fingerprint: () => fingerprintFiles([{ path: file, name: platform.baseName(file) }]) };
}

/** What is left of a source, or what was drawn of it: the fingerprint of the whole with `what` in it. */
export async function fingerprintPart(
  whole: SourceFingerprint,
  what: string | Uint8Array,
): Promise<SourceFingerprint> {
  const part = typeof what === 'string' ? what : await platform.sha256(what);
  return { sha256: await sha256OfText(`${whole.sha256}\n${part}`), modified: whole.modified };
}

async function stateOf({ path, name }: SourceFile): Promise<{ line: string; time: number | undefined }> {
  const info = await platform.info(path);
  if (!info) {
    throw new TailorError(
      'FILE_NOT_FOUND',
      `Looking at the files of a data source: ${path} is gone. Has somebody moved it?`,
    );
  }
  return { line: JSON.stringify([name, info.bytes]), time: info.modified };
}

const sha256OfText = (text: string) => platform.sha256(new TextEncoder().encode(text));
