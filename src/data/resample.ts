/**
 * Resizing as PIL's Image.resize does it on 8-bit pictures, bit for bit: a separable filter whose support grows with the
 * shrinking factor (antialiasing), in fixed point with 22 fraction bits, rows first, rounded to 8 bits in between.
 * Extractors are trained on pictures that PIL resized (torchvision), and a page must compute what Node computes;
 * neither sharp's nor a canvas's resize gives those numbers.
 */
import { limit, limitExceeded } from '../array/limits.js';
import type { Picture } from './sample.js';

/** The names of PIL's filters that are offered. */
export type ResampleFilter = 'nearest' | 'bilinear' | 'bicubic';

/** Fraction bits of PIL's weights: 8 bits of pixel and 2 of overshoot are left in 32. */
const FRACTION_BITS = 22;
const PRECISION = 2 ** FRACTION_BITS;
const HALF = PRECISION / 2;

interface Kernel {
  readonly radius: number;
  weight(distance: number): number;
  /** Memory of the result: clamped where weights below 0 overshoot. */
  emptyBytes(length: number): Uint8Array | Uint8ClampedArray;
}

const KERNELS: Record<'bilinear' | 'bicubic', Kernel> = {
  bilinear: {
    radius: 1,
    weight: (x) => Math.max(0, 1 - Math.abs(x)),
    emptyBytes: (length) => new Uint8Array(length),
  },
  // Keys' cubic convolution with a = −0.5.
  bicubic: {
    radius: 2,
    emptyBytes: (length) => new Uint8ClampedArray(length),
    weight: (distance) => {
      const x = Math.abs(distance);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? ((x - 5) * x + 8) * x * -0.5 + 2 : 0;
    },
  },
};

/**
 * `picture` at another size; the picture itself when it has that size. LIMIT_EXCEEDED when the result, or the picture
 * between the two passes, would have more pixels than the limit `picturePixels`: a strip of 1 × 100,000 pixels whose shorter side is
 * to become 1000 would need 300 GB.
 */
export function resample(
  picture: Picture,
  width: number,
  height: number,
  filter: ResampleFilter,
  doing = 'Resizing a picture',
): Picture {
  if (picture.width === width && picture.height === height) return picture;
  const pixels = width * Math.max(height, picture.height);
  if (pixels > limit('picturePixels')) {
    throw limitExceeded(
      'picturePixels',
      `${doing}: resizing it from ${picture.height} × ${picture.width} (height × width) to ${height} × ${width} makes ` +
        `${pixels} pixels on the way`,
      { instead: 'Crop it to other proportions first.' },
    );
  }
  if (filter === 'nearest') return nearest(picture, width, height);
  const wide = picture.width === width ? picture : alongRows(picture, width, KERNELS[filter]);
  return wide.height === height ? wide : alongColumns(wide, height, KERNELS[filter]);
}

function nearest(picture: Picture, width: number, height: number): Picture {
  const { channels } = picture;
  const rows = nearestPlaces(picture.height, height);
  const columns = nearestPlaces(picture.width, width);
  const data = new Uint8Array(width * height * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = rows[y] * picture.width;
    for (let x = 0; x < width; x++) {
      const from = (row + columns[x]) * channels;
      for (let c = 0; c < channels; c++) data[to++] = picture.data[from + c];
    }
  }
  return { ...picture, width, height, data };
}

/** Added up step by step, because PIL does and rounding at the edges shows it. */
function nearestPlaces(from: number, to: number): Int32Array {
  const step = from / to;
  let at = step * 0.5;
  return Int32Array.from({ length: to }, () => {
    const place = Math.min(from - 1, Math.floor(at));
    at += step;
    return place;
  });
}

/** For each output place: where its inputs start, how many they are, and their weights in fixed point. */
interface Taps {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Int32Array;
  /** Distance between the weights of neighbouring places. */
  readonly stride: number;
}

