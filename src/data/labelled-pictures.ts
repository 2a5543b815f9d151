/** Data sources of encoded pictures whose labels are known: what folders, lists and files that were dropped have in common. */
import { decodePicture } from '#pictures';
import { fingerprintFiles } from './fingerprint.js';
import { assertPictureBytes, readPicture } from './read-picture.js';
import type { DataSource } from './sample.js';

/** One encoded picture. */
export interface LabelledPicture {
  readonly path: string;
  readonly label: number;
  /** Its bytes. */
  read(): Uint8Array | Promise<Uint8Array>;
}

/** The pictures in their order, decoded when read. */
export function labelledPictures(
  name: string,
  classes: readonly string[] | undefined,
  pictures: readonly LabelledPicture[],
): DataSource {
  return {
    name,
    length: pictures.length,
    labels: Int32Array.from(pictures, ({ label }) => label),
    classes,
    read: async (index) => {
      const { path, read } = pictures[index];
      const bytes = await read();
      assertPictureBytes(bytes.length, path);
      return { kind: 'picture', picture: await decodePicture(bytes, path) };
    },
    sampleName: (index) => pictures[index].path,
  };
}

/** A picture file on disk. */
export interface LabelledFile {
  readonly path: string;
  /** What the fingerprint knows it by: the same on every machine. */
  readonly name: string;
  readonly label: number;
}

/** The same for files on disk, which threads can read themselves. */
export function labelledFiles(
  name: string,
  classes: readonly string[] | undefined,
  files: readonly LabelledFile[],
): DataSource {
  const pictures = files.map(({ path, label }) => ({ path, label, read: () => readPicture(path) }));
  return {
    ...labelledPictures(name, classes, pictures),
    picturePath: (index) => files[index].path,
    fingerprint: () => fingerprintFiles(files),
  };
}
