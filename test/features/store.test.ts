import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeNpz } from '../../src/array/npz.js';
import { npzSource } from '../../src/data/array-source.js';
import type { DataSource } from '../../src/data/sample.js';
import { subset } from '../../src/data/subset.js';
import { openFeatureStream } from '../../src/features/feature-stream.js';
import { openModel } from '../../src/features/model.js';
import { readFeatures } from '../../src/features/read-features.js';
import { type ExtractStoreOptions, extractStore } from '../../src/features/store/extract-store.js';
import type { StoreManifest } from '../../src/features/store/manifest.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { vectorClassifier } from './small-classifiers.js';

const file = temporaryFolder();
const SAMPLES = 203;
const data = (seed = 0) =>
  encodeNpz({
    inputs: {
      shape: [SAMPLES, 2],
      data: Float32Array.from({ length: 2 * SAMPLES }, (_, i) => Math.sin(i + seed)),
    },
    labels: { shape: [SAMPLES], data: Int32Array.from({ length: SAMPLES }, (_, i) => (i * i) % 3) },
    classes: { strings: ['a', 'b', 'ĉ'] },
  });
const path = file('data.npz', data());
const model = await openModel(vectorClassifier());
/** Shards of 16 samples: 13 of them, the last one of 11. */
const SIZES = { batch: 8, shardRows: 16, device: 'cpu' } as const;

let folders = 0;
const newFolder = () => file(`store-${folders++}`);
const make = async (
  folder: string,
  options: ExtractStoreOptions = {},
  source: DataSource | Promise<DataSource> = npzSource(path),
) => extractStore(model, await source, folder, { ...SIZES, ...options });

/** Every file of a folder with its bytes. */
const contents = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name)).toString('latin1')]),
  );
const manifestOf = (folder: string, name = 'manifest.json') =>
  JSON.parse(readFileSync(join(folder, name), 'utf8')) as StoreManifest;
const shardsOf = (folder: string) =>
  Object.fromEntries(Object.entries(contents(folder)).filter(([name]) => name.startsWith('shard-')));

/** Stops when so many samples are done. */
async function makeSome(folder: string, samples: number, options: ExtractStoreOptions = {}): Promise<void> {
  const abort = new AbortController();
  const onProgress = ({ done }: { done: number }) => done >= samples && abort.abort('enough');
  await expectRefusal(
    () => make(folder, { ...options, signal: abort.signal, onProgress }),
    'ABORTED',
    /enough\. \d+ of 203 samples are in .*store-\d+; go on with --resume/,
  );
}

const whole = newFolder();
const made = await make(whole);

