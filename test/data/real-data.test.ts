/** Data sets that are not in the repository: drawn as python-export draws them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { platform } from '#platform';
import { openSource } from '../../src/data/open-source.js';
import type { DataSource } from '../../src/data/sample.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const data = process.env.TAILOR_DATA;
const cache = at('../../.cache');
const python = process.env.TAILOR_PYTHON ?? 'python3';
const probe = spawnSync(python, ['-c', 'import numpy, torch'], { encoding: 'utf8' });
const hasPython = probe.status === 0;
const [hasTables, hasMnist] = [data !== undefined, existsSync(join(cache, 'mnist'))];
if (!hasPython) {
  const reason = probe.error?.message ?? probe.stderr.trim().split('\n').at(-1);
  console.warn(
    `Skipping what asks python-export itself (${python}: ${reason}). Set TAILOR_PYTHON to a Python with its requirements.`,
  );
} else {
  if (!hasTables) console.warn('Skipping real tables: TAILOR_DATA does not say where they are.');
  if (!hasMnist) console.warn('Skipping MNIST: .cache has no mnist; scripts/fetch-mnist.mjs gets it.');
}

interface Asked {
  root: string;
  settings: Record<string, string | number>;
}
interface Drawn {
  columns: string[];
  classes: string[];
  parts: Record<string, { samples: number; labels: string; inputs: string }>;
}

function askPython(asked: Asked[]): Drawn[] {
  const said = spawnSync(python, [at('../fixtures/real-data.py'), JSON.stringify(asked)], {
    encoding: 'utf8',
  });
  if (said.status !== 0) throw new Error(said.stderr || String(said.error));
  return JSON.parse(said.stdout);
}

/** What python prints of a part. */
async function digest(source: DataSource) {
  const inputs: Uint8Array[] = [];
  for (let index = 0; index < source.length; index++) {
    const sample = await source.read(index);
    const { data: numbers } = sample.kind === 'picture' ? sample.picture : sample.inputs[''];
    inputs.push(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  }
  return {
    samples: source.length,
    labels: await platform.sha256(new Uint8Array((source.labels as Int32Array).buffer)),
    inputs: await platform.sha256(Buffer.concat(inputs)),
  };
}

const OPTIONS = {
  imbalance_factor: 'longtail',
  validation_per_class: 'validation',
  test_per_class: 'test',
  split_seed: 'seed',
};
const specOf = (settings: Asked['settings'], part: string) => {
  const keys = Object.entries(OPTIONS).flatMap(([key, name]) =>
    settings[key] ? [`${name}=${settings[key]}`] : [],
  );
  return `${keys.join('&')}&part=${part}`;
};

describe.skipIf(!hasPython || !hasTables)('real tables', () => {
  it('have the columns, classes, rows and parts that python-export trains on', {
    timeout: 300_000,
  }, async () => {
    const root = join(data ?? '', 'tabular');
    const files = readdirSync(root).filter((name) => name.endsWith('.tsv.gz'));
    expect(files.length).toBeGreaterThan(0);
    const small = { imbalance_factor: 0, validation_per_class: 2, test_per_class: 1, split_seed: 5 };
    const cut = { imbalance_factor: 100, validation_per_class: 20, test_per_class: 20, split_seed: 0 };
    const asked = files.map((name) => ({
      root,
      settings: { dataset: `table:${name}`, ...(name.startsWith('letter') ? cut : small) },
    }));
    for (const [index, drawn] of askPython(asked).entries()) {
      const path = join(root, files[index]);
      expect(await openSource(path)).toMatchObject({ columns: drawn.columns, classes: drawn.classes });
      for (const [part, expected] of Object.entries(drawn.parts)) {
        const spec = `table:${path}?${specOf(asked[index].settings, part)}`;
        // A model's own columns, found by name, are the same again.
        for (const columns of part === 'test' ? [undefined, drawn.columns] : [undefined]) {
          expect(await digest(await openSource(spec, { columns })), spec).toEqual(expected);
        }
      }
    }
  });
});

describe.skipIf(!hasPython || !hasMnist)('MNIST', () => {
  it('is drawn as python-export draws it, whole and cut', { timeout: 120_000 }, async () => {
    const images = (part: string) => {
      const file = (what: string) => join(cache, 'mnist', `${part}-${what}-ubyte`);
      return `idx:${file('images-idx3')}?labels=${file('labels-idx1')}`;
    };
    const asked = [0, 100].map((imbalance_factor) => ({
      root: cache,
      settings: { dataset: 'mnist', imbalance_factor, validation_per_class: 20, split_seed: 1 },
    }));
    for (const [index, { parts }] of askPython(asked).entries()) {
      for (const part of ['train', 'validation']) {
        const spec = `${images('train')}&${specOf(asked[index].settings, part)}`;
        expect(await digest(await openSource(spec)), spec).toEqual(parts[part]);
      }
      expect(await digest(await openSource(images('t10k')))).toEqual(parts.test);
    }
  });
});
