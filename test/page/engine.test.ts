/** The engine where it is at home: the built worker in Chromium, from a plain static host, with and without isolation. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { denseData } from '../../src/array/matrix.js';
import { encodeNpz } from '../../src/array/npz.js';
import { createRandom } from '../../src/array/random.js';
import { imageFolder } from '../../src/data/image-folder.js';
import type { FeatureSet } from '../../src/features/feature-set.js';
import { openModel } from '../../src/features/model.js';
import { readFeatures } from '../../src/features/read-features.js';
import type { AdjustChoice, SearchChoice } from '../../src/web/engine/protocol.js';
import { runCli } from '../cli/run-cli.js';
import { ask, askAndCancel, askForFile, giveFile, sampleFile, startWorker } from './engine-in-page.js';
import { launchBrowser, type OpenPage, openPage } from './open-page.js';

const SAMPLE = 'src/web/sample';

let browser: Browser;
let open: OpenPage;
let folder: string;

beforeAll(async () => {
  browser = await launchBrowser();
  folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-test-'));
  copyFileSync('models/cifar10-lt-resnet20-wd.onnx', join(folder, 'cifar10-lt-resnet20-wd.onnx'));
  for (const part of ['validation', 'train', 'test']) {
    copyFileSync(`${SAMPLE}/cifar10-lt-${part}.npz`, join(folder, `cifar10-lt-${part}.npz`));
  }
});

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(() => open?.close());

/** The command of the page, run where the files are; sha256 of what it wrote. */
function byCommand(command: string, files: Readonly<Record<string, unknown>> = {}): string {
  for (const [name, json] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(json));
  // No word of these commands is quoted.
  const [, ...words] = command.split(' ');
  const { code, stderr } = runCli([...words, '--force'], folder);
  expect(code, stderr).toBe(0);
  const out = words[words.indexOf('--out') + 1];
  return createHash('sha256')
    .update(readFileSync(join(folder, out)))
    .digest('hex');
}

async function withSample(...parts: ('validation' | 'train' | 'test')[]) {
  const { page } = open;
  await startWorker(page);
  const facts = await ask(page, 'start', {});
  await ask(page, 'openModel', { file: sampleFile('model') });
  for (const role of parts) {
    await ask(page, 'addData', { role, input: { kind: 'npz', file: sampleFile(role) } });
  }
  return facts;
}

describe.each([true, false])('isolated: %s', (isolated) => {
  beforeEach(async () => {
    open = await openPage(browser, { isolated });
  });

  it('has threads only where the page is isolated', async () => {
    await startWorker(open.page);
    const facts = await ask(open.page, 'start', {});
    const cores = await open.page.evaluate(() => navigator.hardwareConcurrency);
    expect(facts.crossOriginIsolated).toBe(isolated);
    expect(facts.threads).toBe(
      isolated ? Math.min(4, Math.max(Math.min(2, cores), Math.ceil(cores / 2))) : 1,
    );
    expect(facts.versions['onnxruntime-web']).toMatch(/^1\./);
    expect(facts.devices.find(({ device }) => device === 'cpu')!.available).toBe(true);
  });

  it('fits, chooses, diagnoses and proves', async () => {
    await withSample('validation', 'train', 'test');
    const endless = { method: 'wb', epochs: 5000 } as const;
    // Were the worker not to rest between epochs, hundreds of reports would come first.
    expect(await askAndCancel(open.page, 'fit', { configuration: endless })).toMatch(
      /^ABORTED after \d reports/,
    );
    const fitted = await ask(open.page, 'fit', { configuration: { method: 'wb', epochs: 5 } });
    expect(fitted.validation!.average).toBeGreaterThan(0.68);
    const made = await ask(open.page, 'make', { choice: { kind: 'fitted', fit: fitted.id } });
    expect(made.verification.argmaxAgreement).toBe(1);
    const found = await ask(open.page, 'diagnose', { role: 'train', second: 'test' });
    expect(found.plots.length).toBeGreaterThan(6);
    expect(open.complaints).toEqual([]);
  });
});