describe('a feature store', () => {
  it('holds what an extraction gives', async () => {
    const set = await model.extract(npzSource(path), { batch: 8, device: 'cpu' });
    expect(made).toMatchObject({
      samples: SAMPLES,
      dimensions: 2,
      classCount: 3,
      shards: 13,
      cached: false,
      resumed: 0,
    });
    const read = await readFeatures(whole);
    expect(read.features).toEqual(set.features);
    expect(read.logits).toEqual(set.logits);
    expect(read.labels).toEqual(set.labels);
    expect(read.classes).toEqual(['a', 'b', 'ĉ']);
    expect(read.origin).toEqual(set.origin);
    expect(read.verificationInputs).toEqual(set.verificationInputs);
  });

  it('says in its manifest what it is of, and nothing of time', () => {
    const { shards, source, ...manifest } = manifestOf(whole);
    expect(manifest).toMatchObject({
      ...{ format: 'onnx-tailor-features', version: 1, samples: SAMPLES, rows: SAMPLES, complete: true },
      ...{ batch: 8, shardRows: 16, device: 'cpu', limit: null, part: { index: 1, count: 1 } },
      ...{ preprocess: null, classes: ['a', 'b', 'ĉ'] },
      model: { sha256: model.sha256, output: 'logits', dimensions: 2, classCount: 3 },
    });
    expect(source).toMatchObject({ name: path, samples: SAMPLES, labels: true });
    expect(shards.map(({ start, samples }) => [start, samples]).at(-1)).toEqual([192, 11]);
    expect(readdirSync(whole)).toHaveLength(13 + 2);
  });

  it('has shards that are feature files, and is read by rows over their borders', async () => {
    const second = await readFeatures(join(whole, 'shard-00001.npz'));
    const all = await readFeatures(whole);
    expect([...second.features.data]).toEqual([...all.features.data.subarray(32, 64)]);
    expect(second.labels).toEqual(all.labels!.subarray(16, 32));
    const stream = await openFeatureStream(whole);
    expect(stream).toMatchObject({ samples: SAMPLES, dimensions: 2, classCount: 3, labels: all.labels });
    for (const rows of [1, 7, 16, 50, 1000]) {
      const found = { features: [] as number[], logits: [] as number[] };
      for await (const chunk of stream.chunks(rows)) {
        found.features.push(...chunk.features.data);
        found.logits.push(...chunk.logits!.data);
      }
      expect(found).toEqual({ features: [...all.features.data], logits: [...all.logits!.data] });
    }
  });

  it('keeps sources without labels apart from those with them', async () => {
    const folder = newFolder();
    const { labels: _, classes: __, ...plain } = await npzSource(path);
    await make(folder, {}, plain);
    const read = await readFeatures(folder);
    expect(read).toMatchObject({ labels: undefined, classes: undefined, samples: SAMPLES });
    await expectRefusal(() => openFeatureStream(folder), 'LABELS_INVALID', /no array "labels"/);
    await expectRefusal(() => make(folder), 'FILE_EXISTS', /What differs: the data .*; the class names\./);
  });

  it('takes a fixed batch of the model, and refuses shards that are no multiple of the batch', async () => {
    const folder = newFolder();
    const fixed = await openModel(vectorClassifier({ batch: 4 }));
    const { batch } = await extractStore(fixed, await npzSource(path), folder, {
      shardRows: 20,
      device: 'cpu',
    });
    expect(batch).toBe(4);
    await expectRefusal(
      () => make(newFolder(), { shardRows: 20 }),
      'INVALID_ARGUMENT',
      /shards of 20 .* multiple of the batch, 8/,
    );
    const usual = newFolder();
    await make(usual, { shardRows: undefined, batch: undefined, limit: 50 });
    // 24 bytes a sample.
    expect(manifestOf(usual)).toMatchObject({
      batch: 64,
      shardRows: 64 * Math.round(64e6 / 24 / 64),
      rows: 50,
    });
  });
});

