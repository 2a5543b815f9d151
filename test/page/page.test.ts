/** The page as people use it: files dropped, sliders moved, heads chosen and fitted, files taken away, and mistakes made. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../src/features/model.js';
import { readFeatures } from '../../src/features/read-features.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import { readModelFile } from '../../src/onnx/model-file.js';
import { recalibrate } from '../../src/recalibrate/recalibrate.js';
import { HOSTILE_NAMES } from '../report/samples.js';
import { longTailFiles } from '../web/long-tail-files.js';
import { openQuietPage } from './open-quiet-page.js';
import { download, drop, eventually, type Place, placeOf, settle, step, troubles } from './use-page.js';

const NAMES = ['cat', 'dog', 'owl', 'fox', 'bee', 'ant'];
const files = longTailFiles({ classes: 6, names: NAMES, says: false, perClass: 20 });
const MODEL = { name: 'six.onnx', bytes: files.model };
const VALIDATION = { name: 'val.npz', bytes: files.features(1) };
const TRAIN = { name: 'train.npz', bytes: files.features(2) };
const TEST = { name: 'test.npz', bytes: files.features(3, 40) };
/** Not in class order: by name. */
const COUNTS = {
  name: 'counts.json',
  bytes: JSON.stringify(Object.fromEntries(NAMES.map((name, k) => [name, files.counts[k]]).reverse())),
};

async function ready() {
  const { page } = await openQuietPage();
  await drop(page, 'model', MODEL);
  await page.getByText('6 classes × 32 dimensions').waitFor();
  await drop(page, 'validation', VALIDATION);
  await drop(page, 'counts', COUNTS);
  await step(page, 'diagnosis').locator('.plots').first().waitFor();
  await settle(page);
  return page;
}

describe('the story from top to bottom', () => {
  it('drops, slides, makes, and saves what the library makes', async () => {
    const page = await ready();
    await eventually(() => step(page, 'data').innerText()).toContain('120 samples, 20 of each class.');
    await drop(page, 'test', TEST);
    await settle(page);

    const model = await openModel({ ...(await readModelFile(files.model)), path: MODEL.name });
    const validation = await readFeatures(VALIDATION.bytes, VALIDATION.name);
    const test = await readFeatures(TEST.bytes, TEST.name);
    const expected = await recalibrate(model, {
      ...{ validation, test, counts: files.counts, method: 'multiplicative', parameter: 0.3 },
      ...{ convention: 'published-code', device: 'cpu', threads: 1 },
    });

    const adjust = step(page, 'adjust');
    await adjust.getByRole('radio', { name: 'Multiplicative' }).check();
    await adjust.getByRole('slider', { name: 'gamma' }).fill('0.3');
    // The sliders' figures are those of the library for the made head.
    const share = (value: number) => `${(value * 100).toFixed(1)}\u00a0%`;
    const { before, after } = expected;
    await expect
      .poll(() => adjust.getByRole('row', { name: /^average/ }).innerText())
      .toContain(`${share(before.average)} → ${share(after.average)}`);
    await expect
      .poll(() => adjust.getByRole('row', { name: /^few/ }).innerText())
      .toContain(`${share(before.few!)} → ${share(after.few!)}`);
    await eventually(() => adjust.innerText()).toContain('What every value would give');

    await adjust.getByRole('button', { name: 'Make this model' }).click();
    const result = step(page, 'result');
    // The user is brought there.
    expect(
      await result
        .getByRole('heading')
        .first()
        .evaluate((one) => one === document.activeElement),
    ).toBe(true);
    const saved = await download(page, result.getByRole('link', { name: 'Download six.balanced.onnx' }));
    expect(saved.name).toBe('six.balanced.onnx');
    expect(Buffer.compare(saved.bytes, expected.changed.bytes)).toBe(0);
    expect(await result.innerText()).toContain(
      `Average accuracy on test: ${share(expected.test!.before.average)} → ${share(expected.test!.after.average)}`,
    );
    expect(await result.locator('pre').innerText()).toContain('--method multiplicative');
    const counts = await download(page, result.getByRole('link', { name: 'counts.json' }));
    expect(JSON.parse(counts.bytes.toString())).toEqual(files.counts);
    const report = await download(page, result.getByRole('link', { name: 'As a page (.html)' }));
    expect(report.bytes.toString()).toContain('Recalibration of six.onnx');
  });

  it('chooses, and fits heads that can be cancelled and made', async () => {
    const page = await ready();
    const choose = step(page, 'choose');
    await eventually(() => choose.innerText()).toContain('Heads are fitted to training data');
    await drop(page, 'train', TRAIN);
    await settle(page);

    await choose.getByLabel('epochs').fill('100000');
    await choose.getByRole('button', { name: 'Fit wb' }).click();
    await eventually(() => choose.innerText()).toMatch(/of 100,000 epochs, loss/);
    await choose.getByRole('button', { name: 'Cancel: Fitting wb' }).click();
    await settle(page);
    expect(await choose.getByRole('table').count()).toBe(0);
    await choose.getByLabel('epochs').fill('5');
    await choose.getByRole('button', { name: 'Fit wb' }).click();
    await choose.getByRole('button', { name: /^Make the model with wb/ }).click();
    const link = step(page, 'result').getByRole('link', { name: /^Download / });
    await link.waitFor();
    expect(await step(page, 'result').innerText()).toContain('Chosen: wb');

    await choose.getByRole('button', { name: 'Choose for me', exact: true }).click();
    await eventually(() => choose.innerText()).toMatch(/Chosen: \w+|The original head was kept/);
    await link.waitFor();
    expect(await choose.innerText()).toContain('Each method by itself');
    expect(await troubles(page)).toEqual([]);
  });

  it('takes data before the model, and files that miss their place', async () => {
    const { page } = await openQuietPage();
    await drop(page, 'test', TEST);
    await expect
      .poll(() => troubles(page))
      .toEqual([expect.stringContaining('no model yet that test.npz could be for')]);
    await drop(page, 'header', MODEL, VALIDATION, COUNTS);
    await step(page, 'diagnosis').locator('.plots').first().waitFor();
    await settle(page);
    const data = await step(page, 'data').innerText();
    for (const name of ['val.npz', 'test.npz', 'from counts.json']) expect(data).toContain(name);
    expect(await troubles(page)).toEqual([]);
  });
});

