import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      '#platform': source('array/platform.node.ts'),
      '#ort': source('runtime/ort.node.ts'),
      '#pictures': source('data/pictures.node.ts'),
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    // biome's rule against it takes our verb `fit` for a focused test.
    allowOnly: false,
    // Two cores are the common machine; each worker opens onnxruntime sessions of its own.
    maxWorkers: 2,
    coverage: { include: ['src/**'], reporter: ['text-summary', 'json-summary'] },
  },
});