function makeTaps(from: number, to: number, kernel: Kernel): Taps {
  const scale = from / to;
  const filterScale = Math.max(1, scale);
  const support = kernel.radius * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(to);
  const counts = new Int32Array(to);
  const weights = new Int32Array(to * stride);
  const exact = new Float64Array(stride);
  for (let place = 0; place < to; place++) {
    const center = (place + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(from, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      exact[i] = kernel.weight((i + start - center + 0.5) * (1 / filterScale));
      sum += exact[i];
    }
    starts[place] = start;
    counts[place] = count;
    for (let i = 0; i < count; i++) {
      const value = (exact[i] / sum) * PRECISION;
      weights[place * stride + i] = Math.trunc(value < 0 ? value - 0.5 : value + 0.5);
    }
  }
  return { starts, counts, weights, stride };
}

/*
 * The loops below are where pictures spend their time, so: sums are whole numbers below 2³¹ throughout, as in PIL, and `| 0` tells
 * the engine so; memory is read in its order; and pictures of three channels have their loop unrolled.
 */

function alongRows(picture: Picture, width: number, kernel: Kernel): Picture {
  const { channels, height, data: pixels } = picture;
  const { starts, counts, weights, stride } = makeTaps(picture.width, width, kernel);
  const data = kernel.emptyBytes(width * height * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = y * picture.width * channels;
    for (let x = 0; x < width; x++) {
      const firstWeight = x * stride;
      const lastWeight = firstWeight + counts[x];
      let at = row + starts[x] * channels;
      if (channels === 3) {
        let [red, green, blue] = [HALF, HALF, HALF];
        for (let i = firstWeight; i < lastWeight; i++, at += 3) {
          const weight = weights[i];
          red = (red + pixels[at] * weight) | 0;
          green = (green + pixels[at + 1] * weight) | 0;
          blue = (blue + pixels[at + 2] * weight) | 0;
        }
        data[to++] = red >> FRACTION_BITS;
        data[to++] = green >> FRACTION_BITS;
        data[to++] = blue >> FRACTION_BITS;
      } else {
        let sum = HALF;
        for (let i = firstWeight; i < lastWeight; i++, at++) sum = (sum + pixels[at] * weights[i]) | 0;
        data[to++] = sum >> FRACTION_BITS;
      }
    }
  }
  return { ...picture, width, data: new Uint8Array(data.buffer) };
}

function alongColumns(picture: Picture, height: number, kernel: Kernel): Picture {
  const { data: pixels } = picture;
  const rowBytes = picture.width * picture.channels;
  const { starts, counts, weights, stride } = makeTaps(picture.height, height, kernel);
  const data = kernel.emptyBytes(rowBytes * height);
  const sums = new Int32Array(rowBytes);
  for (let y = 0; y < height; y++) {
    const [to, from, count] = [y * rowBytes, starts[y] * rowBytes, counts[y]];
    const [first, second] = [weights[y * stride], weights[y * stride + 1]];
    const next = from + rowBytes;
    if (count === 1) {
      data.set(pixels.subarray(from, next), to);
    } else if (count === 2) {
      for (let x = 0; x < rowBytes; x++) {
        data[to + x] =
          (HALF + Math.imul(pixels[from + x], first) + Math.imul(pixels[next + x], second)) >> FRACTION_BITS;
      }
    } else {
      for (let x = 0; x < rowBytes; x++) {
        sums[x] = (HALF + Math.imul(pixels[from + x], first) + Math.imul(pixels[next + x], second)) | 0;
      }
      for (let i = 2; i < count; i++) {
        const weight = weights[y * stride + i];
        const row = from + i * rowBytes;
        for (let x = 0; x < rowBytes; x++) sums[x] = (sums[x] + Math.imul(pixels[row + x], weight)) | 0;
      }
      for (let x = 0; x < rowBytes; x++) data[to + x] = sums[x] >> FRACTION_BITS;
    }
  }
  return { ...picture, height, data: new Uint8Array(data.buffer) };
}
