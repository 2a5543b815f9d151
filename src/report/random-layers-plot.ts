/** Discriminant ratios behind random layers: tables 4 and 10 of Hasegawa & Sato (2024). */

import type { RandomLayerDiagnostics } from '../diagnostics/random-layers.js';
import { type Frame, leftAxis } from './axes.js';
import { line, type Plot, polyline, text, WIDTH } from './chart.js';
import { legend, mark } from './marks.js';
import { element, join } from './markup.js';
import { linearScale } from './scales.js';
import { countOf, figure, shortNumber } from './words.js';

/** What was measured on one set. */
interface ProbedSet {
  readonly setName: string;
  readonly figures: RandomLayerDiagnostics;
}

const FRAME: Frame = { left: 56, right: WIDTH - 24, top: 72, bottom: 260 };

/** Means over the draws with one standard deviation to both sides. */
export function randomLayersPlot(sets: readonly ProbedSet[], name: string): Plot | undefined {
  const steps = sets.flatMap(({ figures }) => figures.steps);
  const highest = steps.reduce((most, { mean, std }) => Math.max(most, (mean ?? 0) + (std ?? 0)), 0);
  if (!(highest > 0)) return undefined;
  const most = Math.max(...steps.map(({ layers }) => layers));
  const room = FRAME.right - FRAME.left - 48;
  const x = (layers: number) => FRAME.left + 24 + (most > 0 ? (layers / most) * room : 0);
  const y = linearScale([0, highest], [FRAME.bottom, FRAME.top], { round: true });
  return {
    name,
    title: 'Separability behind random layers',
    caption:
      `Fisher’s discriminant ratio of the features behind up to ${countOf(most, 'random linear layer')} with ReLU; mean and standard deviation of several draws. ` +
      'Features of a network that was trained with weight decay keep or gain behind one; others lose.',
    width: WIDTH,
    height: FRAME.bottom + 44,
    body: join(
      legend(
        sets.map(({ setName }, s) => ({
          draw: (at, to) => mark(undefined, at, to, { hollow: s > 0 }),
          words: setName,
        })),
        14,
      ).body,
      leftAxis(y, FRAME, { label: 'Fisher’s discriminant ratio', write: shortNumber }),
      line('axis', FRAME.left, FRAME.bottom, FRAME.right, FRAME.bottom),
      ...Array.from({ length: most + 1 }, (_, i) =>
        text(`${i}`, x(i), FRAME.bottom + 16, { class: 'tick', anchor: 'middle' }),
      ),
      text('random layers', (FRAME.left + FRAME.right) / 2, FRAME.bottom + 34, {
        class: 'label',
        anchor: 'middle',
      }),
      ...sets.map((set, s) => drawSet(set, s, x, y)),
    ),
  };
}

function drawSet(
  { setName, figures }: ProbedSet,
  index: number,
  x: (layers: number) => number,
  y: (value: number) => number,
) {
  const points = figures.steps.flatMap(({ layers, mean, std }) =>
    mean === null ? [] : [{ layers, mean, std: std ?? 0 }],
  );
  return element(
    'g',
    { class: 'accent' },
    polyline(
      index > 0 ? 'stroke dash' : 'stroke',
      points.map(({ layers, mean }) => [x(layers), y(mean)] as const),
    ),
    ...points.map(
      ({ layers, mean, std }) =>
        std > 0 && line('stroke', x(layers), y(Math.max(0, mean - std)), x(layers), y(mean + std)),
    ),
    ...points.map(({ layers, mean, std }) =>
      mark(undefined, x(layers), y(mean), {
        hollow: index > 0,
        title: `${setName}, ${countOf(layers, 'random layer')}: ${figure(mean)}${std > 0 ? ` ± ${figure(std)}` : ''}`,
      }),
    ),
  );
}
