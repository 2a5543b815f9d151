/** The page of docs/browser.md, as it stands there, on a static host: it writes the very file that Node writes. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { openModel } from '../../src/features/model.js';
import { readFeatures } from '../../src/features/read-features.js';
import { recalibrate } from '../../src/recalibrate/recalibrate.js';
import { COUNTS, longTailModel, longTailSource } from '../recalibrate/long-tail-problem.js';
import { type StaticHost, serveFolder } from './static-server.js';

const ROOT = resolve(import.meta.dirname, '../..');
const RUNTIME = join(ROOT, 'node_modules/onnxruntime-web/dist');
/** A name that is not localhost: to browsers, a page without https from there is not secure. */
const INSECURE = 'tailor.test';

let folder: string;
let browser: Browser;
let host: StaticHost | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-script-tag-'));
  const text = readFileSync(join(ROOT, 'docs/browser.md'), 'utf8');
  writeFileSync(join(folder, 'index.html'), text.match(/^```html\n([\s\S]*?)^```$/m)![1]);
  symlinkSync(join(ROOT, 'dist/browser'), join(folder, 'onnx-tailor'));
  browser = await chromium.launch({
    executablePath: inject('chromium'),
    args: [`--host-resolver-rules=MAP ${INSECURE} 127.0.0.1`],
  });
});
afterEach(async () => {
  await host?.close();
  rmSync(join(folder, 'onnxruntime-web'), { recursive: true, force: true });
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Gives the page the model, features and counts of the long-tailed problem and waits for its answer. */
async function useThePage({
  isolated = false,
  name = '127.0.0.1',
  runtime = [] as readonly string[],
  start = true,
} = {}) {
  mkdirSync(join(folder, 'onnxruntime-web'));
  for (const file of runtime) symlinkSync(join(RUNTIME, file), join(folder, 'onnxruntime-web', file));
  host = await serveFolder(folder, { isolated });
  const bytes = longTailModel();
  const model = await openModel(bytes);
  const features = (await model.extract(longTailSource(60, 1), { device: 'cpu' })).encode();
  const page = await browser.newPage();
  await page.goto(host.url.replace('127.0.0.1', name));
  const given = (file: string, data: Uint8Array) => ({
    name: file,
    mimeType: 'application/octet-stream',
    buffer: Buffer.from(data),
  });
  await page.getByLabel('Classifier').setInputFiles(given('m.onnx', bytes));
  await page.getByLabel('Validation features').setInputFiles(given('v.npz', features));
  await page.getByLabel('Training samples per class').fill(COUNTS.join(', '));
  const result = page.locator('#result');
  if (start) {
    await page.getByRole('button', { name: 'Rebalance' }).click();
    await expect.poll(() => result.textContent(), { timeout: 120_000 }).not.toBe('');
  }
  return {
    page,
    text: (await result.textContent())!,
    model,
    validation: await readFeatures(features, 'v.npz'),
  };
}

const WASM = ['ort.wasm.bundle.min.mjs', 'ort-wasm-simd-threaded.wasm'];

describe('the page of docs/browser.md', () => {
  it.each([
    ['from any static host', {}],
    ['with cross-origin isolation, which brings threads', { isolated: true }],
    ['from a host without https', { name: INSECURE }],
  ])('works %s', async (_, where) => {
    const { page, text, model, validation } = await useThePage({ ...where, runtime: WASM });
    const expected = await recalibrate(model, { counts: COUNTS, validation });
    const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
    expect(text).toBe(
      `Average accuracy of the classes: ${percent(expected.before.average)}, now ${percent(expected.after.average)}`,
    );
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'balanced.onnx' }).click(),
    ]);
    expect(Buffer.compare(readFileSync(await download.path()), expected.changed.bytes)).toBe(0);
    expect(await page.evaluate(() => [isSecureContext, crossOriginIsolated])).toEqual([
      !('name' in where),
      'isolated' in where,
    ]);
    // The build with WebGPU is not even asked for where there is no graphics card.
    expect(host!.asked.filter((path) => path.includes('onnxruntime-web'))).toEqual(
      WASM.map((file) => `/onnxruntime-web/${file}`),
    );
  });

  it.each([
    ['one thread', {}, 1, 0],
    ['those that are asked for, where it is isolated', { isolated: true }, 2, 1],
  ])('computes with %s', async (_, where, threads, workers) => {
    const { page } = await useThePage({ ...where, runtime: WASM, start: false });
    // As text: vite would rewrite the imports of a function.
    const found = await page.evaluate(`(async () => {
      const { headLogits, linearHead, matrix } = await import('onnx-tailor');
      const { env } = await import('onnxruntime-web/wasm');
      const head = linearHead(Float32Array.of(1, 0, 0, 1), Float32Array.of(0, 1), 2, 2);
      const logits = await headLogits(head, matrix(Float32Array.of(2, 3), 1, 2), { device: 'cpu', threads: 2 });
      return [...logits.data, env.wasm.numThreads];
    })()`);
    expect(found).toEqual([2, 4, threads]);
    expect(page.workers()).toHaveLength(workers);
  });

  it.each([
    ['onnxruntime-web', [], /^Loading onnxruntime-web: .*import map/],
    ["onnxruntime-web's .wasm", WASM.slice(0, 1), /^Loading onnxruntime-web: no available backend found/],
  ])('says what is missing where there is no %s', async (_, runtime, message) => {
    const { text } = await useThePage({ runtime });
    expect(text).toMatch(message);
    expect(text).toMatch(/wasm files lie beside it/);
  });
});