describe('the same choice', () => {
  const CHOICES: [AdjustChoice | SearchChoice, files: Record<string, unknown>][] = [
    [{ kind: 'search' }, {}],
    [{ kind: 'search', method: 'additive', temperature: 'fit', apply: 'always' }, {}],
    [{ kind: 'adjust', method: 'additive', parameter: 0.85, temperature: 'fit' }, {}],
    [{ kind: 'adjust', method: 'multiplicative', parameter: 0.2, convention: 'paper' }, {}],
    [{ kind: 'adjust', method: 'multiplicative', parameter: 0.3, temperature: 1.75 }, {}],
    [
      { kind: 'adjust', method: 'tau-norm', parameter: 1.1, targetPrior: [5, 4, 3, 2, 1, 1, 1, 1, 1, 1] },
      { 'target-prior.json': [5, 4, 3, 2, 1, 1, 1, 1, 1, 1] },
    ],
    [
      { kind: 'adjust', method: 'additive', parameter: 1, targetPrior: [5, 4, 3, 2, 1, 1, 1, 1, 1, 1] },
      { 'target-prior.json': [5, 4, 3, 2, 1, 1, 1, 1, 1, 1] },
    ],
  ];

  it('makes the same bytes as the command line', async () => {
    open = await openPage(browser);
    await withSample('validation', 'test');
    for (const [choice, files] of CHOICES) {
      const made = await ask(open.page, 'make', { choice });
      expect(made.sha256, JSON.stringify(choice)).toBe(byCommand(made.command!, files));
    }
  });

  it('makes them with logits that each computes itself, too', async () => {
    open = await openPage(browser);
    await startWorker(open.page);
    const set = await readFeatures(`${SAMPLE}/cifar10-lt-test.npz`);
    const bytes = set.with({ logits: undefined, origin: undefined }).encode();
    writeFileSync(join(folder, 'bare.npz'), bytes);
    const file = await giveFile(open.page, 'bare.npz', bytes);
    await ask(open.page, 'openModel', { file: sampleFile('model') });
    await ask(open.page, 'addData', { role: 'validation', input: { kind: 'npz', file } });
    const counts = [500, 400, 300, 200, 100, 90, 80, 70, 60, 5];
    await ask(open.page, 'setCounts', { source: { kind: 'numbers', counts } });
    const made = await ask(open.page, 'make', { choice: { kind: 'search', temperature: 'fit' } });
    expect(made.commandFiles.map(({ name }) => name)).toEqual(['counts.json']);
    expect(made.sha256).toBe(byCommand(made.command!, { 'counts.json': counts }));
  });
});

