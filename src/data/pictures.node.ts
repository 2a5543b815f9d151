/** Node's side of `#pictures`: sharp, loaded when the first picture is decoded. */
import { TailorError } from '../array/errors.js';
import { limit, limitExceeded } from '../array/limits.js';
import { firstLine } from '../array/text.js';
import { assertPictureFormat } from './picture-format.js';
import type { DecodePicture } from './pictures.js';

export { openPictureThreads } from './picture-threads.node.js';

type Sharp = typeof import('sharp')['default'];
let loading: Promise<Sharp> | undefined;

async function loadSharp(name: string): Promise<Sharp> {
  loading ??= import('sharp').then((module) => module.default);
  try {
    return await loading;
  } catch (cause) {
    loading = undefined;
    throw new TailorError(
      'DEPENDENCY_MISSING',
      `Decoding ${name}: picture files need the package sharp, which could not be loaded (${firstLine(cause)}). ` +
        'Run `npm install sharp`, or give the pictures as .npz.',
      { cause },
    );
  }
}

/** By sharp. */
export const decodePicture: DecodePicture = async (bytes, name) => {
  const sharp = await loadSharp(name);
  assertPictureFormat(bytes, name);
  try {
    const { data, info } = await sharp(bytes, {
      limitInputPixels: limit('picturePixels'),
      // PIL hands out stored numbers, whatever colour profile goes with them, and models are trained on those.
      ignoreIcc: true,
      failOn: 'error',
    })
      .autoOrient()
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const channels = info.channels === 1 ? 1 : 3;
    if (info.channels !== channels) throw new Error(`${info.channels} channels`);
    return {
      width: info.width,
      height: info.height,
      channels,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      fromFile: true,
    };
  } catch (cause) {
    const why = firstLine(cause);
    if (/pixel limit/.test(why)) {
      throw limitExceeded('picturePixels', `Decoding ${name}: the picture has more pixels`, {
        instead: 'Shrink it first.',
        cause,
      });
    }
    throw new TailorError(
      'FORMAT_INVALID',
      `Decoding ${name}: it cannot be read as a picture (${why}). Replace or remove the file.`,
      { cause },
    );
  }
};
