// Means with their standard deviations in words.

import { columnFigure } from '../../../dist/report/words.js';

/** '0.812 ± 0.010'; without a deviation where there is but one value. @param {import('../aggregate.mjs').Spread | undefined} spread */
export function spreadWords(spread) {
  if (!spread) return '–';
  const write = columnFigure(spread.n > 1 ? [spread.mean, spread.sd] : [spread.mean]);
  return spread.n > 1 ? `${write(spread.mean)} ± ${write(spread.sd)}` : write(spread.mean);
}

/** '65.3 ± 0.4', in per cent. @param {import('../aggregate.mjs').Spread | undefined} spread of shares */
export function percentWords(spread) {
  if (!spread) return '–';
  const mean = (100 * spread.mean).toFixed(1);
  return spread.n > 1 ? `${mean} ± ${(100 * spread.sd).toFixed(1)}` : mean;
}

/** How many seeds the figures are means of, and what a deviation is drawn as. @param {import('./blocks.mjs').Series[]} series @param {string} drawn */
export function seedsWords(series, drawn) {
  const most = Math.max(...series.map(({ runs }) => runs.length));
  if (most === 1) return 'One seed of each method.';
  return `Means over seeds; ${drawn} one standard deviation to both sides where a method has several.`;
}
