// Classes along the bottom of a plot, most training samples first.

import { cutIntoBins } from '../../../dist/evaluation/class-order.js';
import { text } from '../../../dist/report/chart.js';
import { element, join } from '../../../dist/report/markup.js';
import { groupRuns, meanOf } from '../../../dist/report/order.js';
import { linearScale } from '../../../dist/report/scales.js';
import { positiveOver } from './lines.mjs';

/** Of more classes neighbours share a point. */
const MOST_POINTS = 40;

/** Up to so many classes each has its number. */
const MOST_NUMBERS = 12;

/** Height that the axis takes below the frame. */
export const CLASS_AXIS = 66;

/**
 * @typedef {object} ClassAxis
 * @property {readonly number[][]} bins the classes of each point
 * @property {readonly number[]} places of the points
 * @property {import('../../../dist/report/markup.js').Markup} body
 */

/** @param {import('../../../dist/report/content.js').Classes} classes @param {import('../../../dist/report/axes.js').Frame} frame @returns {ClassAxis} */
export function classAxis({ count, order, groups }, { left, right, bottom }) {
  // Half a class is free on both sides, and as much as a mark takes.
  const x = linearScale([1, Math.max(count, 2)], [left + 12, right - 12]);
  const bins = cutIntoBins(
    order.map((k, i) => ({ k, rank: i + 1 })),
    MOST_POINTS,
  );
  const half = Math.min(12, (x(2) - x(1)) / 2);
  const numbers =
    count <= MOST_NUMBERS ? order.map((_, i) => i + 1) : [1, ...x.ticks.filter((rank) => rank > 1)];
  const small = (words, at, below) => text(words, at, bottom + below, { class: 'small', anchor: 'middle' });
  return {
    bins: bins.map((bin) => bin.map(({ k }) => k)),
    places: bins.map((bin) => x(meanOf(bin.map(({ rank }) => rank)))),
    body: join(
      ...numbers.map((rank) => small(`${rank}`, x(rank), 16)),
      ...groupRuns(order, (k) => groups?.[k]).flatMap(({ group, from, to }) => {
        const [start, end] = [x(from + 1) - half, x(to) + half];
        const bar = {
          class: 'muted fill',
          x: start + 1,
          y: bottom + 24,
          width: end - start - 2,
          height: 2.5,
        };
        return [element('rect', bar), end - start > group.length * 7 && small(group, (start + end) / 2, 40)];
      }),
      text('class, most training samples first', (left + right) / 2, bottom + 58, {
        ...{ class: 'label', anchor: 'middle' },
      }),
    ),
  };
}

/**
 * The points of a line: mean over the classes of each bin, then mean and deviation over seeds.
 * @param {ClassAxis} axis @param {readonly import('../measurement.mjs').Measurement[]} runs
 * @param {(run: import('../measurement.mjs').Measurement) => readonly (number | null)[] | undefined} valuesOf by class
 */
export function classPoints({ bins }, runs, valuesOf) {
  return bins.map((bin) => positiveOver(runs, (run) => meanOf(bin.map((k) => valuesOf(run)?.[k]))));
}

/** What a point stands for, where it is no single class. @param {ClassAxis} axis */
export function binWords({ bins }) {
  const most = Math.max(...bins.map((bin) => bin.length));
  return most > 1 ? ` Each point is the mean of up to ${most} neighbouring classes.` : '';
}

/**
 * Mean over the classes of 'few' over that of 'many'; null where there are none.
 * @param {import('../../../dist/report/content.js').Classes} classes @param {readonly (number | null)[]} values by class
 */
export function fewOverMany({ groups }, values) {
  const mean = (group) => meanOf(values.filter((_, k) => groups[k] === group));
  const [few, many] = [mean('few'), mean('many')];
  return few !== null && many > 0 ? few / many : null;
}