describe('data that are run through the model', () => {
  it('gives the features that Node gives, from a folder of pictures', async () => {
    const pictures = await makePictures(join(folder, 'set'));
    const model = await openModel('models/cifar10-lt-resnet20-wd.onnx');
    const wanted = await model.extract(imageFolder(join(folder, 'set'), { classes: model.classes }));
    open = await openPage(browser);
    await startWorker(open.page);
    await ask(open.page, 'openModel', { file: sampleFile('model') });
    const files = [];
    for (const [path, bytes] of pictures.reverse()) {
      files.push({ path, data: (await giveFile(open.page, path, bytes)).data });
    }
    const facts = await ask(open.page, 'addData', { role: 'test', input: { kind: 'pictures', files } });
    expect(facts).toMatchObject({ name: 'set', samples: 6, from: 'pictures', counts: wanted.counts });
    expect(facts.notes.join()).toMatch(/Without a sample/);
    const saved = await askForFile(open.page, 'saveData', { role: 'test' });
    const found = await readFeatures(saved.bytes);
    expect(Array.from(found.labels!)).toEqual(Array.from(wanted.labels!));
    expect(largestDifference(found, wanted)).toBeLessThan(1e-4);
  });

  it('runs on WebGPU where that is asked for', async () => {
    open = await openPage(browser);
    await startWorker(open.page);
    const { devices } = await ask(open.page, 'start', {});
    const webgpu = devices.find(({ device }) => device === 'webgpu')!;
    if (!webgpu.available) {
      console.warn(`Not tested on WebGPU: ${webgpu.reason}.`);
      return;
    }
    // A small network: the emulated card takes a minute for the demo's.
    const model = readFileSync('test/fixtures/onnx/torch.onnx');
    await ask(open.page, 'openModel', { file: await giveFile(open.page, 'torch.onnx', model) });
    const random = createRandom(4);
    const inputs = Float32Array.from({ length: 24 * 192 }, () => random() * 4 - 2);
    const labels = Int32Array.from({ length: 24 }, (_, i) => i % 4);
    const npz = encodeNpz({
      inputs: { shape: [24, 3, 8, 8], data: inputs },
      labels: { shape: [24], data: labels },
    });
    const file = await giveFile(open.page, 'pixels.npz', npz);
    const sets = [];
    for (const device of ['cpu', 'webgpu'] as const) {
      const input = { kind: 'npz', file } as const;
      const facts = await ask(open.page, 'addData', { role: 'validation', input, device, batch: 16 });
      expect(facts.device).toBe(device);
      sets.push(await readFeatures((await askForFile(open.page, 'saveData', { role: 'validation' })).bytes));
    }
    expect(largestDifference(sets[0], sets[1])).toBeLessThan(1e-3);
  });
});

/** Six pictures of three classes, larger than the model takes them. */
async function makePictures(root: string): Promise<[path: string, bytes: Uint8Array][]> {
  const random = createRandom(9);
  const made: [string, Uint8Array][] = [];
  for (const [index, path] of [
    'ship/b.png',
    'ship/a.png',
    'cat/1.png',
    'cat/2.png',
    'cat/10.png',
    'frog/x.png',
  ].entries()) {
    const size = 32 + 4 * index;
    const raw = Uint8Array.from({ length: size * size * 3 }, () => Math.floor(random() * 256));
    const bytes = await sharp(raw, { raw: { width: size, height: size, channels: 3 } })
      .png()
      .toBuffer();
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), bytes);
    made.push([`set/${path}`, bytes]);
  }
  return made;
}

function largestDifference(a: FeatureSet, b: FeatureSet): number {
  const [x, y] = [denseData(a.features), denseData(b.features)];
  expect(x).toHaveLength(y.length);
  return x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i])), 0);
}

describe('without a network', () => {
  it('does everything once the engine has started', async () => {
    open = await openPage(browser, { isolated: true });
    const { page, host } = open;
    await startWorker(page);
    await ask(page, 'start', {});
    const give = (name: string, path: string) => giveFile(page, name, readFileSync(path));
    const model = await give('m.onnx', 'models/cifar10-lt-resnet20-wd.onnx');
    const validation = await give('validation.npz', `${SAMPLE}/cifar10-lt-validation.npz`);
    const train = await give('train.npz', `${SAMPLE}/cifar10-lt-train.npz`);
    const before = host.asked.length;
    await page.context().setOffline(true);
    await ask(page, 'openModel', { file: model });
    await ask(page, 'addData', { role: 'validation', input: { kind: 'npz', file: validation } });
    await ask(page, 'addData', { role: 'train', input: { kind: 'npz', file: train } });
    await ask(page, 'diagnose', { role: 'validation' });
    const { id } = await ask(page, 'fit', { configuration: { method: 'etf' } });
    await ask(page, 'make', { choice: { kind: 'fitted', fit: id } });
    const { sha256 } = await ask(page, 'make', { choice: { kind: 'search' } });
    await ask(page, 'report', {});
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(host.asked.slice(before)).toEqual([]);
    expect(open.complaints).toEqual([]);
  });
});
