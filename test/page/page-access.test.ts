/** The page without a mouse, without eyes, on a phone, in the dark, and with more classes and longer names than anybody should have. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { longTailFiles } from '../web/long-tail-files.js';
import { openQuietPage } from './open-quiet-page.js';
import { download, drop, eventually, settle, step } from './use-page.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PHONE = { width: 390, height: 844 };

/** What axe finds against WCAG 2.2 AA and its own best practices, in words. */
async function violations(page: Page): Promise<string[]> {
  const found = (await page.evaluate('axe.run(document)')) as AxeResults;
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
  );
}

/** How much wider the page is than the screen. */
function overhang(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}

describe.each([
  ['on a desk', { colorScheme: 'light' as const }],
  ['on a phone in the dark', { colorScheme: 'dark' as const, viewport: PHONE }],
])('%s', (_, looks) => {
  it('has nothing to object to, empty, filled, and with something wrong', async () => {
    const { page } = await openQuietPage({ ...looks, reducedMotion: 'reduce' });
    await page.evaluate(AXE);
    await page.getByText('Loading onnxruntime').waitFor({ state: 'detached', timeout: 60_000 });
    expect(await violations(page)).toEqual([]);

    await page.getByRole('button', { name: 'Try it with a sample' }).click();
    await step(page, 'diagnosis').locator('.plots').first().waitFor({ timeout: 60_000 });
    await settle(page);
    await page.getByRole('radio', { name: 'Multiplicative' }).check();
    for (const summary of await page.locator('details > summary').all()) await summary.click();
    await step(page, 'choose').getByLabel('Method').selectOption('etf');
    await page.getByRole('button', { name: 'Fit etf' }).click();
    await page.getByRole('button', { name: /^Make the model with etf/ }).click();
    await step(page, 'result')
      .getByRole('link', { name: /^Download / })
      .waitFor({ timeout: 60_000 });
    await drop(page, 'counts', { name: 'counts.json', bytes: '[]' });
    await page.getByRole('alert').waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await overhang(page)).toBe(0);
  });
});

describe('without a mouse', () => {
  const files = longTailFiles({ classes: 4, says: false, perClass: 30 });
  const given = (name: string, bytes: Uint8Array) => ({
    name,
    mimeType: 'application/octet-stream',
    buffer: Buffer.from(bytes),
  });

  /** Presses the key until the element has the focus, and sees to it that it shows. */
  async function walkTo(page: Page, name: RegExp, key = 'Tab'): Promise<void> {
    const seen: string[] = [];
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press(key);
      const focus = await page.evaluate(() => {
        const element = document.activeElement as HTMLInputElement;
        const label = element.labels?.[0]?.innerText ?? element.innerText;
        const seen = element.matches('.unseen, .segments input') ? element.parentElement! : element;
        const { top, bottom } = seen.getBoundingClientRect();
        return {
          name: (element.getAttribute('aria-label') ?? label ?? '').trim(),
          isVisible: bottom > 0 && top < innerHeight,
        };
      });
      seen.push(focus.name);
      if (!name.test(focus.name)) continue;
      expect(focus.isVisible, `${name} is on the screen`).toBe(true);
      return;
    }
    expect.fail(`${name} cannot be reached; only ${seen.join(' | ')}`);
  }

  /** Opens the picker of the element that has the focus, and chooses. */
  async function choose(page: Page, file: ReturnType<typeof given>): Promise<void> {
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Space')]);
    await chooser.setFiles(file);
  }

  it('everything can be reached, used, and heard', async () => {
    const { page } = await openQuietPage();
    // Listened to from the beginning: a picker that is not taken up would keep all others shut.
    page.on('filechooser', () => {});
    const said = page.locator('[role=status]');
    await page.getByText('Loading onnxruntime').waitFor({ state: 'detached', timeout: 60_000 });

    await walkTo(page, /^Skip to the model/);
    await page.keyboard.press('Enter');
    await walkTo(page, /^Choose a model/);
    await choose(page, given('four.onnx', files.model));
    await eventually(() => said.innerText()).toBe('four.onnx opened: 4 classes, 32 dimensions.');

    await walkTo(page, /^Choose a file: Validation/);
    await choose(page, given('val.npz', files.features(1)));
    await eventually(() => said.innerText()).toBe('Validation: 120 samples of val.npz.');

    await walkTo(page, /^One number per class/);
    await page.keyboard.type(files.counts.join(', '));
    await walkTo(page, /^Use these numbers/);
    await page.keyboard.press('Enter');
    await eventually(() => said.innerText()).toMatch(/^Diagnosis ready/);

    await walkTo(page, /^Additive/);
    await page.keyboard.press('ArrowRight');
    await walkTo(page, /^gamma$/);
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowRight');
    const slider = page.getByRole('slider', { name: 'gamma' });
    await eventually(() => slider.getAttribute('aria-valuetext')).toBe('0.2');
    await eventually(() => said.innerText()).toMatch(/^Average \d+\.\d.%, medium/);
    // What is said of the last step may come later, and would be said over what comes next.
    let before = '';
    await eventually(async () => {
      await page.waitForTimeout(1000);
      const last = before;
      before = await said.innerText();
      return before === last;
    }).toBe(true);

    await walkTo(page, /^Make this model/);
    await page.keyboard.press('Space');
    await eventually(() => said.innerText()).toMatch(/^Model made with multiplicative\. Average accuracy/);
    // The focus was brought to the result.
    await walkTo(page, /^Download four.balanced.onnx/);
    const [saved] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    expect(saved.suggestedFilename()).toBe('four.balanced.onnx');
    await walkTo(page, /^Choose for me/, 'Shift+Tab');
  });
});

