import { dirname } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/array/errors.js';
import { imageList } from '../../src/data/image-list.js';
import { openSource } from '../../src/data/open-source.js';
import type { DataSource, Picture } from '../../src/data/sample.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { temporaryFolder } from './temporary-folder.js';

const file = temporaryFolder();
const png = (width: number) =>
  sharp({ create: { width, height: 1, channels: 3, background: '#102030' } })
    .png()
    .toBuffer();

async function picture(source: DataSource, index: number): Promise<Picture> {
  const sample = await source.read(index);
  if (sample.kind !== 'picture') throw new Error('a picture was expected');
  return sample.picture;
}

describe('imageList', () => {
  it('reads pictures in the order of the list, from its own folder', async () => {
    file('set/train/n01/a.png', await png(1));
    const absolute = file('elsewhere/with space.png', await png(2));
    const text = `train/n01/a.png 2\r\n\r\n${absolute} 0\r\n  train/n01/a.png 0  \n`;
    const list = file('set/ImageNet_LT_train.txt', text);
    const source = await openSource(`list:${list}`);
    expect([source.length, source.labels, source.classes]).toEqual([3, Int32Array.of(2, 0, 0), undefined]);
    expect(await picture(source, 0)).toMatchObject({ width: 1, height: 1, channels: 3, fromFile: true });
    expect((await picture(source, 1)).width).toBe(2);
    expect(source.sampleName?.(1)).toBe(absolute);
  });

  it('starts paths from another folder, and knows the classes of a model', async () => {
    const list = file('lists/val.txt', 'a b.png 1\nmissing.png 0\n');
    const root = dirname(file('pictures/a b.png', await png(3)));
    const classes = ['x', 'y', 'z'];
    const source = await openSource(`list:${list}?root=${root}`, { classes });
    expect([source.labels, source.classes]).toEqual([Int32Array.of(1, 0), classes]);
    expect((await picture(source, 0)).width).toBe(3);
    await expectRefusal(() => source.read(1), 'FILE_NOT_FOUND', /missing\.png/);
    const drawn = await openSource(`list:${list}?root=${root}&validation=1&part=validation`);
    expect(drawn.labels).toEqual(Int32Array.of(1, 0));
  });

  it('refuses what is no list', async () => {
    file('a.png', await png(1));
    const refused: [string | Uint8Array, ErrorCode, RegExp][] = [
      ['a.png 0\n\na.png\n', 'FORMAT_INVALID', /line 3 is "a\.png", not a path, a space and a label/],
      ['a.png -1\n', 'FORMAT_INVALID', /line 1 is/],
      ['a.png\t1\n', 'FORMAT_INVALID', /line 1 is/],
      ['a.png 0\na.png 3\n', 'LABELS_INVALID', /line 2 has the label 3; with 3 classes labels are 0 … 2/],
      ['\n', 'FORMAT_INVALID', /it names no picture/],
      ['b.png 0\n', 'FILE_NOT_FOUND', /there is no .*b\.png, which it names first.*root=FOLDER/],
      [Uint8Array.of(0xff, 0x20, 0x30), 'FORMAT_INVALID', /no text in UTF-8/],
    ];
    for (const [text, code, message] of refused) {
      const list = file('bad.txt', text);
      await expectRefusal(() => imageList(list, { classes: ['x', 'y', 'z'] }), code, message);
    }
    const list = file('many.txt', 'a.png 99999999999\n');
    await expectRefusal(() => imageList(list), 'LABELS_INVALID', /labels are 0 … 1048575/);
    await expectRefusal(() => imageList(file('none.txt')), 'FILE_NOT_FOUND', /none\.txt/);
    await expectRefusal(() => openSource(`${list}?root=x`), 'FORMAT_UNSUPPORTED', /list:/);
    await expectRefusal(
      () => openSource(`list:${list}?target=x`),
      'INVALID_ARGUMENT',
      /target does not go with list/,
    );
  });
});
