/** pictures.browser.ts: the browser's decoder gives the numbers that are in the file, as sharp does for Node. */
import { zlibSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/array/crc32.js';
import { pictureFiles } from '../../src/data/picture-files.js';
import { decodePicture } from '../../src/data/pictures.browser.js';
import { expectRefusal } from '../array/expect-refusal.js';

/** A .png of 8 bits a channel; `channels` 1 grey, 3 colour, 4 with transparency. */
function png(
  width: number,
  height: number,
  channels: 1 | 3 | 4,
  pixels: readonly number[],
): Uint8Array<ArrayBuffer> {
  const rows = Array.from({ length: height }, (_, y) => [
    0,
    ...pixels.slice(y * width * channels, (y + 1) * width * channels),
  ]);
  const colour = { 1: 0, 3: 2, 4: 6 }[channels];
  const header = [...word(width), ...word(height), 8, colour, 0, 0, 0];
  const parts = [
    [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    chunk('IHDR', header),
    chunk('IDAT', [...zlibSync(Uint8Array.from(rows.flat()))]),
    chunk('IEND', []),
  ];
  return Uint8Array.from(parts.flat());
}

const word = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

function chunk(type: string, data: readonly number[]): number[] {
  const body = [...new TextEncoder().encode(type), ...data];
  return [...word(data.length), ...body, ...word(crc32(Uint8Array.from(body)))];
}

/** A .jpg with an EXIF orientation. */
async function jpeg(width: number, height: number, orientation: number): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d')!;
  context.fillStyle = 'rgb(255, 0, 0)';
  context.fillRect(0, 0, width / 2, height);
  context.fillStyle = 'rgb(0, 0, 255)';
  context.fillRect(width / 2, 0, width / 2, height);
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 1 });
  const plain = new Uint8Array(await blob.arrayBuffer());
  // One directory of TIFF, one entry: tag 0x0112, a short.
  const tiff = [
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    0x01,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  const exif = [...new TextEncoder().encode('Exif\0\0'), ...tiff];
  return Uint8Array.from([
    ...plain.subarray(0, 2),
    0xff,
    0xe1,
    0,
    exif.length + 2,
    ...exif,
    ...plain.subarray(2),
  ]);
}

describe('decodePicture', () => {
  it('gives the stored colours', async () => {
    const pixels = Array.from({ length: 3 * 2 * 3 }, (_, i) => (i * 37) % 256);
    const picture = await decodePicture(png(3, 2, 3, pixels), 'a.png');
    expect(picture).toEqual({
      width: 3,
      height: 2,
      channels: 3,
      fromFile: true,
      data: Uint8Array.from(pixels),
    });
  });

  it('gives grey as three equal colours', async () => {
    const { channels, data } = await decodePicture(png(2, 1, 1, [7, 200]), 'a.png');
    expect([channels, ...data]).toEqual([3, 7, 7, 7, 200, 200, 200]);
  });

  it('keeps the colours under transparency, as far as a canvas does', async () => {
    const { data } = await decodePicture(
      png(3, 1, 4, [200, 100, 50, 255, 200, 100, 50, 128, 9, 9, 9, 0]),
      'a.png',
    );
    expect([...data.subarray(0, 3)]).toEqual([200, 100, 50]);
    // A canvas multiplies by the transparency and divides again.
    [200, 100, 50].forEach((value, i) => {
      expect(Math.abs(data[3 + i] - value)).toBeLessThanOrEqual(1);
    });
    expect([...data.subarray(6)]).toEqual([0, 0, 0]);
  });

  it('turns pictures upright', async () => {
    const lying = await decodePicture(await jpeg(64, 32, 6), 'a.jpg');
    expect([lying.width, lying.height]).toEqual([32, 64]);
    // Red was on the left, and is on top.
    const [top, bottom] = [lying.data.subarray(0, 3), lying.data.subarray(-3)];
    expect([top[0] > 250, top[2] < 5, bottom[0] < 5, bottom[2] > 250]).toEqual([true, true, true, true]);
  });

  it('refuses what is no picture', async () => {
    await expectRefusal(
      () => decodePicture(Uint8Array.of(1, 2, 3), 'x/y.png'),
      'FORMAT_INVALID',
      /x\/y\.png/,
    );
  });
});

it('a folder that a page was given is a data source', async () => {
  const file = (path: string, grey: number) => {
    const dropped = new File([png(1, 1, 1, [grey])], path.replace(/.*\//, ''));
    return { path, read: async () => new Uint8Array(await dropped.arrayBuffer()) };
  };
  const source = pictureFiles([file('val/dog/1.png', 3), file('val/cat/2.png', 2), file('val/cat/1.png', 1)]);
  expect([source.name, source.classes, source.labels]).toEqual([
    'val',
    ['cat', 'dog'],
    Int32Array.of(0, 0, 1),
  ]);
  const greys = await Promise.all([0, 1, 2].map(async (i) => source.read(i)));
  expect(greys.map((sample) => sample.kind === 'picture' && sample.picture.data[0])).toEqual([1, 2, 3]);
});