describe('mistakes', () => {
  /** What is dropped where, and what is said there. */
  const MISTAKES: readonly (readonly [Place, name: string, bytes: Uint8Array | string, RegExp])[] = [
    ['model', 'val.npz', VALIDATION.bytes, /val.npz is a feature file.*Drop it under 2/s],
    ['model', 'notes.onnx', 'hello', /Reading notes.onnx as an ONNX model.*not ONNX/s],
    ['model', 'empty.onnx', '', /empty.onnx.*the file is empty/s],
    ['model', 'cut.onnx', MODEL.bytes.subarray(0, 300), /cut.onnx.*damaged or cut off/s],
    ['validation', 'six.onnx', MODEL.bytes, /six.onnx is a model.*Drop it under 1/s],
    ['validation', 'cut.npz', VALIDATION.bytes.subarray(0, 500), /cut.npz.*end of a zip archive is missing/s],
    ['train', 'wide.npz', longTailFiles({ classes: 6, dimensions: 8 }).features(1), /8.*32/s],
    ['train', 'more.npz', longTailFiles({ classes: 9 }).features(1), /label 6.*0 … 5/s],
    ['test', 'counts.json', COUNTS.bytes, /counts.json is a text file/],
    ['test', 'cat.png', 'x', /without a folder/],
    ['counts', 'six.onnx', MODEL.bytes, /six.onnx is a model/],
    ['counts', 'counts.json', '[1, 2]', /6 classes, but 2 class counts/],
    ['counts', 'counts.json', '{"cat": 1', /begins like JSON, but is none/],
    ['counts', 'counts.txt', '1 2 3 0 5 6', /class 3 is 0/],
  ];

  it('are said where they were made, and nothing is lost by them', async () => {
    const page = await ready();
    for (const [place, name, bytes, words] of MISTAKES) {
      await drop(page, place, { name, bytes });
      const around = placeOf(page, place).locator('..');
      await eventually(() => around.getByRole('alert').innerText()).toMatch(words);
    }
    expect(await step(page, 'model').innerText()).toContain('six.onnx');
    // The last good files are still in use, and good ones take the messages away.
    const adjust = step(page, 'adjust');
    await adjust.getByRole('slider', { name: 'tau' }).fill('1');
    await adjust.getByRole('button', { name: 'Make this model' }).click();
    await step(page, 'result')
      .getByRole('link', { name: /^Download / })
      .waitFor();
    await drop(page, 'model', MODEL);
    await eventually(() => troubles(page)).toEqual([]);
  });

  it('in what is typed are said beside it', async () => {
    const page = await ready();
    const adjust = step(page, 'adjust');
    await adjust.getByText('Type how often each class comes').click();
    const field = adjust.getByRole('textbox', { name: /^One number above 0 per class/ });
    await field.fill('1 2 3');
    await adjust.getByRole('button', { name: 'Use these frequencies' }).click();
    await eventually(() => adjust.getByRole('alert').innerText()).toContain('3 shares for 6 classes');
    await field.fill('6 5 4 3 2 1');
    await adjust.getByRole('button', { name: 'Use these frequencies' }).click();
    await eventually(() => adjust.innerText()).toContain('Your own frequencies are used.');
    await eventually(() => adjust.getByRole('row', { name: /^expected/ }).count()).toBe(1);
    // A number that is none leaves the slider where it was.
    const exact = adjust.getByRole('spinbutton', { name: 'temperature, exact value' });
    await exact.fill('-1');
    await exact.press('Enter');
    await eventually(() => exact.inputValue()).toBe('1');
  });
});

