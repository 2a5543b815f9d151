import { gzipSync } from 'fflate';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { TailorError } from '../../src/array/errors.js';
import { encodeNpy } from '../../src/array/npy.js';
import { encodeNpz } from '../../src/array/npz.js';
import { npySource, npzSource } from '../../src/data/array-source.js';
import { cifarSource } from '../../src/data/cifar.js';
import { idxSource } from '../../src/data/idx.js';
import { imageFolder } from '../../src/data/image-folder.js';
import { longTailSplit } from '../../src/data/long-tail.js';
import { openSource } from '../../src/data/open-source.js';
import type { DataSource, Picture } from '../../src/data/sample.js';
import { subset } from '../../src/data/subset.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { temporaryFolder } from './temporary-folder.js';

const file = temporaryFolder();

async function picture(source: DataSource, index: number): Promise<Picture> {
  const sample = await source.read(index);
  if (sample.kind !== 'picture') throw new Error('a picture was expected');
  return sample.picture;
}

async function tensors(source: DataSource, index: number) {
  const sample = await source.read(index);
  if (sample.kind !== 'tensor') throw new Error('a tensor was expected');
  return sample.inputs;
}

const labels = { shape: [4], data: Int32Array.of(0, 1, 1, 0) };
const images = Uint8Array.from({ length: 4 * 2 * 3 * 3 }, (_, i) => i);

describe('npzSource', () => {
  it('gives pictures, whole in memory or row by row', async () => {
    const made = encodeNpz({
      images: { shape: [4, 2, 3, 3], data: images },
      labels,
      classes: { strings: ['a', 'b'] },
    });
    for (const wholeBelow of [0, undefined]) {
      const source = await npzSource(file('images.npz', made), { wholeBelow });
      expect([source.length, source.labels, source.classes]).toEqual([4, labels.data, ['a', 'b']]);
      const found = await picture(source, 2);
      expect([found.height, found.width, found.channels, found.fromFile]).toEqual([2, 3, 3, undefined]);
      expect([...found.data]).toEqual([...images.subarray(36, 54)]);
    }
  });

  it('takes [N, H, W] and [N, H, W, 1] as grey', async () => {
    for (const shape of [
      [4, 6, 3],
      [4, 6, 3, 1],
    ]) {
      const source = await npzSource(encodeNpz({ images: { shape, data: images } }));
      expect(await picture(source, 0)).toMatchObject({ height: 6, width: 3, channels: 1 });
      expect(source.labels).toBeUndefined();
    }
  });

  it('feeds inputs as they are', async () => {
    const data = Float32Array.from({ length: 8 }, (_, i) => i / 2);
    for (const key of ['inputs', 'images']) {
      const made = file('inputs.npz', encodeNpz({ [key]: { shape: [4, 1, 2], data }, labels }));
      for (const wholeBelow of [0, undefined]) {
        const source = await npzSource(made, { wholeBelow });
        expect(await tensors(source, 3)).toEqual({ '': { data: Float32Array.of(3, 3.5), dims: [1, 2] } });
      }
    }
  });

  it('feeds arrays by the names of the inputs', async () => {
    const ids = { shape: [4, 2], data: BigInt64Array.from({ length: 8 }, (_, i) => BigInt(i)) };
    const mask = { shape: [4], data: Uint8Array.of(1, 0, 1, 1) };
    const source = await npzSource(encodeNpz({ ids, mask, labels }));
    expect(await tensors(source, 1)).toEqual({
      ids: { data: BigInt64Array.of(2n, 3n), dims: [2] },
      mask: { data: Uint8Array.of(0), dims: [] },
    });
  });

  it('takes labels from elsewhere', async () => {
    const made = encodeNpz({ images: { shape: [4, 2, 3, 3], data: images } });
    const options = { labels: file('labels.json', '[3, 2, 1, 0]') };
    expect((await npzSource(made, options)).labels).toEqual(Int32Array.of(3, 2, 1, 0));
    await expectRefusal(
      () => npzSource(made, { labels: file('bad.json', '[3, null, 1, 0]') }),
      'LABELS_INVALID',
      /item 1 is NaN/,
    );
  });

  it('refuses what does not fit together', async () => {
    const pictures = { shape: [4, 2, 3, 3], data: images };
    const of = (arrays: Parameters<typeof encodeNpz>[0]) => npzSource(encodeNpz(arrays));
    await expectRefusal(
      () => of({ images: pictures, labels: { shape: [3], data: Int32Array.of(0, 1, 1) } }),
      'SHAPE_MISMATCH',
      /4 samples, but 3 labels/,
    );
    await expectRefusal(
      () => of({ images: pictures, labels, classes: { strings: ['only'] } }),
      'LABELS_INVALID',
      /label 1 of sample 1/,
    );
    await expectRefusal(
      () => of({ images: { shape: [4, 3, 3, 2], data: images } }),
      'SHAPE_MISMATCH',
      /\[4, 3, 3, 2\].*transpose\(0, 2, 3, 1\)/,
    );
    await expectRefusal(
      () => of({ images: pictures, inputs: pictures }),
      'FORMAT_INVALID',
      /both images and inputs/,
    );
    await expectRefusal(() => of({ labels }), 'FORMAT_INVALID', /it holds labels/);
    await expectRefusal(
      () => of({ a: pictures, b: { shape: [1], data: Int8Array.of(1) } }),
      'SHAPE_MISMATCH',
      /b has 1 samples, but a has 4/,
    );
    for (const wholeBelow of [0, undefined]) {
      const empty = encodeNpz({ inputs: { shape: [1e15, 0], data: new Float32Array(0) } });
      await expectRefusal(
        () => npzSource(empty, { wholeBelow }),
        'FORMAT_INVALID',
        /1000000000000000 samples of no numbers/,
      );
    }
    await expectRefusal(
      () => of({ inputs: { shape: [], data: Int8Array.of(1) } }),
      'FORMAT_INVALID',
      /first axis/,
    );
  });
});