describe('a store that is stopped', () => {
  it.each([0, 8, 16, 100, 200])('after %s samples and resumed ends with the same bytes', async (samples) => {
    const folder = newFolder();
    await makeSome(folder, samples);
    if (samples >= 24) expect(manifestOf(folder)).toMatchObject({ complete: false });
    // What a process that was killed may leave behind.
    writeFileSync(join(folder, '.shard-00012.npz.0123456789ab.tmp'), 'half');
    writeFileSync(join(folder, '.manifest.json.0123456789ab.tmp'), '{');
    writeFileSync(join(folder, 'shard-00012.npz'), 'not listed');
    const progress: number[] = [];
    const again = await make(folder, { resume: true, onProgress: ({ done }) => progress.push(done) });
    expect(again.resumed).toBe(Math.floor(Math.max(0, samples) / 16) * 16);
    expect(progress[0]).toBe(again.resumed);
    expect(progress.at(-1)).toBe(SAMPLES);
    expect(contents(folder)).toEqual(contents(whole));
  });

  it('is not read, and not written to without being asked', async () => {
    const folder = newFolder();
    await makeSome(folder, 100);
    await expectRefusal(
      () => readFeatures(folder),
      'FORMAT_INVALID',
      /unfinished, 9\d of 203 samples.*--resume/,
    );
    await expectRefusal(
      () => make(folder),
      'FILE_EXISTS',
      /unfinished store, 96 samples so far.*--resume.*--force/,
    );
    await make(folder, { overwrite: true });
    expect(contents(folder)).toEqual(contents(whole));
  });

  it('makes shards again that are not what they were', async () => {
    const folder = newFolder();
    await makeSome(folder, 150);
    const { shards } = manifestOf(folder);
    const [first, , third, , fifth] = shards.map((shard) => join(folder, shard.file));
    const bytes = readFileSync(third);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(third, bytes);
    writeFileSync(first, 'short');
    rmSync(fifth);
    expect((await make(folder, { resume: true })).resumed).toBe((shards.length - 3) * 16);
    expect(contents(folder)).toEqual(contents(whole));
  });

  it('goes on in its own batch, and says what differs from before', async () => {
    const folder = newFolder();
    await makeSome(folder, 100);
    const before = contents(folder);
    const refused = (options: ExtractStoreOptions, message: RegExp, source?: DataSource) =>
      expectRefusal(() => make(folder, { resume: true, ...options }, source), 'FILE_EXISTS', message);
    await refused(
      { batch: 16 },
      /unfinished store of something else. What differs: the batch \(8 there, 16 now\)/,
    );
    await refused({ shardRows: 32 }, /samples of a shard \(16 there, 32 now\)/);
    await refused({ limit: 100 }, /the number of samples \(203 there, 100 now\)/);
    const other = await openModel(vectorClassifier({ metadata: { x: 'y' } }));
    await expectRefusal(
      async () => extractStore(other, await npzSource(path), folder, { ...SIZES, resume: true }),
      'FILE_EXISTS',
      /the model \(sha256 [0-9a-f]{12}… there/,
    );
    const source = await npzSource(path);
    await refused(
      {},
      /the data/,
      subset(
        source,
        Array.from({ length: SAMPLES }, (_, i) => SAMPLES - 1 - i),
      ),
    );
    await refused({}, /perhaps the data, which is not in files/, { ...source, fingerprint: undefined });
    expect(contents(folder)).toEqual(before);
    await make(folder, { resume: true, batch: undefined, shardRows: undefined, device: 'auto' });
    expect(contents(folder)).toEqual(contents(whole));
  });
});

describe('a store that is complete', () => {
  const unread = async (): Promise<DataSource> => ({
    ...(await npzSource(path)),
    read: () => {
      throw new Error('read');
    },
  });

  it.each([{}, { resume: true }, { batch: 64, shardRows: 128 }])(
    'is taken as it is with %o',
    async (options) => {
      const before = contents(whole);
      const again = await make(whole, options, unread());
      expect(again).toMatchObject({ cached: true, samples: SAMPLES, shards: 13, resumed: SAMPLES });
      expect(again.extraction).toBeUndefined();
      expect(contents(whole)).toEqual(before);
    },
  );

  it('is not taken for other data, and replaced only by force', async () => {
    const folder = newFolder();
    const own = file('own.npz', data());
    await make(folder, {}, npzSource(own));
    writeFileSync(own, data(1));
    utimesSync(own, 2e9, 2e9);
    await expectRefusal(
      () => make(folder, { resume: true }, npzSource(own)),
      'FILE_EXISTS',
      /a store of something else. What differs: the time of the data's newest file .* 2033-05-18T03:33:20\.000Z now/,
    );
    const before = shardsOf(folder);
    await make(folder, { overwrite: true, shardRows: 64 }, npzSource(own));
    expect(shardsOf(folder)).not.toEqual(before);
    expect(readdirSync(folder)).toHaveLength(4 + 2);
  });

  it('is refused where its files or manifest are damaged', async () => {
    const folder = newFolder();
    await make(folder);
    rmSync(join(folder, 'shard-00003.npz'));
    await expectRefusal(
      () => readFeatures(folder),
      'FILE_NOT_FOUND',
      /shard-00003\.npz: it is gone.*--resume/,
    );
    const manifest = manifestOf(folder);
    const write = (changes: object) =>
      writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, ...changes }));
    const refused = (message: RegExp) => expectRefusal(() => readFeatures(folder), 'FORMAT_INVALID', message);
    write({ shards: [{ ...manifest.shards[0], file: '../shard.npz' }], rows: 16 });
    await refused(/a file that it lists has no name/);
    write({ rows: 7 });
    await refused(/203 samples are in its shards, and 7/);
    write({ shards: manifest.shards.slice(1), rows: 187 });
    await refused(/samples from 0 to 16 are in no shard/);
    write({ version: 2 });
    await expectRefusal(() => readFeatures(folder), 'FORMAT_UNSUPPORTED', /version 2; version 1/);
    writeFileSync(join(folder, 'manifest.json'), '{');
    await refused(/no JSON/);
  });
});