describe('what is not plain', () => {
  it('pictures in folders are run through the model', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-test-'));
    try {
      for (const [k, name] of ['airplane', 'truck'].entries()) {
        mkdirSync(join(folder, name));
        for (let i = 0; i < 3; i++) {
          const background = { r: 80 * i, g: 100, b: 200 * k };
          const picture = sharp({ create: { width: 32, height: 32, channels: 3, background } });
          await picture.png().toFile(join(folder, name, `${i}.png`));
        }
      }
      const { page } = await openQuietPage();
      const bytes = readFileSync('models/cifar10-lt-resnet20-wd.onnx');
      await drop(page, 'model', { name: 'cifar10.onnx', bytes });
      await page.getByText('10 classes × 64 dimensions').waitFor();
      await page.getByLabel('Choose a folder: Validation').setInputFiles(folder);
      const data = step(page, 'data');
      await eventually(() => data.innerText()).toMatch(
        /6 samples, 3 of each class, 8 of 10 classes without any\. Run through the model on cpu in/,
      );
      // The page says what is missing before anybody is refused for it, and how to go on.
      await step(page, 'choose').getByRole('button', { name: 'Choose for me', exact: true }).click();
      await eventually(() => step(page, 'choose').getByRole('alert').innerText()).toContain('Leave classes');
      await data.getByLabel(/^Leave classes without a validation sample out/).check();
      await step(page, 'choose').getByRole('button', { name: 'Choose for me', exact: true }).click();
      await step(page, 'result')
        .getByRole('link', { name: /^Download / })
        .waitFor();
      expect(await troubles(page)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('of several heads one is chosen, and class names are given by hand', async () => {
    const g = new GraphBuilder();
    const x = g.relu(g.input('x', 'float32', ['n', 4]));
    for (const [output, classes] of [
      ['coarse', 2],
      ['fine', 6],
    ] as const) {
      const weight = Float32Array.from({ length: classes * 4 }, (_, i) => Math.sin(i));
      const head = [
        g.constant(weight, [classes, 4]),
        g.constant(new Float32Array(classes), [classes]),
      ] as const;
      g.output(g.gemm(x, ...head, { transB: 1 }), output, 'float32', ['n', classes]);
    }
    const { page } = await openQuietPage();
    await drop(page, 'model', { name: 'two.onnx', bytes: g.build() });
    const model = step(page, 'model');
    await eventually(() => model.innerText()).toContain('There are 2 heads. Which one is meant?');
    expect(await step(page, 'adjust').innerText()).toContain('a head that can be used');
    await model.getByRole('radio', { name: /^fine/ }).check();
    await eventually(() => model.innerText()).toContain('6 classes × 4 dimensions');
    await model.getByText('Class names, preprocessing of pictures').click();
    await model.getByLabel('Class names in class order, one a line').fill(NAMES.join('\n'));
    await model.getByRole('button', { name: 'Open the model again with these' }).click();
    await eventually(() => model.innerText()).toContain('cat, dog, owl, fox, bee, ant');
    expect(await model.getByRole('radio', { name: /^fine/ }).isChecked()).toBe(true);
    expect(await troubles(page)).toEqual([]);
  });

  it('names that are markup are shown as text, wherever they are shown', async () => {
    const names = HOSTILE_NAMES.filter((name) => /[<>&]/.test(name));
    const hostile = longTailFiles({ classes: names.length, names, says: true, perClass: 20 });
    const { page } = await openQuietPage();
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      return dialog.dismiss();
    });
    const called = (name: string) => `<img src=x onerror=alert('${name}')>`;
    await drop(page, 'model', { name: `${called('model')}.onnx`, bytes: hostile.model });
    await eventually(() => step(page, 'model').innerText()).toContain(
      `${names.length} classes × 32 dimensions`,
    );
    await drop(page, 'validation', { name: `${called('validation')}.npz`, bytes: hostile.features(1) });
    await drop(page, 'test', { name: `${called('test')}.npz`, bytes: hostile.features(3) });
    await step(page, 'diagnosis').locator('.plots').first().waitFor();
    await settle(page);
    await step(page, 'adjust').getByRole('radio', { name: 'Multiplicative' }).check();
    await step(page, 'adjust').getByRole('slider', { name: 'gamma' }).fill('0.3');
    await step(page, 'adjust').getByRole('button', { name: 'Make this model' }).click();
    const result = step(page, 'result');
    await result.getByRole('link', { name: /^Download / }).waitFor();
    await drop(page, 'counts', { name: `${called('counts')}.json`, bytes: '<script>alert(3)</script>' });
    await eventually(() => troubles(page)).not.toEqual([]);

    const text = await page.locator('body').innerText();
    for (const name of [
      called('model'),
      called('validation'),
      called('test'),
      '<script>alert(3)</script>',
      names[0],
    ])
      expect(text).toContain(name);
    // What the names would have made.
    expect(await page.locator('img[onerror], body script:not([src]), svg script, [src="x"]').count()).toBe(0);
    const saved = await download(page, result.getByRole('link', { name: 'As a page (.html)' }));
    const report = await page.context().newPage();
    report.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      return dialog.dismiss();
    });
    await report.setContent(saved.bytes.toString());
    expect(await report.locator('img, script, iframe, object').count()).toBe(0);
    expect(await report.locator('body').innerText()).toContain(names[0]);
    expect(dialogs).toEqual([]);
  });
});
