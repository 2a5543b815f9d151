// Measurements of models that were measured before by the very same code are read from .cache/paper.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../feature-sets.mjs';

const FOLDER = join(root, '.cache/paper');

/** What a measurement depends on beside the model: the library as it was built, without its top floors, and the files that measure. */
const CODE = [
  'dist',
  ...['data', 'heads', 'measure', 'models'].map((name) => join('benchmarks/paper', `${name}.mjs`)),
];

/**
 * @param {{ fresh: boolean }} options `fresh` reads nothing, and replaces what is there
 * @returns {{ read(key: string[]): object | undefined, write(key: string[], measurement: object): void }}
 */
export function measurementCache({ fresh }) {
  const code = hashOf(CODE.flatMap((path) => filesIn(join(root, path))).map((path) => readFileSync(path)));
  const fileOf = (key) => join(FOLDER, `${hashOf([code, ...key])}.json`);
  return {
    read: (key) => {
      const file = fileOf(key);
      return fresh || !existsSync(file) ? undefined : JSON.parse(readFileSync(file, 'utf8'));
    },
    write: (key, measurement) => {
      mkdirSync(FOLDER, { recursive: true });
      const file = fileOf(key);
      writeFileSync(`${file}.tmp`, JSON.stringify(measurement));
      renameSync(`${file}.tmp`, file);
    },
  };
}

function filesIn(path) {
  if (!path.endsWith('dist')) return [path];
  return readdirSync(path, { recursive: true })
    .filter((name) => name.endsWith('.js') && !/^(cli|report)\b/.test(name))
    .sort()
    .map((name) => join(path, name));
}

function hashOf(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 32);
}
