/** Accuracy of each class before and after, with the training samples behind: one row per class. */

import { cutIntoBins } from '../evaluation/class-order.js';
import type { Evaluation } from '../evaluation/evaluate.js';
import type { Group } from '../evaluation/groups.js';
import { quantileOf } from '../evaluation/quantile.js';
import { bottomAxis, type Frame } from './axes.js';
import { line, type Plot, text, WIDTH } from './chart.js';
import type { Classes } from './content.js';
import { groupLegend, legend, mark } from './marks.js';
import { type Content, element, join } from './markup.js';
import { meanOf, prevailingGroup } from './order.js';
import { linearScale, type Scale } from './scales.js';
import { countOf, figure, fitText, percent } from './words.js';

/** Up to so many classes each has a row; beyond, neighbours by count share one. */
const MOST_ROWS = 60;
/** Rows where classes are put together. */
const BINS = 40;

const LEFT = 118;
const RIGHT = WIDTH - 62;

/** What is drawn of an evaluation. */
type Answers = Pick<Evaluation, 'perClass'>;

/** One row of the plot: a class, or the mean of several. */
interface Row {
  readonly classes: readonly number[];
  readonly words: string;
  readonly group: Group | undefined;
  readonly count: number | null;
  readonly before: number | null;
  readonly after: number | null | undefined;
  /** 10 % and 90 % quantiles of the accuracies of the row's classes. */
  readonly spread?: readonly [low: number, high: number];
}

export function accuracyPlot(
  { before, after }: { before: Answers; after?: Answers },
  classes: Classes,
  { name, setName }: { name: string; setName: string },
): Plot {
  const rows = rowsOf(before, after, classes);
  const single = rows.every((row) => row.classes.length === 1);
  const height = rows.length <= 12 ? 26 : rows.length <= 30 ? 20 : 14;
  const shown: Group[] = [...new Set(rows.flatMap(({ group }) => group ?? []))];
  const keys = legend(
    [
      ...(after
        ? [
            {
              draw: (x: number, y: number) => mark(undefined, x, y, { hollow: true, radius: 3.5 }),
              words: 'before',
            },
            { draw: (x: number, y: number) => mark(undefined, x, y), words: 'after' },
          ]
        : []),
      ...groupLegend(shown),
      ...(classes.trainCounts
        ? [
            {
              draw: (x: number, y: number) =>
                element('rect', { class: 'back', x: x - 6, y: y - 5, width: 14, height: 10 }),
              words: ' training samples',
            },
          ]
        : []),
    ],
    14,
  );
  const top = 14 + keys.height + 10;
  const frame: Frame = { left: LEFT, right: RIGHT, top, bottom: top + rows.length * height };
  const x = linearScale([0, 1], [LEFT, RIGHT]);
  const largest = rows.reduce((most, { count }) => Math.max(most, count ?? 0), 0);
  return {
    name,
    title: `Accuracy by class${after ? ', before and after' : ''}, ${setName}`,
    caption: captionOf(rows, { before, after }, classes, single),
    width: WIDTH,
    height: frame.bottom + 44,
    body: join(
      keys.body,
      classes.trainCounts && text('trained on', WIDTH - 4, top - 6, { class: 'small', anchor: 'end' }),
      ...rows.map(({ count }, i) => {
        const bar = count === null || largest === 0 ? 0 : ((RIGHT - LEFT) * count) / largest;
        return (
          bar > 0 &&
          element('rect', { class: 'back', x: LEFT, y: top + i * height + 1, width: bar, height: height - 2 })
        );
      }),
      bottomAxis(x, frame, { label: 'accuracy', write: (value) => `${Math.round(value * 100)} %` }),
      line('axis', LEFT, top, LEFT, frame.bottom),
      ...rows.map((row, i) => drawRow(row, top + (i + 0.5) * height, height, x)),
    ),
  };
}

function rowsOf(before: Answers, after: Answers | undefined, classes: Classes): Row[] {
  const cut = classes.count <= MOST_ROWS ? classes.order.map((k) => [k]) : cutIntoBins(classes.order, BINS);
  let rank = 0;
  return cut.map((bin) => {
    const from = rank + 1;
    rank += bin.length;
    const newest = bin.flatMap((k) => (after ?? before).perClass[k] ?? []).sort((a, b) => a - b);
    return {
      classes: bin,
      words: bin.length === 1 ? classes.name(bin[0]) : `${figure(from)}.–${figure(rank)}.`,
      group: prevailingGroup(bin, classes.groups),
      count: meanOf(bin.map((k) => classes.trainCounts?.[k])),
      before: meanOf(bin.map((k) => before.perClass[k])),
      after: after && meanOf(bin.map((k) => after.perClass[k])),
      spread:
        bin.length > 2 && newest.length > 2 ? [quantileOf(newest, 0.1), quantileOf(newest, 0.9)] : undefined,
    };
  });
}

function drawRow(
  { words, group, count, before, after, spread }: Row,
  y: number,
  height: number,
  x: Scale,
): Content {
  const radius = height < 18 ? 3.6 : 4.5;
  const told = fitText(words, 40);
  const last = after === undefined ? before : after;
  return join(
    text(fitText(words, (LEFT - 14) / 12), LEFT - 8, y + 4, {
      class: height < 18 ? 'small' : undefined,
      anchor: 'end',
    }),
    count !== null && text(figure(Math.round(count)), WIDTH - 4, y + 4, { class: 'small', anchor: 'end' }),
    spread &&
      element('rect', {
        class: `${group ?? 'accent'} band`,
        x: x(spread[0]),
        y: y - height * 0.28,
        width: x(spread[1]) - x(spread[0]),
        height: height * 0.56,
      }),
    last === null && text('no samples', LEFT + 8, y + 4, { class: 'small' }),
    before !== null && after != null && line(`${group ?? 'accent'} stroke`, x(before), y, x(after), y),
    before !== null &&
      after !== undefined &&
      mark(undefined, x(before), y, {
        hollow: true,
        radius: radius * 0.78,
        title: `${told}, before: ${percent(before)}`,
      }),
    last !== null &&
      mark(group, x(last), y, {
        radius,
        title: `${told}${after === undefined ? '' : ', after'}: ${percent(last)}`,
      }),
  );
}

function captionOf(
  rows: readonly Row[],
  { before, after }: { before: Answers; after?: Answers },
  { trainCounts }: Classes,
  single: boolean,
): string {
  const most = Math.max(...rows.map((row) => row.classes.length));
  const order = trainCounts
    ? single
      ? 'One row per class, most training samples on top. '
      : `Each row is the mean of up to ${countOf(most, 'class', 'classes')} with similar training samples, most on top; the faint band holds the middle 80 % of them. `
    : single
      ? 'One row per class. '
      : `Each row is the mean of up to ${countOf(most, 'class', 'classes')}. `;
  if (!after) {
    return `${order}${trainCounts ? 'Where the marks fall off with the bars behind, the head has learnt the frequencies.' : ''}`.trim();
  }
  const better = before.perClass.filter((a, k) => a !== null && (after.perClass[k] ?? 0) > a).length;
  const worse = before.perClass.filter((a, k) => a !== null && (after.perClass[k] ?? 0) < a).length;
  return `${order}A line leads from before to after: ${countOf(better, 'class', 'classes')} gained, ${figure(worse)} lost.`;
}
