/** Which samples of which store: by it statistics of parts know whether all are there, and none twice. */
import { platform } from '#platform';
import type { StoreManifest, StorePart } from './manifest.js';

/** Some samples of a store, one after the other. */
export interface StorePiece {
  /** sha256 over what the store is of and by: model, preprocessing, data, classes. Copies of the data have one. */
  readonly store: string;
  /** The folder, for messages. */
  readonly name: string;
  /** N of the whole store. */
  readonly total: number;
  /** The part of the store that the samples are in. */
  readonly part: StorePart;
  /** Its samples are [from, to). */
  readonly from: number;
  /** Number of the sample behind the last one. */
  readonly to: number;
}

export async function pieceOf(
  { model, preprocessSha256, source, classes, limit, samples: total }: StoreManifest,
  { folder, part, from, samples }: { folder: string; part: StorePart; from: number; samples: number },
): Promise<StorePiece> {
  // Data that are not in files have no checksum; their name is what there is.
  const data = source.sha256 ?? source.name;
  const what = [model.sha256, model.output, preprocessSha256, data, source.samples, classes, limit, total];
  const store = await platform.sha256(new TextEncoder().encode(JSON.stringify(what)));
  return { store, name: folder, total, part, from, to: from + samples };
}
