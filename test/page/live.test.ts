/** The sliders' numbers in Chromium: the same as in Node, and how long a move takes. */
import { resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LiveSettings } from '../../src/web/live/settings.js';
import * as live from './live-problem.js';
import { launchBrowser } from './open-page.js';

const [SAMPLES, CLASSES] = [10_000, 100];

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

const MOVES: readonly LiveSettings[] = [
  { method: 'additive', parameter: 0.9 },
  { method: 'multiplicative', parameter: 0.15, convention: 'published-code' },
  { method: 'multiplicative', parameter: 0.2, convention: 'paper' },
  { method: 'tau-norm', parameter: 0.7 },
  { method: 'additive', parameter: 0.9, temperature: 1.7 },
  { method: 'additive', parameter: 0.9, targetPrior: Array.from({ length: CLASSES }, (_, k) => 1 + k) },
];

it('evaluates 10,000 × 100 in a page as in Node', async () => {
  const bundle = (await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      lib: { entry: resolve('test/page/live-problem.ts'), formats: ['iife'], name: 'live' },
    },
  })) as Rolldown.RolldownOutput[];
  const page = await browser.newPage();
  await page.addScriptTag({ content: bundle[0].output[0].code });
  const found = await page.evaluate(
    ({ samples, classes, moves }) => {
      const { live: here } = globalThis as unknown as { live: typeof live };
      const data = here.problem(samples, classes);
      const evaluator = here.liveEvaluator(data, data);
      const median = (run: () => unknown) => {
        const times = Array.from({ length: 9 }, () => {
          const start = performance.now();
          run();
          return performance.now() - start;
        });
        return times.sort((a, b) => a - b)[4];
      };
      return moves.map((at) => ({
        figures: evaluator.evaluate(at),
        fast: median(() => evaluator.accuracies(at)),
        whole: median(() => evaluator.evaluate(at)),
      }));
    },
    { samples: SAMPLES, classes: CLASSES, moves: MOVES },
  );
  const data = live.problem(SAMPLES, CLASSES);
  const evaluator = live.liveEvaluator(data, data);
  for (const [index, { figures, fast, whole }] of found.entries()) {
    const at = MOVES[index];
    const { nll, ece, ...accuracies } = evaluator.evaluate(at);
    expect(figures).toMatchObject(accuracies);
    expect(figures.nll).toBeCloseTo(nll, 12);
    expect(figures.ece).toBeCloseTo(ece, 12);
    const { targetPrior, ...shown } = at;
    console.info(
      `a move in Chromium, ${JSON.stringify(shown)}${targetPrior ? ' and a target prior' : ''}: ` +
        `${fast.toFixed(1)} ms for accuracies, ${whole.toFixed(1)} ms with calibration`,
    );
  }
});
