/** What a shared library needs, read from the binding of onnxruntime-node, which is at hand everywhere. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { howToGet, missingForCuda } from '../../src/runtime/cuda-libraries.node.js';
import { elfNeeds, missingLibraries } from '../../src/runtime/elf.node.js';

const home = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
const bindings = join(home, 'bin/napi-v6/linux/x64');
const binding = join(bindings, 'onnxruntime_binding.node');
const folder = mkdtempSync(join(tmpdir(), 'elf-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The binding, with the name of a library that it needs changed; beside it lies the library of the old name. */
function renamed(to: string): string {
  const from = 'libonnxruntime.so.1';
  const bytes = readFileSync(binding);
  const at = bytes.indexOf(`${from}\0`);
  expect(to.length).toBeLessThanOrEqual(from.length);
  bytes.fill(0, at, at + from.length);
  bytes.write(to, at);
  const path = join(folder, 'changed.so');
  writeFileSync(path, bytes);
  return path;
}

describe.skipIf(!existsSync(binding))('a shared library', () => {
  it('says what it needs and where it looks', () => {
    const needs = elfNeeds(binding)!;
    expect(needs.needed).toContain('libonnxruntime.so.1');
    expect(needs.needed).toContain('libc.so.6');
    expect(needs.folders.map((path) => resolve(path))).toContain(bindings);
  });

  it.skipIf(process.platform !== 'linux')('lacks nothing where all is there, also beside it', () => {
    expect(missingLibraries(binding)).toEqual([]);
    const moved = join(folder, 'moved.so');
    cpSync(binding, moved);
    expect(missingLibraries(moved)).toEqual(['libonnxruntime.so.1']);
    writeFileSync(join(folder, 'libonnxruntime.so.1'), '');
    expect(missingLibraries(moved)).toEqual([]);
    rmSync(join(folder, 'libonnxruntime.so.1'));
  });

  it.skipIf(process.platform !== 'linux')('lacks what is nowhere, with the way to get it', () => {
    expect(missingForCuda(renamed('libcudnn.so.9'))).toMatch(
      /^a library is missing: libcudnn\.so\.9 \(cuDNN 9: apt libcudnn9-cuda-12, or pip nvidia-cudnn-cu12\)\. .*LD_LIBRARY_PATH/,
    );
    expect(missingForCuda(binding)).toBeUndefined();
  });
});

describe('other files', () => {
  it('are no libraries', () => {
    const path = join(folder, 'text.so');
    writeFileSync(path, 'not a library');
    expect(elfNeeds(path)).toBeUndefined();
    expect(missingLibraries(path)).toEqual([]);
  });
});

it.each([
  ['libcublasLt.so.12', /cuBLAS.*nvidia-cublas-cu12/],
  ['libcuda.so.1', /driver/],
  ['libcudart.so.13', /CUDA 13/],
  ['libcufft.so.11', /cuFFT/],
  ['libz.so.1', /^libz\.so\.1$/],
])('%s', (name, words) => {
  expect(howToGet(name)).toMatch(words);
});
