// `npm run bench -- page`: from a key that moves a slider of the page to its new figures, in headless Chromium.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { build, preview } from 'vite';
import { root } from './feature-sets.mjs';
import { describeMachine, machineFacts } from './machine.mjs';
import { longTailedProblem } from './page-problem.mjs';
import { formatSeconds, markdownTable } from './table.mjs';
import { spread } from './timing.mjs';

const CONFIG = join(root, 'vite.web.config.ts');
const EXECUTABLE = process.env.TAILOR_CHROMIUM ?? '/usr/bin/chromium';
/** The second is the size that the page is made for. */
const PROBLEMS = [
  { samples: 1000, dimensions: 512, classes: 100 },
  { samples: 10_000, dimensions: 512, classes: 100 },
  { samples: 10_000, dimensions: 512, classes: 1000 },
];

/** @param {{ threads: number, quick: boolean, out: string }} options */
export async function benchPage({ threads, quick, out }) {
  const machine = await machineFacts(threads);
  await build({ configFile: CONFIG, logLevel: 'warn' });
  const host = await preview({ configFile: CONFIG, logLevel: 'warn', preview: { port: 0 } });
  const browser = await chromium.launch({ executablePath: EXECUTABLE });
  const measured = [];
  try {
    const [address] = host.resolvedUrls.local;
    for (const problem of quick ? PROBLEMS.slice(0, 1) : PROBLEMS) {
      for (const method of ['Additive', 'Multiplicative']) {
        const moves = await movesOf(browser, address, problem, method, quick ? 10 : 40);
        measured.push({ ...problem, method, ...moves });
      }
    }
  } finally {
    await browser.close();
    await host.close();
  }
  const rows = measured.map(({ samples, dimensions, classes, method, evaluation, figures }) => [
    `${samples} × ${dimensions} × ${classes}, ${method.toLowerCase()}`,
    ...[evaluation.median, evaluation.max, figures.median, figures.p95, figures.max].map(formatSeconds),
  ]);
  const text = [
    '# Sliders of the page',
    `${describeMachine(machine)}; Chromium ${measured[0].browser}`,
    markdownTable(
      ['samples × dimensions × classes', 'task', 'longest', 'to the figures', '95 %', 'longest'],
      rows,
    ),
    'Task: how long the page is busy with a move. To the figures: from the key to the frame that has them; frames come every 16.7 ms.',
  ].join('\n\n');
  writeFileSync(join(out, 'page.md'), `${text}\n`);
  writeFileSync(join(out, 'page.json'), `${JSON.stringify({ machine, measured }, null, 2)}\n`);
  process.stdout.write(`${text}\n`);
}

/** Opens the problem in a page of its own, and moves the slider by its keys, one move after the other has been drawn. */
async function movesOf(browser, address, { samples, dimensions, classes }, method, moves) {
  const { model, features } = longTailedProblem({ samples, dimensions, classes });
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(measureMoves);
  await page.goto(address);
  const give = (place, name, bytes) =>
    page
      .getByRole('group', { name: place })
      .locator('input[type=file]')
      .first()
      .setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });
  await give('Place for the model', 'classifier.onnx', model);
  await page.getByText(`${classes.toLocaleString('en')} classes × ${dimensions} dimensions`).waitFor();
  await give('Place for validation data', 'validation.npz', features);
  await page.locator('section#diagnosis .plots').first().waitFor({ timeout: 300_000 });
  await page.waitForFunction(() => !document.querySelector('progress'), null, { timeout: 300_000 });
  await page.getByRole('radio', { name: method }).check();
  const name = method === 'Additive' ? 'tau' : 'gamma';
  const slider = page.getByRole('slider', { name, exact: true });
  await slider.focus();

  const figures = () => page.locator('section#adjust table').first().innerText();
  const before = await figures();
  for (let move = 0; move < moves; move++) {
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction((count) => globalThis.moves.length > count, move);
  }
  const found = await page.evaluate(() => globalThis.moves);
  if ((await figures()) === before) throw new Error('The figures did not follow the slider.');
  await context.close();
  // The first moves run code that the engine has not compiled yet: they count, too.
  const shown = spread(found.map((move) => move.figures / 1000));
  const sorted = [...shown.runs].sort((a, b) => a - b);
  return {
    browser: browser.version(),
    evaluation: spread(found.map((move) => move.busy / 1000)),
    figures: { ...shown, p95: sorted[Math.ceil(0.95 * sorted.length) - 1] },
  };
}

/** In the page: for each key, how long the page was busy with the frame that it led to, and when that frame had been drawn. */
function measureMoves() {
  globalThis.moves = [];
  let pressed;
  const { port1, port2 } = new MessageChannel();
  addEventListener('keydown', () => (pressed = performance.now()), { capture: true });
  const frame = requestAnimationFrame;
  // What follows a slider is computed in an animation frame; a message that is sent then arrives once the frame is drawn.
  globalThis.requestAnimationFrame = (work) =>
    frame((time) => {
      const began = performance.now();
      work(time);
      if (pressed === undefined) return;
      const own = pressed;
      pressed = undefined;
      port1.onmessage = () => {
        const now = performance.now();
        globalThis.moves.push({ busy: now - began, figures: now - own });
      };
      port2.postMessage(undefined);
    });
}
