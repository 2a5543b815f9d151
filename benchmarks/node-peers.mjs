// Peers from npm. They are no dependencies of the project: whoever wants them beside it installs them apart.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './feature-sets.mjs';

/** Where they are looked for: TAILOR_NODE_PEERS, or .cache/peers. */
const folder = process.env.TAILOR_NODE_PEERS ?? join(root, '.cache/peers');
const INSTALL =
  'npm install --prefix .cache/peers @huggingface/transformers@4.3.1 ml-logistic-regression@2.0.0';

/** @param {string} name throws where it is not installed, and says how to install it */
export async function importPeer(name) {
  let path;
  try {
    path = createRequire(join(folder, 'package.json')).resolve(name);
  } catch {
    throw new Error(`${name} is not installed (${INSTALL})`);
  }
  return import(pathToFileURL(path).href);
}

/** @param {string} name */
export function peerVersion(name) {
  return JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version;
}
