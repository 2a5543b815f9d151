/** The page as people use it, cut off from the network as soon as it stands: what it writes is what the command line writes. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.js';
import { launchBrowser, type OpenPage, openPage } from './open-page.js';

const MODEL = 'cifar10-lt-resnet20-wd.onnx';
const VALIDATION = 'cifar10-lt-validation.npz';

let browser: Browser;
let open: OpenPage;
let folder: string;

beforeAll(async () => {
  browser = await launchBrowser();
  folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-test-'));
  copyFileSync(`models/${MODEL}`, join(folder, MODEL));
  copyFileSync(`src/web/sample/${VALIDATION}`, join(folder, VALIDATION));
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => open?.close());

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Presses the button, waits for the model, and saves it. */
async function makeBy(page: Page, button: string): Promise<{ name: string; sha256: string }> {
  await page.getByRole('button', { name: button, exact: true }).click();
  const link = page.getByRole('link', { name: /^Download .*\.onnx/ });
  await link.waitFor({ timeout: 60_000 });
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  return { name: download.suggestedFilename(), sha256: sha256(readFileSync(await download.path())) };
}

describe.each([false, true])('isolated: %s', (isolated) => {
  it('opens, diagnoses, chooses and saves without a network', async () => {
    open = await openPage(browser, { isolated });
    const { page, host, requests } = open;
    await page.getByText('Loading onnxruntime').waitFor({ state: 'detached', timeout: 60_000 });
    await page.context().setOffline(true);
    const before = requests.length;

    await page.locator('#model input[type=file]').setInputFiles(join(folder, MODEL));
    await page.getByText('10 classes × 64 dimensions').first().waitFor();
    await page.getByLabel('Choose a file: Validation, .npz').setInputFiles(join(folder, VALIDATION));
    const made = await makeBy(page, 'Choose for me');

    const words = ['recalibrate', MODEL, '--val', VALIDATION, '--out', made.name, '--force'];
    const { code, stderr } = runCli(words, folder);
    expect(code, stderr).toBe(0);
    expect(made.sha256).toBe(sha256(readFileSync(join(folder, made.name))));

    // Addresses of what the page itself holds in memory are none of the network's.
    const isAsked = (url: string) => !/^(blob|data):/.test(url);
    expect(requests.slice(before).filter(isAsked)).toEqual([]);
    for (const url of requests.filter(isAsked)) expect(url.startsWith(host.url), url).toBe(true);
    expect(open.complaints).toEqual([]);
  });
});
