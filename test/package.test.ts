/** The package itself: what it declares is what it is. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../src/array/version.js';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

describe('package.json', () => {
  it('has the version that is written into models', () => {
    expect(VERSION).toBe(manifest.version);
  });

  it('names types first in every export, and nothing but its own dist', () => {
    for (const [path, target] of Object.entries<Record<string, string> | string>(manifest.exports)) {
      if (typeof target === 'string') continue;
      expect(Object.keys(target)[0], path).toBe('types');
      for (const file of Object.values(target)) expect(file).toMatch(/^\.\/dist\//);
    }
  });

  it('pins its dependencies, and has few', () => {
    const versions = Object.values<string>(manifest.dependencies);
    for (const version of versions) expect(version).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
    expect(versions.length).toBeLessThanOrEqual(13);
    expect(Object.keys(manifest.peerDependenciesMeta).sort()).toEqual(['onnxruntime-web', 'sharp']);
  });

  it('asks for no install script: npm ci needs no environment variable', () => {
    expect(manifest.allowScripts['onnxruntime-node']).toBe(false);
    expect(readFileSync(new URL('../.npmrc', import.meta.url), 'utf8')).toMatch(
      /^onnxruntime-node-install=skip$/m,
    );
    expect(manifest.scripts.postinstall).toBeUndefined();
  });

  it('imports a public API, and only the names that were chosen', async () => {
    const api = await import('../src/index.js');
    expect(Object.keys(api).sort()).toMatchSnapshot();
  });
});