describe('npySource', () => {
  it('takes bytes [N, H, W, 3] as pictures and the rest as inputs', async () => {
    const labelFile = file('labels.npy', encodeNpy(labels));
    const source = await npySource(file('p.npy', encodeNpy({ shape: [4, 2, 3, 3], data: images })), {
      labels: labelFile,
    });
    expect([source.length, source.labels]).toEqual([4, labels.data]);
    expect((await picture(source, 1)).data[0]).toBe(18);
    const grey = await npySource(encodeNpy({ shape: [4, 6, 3, 1], data: images }));
    expect(await picture(grey, 1)).toMatchObject({ height: 6, width: 3, channels: 1 });
    const maps = await npySource(encodeNpy({ shape: [4, 3, 3, 2], data: images }));
    expect((await tensors(maps, 1))[''].dims).toEqual([3, 3, 2]);
    const rows = await npySource(encodeNpy({ shape: [4, 18], data: images }));
    expect((await tensors(rows, 1))[''].dims).toEqual([18]);
  });
});

/** An IDX file of unsigned bytes. */
function idx(shape: number[], data: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, 8, shape.length]);
  shape.forEach((size, axis) => {
    new DataView(bytes.buffer).setUint32(4 + 4 * axis, size);
  });
  bytes.set(Array.from(data), 4 + 4 * shape.length);
  return bytes;
}

