/** The built page in headless Chromium. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { inject } from 'vitest';
import { WEBGPU_FLAGS } from '../browser/chromium.js';
import { type StaticHost, serveFolder } from './static-server.js';

/** A page that is open, and what was heard from it. */
export interface OpenPage {
  readonly page: Page;
  readonly host: StaticHost;
  /** Every address that the page or its worker asked for, in order. */
  readonly requests: string[];
  /** Errors that nobody caught, and what the console had to say. */
  readonly complaints: string[];
  close(): Promise<void>;
}

/** Chromium, with a software adapter for WebGPU. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: inject('chromium'), args: WEBGPU_FLAGS });
}

/** Opens the page from a static host, below a path, as on most of them. */
export async function openPage(
  browser: Browser,
  { isolated, ...looks }: { isolated?: boolean } & BrowserContextOptions = {},
): Promise<OpenPage> {
  const host = await serveFolder(inject('page'), { path: '/some/where/', isolated });
  const context = await browser.newContext({ acceptDownloads: true, ...looks });
  const requests: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => requests.push(request.url()));
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.goto(host.url);
  return {
    page,
    host,
    requests,
    complaints,
    async close() {
      await context.close();
      await host.close();
    },
  };
}
