// A row per method, in it a line per thing that was measured, with its mean, deviation and number.

import { bottomAxis } from '../../../dist/report/axes.js';
import { line, text } from '../../../dist/report/chart.js';
import { legend } from '../../../dist/report/marks.js';
import { element, join } from '../../../dist/report/markup.js';
import { linearScale } from '../../../dist/report/scales.js';
import { fitText } from '../../../dist/report/words.js';

/**
 * @typedef {object} Kind a thing that is measured of each method
 * @property {string} words
 * @property {string} colour class of its whiskers
 * @property {(x: number, y: number) => import('../../../dist/report/markup.js').Markup} draw
 *
 * @typedef {{ label: string, values: (import('../aggregate.mjs').Spread | undefined)[] }} DotRow a value for each kind
 */

export const WIDTH = 640;
const LEFT = 146;
const RIGHT = WIDTH - 100;
const LEGEND = 30;
const LINE = 15;
const SPACE = 9;

/**
 * @param {readonly DotRow[]} rows @param {readonly Kind[]} kinds
 * @param {{ label: string, write: (value: number) => string, tell: (spread: import('../aggregate.mjs').Spread) => string, fromZero?: boolean, best?: boolean }} options
 *   `tell` writes a value beside its mark; with `best` the highest one of all is emphasised
 */
export function dotsPlot(rows, kinds, { label, write, tell, fromZero = false, best = false }) {
  const all = rows.flatMap(({ values }) => values.filter(Boolean));
  const high = Math.max(...all.map(({ mean, sd }) => mean + sd));
  const low = fromZero ? 0 : Math.min(...all.map(({ mean, sd }) => mean - sd));
  const x = linearScale([low, high], [LEFT, RIGHT], { round: true });
  const highest = Math.max(...all.map(({ mean }) => mean));
  const keys = legend(kinds, LEGEND, { width: WIDTH });
  const top = LEGEND + keys.height + 3;
  let y = top;
  const drawn = rows.map(({ label: method, values }, r) => {
    const shown = values.flatMap((spread, i) => (spread ? [{ spread, kind: kinds[i] }] : []));
    const height = Math.max(1, shown.length) * LINE + SPACE;
    const middle = y + height / 2;
    const lines = shown.map(({ spread, kind }, i) => {
      const emphasis = best && spread.mean === highest ? 'strong' : 'small';
      return drawSpread(spread, kind, x, y + SPACE / 2 + (i + 0.5) * LINE, {
        words: tell(spread),
        emphasis,
        method,
      });
    });
    const row = [
      r > 0 && line('grid', 8, y, WIDTH - 8, y),
      text(fitText(method, (LEFT - 20) / 12), LEFT - 12, middle + 4, { anchor: 'end' }),
      ...lines,
    ];
    y += height;
    return row;
  });
  const frame = { left: LEFT, right: RIGHT, top, bottom: y };
  return {
    width: WIDTH,
    height: y + 42,
    body: join(keys.body, bottomAxis(x, frame, { label, write }), ...drawn.flat()),
  };
}

function drawSpread({ mean, sd, n }, kind, x, y, { words, emphasis, method }) {
  const [low, high] = n > 1 ? [mean - sd, mean + sd] : [mean, mean];
  const from = Math.max(x(low), LEFT);
  return element(
    'g',
    { class: kind.colour },
    element('title', {}, `${method}, ${kind.words}: ${words}`),
    n > 1 && line('stroke', from, y, x(high), y),
    kind.draw(x(mean), y),
    text(words, Math.max(x(high), x(mean) + 5) + 7, y + 4, { class: emphasis }),
  );
}
