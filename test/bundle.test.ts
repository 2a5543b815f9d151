/** The package in a bundle for pages: nothing of Node, and not much of anything. Needs dist (npm run build). */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, parseSync, type Rolldown } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** What a page needs to open a model, look at it, better it and hand it back. */
const CORE =
  'openModel, readFeatures, pictureFiles, diagnose, recalibrate, evaluate, adjust, select, graft, verify';
/** Bytes, gzipped, that a page loads before it can do that; onnxruntime-web comes on top with the first session. */
const MOST_OF_CORE = 100_000;
/** The same for every name of the package, the report and all its plots among them. */
const MOST_IN_ALL = 200_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-bundle-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/onnx-tailor'));
  symlinkSync(join(ROOT, 'node_modules/onnxruntime-web'), join(folder, 'node_modules/onnxruntime-web'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What vite makes of a module that takes these names from the package. */
async function bundle(names: string, external: RegExp | []): Promise<Rolldown.OutputBundle[string][]> {
  const entry = join(folder, 'entry.js');
  writeFileSync(entry, `export ${names === '*' ? '*' : `{ ${names} }`} from 'onnx-tailor';\n`);
  const result = await build({
    configFile: false,
    root: folder,
    logLevel: 'error',
    build: {
      write: false,
      assetsInlineLimit: 0,
      modulePreload: false,
      reportCompressedSize: false,
      rolldownOptions: { input: entry, external, preserveEntrySignatures: 'allow-extension' },
    },
  });
  return (result as Rolldown.RolldownOutput).output;
}

function chunksOf(output: readonly Rolldown.OutputBundle[string][]): Rolldown.OutputChunk[] {
  return output.filter((part) => part.type === 'chunk');
}

/** Gzipped bytes of what is loaded at once, and of what is loaded later. */
function sizes(chunks: readonly Rolldown.OutputChunk[]): { first: number; later: number } {
  const first = new Set<Rolldown.OutputChunk>();
  const visit = (chunk: Rolldown.OutputChunk | undefined) => {
    if (!chunk || first.has(chunk)) return;
    first.add(chunk);
    for (const name of chunk.imports) visit(chunks.find(({ fileName }) => fileName === name));
  };
  visit(chunks.find(({ isEntry }) => isEntry));
  const total = (some: Iterable<Rolldown.OutputChunk>) =>
    [...some].reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
  return { first: total(first), later: total(chunks.filter((chunk) => !first.has(chunk))) };
}

function expectNothingOfNode(chunks: readonly Rolldown.OutputChunk[]): void {
  const modules = chunks.flatMap(({ modules }) => Object.keys(modules));
  expect(modules.filter((id) => /\.node\.js$|onnxruntime-node|\/sharp\/|dist\/cli\//.test(id))).toEqual([]);
  expect(modules.some((id) => id.endsWith('array/platform.browser.js'))).toBe(true);
  for (const { code, imports, dynamicImports } of chunks) {
    expect([...imports, ...dynamicImports].filter((name) => name.startsWith('node:'))).toEqual([]);
    // A page's content security policy need not allow it.
    expect(code).not.toMatch(/new Function\b|\beval\(/);
    // protobuf-es asks for one environment variable, where there is an environment.
    expect(
      code.match(/["'`]node:\w+|\brequire\(|__dirname|process\.(?!env\.BUF_BIGINT_DISABLE)\w+\.?\w*/g),
    ).toBeNull();
  }
}

describe('bundled by vite', () => {
  it.each([
    ['the core', CORE, MOST_OF_CORE],
    ['every name', '*', MOST_IN_ALL],
  ])('%s has nothing of Node and keeps to its size', async (what, names, most) => {
    const chunks = chunksOf(await bundle(names, /^onnxruntime-/));
    expectNothingOfNode(chunks);
    const { first, later } = sizes(chunks);
    const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
    console.info(`${what} of onnx-tailor, gzipped: ${kB(first)}, and ${kB(later)} when it is needed`);
    expect(first).toBeLessThan(most);
    // Nothing was bundled at all?
    expect(first).toBeGreaterThan(most / 3);
  });

  it('brings onnxruntime-web and its WebAssembly where there is one', async () => {
    const output = await bundle('openModel', []);
    const chunks = chunksOf(output);
    expect(chunks.flatMap(({ modules }) => Object.keys(modules)).join()).toContain('onnxruntime-web');
    const assets = output.filter(({ type }) => type === 'asset').map(({ fileName }) => fileName);
    expect(assets.filter((name) => name.endsWith('.wasm'))).toHaveLength(2);
  });
});

describe('dist/browser, for pages without a bundler', () => {
  const file = join(ROOT, 'dist/browser/onnx-tailor.js');

  it('has every name of the package', async () => {
    const namesOf = async (path: string) =>
      Object.keys(await import(/* @vite-ignore */ pathToFileURL(path).href));
    const names = await namesOf(join(ROOT, 'dist/index.js'));
    expect(names).toContain('recalibrate');
    const bundled = await namesOf(file);
    expect(names.filter((name) => !bundled.includes(name))).toEqual([]);
  });

  it('asks for onnxruntime-web alone, and only when it is needed', () => {
    const later: string[] = [];
    for (const name of readdirSync(dirname(file)).filter((name) => name.endsWith('.js'))) {
      const code = readFileSync(join(dirname(file), name), 'utf8');
      const { staticImports, dynamicImports } = parseSync(name, code).module;
      for (const { moduleRequest } of staticImports) expect(moduleRequest.value).toMatch(/^\.\//);
      later.push(
        ...dynamicImports.map(({ moduleRequest: { start, end } }) => code.slice(start + 1, end - 1)),
      );
    }
    const outside = later.filter((name) => !name.startsWith('./'));
    expect(outside.sort()).toEqual(['onnxruntime-web/wasm', 'onnxruntime-web/webgpu']);
  });

  it('comes with the licences of what is inside', () => {
    const licences = readFileSync(join(ROOT, 'dist/browser/LICENSES.txt'), 'utf8');
    for (const name of ['@bufbuild/protobuf', 'onnx-buf', 'fflate', 'ml-matrix'])
      expect(licences).toContain(name);
  });
});
