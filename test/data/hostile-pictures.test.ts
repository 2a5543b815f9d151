/** Picture files that are made to harm, or are no pictures: refused by their path, and nothing else is opened by them. */
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/array/crc32.js';
import { cifarSource } from '../../src/data/cifar.js';
import { imageFolder } from '../../src/data/image-folder.js';
import { imageList } from '../../src/data/image-list.js';
import { openSource } from '../../src/data/open-source.js';
import { decodePicture } from '../../src/data/pictures.node.js';
import type { DataSource, Picture } from '../../src/data/sample.js';
import { isStore } from '../../src/features/store/read-store.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { temporaryFolder } from './temporary-folder.js';

const file = temporaryFolder();
const red = { create: { width: 6, height: 4, channels: 3, background: '#ff0000' } } as const;
const png = await sharp(red).png().toBuffer();

/** A folder of one picture of that name and content. */
async function folderOf(name: string, content: Uint8Array | string, picture = '1.png'): Promise<DataSource> {
  return imageFolder(dirname(dirname(file(join(name, 'cat', picture), content))));
}
const first = async (source: DataSource): Promise<Picture> => {
  const sample = await source.read(0);
  if (sample.kind !== 'picture') throw new Error('no picture');
  return sample.picture;
};

/** A png chunk by chunk. */
function pngOf(width: number, height: number, data: Uint8Array): Uint8Array {
  const chunk = (type: string, body: Uint8Array) => {
    const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(type), body, Buffer.alloc(4)]);
    bytes.writeUInt32BE(body.length, 0);
    bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4);
    return bytes;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('a picture that is none, or not whole', () => {
  it.each<[string, Uint8Array | string]>([
    ['zero bytes', ''],
    ['text', 'no picture at all'],
    ['one byte', 'I'],
    ['a pdf', '%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>'],
    ['PostScript', '%!PS-Adobe-3.0\n(x) run'],
    ['a table', 'P3\n1 1\n255\n255 0 0\n'],
    ['OpenEXR', Uint8Array.of(0x76, 0x2f, 0x31, 0x01, 2, 0, 0, 0)],
    ['a MIFF of ImageMagick', 'id=ImageMagick\ncolumns=1 rows=1\n\f\n:\x1a'],
    ['an ftyp box without a brand that is read', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0heicmif1', 'latin1')],
    ['an ftyp box that lies about its length', Buffer.from('\xff\xff\xff\xffftypheic\0\0\0\0', 'latin1')],
  ])('%s', async (name, content) => {
    const source = await folderOf(`none-${name}`, content);
    const message = /1\.png: it cannot be read as a picture \(it (is empty|begins as no png)/;
    await expectRefusal(() => source.read(0), 'FORMAT_INVALID', message);
  });

  it.each(['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const)('%s that is cut off', async (format) => {
    const noise = { width: 64, height: 64, noise: { type: 'gaussian', mean: 128, sigma: 60 } as const };
    const whole = await sharp({ create: { ...red.create, ...noise } })
      .toFormat(format)
      .toBuffer();
    expect((await decodePicture(whole, 'x')).width).toBe(64);
    for (const share of [0.02, 0.3, 0.6]) {
      const cut = whole.subarray(0, Math.ceil(whole.length * share));
      await expectRefusal(() => decodePicture(cut, 'x.png'), 'FORMAT_INVALID', /x\.png: it cannot be read/);
    }
  });

  it('SVG, which fetches what it names', async () => {
    let asked = 0;
    const server = createServer((_, response) => {
      asked++;
      response.end(png);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const links = [`http://127.0.0.1:${port}/a.png`, `file://${file('secret.png', png)}`];
      for (const [i, link] of links.entries()) {
        for (const before of ['', '<?xml version="1.0"?>\n', '\ufeff ', '<!-- GIF89a -->']) {
          const svg = `${before}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="6" height="4"><image xlink:href="${link}" width="6" height="4"/></svg>`;
          const source = await folderOf(`svg${i}`, svg);
          await expectRefusal(() => source.read(0), 'FORMAT_INVALID', /begins as no png/);
        }
      }
      expect(asked).toBe(0);
    } finally {
      server.close();
    }
  });
});

describe('a picture of too many pixels', () => {
  it('by its header alone', async () => {
    const source = await folderOf('huge-header', pngOf(100_000, 100_000, deflateSync(Buffer.alloc(1000))));
    await expectRefusal(() => source.read(0), 'LIMIT_EXCEEDED', /1\.png.*--allow picture-pixels=N/);
    // What no format has room for.
    for (const side of [0, 0x7fffffff, 0xffffffff]) {
      const bytes = pngOf(side, side, deflateSync(Buffer.alloc(1000)));
      await expect(decodePicture(bytes, 'x.png')).rejects.toMatchObject({ name: 'TailorError' });
    }
  });

  it('by pixels that are there, in some kilobytes', async () => {
    // Rows of one colour: 17,000 × 17,000 pixels in 1 MB.
    const row = Buffer.alloc(1 + 3 * 17_000);
    const rows = deflateSync(Buffer.concat(Array.from({ length: 1000 }, () => row)), { level: 9 });
    const source = await folderOf('huge', pngOf(17_000, 17_000, rows));
    await expectRefusal(() => source.read(0), 'LIMIT_EXCEEDED', /picture-pixels/);
    const gif = await sharp(red).gif().toBuffer();
    // The screen, and the frame behind its comma.
    for (const at of [6, gif.lastIndexOf(0x2c) + 5]) {
      gif.writeUInt16LE(65_535, at);
      gif.writeUInt16LE(65_535, at + 2);
    }
    await expectRefusal(() => decodePicture(gif, 'x.gif'), 'LIMIT_EXCEEDED', /picture-pixels/);
  });
});

describe('an unusual picture', () => {
  const colour = ({ data }: Picture) => Array.from(data.subarray(0, 3));

  it('is known by its content, not by its name', async () => {
    const picture = await first(await folderOf('renamed', png, 'a.jpg'));
    expect([picture.width, picture.height, colour(picture)]).toEqual([6, 4, [255, 0, 0]]);
  });

  it('of several pages or frames gives its first one', async () => {
    const frames = await Promise.all(
      ['#ff0000', '#0000ff'].map((background) =>
        sharp({ create: { ...red.create, background } })
          .raw()
          .toBuffer(),
      ),
    );
    for (const format of ['gif', 'webp', 'tiff'] as const) {
      const pages = await sharp(Buffer.concat(frames), {
        raw: { width: 6, height: 8, channels: 3, pageHeight: 4 },
      })
        .toFormat(format, { lossless: true })
        .toBuffer();
      const picture = await decodePicture(pages, `x.${format}`);
      expect([picture.width, picture.channels]).toEqual([6, 3]);
      expect(colour(picture)[0]).toBeGreaterThan(250);
      expect(picture.data.length).toBe(picture.width * picture.height * 3);
      if (format !== 'tiff') expect(picture.height).toBe(4);
    }
  });

  it('in CMYK or with 16 bits a channel has three of 8 bits', async () => {
    const cmyk = await sharp(red).toColourspace('cmyk').jpeg().toBuffer();
    const deep = await sharp(red).toColourspace('rgb16').png().toBuffer();
    expect([(await sharp(cmyk).metadata()).space, (await sharp(deep).metadata()).depth]).toEqual([
      'cmyk',
      'ushort',
    ]);
    for (const bytes of [cmyk, deep]) {
      const picture = await decodePicture(bytes, 'x');
      expect([picture.width, picture.height, picture.channels, picture.data.length]).toEqual([6, 4, 3, 72]);
      expect(colour(picture)[0]).toBeGreaterThan(200);
      expect(colour(picture)[2]).toBeLessThan(60);
    }
  });

  it('may have any name that a file can have', async () => {
    const source = await folderOf('names', 'no picture', 'a\n\x1b[2J.png');
    await expectRefusal(() => source.read(0), 'FORMAT_INVALID', /a\\n\\x1b\[2J\.png: it cannot be read/);
  });
});

describe('what lies in a folder and is no file', () => {
  const fifo = (path: string) => {
    mkdirSync(dirname(path), { recursive: true });
    execFileSync('mkfifo', [path]);
    return path;
  };

  it.each(['a pipe', 'a device', 'a folder'])('%s is refused, not read', async (what) => {
    const path = file(`odd-${what}/cat/1.png`);
    mkdirSync(dirname(path), { recursive: true });
    if (what === 'a pipe') fifo(path);
    else if (what === 'a device') symlinkSync('/dev/zero', path);
    else mkdirSync(path);
    const source = await imageFolder(dirname(dirname(path)));
    await expectRefusal(
      () => source.read(0),
      'FILE_UNREADABLE',
      /1\.png: it is a (pipe or a device|folder), where/,
    );
  });

  it('is refused as a file of CIFAR, as a source of no kind and as a manifest', async () => {
    fifo(file('cifar/test_batch.bin'));
    await expectRefusal(() => cifarSource(file('cifar')), 'FILE_UNREADABLE', /test_batch\.bin: it is a pipe/);
    writeFileSync(file('names/x'), '');
    mkdirSync(file('meta'), { recursive: true });
    writeFileSync(file('meta/test_batch.bin'), new Uint8Array(3073));
    symlinkSync('/dev/zero', file('meta/batches.meta.txt'));
    await expectRefusal(
      () => cifarSource(file('meta')),
      'FILE_UNREADABLE',
      /batches\.meta\.txt: it is a pipe/,
    );
    await expectRefusal(() => openSource(fifo(file('odd/pipe'))), 'FILE_UNREADABLE', /pipe or a device/);
    fifo(file('store/manifest.json'));
    await expectRefusal(() => isStore(file('store')), 'FILE_UNREADABLE', /manifest\.json: it is a pipe/);
  });

  it('a link is followed: data sets are made of links', async () => {
    const path = file('linked/cat/1.png');
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(file('elsewhere.png', png), path);
    symlinkSync(path, file('linked/cat/2.png'));
    symlinkSync('3.png', file('linked/cat/3.png'));
    const source = await imageFolder(file('linked'));
    expect((await first(source)).width).toBe(6);
    expect(source.length).toBe(3);
    await expect(source.read(2)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  it('is refused in a list, too', async () => {
    writeFileSync(file('list.txt'), `${file('elsewhere.png', png)} 0\n/dev/zero 1\n`);
    const source = await imageList(file('list.txt'));
    await expectRefusal(
      () => source.read(1) as Promise<unknown>,
      'FILE_UNREADABLE',
      /\/dev\/zero: it is a pipe or a device/,
    );
  });
});
