/** Builds the page once for all of its tests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the built page. */
    page: string;
    /** Chromium's executable. */
    chromium: string;
  }
}

export default async function buildPage(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-tailor-page-'));
  await build({
    configFile: resolve(import.meta.dirname, '../../vite.web.config.ts'),
    build: { outDir: folder, emptyOutDir: true },
    logLevel: 'warn',
  });
  project.provide('page', folder);
  return () => rm(folder, { recursive: true, force: true });
}
