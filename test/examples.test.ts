/** Every example runs as it is. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './data/temporary-folder.js';

const root = resolve(import.meta.dirname, '..');
const file = temporaryFolder();

/** Arguments that keep an example from writing into the repository. */
const ARGUMENTS: Record<string, string[]> = {
  'adjust-by-hand.mjs': ['models/cifar10-lt-resnet20-wd.onnx', file('adjusted.onnx')],
};

describe('examples', () => {
  const examples = readdirSync(resolve(root, 'examples')).filter((name) => name.endsWith('.mjs'));

  it('are all known to this test', () => {
    expect(examples).toEqual(Object.keys(ARGUMENTS));
  });

  it.each(examples)('%s runs', (name) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [resolve(root, 'examples', name), ...ARGUMENTS[name]],
      { cwd: root, encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(/same class on 100 %/);
    expect(status).toBe(0);
  });
});
