/** Writes the manifest of a part: the one word on which of its shards are there. */
import { platform } from '#platform';
import { VERSION } from '../../array/version.js';
import { manifestFile } from './layout.js';
import {
  encodeManifest,
  STORE_FORMAT,
  STORE_VERSION,
  type StoreFile,
  type StoreIdentity,
  type StoreMaking,
  type StorePart,
  type StoreShard,
} from './manifest.js';

/** What a manifest says. */
export interface ManifestContent {
  readonly folder: string;
  readonly part: StorePart;
  readonly identity: StoreIdentity;
  readonly making: StoreMaking;
  readonly shards: readonly StoreShard[];
  readonly inputs: StoreFile | null;
  readonly complete: boolean;
}

/** Replaces the manifest that is there. For who holds the lock of the part. FILE_UNWRITABLE. */
export async function writeManifest({
  folder,
  part,
  identity,
  making: { batch, device, shardRows },
  shards,
  inputs,
  complete,
}: ManifestContent): Promise<void> {
  const rows = shards.reduce((sum, { samples }) => sum + samples, 0);
  const manifest = encodeManifest({
    ...{ format: STORE_FORMAT, version: STORE_VERSION, writer: VERSION },
    ...identity,
    ...{ batch, device, shardRows, part, rows, shards, inputs, complete },
  });
  const path = platform.joinPath(folder, manifestFile(part));
  await platform.writeFile(path, [manifest], { overwrite: true, locked: true });
}
