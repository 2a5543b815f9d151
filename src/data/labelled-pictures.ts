/** A data source of encoded pictures whose labels are known: what imageFolder and pictureFiles have in common. */
import { decodePicture } from '#pictures';
import { TailorError } from '../array/errors.js';
import type { DataSource } from './sample.js';

/** One encoded picture. */
export interface LabelledPicture {
  readonly path: string;
  readonly label: number;
  /** Its bytes. */
  read(): Uint8Array | Promise<Uint8Array>;
}

/**
 * The pictures in their order, decoded when read.
 * @param folders how many were looked into.
 * @throws FORMAT_INVALID where there is none.
 */
export function labelledPictures(
  name: string,
  folders: number,
  classes: readonly string[],
  pictures: readonly LabelledPicture[],
): DataSource {
  if (pictures.length === 0) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading pictures of ${name}: its ${folders} subfolders hold no pictures. Give the folder whose subfolders are the classes.`,
    );
  }
  return {
    name,
    length: pictures.length,
    labels: Int32Array.from(pictures, ({ label }) => label),
    classes,
    read: async (index) => {
      const picture = pictures[index];
      return { kind: 'picture', picture: await decodePicture(await picture.read(), picture.path) };
    },
    sampleName: (index) => pictures[index].path,
  };
}