describe('the largest', () => {
  const LONG = [
    'Felis catus, the domestic cat, photographed indoors',
    'قطة',
    'x'.repeat(150),
    '<b>"&',
    '猫の子',
  ];

  it('holds a thousand classes on a phone', async () => {
    const files = longTailFiles({ classes: 1000, dimensions: 16, perClass: 2 });
    const { page } = await openQuietPage({ viewport: PHONE });
    await drop(page, 'model', { name: 'thousand.onnx', bytes: files.model });
    await drop(page, 'validation', { name: 'val.npz', bytes: files.features(1) });
    await step(page, 'diagnosis').locator('.plots').first().waitFor({ timeout: 60_000 });
    await settle(page);
    for (const summary of await page.locator('#diagnosis details > summary').all()) await summary.click();
    await page.getByRole('slider', { name: 'tau' }).fill('1');
    await eventually(() => step(page, 'adjust').innerText()).toContain('What every value would give');
    expect(await overhang(page)).toBe(0);
    await page.getByRole('button', { name: 'Make this model' }).click();
    const saved = await download(page, step(page, 'result').getByRole('link', { name: /^Download / }));
    expect(saved.bytes.length).toBeGreaterThan(files.model.length);
  });

  it('holds long and foreign names, as text', async () => {
    const names = Array.from({ length: 12 }, (_, k) => `${LONG[k % 5]} ${k}`);
    const files = longTailFiles({ classes: 12, names });
    const { page } = await openQuietPage({ viewport: PHONE });
    await drop(page, 'model', { name: `${'long '.repeat(40)}.onnx`, bytes: files.model });
    await drop(page, 'validation', { name: `${'v'.repeat(150)}.npz`, bytes: files.features(1) });
    await step(page, 'diagnosis').locator('.plots').first().waitFor({ timeout: 60_000 });
    await settle(page);
    expect(await step(page, 'model').innerText()).toContain('<b>"&');
    expect(await page.locator('#page b').allInnerTexts()).toEqual(['τ']);
    await page.getByRole('slider', { name: 'tau' }).fill('1');
    await page.getByRole('button', { name: 'Make this model' }).click();
    await step(page, 'result')
      .getByRole('link', { name: /^Download / })
      .waitFor({ timeout: 60_000 });
    await settle(page);
    expect(await overhang(page)).toBe(0);
  });
});
