import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What lets a page have threads. Without these headers it works all the same, with one. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The page: static files in dist-web/ that work under any path of any host. */
export default defineConfig({
  root: at('src/web'),
  base: './',
  // Nothing is copied unseen: every file of the page is named by one that uses it.
  publicDir: false,
  resolve: {
    alias: [
      { find: /^#platform$/, replacement: at('src/array/platform.browser.ts') },
      { find: /^#ort$/, replacement: at('src/runtime/ort.browser.ts') },
      { find: /^#pictures$/, replacement: at('src/data/pictures.browser.ts') },
    ],
  },
  build: {
    outDir: at('dist-web'),
    emptyOutDir: true,
    target: 'es2023',
    // Models and features of the sample are fetched, not written into the scripts.
    assetsInlineLimit: 0,
    // onnxruntime's WebAssembly is what it is.
    chunkSizeWarningLimit: 2000,
    // It would be a script inside the page, which the page's own policy forbids.
    modulePreload: { polyfill: false },
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  worker: {
    format: 'es',
    // The library loads some parts when they are first needed. The page may have no network then, so all is there at once;
    // onnxruntime stays apart, since its threads are workers that load its file and not ours.
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: 'engine', test: (id) => !id.includes('onnxruntime-web') }] },
      },
    },
  },
  // onnxruntime-web finds its .wasm beside itself, so it stays where it is.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  server: { headers: isolation, fs: { allow: [at('.')] } },
  preview: { headers: isolation },
});