describe('idxSource', () => {
  const grey = images.subarray(0, 3 * 4 * 2);

  it('reads pictures and finds the labels beside them, gzipped or not', async () => {
    const plain = file('mnist/train-images-idx3-ubyte', idx([3, 4, 2], grey));
    file('mnist/train-labels-idx1-ubyte.gz', gzipSync(idx([3], [7, 0, 9])));
    const zipped = file('mnist/t10k-images-idx3-ubyte.gz', gzipSync(idx([3, 4, 2], grey)));
    const source = await idxSource({ images: plain });
    expect([source.length, source.labels]).toEqual([3, Int32Array.of(7, 0, 9)]);
    expect(await picture(source, 2)).toEqual({ width: 2, height: 4, channels: 1, data: grey.subarray(16) });
    const other = await openSource(zipped);
    expect(other.labels).toBeUndefined();
    expect((await picture(other, 2)).data).toEqual(grey.subarray(16));
  });

  it('refuses damaged and foreign files', async () => {
    const of = (bytes: Uint8Array) => idxSource({ images: file('bad-idx3-ubyte', bytes) });
    const good = idx([3, 4, 2], grey);
    await expectRefusal(
      () => of(good.subarray(0, good.length - 1)),
      'FORMAT_INVALID',
      /promises 24 bytes.*23 follow/,
    );
    await expectRefusal(() => of(good.subarray(0, 10)), 'FORMAT_INVALID', /follow|IDX/);
    await expectRefusal(() => of(new Uint8Array(0)), 'FORMAT_INVALID', /starts with nothing/);
    await expectRefusal(
      () => of(Uint8Array.of(...idx([3], [1, 2, 3]))),
      'FORMAT_INVALID',
      /file of pictures/,
    );
    const floats = good.slice();
    floats[2] = 0x0d;
    await expectRefusal(() => of(floats), 'FORMAT_INVALID', /00 00 0d 03/);
    const zipped = gzipSync(good);
    zipped[zipped.length - 8] ^= 1;
    await expectRefusal(() => of(zipped), 'FORMAT_INVALID', /checksum/);
    // What stands in the place of the size when the end is missing is chance.
    for (const length of [2, 17, 30])
      await expect(of(zipped.subarray(0, length))).rejects.toThrow(TailorError);
    await expectRefusal(
      () => idxSource({ images: file('a', good), labels: file('b', good) }),
      'FORMAT_INVALID',
      /file of labels/,
    );
    await expectRefusal(
      () => idxSource({ images: file('a', good), labels: file('b', idx([2], [1, 2])) }),
      'SHAPE_MISMATCH',
      /3 samples, but 2 labels/,
    );
  });
});

/** Records of CIFAR whose pixels count up, one plane after the other. */
function records(labelBytes: number[][]): Uint8Array {
  const record = labelBytes[0].length + 3072;
  const bytes = new Uint8Array(labelBytes.length * record);
  labelBytes.forEach((head, i) => {
    bytes.set(head, i * record);
    for (let p = 0; p < 3072; p++)
      bytes[i * record + head.length + p] = (p + i + 100 * Math.floor(p / 1024)) % 256;
  });
  return bytes;
}

