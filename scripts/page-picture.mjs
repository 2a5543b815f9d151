#!/usr/bin/env node
// Draws docs/images/page.png: the sliders of the built page (npm run build:web), with its sample and one move. Needs a Chromium.
//
//   node scripts/page-picture.mjs [CHROMIUM]

import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { preview } from 'vite';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const [executablePath = 'chromium'] = process.argv.slice(2);
const server = await preview({
  configFile: join(root, 'vite.web.config.ts'),
  preview: { port: 0 },
  logLevel: 'error',
});
const browser = await chromium.launch({
  executablePath: executablePath.includes('/') ? executablePath : `/usr/bin/${executablePath}`,
  args: ['--no-sandbox'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1080, height: 900 } });
  await page.goto(server.resolvedUrls.local[0]);
  await page
    .getByRole('button', { name: /sample/i })
    .first()
    .click();
  const adjust = page.locator('section', { has: page.getByRole('heading', { name: /Adjust by hand/ }) });
  await adjust.getByRole('slider').first().waitFor({ timeout: 120_000 });
  await adjust.getByRole('slider').first().fill('1.3');
  await adjust.locator('figcaption', { hasText: 'The line stands at τ = 1.3' }).waitFor({ timeout: 60_000 });
  // The diagnosis above it comes later and moves it down.
  await page.getByText('more plots').first().waitFor({ timeout: 120_000 });
  // What sticks to the window's edge would lie over the picture.
  await page.evaluate(() => {
    scrollTo(0, 0);
    for (const one of document.querySelectorAll('*')) {
      if (getComputedStyle(one).position === 'sticky') one.style.position = 'static';
    }
  });
  const { x, y, width } = await adjust.boundingBox();
  const curve = await adjust.locator('figure').nth(1).boundingBox();
  await page.screenshot({
    path: join(root, 'docs', 'images', 'page.png'),
    fullPage: true,
    clip: { x: x - 16, y, width: width + 32, height: curve.y - y },
  });
} finally {
  await browser.close();
  await server.close();
}
