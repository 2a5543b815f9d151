/** Pages that nothing may be heard from: for tests of one page each. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { launchBrowser, type OpenPage, openPage } from './open-page.js';

let browser: Browser;
let open: OpenPage;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
afterEach(async () => {
  const { complaints } = open;
  await open.close();
  expect(complaints).toEqual([]);
});

/** Opens the page; it is closed after the test, which fails if it complained. */
export async function openQuietPage(looks?: Parameters<typeof openPage>[1]): Promise<OpenPage> {
  open = await openPage(browser, looks);
  return open;
}