describe('cifarSource', () => {
  const names = 'airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n';
  for (const batch of [1, 2, 3, 4, 5]) file(`c10/data_batch_${batch}.bin`, records([[batch], [9]]));
  file('c10/test_batch.bin', records([[3], [4], [5]]));
  file('c10/batches.meta.txt', names);
  const ten = file('c10');
  file(
    'c100/train.bin',
    records([
      [19, 99],
      [0, 1],
    ]),
  );
  file('c100/fine_label_names.txt', Array.from({ length: 100 }, (_, k) => `fine ${k}`).join('\n'));
  const hundred = file('c100');

  it('reads CIFAR-10', async () => {
    const train = await cifarSource(ten, { split: 'train' });
    expect([...(train.labels ?? [])]).toEqual([1, 9, 2, 9, 3, 9, 4, 9, 5, 9]);
    expect(train.classes?.[9]).toBe('truck');
    const found = await picture(train, 1);
    expect([found.width, found.height, found.channels]).toEqual([32, 32, 3]);
    // Pixel (row 1, column 2): place 34 of each plane, planes 100 + 1024 apart, second record + 1.
    const place = 32 + 2;
    const expected = [0, 1, 2].map((c) => (c * 1024 + place + 1 + 100 * c) % 256);
    expect([...found.data.subarray(3 * place, 3 * place + 3)]).toEqual(expected);
    const test = await openSource(`${ten}?split=test`);
    expect([...(test.labels ?? [])]).toEqual([3, 4, 5]);
  });

  it('reads CIFAR-100 with fine and coarse labels, and single files', async () => {
    const fine = await openSource(hundred);
    expect([[...(fine.labels ?? [])], fine.classes?.[99]]).toEqual([[99, 1], 'fine 99']);
    expect((await picture(fine, 0)).data[0]).toBe(0);
    const coarse = await openSource(`cifar100-coarse:${hundred}`);
    expect([[...(coarse.labels ?? [])], coarse.classes]).toEqual([[19, 0], undefined]);
    expect((await openSource(`${hundred}/train.bin`)).labels).toEqual(Int32Array.of(99, 1));
    expect((await openSource(`${ten}/test_batch.bin`)).length).toBe(3);
  });

  it('refuses what is missing, damaged or unclear', async () => {
    await expectRefusal(() => openSource(ten), 'INVALID_ARGUMENT', /split=train or split=test/);
    await expectRefusal(() => openSource(`${hundred}?split=test`), 'FILE_NOT_FOUND', /test\.bin is missing/);
    file('part/data_batch_2.bin', records([[1]]));
    await expectRefusal(
      () => openSource(file('part')),
      'FILE_NOT_FOUND',
      /data_batch_1\.bin, data_batch_3\.bin, .*are missing/,
    );
    const bad = (bytes: Uint8Array) => cifarSource(file('bad.bin', bytes));
    await expectRefusal(
      () => bad(records([[1]]).subarray(1)),
      'FORMAT_INVALID',
      /3072 bytes.*records of 3073/,
    );
    await expectRefusal(() => bad(new Uint8Array(0)), 'FORMAT_INVALID', /0 bytes/);
    await expectRefusal(() => bad(records([[10]])), 'LABELS_INVALID', /label 10 of sample 0/);
    await expectRefusal(() => cifarSource(file('nowhere')), 'FILE_NOT_FOUND', /nowhere/);
    file('c100/test.bin', records([[0, 0]]));
    file('c100/coarse_label_names.txt', 'a\nb\n');
    await expectRefusal(
      () => openSource(`cifar100-coarse:${hundred}?split=test`),
      'FORMAT_INVALID',
      /names 2 classes instead of 20/,
    );
  });
});

