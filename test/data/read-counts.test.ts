import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeNpz } from '../../src/array/npz.js';
import { parseCounts, readCounts, readPrior } from '../../src/data/read-counts.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { temporaryFolder } from './temporary-folder.js';

const file = temporaryFolder();
const classes = ['cat', 'dog', '__proto__'];
const options = { classCount: 3, classes };

describe('readCounts', () => {
  it('takes an array, an object by names in any order, and labels', async () => {
    expect(await readCounts(file('a.json', '[5, 2.5, 1]'), options)).toEqual([5, 2.5, 1]);
    const byName = file('b.json', '{"__proto__": 1, "dog": 2, "cat": 5}');
    expect(await readCounts(byName, options)).toEqual([5, 2, 1]);
    expect(await readCounts(file('c.json', '{"0": 3, "1": 4}'), { classCount: 2 })).toEqual([3, 4]);
    const labels = encodeNpz({ labels: { shape: [6], data: BigInt64Array.from([0n, 0n, 2n, 1n, 0n, 2n]) } });
    expect(await readCounts(file('d.npz', labels), options)).toEqual([3, 1, 2]);
  });

  it('maps labels by name where they come with names', async () => {
    const labels = { shape: [4], data: Int32Array.of(0, 0, 2, 1) };
    const npz = (...strings: string[]) =>
      file('named.npz', encodeNpz({ labels, classes: { shape: [strings.length], strings } }));
    expect(await readCounts(npz('dog', '__proto__', 'cat'), options)).toEqual([1, 2, 1]);
    expect(await readCounts(npz('dog', '__proto__', 'cat'), { classCount: 3 })).toEqual([2, 1, 1]);
    await expectRefusal(
      () => readCounts(npz('dog', 'cow', 'cat'), options),
      'LABELS_INVALID',
      /1 class that the model does not know \(cow\)/,
    );
  });

  it('takes bytes as well, told by how they begin', async () => {
    const json = new TextEncoder().encode('{"__proto__": 1, "dog": 2, "cat": 5}');
    expect(await readCounts(json, options)).toEqual([5, 2, 1]);
    const labels = encodeNpz({ labels: { shape: [4], data: Int32Array.of(0, 0, 2, 1) } });
    expect(await readCounts(labels, options)).toEqual([2, 1, 1]);
    expect(await readPrior(json, options)).toEqual([5 / 8, 2 / 8, 1 / 8]);
    await expectRefusal(() => readCounts(json.subarray(1), options), 'FORMAT_INVALID', /the given bytes/);
    await expectRefusal(
      () => readCounts(json.subarray(1), { ...options, name: 'counts.json' }),
      'FORMAT_INVALID',
      /counts\.json/,
    );
  });

  it.each([
    ['[1, 2]', /2 class counts/],
    ['[1, 2, 0]', /class 2 is 0/],
    ['[1, -2, 3]', /class 1 is -2/],
    ['[1, "2", 3]', /class 1 is NaN/],
    ['[1, null, 3]', /class 1 is NaN/],
    ['[1, 2, 1e999]', /class 2 is Infinity/],
    ['7', /array in class order or an object/],
    ['null', /array in class order or an object/],
    ['{"cat": 1, "dog": 2}', /Missing: __proto__/],
    ['{"cat": 1, "dog": 2, "__proto__": 3, "cow": 4, "constructor": 1}', /Unknown: cow, constructor/],
    ['{"cat": 1, "dogs": 2, "__proto__": 3}', /Missing: dog\. Unknown: dogs/],
    ['{"cat": 1, "dog": 0, "__proto__": 3}', /class 1 is 0/],
  ])('refuses %s', async (json, message) => {
    await expectRefusal(() => readCounts(file('x.json', json), options), 'COUNTS_INVALID', message);
  });

  it('refuses names that two classes have', async () => {
    const crane = { classCount: 3, classes: ['crane', 'heron', 'crane'] };
    await expectRefusal(
      () => readCounts(file('x.json', '{"crane": 5, "heron": 1}'), crane),
      'COUNTS_INVALID',
      /several classes named crane.*array in class order/,
    );
    expect(await readCounts(file('x.json', '[5, 1, 2]'), crane)).toEqual([5, 1, 2]);
  });

  it('refuses names where none are known, files that are no JSON, labels that do not fit', async () => {
    await expectRefusal(
      () => parseCounts({ cat: 1 }, 'x', { classCount: 1 }),
      'COUNTS_INVALID',
      /not known.*Missing: 0/,
    );
    await expectRefusal(() => readCounts(file('x.json', '[1,'), options), 'FORMAT_INVALID', /not valid JSON/);
    await expectRefusal(() => readCounts(file('none.json'), options), 'FILE_NOT_FOUND', /none\.json/);
    const labels = (...data: number[]) =>
      file('x.npz', encodeNpz({ labels: { shape: [data.length], data: Int32Array.from(data) } }));
    await expectRefusal(() => readCounts(labels(0, 1, 3), options), 'LABELS_INVALID', /label 3 of sample 2/);
    await expectRefusal(() => readCounts(labels(0, 1), options), 'COUNTS_INVALID', /class 2 is 0/);
  });

  it.skipIf(!process.env.TAILOR_DATA)('reads the counts of Tiny-ImageNet-LT by name', async () => {
    const path = join(process.env.TAILOR_DATA ?? '', 'tiny-imagenet-lt/classes.json');
    const list: { id: string; train: number }[] = JSON.parse(readFileSync(path, 'utf8'));
    const shuffled = list.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const json = JSON.stringify(Object.fromEntries(list.map(({ id, train }) => [id, train])));
    const counts = await readCounts(file('tiny.json', json), {
      classCount: 200,
      classes: shuffled.map(({ id }) => id),
    });
    expect(counts).toEqual(shuffled.map(({ train }) => train));
    expect(counts.reduce((a, b) => a + b, 0)).toBe(20_677);
  });
  if (!process.env.TAILOR_DATA)
    console.warn('Skipping the counts of Tiny-ImageNet-LT: TAILOR_DATA is not set.');
});

describe('readPrior', () => {
  it('is uniform or read and made to sum to 1', async () => {
    expect(await readPrior('uniform', { classCount: 4 })).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(await readPrior(file('p.json', '[1, 2, 1]'), options)).toEqual([0.25, 0.5, 0.25]);
    expect(await readPrior(file('p.json', '{"dog": 2, "cat": 1, "__proto__": 1}'), options)).toEqual([
      0.25, 0.5, 0.25,
    ]);
  });

  it('refuses what is no distribution', async () => {
    const of = (json: string) => readPrior(file('p.json', json), options);
    // A share that becomes 0 beside the others is none.
    await expectRefusal(() => of('[2147483648, 1e-320, 2]'), 'INVALID_ARGUMENT', /class 1 is 1e-320.*1e-100/);
    await expectRefusal(() => of('[1, 2]'), 'INVALID_ARGUMENT', /2 shares for 3/);
    await expectRefusal(() => of('[1, 0, 2]'), 'INVALID_ARGUMENT', /class 1 is 0/);
    await expectRefusal(() => of('[0, 1, 2]'), 'INVALID_ARGUMENT', /class 0 is 0/);
    await expectRefusal(() => of('{"dog": 1}'), 'INVALID_ARGUMENT', /Missing: cat, __proto__/);
    await expectRefusal(() => readPrior(file('none'), options), 'FILE_NOT_FOUND', /none/);
  });
});
