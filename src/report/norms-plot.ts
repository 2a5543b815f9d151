/** Lengths against training samples per class: figure 2 of Hasegawa & Sato (2024). */

import { cutIntoBins } from '../evaluation/class-order.js';
import type { Group } from '../evaluation/groups.js';
import { quantileOf } from '../evaluation/quantile.js';
import { bottomAxis, type Frame, leftAxis } from './axes.js';
import { band, type Plot, polyline, text, WIDTH } from './chart.js';
import type { Classes } from './content.js';
import { groupLegend, legend, mark } from './marks.js';
import { type Content, digits, element, join } from './markup.js';
import { prevailingGroup } from './order.js';
import { linearScale, logScale, type Scale } from './scales.js';
import { countOf, figure, fitText, shortNumber, textWidth } from './words.js';

/** Up to so many classes each has its mark; beyond, quantiles of neighbours by count are drawn. */
const MOST_MARKS = 200;
/** Up to so many classes the single ones shine through behind the quantiles. */
const MOST_CLOUD = 2000;
const BINS = 24;
/** Up to so many classes the names are written. */
const MOST_NAMES = 12;

const FRAME: Frame = { left: 48, right: WIDTH - 14, top: 32, bottom: 292 };

interface Point {
  readonly k: number;
  readonly count: number;
  readonly norm: number;
}

export function normsPlot(
  norms: readonly (number | null)[],
  classes: Classes,
  words: { name: string; title: string; symbol: string; correlation: number | null; reading: string },
): Plot | undefined {
  const counts = classes.trainCounts;
  if (!counts) return undefined;
  const points = classes.order.flatMap((k): Point[] => {
    const norm = norms[k];
    return norm === null || !(counts[k] > 0) ? [] : [{ k, count: counts[k], norm }];
  });
  if (points.length === 0) return undefined;
  const left = classes.count - points.length;
  const x = logScale([points.at(-1)!.count / 1.15, points[0].count * 1.15], [FRAME.left, FRAME.right]);
  const largest = points.reduce((most, { norm }) => Math.max(most, norm), 0);
  const y = linearScale([0, largest || 1], [FRAME.bottom, FRAME.top], { round: true });
  const groupOf = (k: number) => classes.groups?.[k];
  const few = points.length <= MOST_MARKS;
  const keys = legend(groupLegend(classes.groups ?? []), FRAME.bottom + 52);
  return {
    name: words.name,
    title: words.title,
    caption:
      `Each ${few ? 'mark is a class' : `mark is the median of about ${countOf(Math.round(points.length / BINS), 'class', 'classes')}, the band holds the middle 80 %`}. ` +
      `Rank correlation with the training samples: ${words.correlation === null ? 'not defined' : signedFigure(words.correlation)}. ${words.reading}` +
      (left > 0 ? ` Not drawn, for lack of samples: ${countOf(left, 'class', 'classes')}.` : ''),
    width: WIDTH,
    height: FRAME.bottom + 44 + keys.height + 4,
    body: join(
      leftAxis(y, FRAME, { label: words.symbol, write: shortNumber }),
      bottomAxis(x, FRAME, { label: 'training samples of the class (log scale)', write: shortNumber }),
      few ? marks(points, classes, groupOf, x, y) : quantiles(points, classes, x, y),
      keys.body,
    ),
  };
}

function signedFigure(value: number): string {
  return value > 0 ? `+${figure(value)}` : figure(value);
}

function marks(
  points: readonly Point[],
  classes: Classes,
  groupOf: (k: number) => Group | undefined,
  x: Scale,
  y: Scale,
): Content {
  const radius = points.length > 60 ? 3.4 : 4.5;
  return join(
    ...points.map(({ k, count, norm }) =>
      mark(groupOf(k), x(count), y(norm), {
        radius,
        title: `${fitText(classes.name(k), 40)}: ${figure(norm)}, ${countOf(count, 'training sample')}`,
      }),
    ),
    ...(points.length <= MOST_NAMES ? names(points, classes, x, y) : []),
  );
}

/** Names beside their marks, where there is room that neither a mark nor a name has taken. */
function names(points: readonly Point[], classes: Classes, x: Scale, y: Scale): Content[] {
  type Box = readonly [x1: number, y1: number, x2: number, y2: number];
  const taken: Box[] = points.map(({ count, norm }) => [
    x(count) - 5,
    y(norm) - 5,
    x(count) + 5,
    y(norm) + 5,
  ]);
  return points.map(({ k, count, norm }) => {
    const words = fitText(classes.name(k), 12);
    const width = textWidth(words) * 11;
    const [px, py] = [x(count), y(norm)];
    for (const [dx, dy] of [
      [-width / 2, -10],
      [-width / 2, 18],
      [8, 4],
      [-8 - width, 4],
    ]) {
      const box: Box = [px + dx, py + dy - 9, px + dx + width, py + dy + 3];
      const fits =
        box[0] >= FRAME.left && box[2] <= WIDTH && box[3] <= FRAME.bottom && box[1] >= FRAME.top - 8;
      const free = taken.every(
        (other) => box[0] > other[2] || box[2] < other[0] || box[1] > other[3] || box[3] < other[1],
      );
      if (!(fits && free)) continue;
      taken.push(box);
      return text(words, box[0], py + dy, { class: 'small' });
    }
    return undefined;
  });
}

/** The 10 %, 50 % and 90 % quantiles of classes of similar counts, on top of a cloud of all. */
function quantiles(points: readonly Point[], classes: Classes, x: Scale, y: Scale): Content {
  const cut = cutIntoBins(points, BINS).map((bin) => {
    const sorted = bin.map(({ norm }) => norm).sort((a, b) => a - b);
    const counts = bin.map(({ count }) => count).sort((a, b) => a - b);
    return {
      at: x(quantileOf(counts, 0.5)),
      low: y(quantileOf(sorted, 0.1)),
      middle: y(quantileOf(sorted, 0.5)),
      high: y(quantileOf(sorted, 0.9)),
      group: prevailingGroup(
        bin.map(({ k }) => k),
        classes.groups,
      ),
    };
  });
  const cloud =
    points.length <= MOST_CLOUD &&
    element('path', {
      class: 'muted cloud',
      d: points.map(({ count, norm }) => `M${digits(x(count))} ${digits(y(norm))}h0`).join(''),
    });
  return join(
    cloud,
    band(
      'accent band',
      cut.map(({ at, high }) => [at, high]),
      cut.map(({ at, low }) => [at, low]),
    ),
    element(
      'g',
      { class: 'accent' },
      polyline(
        'stroke',
        cut.map(({ at, middle }) => [at, middle] as const),
      ),
    ),
    ...cut.map(({ group, at, middle }) => mark(group, at, middle)),
  );
}