describe('imageFolder', () => {
  const png = (
    width: number,
    height: number,
    colour: string | { r: number; g: number; b: number; alpha: number },
  ) =>
    sharp({ create: { width, height, channels: 4, background: colour } })
      .png()
      .toBuffer();

  it('reads pictures in the order of classes and names, hidden and other files left aside', async () => {
    file('set/dog/b.png', await png(2, 1, '#ff0000'));
    file('set/dog/a.PNG', await png(3, 1, { r: 1, g: 2, b: 3, alpha: 0.5 }));
    file(
      'set/cat/x.webp',
      await sharp(await png(2, 2, '#0000ff'))
        .webp({ lossless: true })
        .toBuffer(),
    );
    file('set/cat/.hidden.png', 'not a picture');
    file('set/cat/notes.txt', 'not a picture');
    file('set/.git/x.png', 'not a picture');
    const source = await openSource(file('set'));
    expect([source.length, source.labels, source.classes]).toEqual([
      3,
      Int32Array.of(0, 1, 1),
      ['cat', 'dog'],
    ]);
    expect(source.sampleName?.(1)).toMatch(/dog.a\.PNG$/);
    expect(await picture(source, 0)).toMatchObject({ width: 2, height: 2, channels: 3, fromFile: true });
    expect([...(await picture(source, 0)).data.subarray(0, 3)]).toEqual([0, 0, 255]);
    // Transparency is dropped, not blended.
    expect([...(await picture(source, 1)).data.subarray(0, 3)]).toEqual([1, 2, 3]);
    const matched = await imageFolder(file('set'), { classes: ['horse', 'dog', 'cat'] });
    expect([matched.labels, matched.classes]).toEqual([Int32Array.of(1, 1, 2), ['horse', 'dog', 'cat']]);
  });

  it('turns pictures upright, reads grey, 16-bit and jpeg', async () => {
    const wide = sharp({ create: { width: 4, height: 2, channels: 3, background: '#804020' } });
    file('kinds/k/1.jpg', await wide.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer());
    const grey = await sharp(Uint8Array.of(10, 200), { raw: { width: 2, height: 1, channels: 1 } })
      .png()
      .toBuffer();
    file('kinds/k/2.png', grey);
    const deep = Uint16Array.of(0x1000, 0x2000, 0xff00);
    file(
      'kinds/k/3.png',
      await sharp(deep, { raw: { width: 1, height: 1, channels: 3 } })
        .toColourspace('rgb16')
        .png()
        .toBuffer(),
    );
    const source = await imageFolder(file('kinds'));
    expect(await picture(source, 0)).toMatchObject({ width: 2, height: 4 });
    const two = await picture(source, 1);
    expect([...two.data]).toEqual(two.channels === 1 ? [10, 200] : [10, 10, 10, 200, 200, 200]);
    expect([...(await picture(source, 2)).data]).toEqual([0x10, 0x20, 0xff]);
  });

  it('matches folders with indices', async () => {
    for (const k of [0, 2, 10]) file(`digits/${k}/x.png`, await png(1, 1, '#000000'));
    const classes = Array.from({ length: 11 }, (_, k) => `class ${k}`);
    expect((await openSource(file('digits'), { classes })).labels).toEqual(Int32Array.of(0, 2, 10));
    await expectRefusal(() => openSource(file('digits')), 'INVALID_ARGUMENT', /order=name or order=number/);
    expect((await openSource(`${file('digits')}?order=number`)).classes).toEqual(['0', '2', '10']);
    expect((await openSource(`${file('digits')}?order=name`)).classes).toEqual(['0', '10', '2']);
    await expectRefusal(
      () => imageFolder(file('digits'), { classes: ['a', 'b', 'c'] }),
      'LABELS_INVALID',
      /3 of 3 folders are no class.*0, 10, 2.*\(a, b, c\)/,
    );
  });

  it('does not guess which of two classes of one name is meant', async () => {
    for (const name of ['crane', 'heron']) file(`birds/${name}/x.png`, await png(1, 1, '#000000'));
    await expectRefusal(
      () => imageFolder(file('birds'), { classes: ['crane', 'heron', 'crane'] }),
      'LABELS_INVALID',
      /several classes named crane.*index of its class \(0 … 2\)/,
    );
    // A repeated name that no folder has does no harm.
    const fine = await imageFolder(file('birds'), { classes: ['owl', 'heron', 'owl', 'crane'] });
    expect(fine.labels).toEqual(Int32Array.of(1, 3));
  });

  it('refuses what cannot be used, by path', async () => {
    file('broken/k/x.png', 'this is text');
    const broken = await imageFolder(file('broken'));
    await expectRefusal(() => broken.read(0), 'FORMAT_INVALID', /k.x\.png.*cannot be read as a picture/);
    const whole = await png(64, 64, '#123456');
    file('cut/k/x.png', whole.subarray(0, whole.length - 40));
    const cut = await imageFolder(file('cut'));
    await expectRefusal(() => cut.read(0), 'FORMAT_INVALID', /x\.png/);
    file('bmp/k/x.bmp', 'BM');
    await expectRefusal(() => imageFolder(file('bmp')), 'FORMAT_UNSUPPORTED', /x\.bmp.*Convert it to png/);
    file('empty/k/notes.txt', '');
    await expectRefusal(() => imageFolder(file('empty')), 'FORMAT_INVALID', /hold no pictures/);
    file('flat/x.png', '');
    await expectRefusal(() => imageFolder(file('flat')), 'FORMAT_INVALID', /no subfolder/);
    await expectRefusal(() => imageFolder(file('nowhere')), 'FILE_NOT_FOUND', /nowhere/);
  });
});

