import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { CHROMIUM_WANTED, findChromium, WEBGPU_FLAGS } from './test/browser/chromium.js';
import { serveFiles } from './test/browser/file-server.js';
import { IN_A_PAGE, NODE_ONLY } from './test/browser/node-only.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Replaces a module by a file, and nothing whose name only begins like it. */
const replace = (name: string, path: string) => ({ find: new RegExp(`^${name}$`), replacement: at(path) });

const node: TestProjectInlineConfiguration = {
  resolve: {
    alias: {
      '#platform': at('src/array/platform.node.ts'),
      '#ort': at('src/runtime/ort.node.ts'),
      '#pictures': at('src/data/pictures.node.ts'),
    },
  },
  test: {
    name: 'node',
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**', 'test/page/**'],
    testTimeout: 60_000,
    // biome's rule against it takes our verb `fit` for a focused test.
    allowOnly: false,
  },
};

/** The same tests in a page, with the page's side of everything; only files and processes are the tests' own. */
const browser = (executablePath: string): TestProjectInlineConfiguration => ({
  plugins: [serveFiles(at('.'), process.env.TAILOR_DATA)],
  resolve: {
    alias: [
      replace('#platform', 'test/browser/platform.ts'),
      replace('#ort', 'src/runtime/ort.browser.ts'),
      replace('#pictures', 'src/data/pictures.browser.ts'),
      replace('onnxruntime-node', 'test/browser/onnxruntime.ts'),
      // The trailing slash means the package, not Node's module.
      { find: /^node:buffer$/, replacement: 'buffer/' },
      replace('node:child_process', 'test/browser/node/child-process.ts'),
      replace('node:fs', 'test/browser/node/fs.ts'),
      replace('node:fs/promises', 'test/browser/node/fs-promises.ts'),
      replace('node:os', 'test/browser/node/os.ts'),
      replace('node:path', 'test/browser/node/path.ts'),
      replace('node:url', 'test/browser/node/url.ts'),
      replace('sharp', 'test/browser/sharp.ts'),
    ],
  },
  optimizeDeps: {
    // onnxruntime-web finds its .wasm beside itself, so it stays where it is.
    exclude: ['onnxruntime-web'],
    include: [
      '@bufbuild/protobuf',
      'buffer/',
      'fast-check',
      'fflate',
      'fzstd',
      'hyparquet',
      'hyparquet/src/column.js',
      'hyparquet-writer',
      'ml-matrix',
      'ndarray',
      'onnx-buf',
      'onnxruntime-common',
      'papaparse',
    ],
    noDiscovery: true,
  },
  test: {
    name: 'browser',
    include: [`test/{${IN_A_PAGE.join()}}/**/*.test.ts`],
    exclude: NODE_ONLY.map(([pattern]) => pattern),
    testTimeout: 120_000,
    allowOnly: false,
    globalSetup: 'test/browser/announce.ts',
    setupFiles: ['test/browser/setup.ts'],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { executablePath, args: WEBGPU_FLAGS } }),
      instances: [{ browser: 'chromium' }],
    },
  },
});

/** The page as it is built and served, driven from outside. */
const page = (executablePath: string): TestProjectInlineConfiguration => ({
  resolve: node.resolve,
  test: {
    name: 'page',
    include: ['test/page/**/*.test.ts'],
    globalSetup: 'test/page/build.ts',
    provide: { chromium: executablePath, page: '' },
    // Slow machines take their time to compile 14 MB of WebAssembly.
    testTimeout: 180_000,
    hookTimeout: 60_000,
    allowOnly: false,
  },
});

const chromium = findChromium();
if (!chromium)
  console.warn(`\nThe tests in a browser are LEFT OUT: there is no Chromium. ${CHROMIUM_WANTED}\n`);

export default defineConfig({
  test: {
    projects: chromium ? [node, browser(chromium), page(chromium)] : [node],
    // Two cores are the common machine; each worker opens onnxruntime sessions of its own.
    maxWorkers: 2,
    coverage: { include: ['src/**'], reporter: ['text-summary', 'json-summary'] },
  },
});
