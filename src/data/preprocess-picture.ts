/** Applies a preprocessing to a picture. Plain arithmetic on 8-bit pixels: the same numbers in Node and in a page. */
import { TailorError } from '../array/errors.js';
import type { Preprocess } from './preprocess.js';
import { resample } from './resample.js';
import type { Picture } from './sample.js';

/**
 * Writes the input made of `picture` to `target` from `offset` on: `preprocessDims` numbers in that order. A picture that
 * has the size already is converted exactly, (pixel · scale − mean) / std in float64 rounded to float32; another one is
 * resampled to 8 bits first, as PIL does.
 * @param doing start of messages, naming the sample.
 * @throws SHAPE_MISMATCH when an array's channels or size are not the model's (see Picture.fromFile); both are named.
 * LIMIT_EXCEEDED as resample.
 */
export function preprocessPicture(
  picture: Picture,
  preprocess: Preprocess,
  target: Float32Array,
  offset = 0,
  doing = 'Preprocessing a picture',
): void {
  const { layout, size, channels } = preprocess;
  const [height, width] = size;
  const planes = channels === 'GRAY' ? 1 : 3;
  if (offset < 0 || offset + planes * height * width > target.length) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: ${planes * height * width} numbers from place ${offset} do not fit ${target.length}.`,
    );
  }
  const fitted = cut(convertChannels(picture, planes, doing), preprocess, doing);
  const table = valueTable(preprocess, planes);
  const { data } = fitted.picture;
  // From one pixel to the next, and from one plane to the next.
  const [step, plane] = layout === 'NCHW' ? [1, height * width] : [planes, 1];
  const [first, third] = channels === 'BGR' ? [2, 0] : [0, 2];
  let to = offset;
  for (let y = 0; y < height; y++) {
    let from = ((fitted.top + y) * fitted.picture.width + fitted.left) * planes;
    for (let x = 0; x < width; x++, from += planes, to += step) {
      if (planes === 3) {
        target[to] = table[data[from + first]];
        target[to + plane] = table[256 + data[from + 1]];
        target[to + 2 * plane] = table[512 + data[from + third]];
      } else {
        target[to] = table[data[from]];
      }
    }
  }
}

/** Files: grey is repeated to three channels, colour becomes luma (ITU-R 601, rounded as PIL's 'L'). Arrays: an error. */
function convertChannels(picture: Picture, planes: 1 | 3, doing: string): Picture {
  if (picture.channels === planes) return picture;
  if (!picture.fromFile) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: the picture has ${named(picture.channels)}, but the preprocessing asks for ${named(planes)}. ` +
        'Convert the data, or set "channels" of the preprocessing to what the model takes.',
    );
  }
  const { width, height, data } = picture;
  const converted = new Uint8Array(width * height * planes);
  for (let i = 0; i < width * height; i++) {
    if (planes === 3) converted.fill(data[i], 3 * i, 3 * i + 3);
    else
      converted[i] = (data[3 * i] * 19595 + data[3 * i + 1] * 38470 + data[3 * i + 2] * 7471 + 0x8000) >> 16;
  }
  return { ...picture, channels: planes, data: converted };
}

/** The picture at its size before the crop, and where the crop starts. */
function cut(
  picture: Picture,
  preprocess: Preprocess,
  doing: string,
): { picture: Picture; top: number; left: number } {
  const { size, crop, resizeTo, resize } = preprocess;
  const [height, width] = size;
  const fits = picture.width === width && picture.height === height;
  if (fits && resizeTo === undefined) return { picture, top: 0, left: 0 };
  if (!fits && (resize === 'none' || (resize === 'auto' && !picture.fromFile))) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: the picture is ${picture.height} × ${picture.width} (height × width), but the preprocessing asks for ` +
        `${height} × ${width}. Give pictures of that size, or set "resize" of the preprocessing to bilinear, bicubic or nearest.`,
    );
  }
  // Arrays that already are what the model takes were cropped by whoever made them.
  if (fits && !picture.fromFile) return { picture, top: 0, left: 0 };
  const filter = resize === 'auto' || resize === 'none' ? 'bilinear' : resize;
  if (crop === 'none') return { picture: resample(picture, width, height, filter, doing), top: 0, left: 0 };
  const [fullHeight, fullWidth] = sizeBeforeCrop(picture, height, width, resizeTo);
  return {
    picture: resample(picture, fullWidth, fullHeight, filter, doing),
    top: roundHalfEven((fullHeight - height) / 2),
    left: roundHalfEven((fullWidth - width) / 2),
  };
}

/** torchvision's Resize(resizeTo), or the smallest size of the same proportions that covers height × width. */
function sizeBeforeCrop(
  picture: Picture,
  height: number,
  width: number,
  resizeTo?: number,
): [number, number] {
  const { height: h, width: w } = picture;
  if (resizeTo !== undefined) {
    return h <= w ? [resizeTo, Math.floor((resizeTo * w) / h)] : [Math.floor((resizeTo * h) / w), resizeTo];
  }
  return height * w >= width * h
    ? [height, Math.floor((height * w) / h)]
    : [Math.floor((width * h) / w), width];
}

/** Python's round, which torchvision's centre crop uses. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}

const tables = new WeakMap<Preprocess, Float32Array>();

/** The 256 values that a pixel can become, per channel. */
function valueTable(preprocess: Preprocess, planes: number): Float32Array {
  const known = tables.get(preprocess);
  if (known) return known;
  const { scale, mean, std } = preprocess;
  const table = new Float32Array(planes * 256);
  for (let c = 0; c < planes; c++) {
    for (let pixel = 0; pixel < 256; pixel++) {
      table[c * 256 + pixel] = (pixel * scale - (mean?.[c] ?? 0)) / (std?.[c] ?? 1);
    }
  }
  tables.set(preprocess, table);
  return table;
}

function named(channels: number): string {
  return channels === 1 ? '1 channel (grey)' : '3 channels (colour)';
}