describe('subset and openSource', () => {
  const many = encodeNpz({
    inputs: { shape: [90, 1], data: Int32Array.from({ length: 90 }, (_, i) => i) },
    labels: { shape: [90], data: Int32Array.from({ length: 90 }, (_, i) => (i < 80 ? i % 2 : 2)) },
  });

  it('takes samples by index', async () => {
    const source = subset(await npzSource(many), [85, 3, 3]);
    expect([source.length, source.labels]).toEqual([3, Int32Array.of(2, 1, 1)]);
    expect((await tensors(source, 0))[''].data).toEqual(Int32Array.of(85));
    expect(source.sampleName?.(1)).toBe('3');
    let closed = 0;
    const closing = { ...(await npzSource(many)), close: async () => void closed++ };
    await subset(closing, [1]).close?.();
    expect(closed).toBe(1);
    await source.close?.();
    await expectRefusal(
      async () => subset(await npzSource(many), [90]),
      'INVALID_ARGUMENT',
      /index 90.*0 … 89/,
    );
  });

  it('draws the parts of a long-tailed split', async () => {
    const path = file('many.npz', many);
    const all = (await npzSource(path)).labels ?? [];
    const split = longTailSplit(all, 3, { imbalance: 3, validationPerClass: 4, testPerClass: 2, seed: 7 });
    const spec = `npz:${path}?longtail=3&validation=4&test=2&seed=7`;
    for (const part of ['train', 'validation', 'test'] as const) {
      const source = await openSource(`${spec}&part=${part}`);
      const read = await Promise.all(Array.from({ length: source.length }, (_, i) => tensors(source, i)));
      expect(read.map((inputs) => Number(inputs[''].data[0]))).toEqual([...split[part]]);
      expect(source.name).toBe(`${spec}&part=${part}`);
    }
    // Without a factor nothing is cut: validation and the rest are everything.
    const rest = await openSource(`${path}?validation=4&part=train`);
    expect(rest.length).toBe(90 - 12);
    expect((await openSource(`${path}?validation=4&test=6&part=train`)).length).toBe(90 - 30);
    expect((await openSource(`${path}?test=5&part=test`)).length).toBe(15);
    await expectRefusal(
      () => openSource(`${path}?validation=11&part=validation`),
      'CLASS_MISSING',
      /class 2 has 10 samples/,
    );
  });

  it.each([
    ['', /path is missing/],
    ['npz:', /path is missing/],
    ['x.npz?splits=test', /"splits" is not known; allowed are split, labels/],
    ['x.npz?split', /split has no value/],
    ['x.npz?split=', /split has no value/],
    ['x.npz?split=val', /split is val; allowed are train, test/],
    ['x.npz?seed=1&seed=2', /seed is given twice/],
    ['x.npz?longtail=-1', /longtail is -1/],
    ['npz:x.npz?split=test', /split does not go with npz/],
    ['cifar10:x?labels=a', /labels does not go with cifar10/],
  ])('refuses the spec %j', async (spec, message) => {
    await expectRefusal(() => openSource(spec), 'INVALID_ARGUMENT', message);
  });

  it('refuses parts that are not told or have no labels, and unknown kinds', async () => {
    const path = file('many.npz', many);
    await expectRefusal(
      () => openSource(`${path}?validation=4`),
      'INVALID_ARGUMENT',
      /part=train, part=validation or part=test/,
    );
    await expectRefusal(() => openSource(`${path}?part=train`), 'INVALID_ARGUMENT', /go with longtail/);
    await expectRefusal(
      () => openSource(`${path}?validation=4&part=test`),
      'INVALID_ARGUMENT',
      /part=test is empty.*test=…/,
    );
    await expectRefusal(
      () => openSource(`${path}?longtail=2&part=validation`),
      'INVALID_ARGUMENT',
      /part=validation is empty/,
    );
    const bare = file('bare.npy', encodeNpy({ shape: [3], data: Int8Array.of(1, 2, 3) }));
    await expectRefusal(() => openSource(`${bare}?validation=1&part=train`), 'LABELS_INVALID', /no labels/);
    await expectRefusal(
      () => openSource(file('what.dat', 'hello')),
      'FORMAT_UNSUPPORTED',
      /npz:, npy:, idx:, list:/,
    );
    await expectRefusal(() => openSource(file('nowhere')), 'FILE_NOT_FOUND', /nowhere/);
    const odd = file('odd?name.npy', encodeNpy({ shape: [3], data: Int8Array.of(1, 2, 3) }));
    expect((await openSource(`${odd}?`)).length).toBe(3);
  });
});
