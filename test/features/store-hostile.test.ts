/** Feature stores of strangers: a manifest that lies is refused, and no file outside of its folder is opened by it. */
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeNpz } from '../../src/array/npz.js';
import { npzSource } from '../../src/data/array-source.js';
import { openModel } from '../../src/features/model.js';
import { readFeatures } from '../../src/features/read-features.js';
import { extractStore } from '../../src/features/store/extract-store.js';
import type { StoreManifest } from '../../src/features/store/manifest.js';
import { openStore } from '../../src/features/store/read-store.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { vectorClassifier } from './small-classifiers.js';

const file = temporaryFolder();
const data = encodeNpz({
  inputs: { shape: [20, 2], data: Float32Array.from({ length: 40 }, (_, i) => Math.sin(i)) },
  labels: { shape: [20], data: Int32Array.from({ length: 20 }, (_, i) => i % 3) },
});
const good = file('good');
await extractStore(await openModel(vectorClassifier()), await npzSource(file('data.npz', data)), good, {
  ...{ batch: 8, shardRows: 8, device: 'cpu' },
});
const manifest = JSON.parse(readFileSync(join(good, 'manifest.json'), 'utf8')) as StoreManifest;
const [first, ...others] = manifest.shards;

let folders = 0;
/** A copy of the store whose manifest is `json`. */
function storeWith(json: string): string {
  const folder = file(`store-${folders++}`);
  mkdirSync(folder);
  for (const name of readdirSync(good)) copyFileSync(join(good, name), join(folder, name));
  writeFileSync(join(folder, 'manifest.json'), json);
  return folder;
}
const changed = (changes: object) => JSON.stringify({ ...manifest, ...changes });
const withShard = (changes: object) => changed({ shards: [{ ...first, ...changes }, ...others] });
const text = (from: string, to: string) => JSON.stringify(manifest).replace(from, to);

describe('a manifest', () => {
  it('that says the truth is read', async () => {
    const set = await readFeatures(storeWith(changed({})));
    expect([set.samples, set.dimensions]).toEqual([20, 2]);
  });

  it.each([
    '../x.npz',
    '/etc/passwd',
    'C:\\x',
    'a/b.npz',
    'a\\b',
    '..',
    '.',
    '',
    '.x',
    'x\0y',
    'x\n',
    'file:///x',
    5,
    null,
    {},
  ])('that names a file %j is refused', async (name) => {
    for (const json of [withShard({ file: name }), changed({ inputs: { ...manifest.inputs, file: name } })]) {
      await expectRefusal(
        () => readFeatures(storeWith(json)),
        'FORMAT_INVALID',
        /a file that it lists has no name/,
      );
    }
  });

  it.each<[string, string]>([
    ['rows below 0', withShard({ samples: -8 })],
    ['rows in words', withShard({ samples: '8' })],
    ['half a row', withShard({ samples: 7.5 })],
    ['a start below 0', withShard({ start: -8 })],
    ['a start beyond the end', withShard({ start: 800 })],
    ['samples without end', text('"samples":20', '"samples":1e999')],
    ['dimensions without end', text('"dimensions":2', '"dimensions":1e999')],
    ['dimensions in words', text('"dimensions":2', '"dimensions":"2"')],
    ['more rows than there are', changed({ rows: 21 })],
    ['the same shard twice', changed({ shards: [first, first, ...others], rows: 28 })],
    ['shards that are none', changed({ shards: { length: 3 } })],
    ['shards that are null', changed({ shards: [null, ...others] })],
    ['class names that are none', changed({ classes: ['a', {}, 'c'] })],
    ['class names of other classes', changed({ classes: ['a'] })],
    ['no part', changed({ part: null })],
    ['a part beyond the last', changed({ part: { index: 2, count: 1 } })],
    ['what an object inherits', `{"__proto__": ${changed({})}}`],
    ['nothing', 'null'],
    ['a list', `[${changed({})}]`],
    ['no JSON', '{"format":'],
  ])('that says %s is refused', async (_, json) => {
    await expectRefusal(
      () => readFeatures(storeWith(json)),
      'FORMAT_INVALID',
      /Reading the feature store .*store-/,
    );
  });

  it('of a number of parts that nobody can list is refused in words', async () => {
    const parts = changed({ part: { index: 1, count: Number.MAX_SAFE_INTEGER }, complete: false });
    await expectRefusal(
      () => readFeatures(storeWith(parts)),
      'FORMAT_INVALID',
      /of 9007199254740991 parts 1, 2, 3, .*, … 9007199254740979 more are missing/,
    );
  });

  it('that is nested a million deep, or has names of megabytes, is refused by a limit', async () => {
    const deep = changed({ preprocess: 0 }).replace(
      '"preprocess":0',
      `"preprocess":${'['.repeat(1e6)}${']'.repeat(1e6)}`,
    );
    await expectRefusal(() => readFeatures(storeWith(deep)), 'LIMIT_EXCEEDED', /json-depth/);
    const long = changed({ classes: ['a', 'x'.repeat(1e6), 'c'] });
    await expectRefusal(
      () => readFeatures(storeWith(long)),
      'LIMIT_EXCEEDED',
      /class 1 has 1000000 .*name-length/,
    );
  });

  it('of more samples than its shards have is refused before memory is taken for them', async () => {
    const rows = 2 ** 33;
    const json = changed({
      ...{ samples: rows, rows, shardRows: rows, source: { ...manifest.source, samples: rows } },
      shards: [{ ...first, samples: rows }],
    });
    await expectRefusal(
      () => readFeatures(storeWith(json)),
      'FORMAT_INVALID',
      /features is <f4 \[8, 2\]; \[8589934592, 2\] is needed/,
    );
  });
});

describe('files of a store', () => {
  it('that are others than the manifest says are refused', async () => {
    const folder = storeWith(changed({}));
    const path = join(folder, first.file);
    // A link is followed, as everywhere; what is behind it must be what the manifest says.
    renameSync(path, file('moved.npz'));
    symlinkSync(file('moved.npz'), path);
    expect((await readFeatures(folder)).samples).toBe(20);
    writeFileSync(file('moved.npz'), 'secret');
    await expectRefusal(
      () => readFeatures(folder),
      'FORMAT_INVALID',
      /it has 6 bytes; the store's manifest says/,
    );
    symlinkSync('/dev/zero', `${path}.new`);
    renameSync(`${path}.new`, path);
    await expect(readFeatures(folder)).rejects.toMatchObject({ name: 'TailorError' });
  });

  it('have arrays by their own names only', async () => {
    const store = await openStore(storeWith(changed({})));
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect(store.has(name)).toBe(false);
      await expectRefusal(() => store.read(name), 'FORMAT_INVALID', /there is no array named/);
    }
  });

  it('keep inputs whatever the model calls them', async () => {
    const inputs = encodeNpz({
      input_rows: { shape: [2], data: Int32Array.of(0, 1) },
      'input:__proto__': { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      features: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
    });
    const set = await readFeatures(inputs);
    expect(Object.keys(set.verificationInputs!.inputs)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(set.verificationInputs!.inputs)).toBe(Object.prototype);
  });
});