describe('parts of a store', () => {
  it.each([2, 3, 13, 20])('%s of them make the same shards', async (count) => {
    const folder = newFolder();
    const rows: number[] = [];
    for (let index = count; index >= 1; index--) {
      rows.push((await make(folder, { part: { index, count } })).samples);
      const one = `manifest-${index}-of-${count}.json`;
      expect(manifestOf(folder, one)).toMatchObject({ part: { index, count }, complete: true });
    }
    expect(rows.reduce((sum, n) => sum + n, 0)).toBe(SAMPLES);
    expect(shardsOf(folder)).toEqual(shardsOf(whole));
    const [read, all] = [await readFeatures(folder), await readFeatures(whole)];
    expect(read.features).toEqual(all.features);
    expect(read.labels).toEqual(all.labels);
    expect(read.verificationInputs!.rows.length).toBeGreaterThanOrEqual(60 / Math.ceil(count / 13));
    const { rows: kept, inputs } = read.verificationInputs!;
    const x = inputs[Object.keys(inputs)[0]].data as Float32Array;
    for (const [i, row] of kept.entries()) expect(2 * x[2 * i]).toBe(all.features.data[2 * row]);
    // As a whole it is there already, and so is each part.
    expect((await make(folder)).cached).toBe(true);
    expect((await make(folder, { part: { index: 1, count } })).cached).toBe(true);
  });

  it('that are missing, unfinished or of other things are named', async () => {
    const folder = newFolder();
    await make(folder, { part: { index: 2, count: 4 } });
    await expectRefusal(
      () => readFeatures(folder),
      'FORMAT_INVALID',
      /of 4 parts 1, 3, 4 are missing or unfinished/,
    );
    await expectRefusal(
      () => make(folder, { part: { index: 3, count: 4 }, limit: 100 }),
      'FILE_EXISTS',
      /the number of samples/,
    );
    // A part takes over how the others are cut.
    for (const index of [1, 3, 4]) {
      await make(folder, { part: { index, count: 4 }, batch: undefined, shardRows: undefined });
    }
    expect(shardsOf(folder)).toEqual(shardsOf(whole));
    await expectRefusal(
      () => make(folder, { part: { index: 1, count: 2 }, limit: 100 }),
      'FILE_EXISTS',
      /the number of samples/,
    );
    rmSync(join(folder, 'manifest-4-of-4.json'));
    await expectRefusal(
      () => make(folder, { part: { index: 1, count: 2 } }),
      'FILE_EXISTS',
      /holds parts of 4 .*do not go together with other parts/,
    );
    await make(folder, { part: { index: 1, count: 2 }, overwrite: true });
    await make(folder, { part: { index: 2, count: 2 }, overwrite: true });
    expect(readdirSync(folder).filter((name) => name.startsWith('manifest'))).toEqual([
      'manifest-1-of-2.json',
      'manifest-2-of-2.json',
    ]);
    const path2 = join(folder, 'manifest-2-of-2.json');
    writeFileSync(path2, readFileSync(path2, 'utf8').replaceAll(model.sha256, 'f'.repeat(64)));
    await expectRefusal(
      () => readFeatures(folder),
      'FORMAT_INVALID',
      /parts 1 and 2 of 2 are of different things/,
    );
  });

  it('may come from machines whose copies of the data have other times', async () => {
    const folder = newFolder();
    const copy = file('elsewhere/data.npz');
    file('elsewhere/x', '');
    copyFileSync(path, copy);
    utimesSync(copy, 2e9, 2e9);
    await make(folder, { part: { index: 1, count: 2 } });
    await make(folder, { part: { index: 2, count: 2 } }, npzSource(copy));
    expect(await readFeatures(folder)).toMatchObject({ samples: SAMPLES });
  });

  it('does not touch what other tasks write', async () => {
    const folder = newFolder();
    await make(folder, { part: { index: 1, count: 2 } });
    writeFileSync(join(folder, '.shard-00001.npz.0123456789ab.tmp'), 'of part 1');
    writeFileSync(join(folder, '.shard-00009.npz.0123456789ab.tmp'), 'of part 2');
    await make(folder, { part: { index: 2, count: 2 }, resume: true });
    expect(existsSync(join(folder, '.shard-00001.npz.0123456789ab.tmp'))).toBe(true);
    expect(existsSync(join(folder, '.shard-00009.npz.0123456789ab.tmp'))).toBe(false);
    await expectRefusal(
      () => make(folder, { part: { index: 3, count: 2 } }),
      'INVALID_ARGUMENT',
      /part 3 of 2/,
    );
  });
});
