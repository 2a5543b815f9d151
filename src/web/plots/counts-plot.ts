/** Training samples by class, most on the left: the long tail itself. Which colour is which group stands above it. */
import { byCount } from '../../evaluation/class-order.js';
import { bottomAxis, type Frame, leftAxis } from '../../report/axes.js';
import { type Plot, WIDTH } from '../../report/chart.js';
import { digits, element, join } from '../../report/markup.js';
import { linearScale, logScale } from '../../report/scales.js';
import { figure, fitText } from '../../report/words.js';
import type { CountsFacts } from '../engine/protocol.js';

/** Bars that can still be told apart and pointed at; more of them are drawn without gaps and words. */
const MOST_BARS = 60;

export function countsPlot({ counts, groups }: CountsFacts, names: readonly string[] | undefined): Plot {
  const order = byCount(counts);
  const [most, least] = [counts[order[0]], counts[order.at(-1)!]];
  const top = 26;
  const frame: Frame = { left: 58, right: WIDTH - 8, top, bottom: top + 140 };
  const x = linearScale([0, order.length], [frame.left, frame.right]);
  // Bars begin somewhat below the smallest, or it would have none.
  const y = logScale([Math.min(least / 1.6, most / 10), most], [frame.bottom, frame.top]);
  const width = x(1) - x(0);
  const gap = order.length <= MOST_BARS ? Math.min(2, width * 0.2) : 0;
  const nameOf = (k: number) => fitText(names?.[k] ?? `class ${k}`, 40);
  return {
    name: 'counts',
    title: 'Training samples by class',
    caption: 'Logarithmic; classes in the order of their samples.',
    width: WIDTH,
    height: frame.bottom + 44,
    body: join(
      leftAxis(y, frame, { label: 'samples', write: figure }),
      ...(order.length <= MOST_BARS
        ? order.map((k, i) =>
            element(
              'g',
              {},
              element('title', {}, `${nameOf(k)}: ${figure(counts[k])}`),
              element('rect', {
                class: `${groups[k]} fill`,
                x: x(i) + gap / 2,
                y: y(counts[k]),
                width: Math.max(0.5, width - gap),
                height: Math.max(0.5, frame.bottom - y(counts[k])),
              }),
            ),
          )
        : runs(order, groups).map(([from, to]) => {
            const steps = order
              .slice(from, to)
              .map((k, i) => `V${digits(y(counts[k]))}H${digits(x(from + i + 1))}`);
            return element('path', {
              class: `${groups[order[from]]} fill`,
              d: `M${digits(x(from))} ${digits(frame.bottom)}${steps.join('')}V${digits(frame.bottom)}z`,
            });
          })),
      bottomAxis(x, frame, { label: 'class, most samples first', write: figure }),
    ),
  };
}

/** Neighbours of one group: [first, one past the last]. */
function runs<T>(order: readonly number[], groups: readonly T[]): [from: number, to: number][] {
  const found: [number, number][] = [];
  order.forEach((k, i) => {
    const last = found.at(-1);
    if (last && groups[order[last[0]]] === groups[k]) last[1] = i + 1;
    else found.push([i, i + 1]);
  });
  return found;
}
