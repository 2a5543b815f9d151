/** The browser's side of `#pictures`: the decoder that shows pictures in pages. */
import { TailorError } from '../array/errors.js';
import { limit, limitExceeded } from '../array/limits.js';
import { assertPictureFormat } from './picture-format.js';
import type { DecodePicture, OpenPictureThreads } from './pictures.js';

/** By createImageBitmap and a canvas. */
export const decodePicture: DecodePicture = async (bytes, name) => {
  assertPictureFormat(bytes, name);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
      imageOrientation: 'from-image',
      colorSpaceConversion: 'none',
      premultiplyAlpha: 'none',
    });
  } catch (cause) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Decoding ${name}: it cannot be read as a picture (${String(cause)}). Replace or remove the file.`,
      { cause },
    );
  }
  const { width, height } = bitmap;
  try {
    if (width * height > limit('picturePixels')) {
      throw limitExceeded('picturePixels', `Decoding ${name}: the picture has ${width * height} pixels`, {
        instead: 'Shrink it first.',
      });
    }
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context) {
      throw new TailorError(
        'DEPENDENCY_MISSING',
        `Decoding ${name}: this browser gives no 2D canvas to read pixels from.`,
      );
    }
    context.drawImage(bitmap, 0, 0);
    const rgba = context.getImageData(0, 0, width, height).data;
    const data = new Uint8Array(width * height * 3);
    for (let i = 0; i < width * height; i++) {
      data[3 * i] = rgba[4 * i];
      data[3 * i + 1] = rgba[4 * i + 1];
      data[3 * i + 2] = rgba[4 * i + 2];
    }
    return { width, height, channels: 3, data, fromFile: true };
  } finally {
    bitmap.close();
  }
};

/** A page that does not want to wait computes in a worker of its own. */
export const openPictureThreads: OpenPictureThreads = () => undefined;
