/** IDX files, the format of MNIST and Fashion-MNIST (yann.lecun.com/exdb/mnist), gzipped or not. */
import { platform } from '#platform';
import { nameOf } from '../array/byte-source.js';
import { TailorError } from '../array/errors.js';
import { gunzip, isGzip } from '../array/inflate.js';
import { checkLabels } from './check-labels.js';
import { fingerprintPath } from './fingerprint.js';
import type { DataSource } from './sample.js';

/** The two files of a data set. */
export interface IdxOptions {
  /** File of pictures, its path or bytes: unsigned bytes [N, H, W]. */
  readonly images: string | Uint8Array;
  /**
   * File of labels, its path or bytes: unsigned bytes [N]. Default: beside the pictures' path, its name with labels for
   * images and idx1 for idx3.
   */
  readonly labels?: string | Uint8Array;
  /** What to call the pictures in messages and provenance. Default: their path. */
  readonly name?: string;
}

/**
 * Grey pictures from IDX files.
 * @throws FORMAT_INVALID (not IDX, wrong type or axes, cut off), SHAPE_MISMATCH, FILE_NOT_FOUND.
 */
export async function idxSource({
  images,
  labels: given,
  name = nameOf(images),
}: IdxOptions): Promise<DataSource> {
  const { shape, data } = parseIdx(await bytesOf(images), name);
  if (shape.length !== 3 || shape[1] === 0 || shape[2] === 0) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading ${name}: pictures have the shape [N, H, W], but it has [${shape.join(', ')}]. Give the file of pictures.`,
    );
  }
  const beside = given ?? (typeof images === 'string' ? await findLabels(images) : undefined);
  const labels = beside ? parseIdxLabels(await bytesOf(beside), nameOf(beside)) : undefined;
  const [length, height, width] = shape;
  checkLabels(labels, length, undefined, name);
  const pixels = height * width;
  return {
    name,
    length,
    labels,
    read: (index) => ({
      kind: 'picture',
      picture: { width, height, channels: 1, data: data.subarray(index * pixels, (index + 1) * pixels) },
    }),
    ...fingerprintPath(images),
  };
}

/** The labels of an IDX file of unsigned bytes [N]. FORMAT_INVALID. */
export function parseIdxLabels(bytes: Uint8Array, name: string): Int32Array {
  const { shape, data } = parseIdx(bytes, name);
  if (shape.length !== 1) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading labels from ${name}: labels have the shape [N], but it has [${shape.join(', ')}]. Give the file of labels.`,
    );
  }
  return Int32Array.from(data);
}

const bytesOf = (source: string | Uint8Array) =>
  typeof source === 'string' ? platform.readFile(source) : source;

function parseIdx(file: Uint8Array, name: string): { shape: number[]; data: Uint8Array } {
  const bytes = isGzip(file) ? gunzip(file, name) : file;
  const axes = bytes[3];
  // Magic: two zero bytes, the type (8: unsigned byte, the only one these data sets have), the number of axes.
  if (bytes.length < 8 || bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 8 || axes < 1 || axes > 4) {
    const found = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading ${name}: not an IDX file of bytes; it starts with ${found || 'nothing'}, not with 00 00 08 and the number of axes.`,
    );
  }
  const start = 4 + 4 * axes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape =
    bytes.length < start ? [] : Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const items = shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== start + items) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading ${name}: its header promises ${items} bytes (shape [${shape.join(', ')}]), but ${Math.max(0, bytes.length - start)} ` +
        'follow it. The file is damaged; fetch it again.',
    );
  }
  return { shape, data: bytes.subarray(start) };
}

async function findLabels(images: string): Promise<string | undefined> {
  const base = platform.baseName(images).replace('images', 'labels').replace('idx3', 'idx1');
  if (base === platform.baseName(images)) return undefined;
  const plain = platform.joinPath(platform.folderOf(images), base.replace(/\.gz$/, ''));
  for (const path of [plain, `${plain}.gz`]) if ((await platform.info(path))?.kind === 'file') return path;
  return undefined;
}
