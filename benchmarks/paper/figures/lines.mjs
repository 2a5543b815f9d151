// Lines over classes or layers on a log scale, each named where it ends.

import { leftAxis } from '../../../dist/report/axes.js';
import { band, line, polyline, text } from '../../../dist/report/chart.js';
import { element, join } from '../../../dist/report/markup.js';
import { groupRuns } from '../../../dist/report/order.js';
import { linearScale, logScale } from '../../../dist/report/scales.js';
import { fitText, range, shortNumber } from '../../../dist/report/words.js';
import { over } from '../aggregate.mjs';
import { inColour, strokeOf, symbol } from './looks.mjs';

/**
 * @typedef {import('../aggregate.mjs').Spread} Spread
 * @typedef {import('../../../dist/report/axes.js').Frame} Frame
 * @typedef {import('../../../dist/report/scales.js').Scale} Scale
 * @typedef {{ label: string, look: import('./looks.mjs').Look, points: (Spread | undefined)[] }} Line
 */

/** Room that the names take right of the frame. */
export const NAMES = 146;

/** Up to so many places each has a mark. */
const MOST_MARKS = 24;
/** Marks of a line where not. */
const MARKS_OF_MANY = 8;

/** Between two names, from line to line. */
const GAP = 14;

/** A log scale, upwards, with room for all lines; of a narrow range with the ticks of a linear one. @param {readonly Line[]} lines */
export function logAxis(lines, { top, bottom }) {
  // A deviation as large as its mean would reach down for ever: bands are cut off where the axis ends.
  const values = lines
    .flatMap(({ points }) => points)
    .flatMap((point) =>
      point ? [point.mean + point.sd, Math.max(point.mean - point.sd, point.mean / 3)] : [],
    );
  if (values.length === 0) return logScale([1, 10], [bottom, top]);
  const domain = [Math.min(...values) / 1.08, Math.max(...values) * 1.08];
  const scale = logScale(domain, [bottom, top]);
  if (scale.ticks.length > 2) return scale;
  const { ticks } = linearScale(domain, [bottom, top], { count: 8 });
  return Object.assign((value) => scale(value), { domain: scale.domain, ticks });
}

/** As `over`; what cannot be on a log scale is no point. @type {typeof over} */
export function positiveOver(runs, pick) {
  const spread = over(runs, pick);
  return spread && spread.mean > 0 ? spread : undefined;
}

/**
 * @param {readonly Line[]} lines @param {Frame} frame
 * @param {{ y: Scale, places: readonly number[], label: string }} options `places` along the frame, one for each point
 */
export function linesPanel(lines, frame, { y, places, label }) {
  const ends = lines.flatMap((one) => {
    const last = one.points.findLastIndex((point) => point !== undefined);
    return last < 0 ? [] : [{ one, x: places[last], y: y(one.points[last].mean) }];
  });
  const heights = spreadOut(
    ends.map((end) => end.y),
    GAP,
    [frame.top, frame.bottom],
  );
  return join(
    leftAxis(y, frame, { label, write: shortNumber }),
    line('axis', frame.left, frame.bottom, frame.right, frame.bottom),
    ...lines.map((one) => drawBand(one, y, places)),
    ...lines.map((one, i) => drawLine(one, y, places, i / lines.length)),
    ...ends.map(({ one, x, y: from }, i) => nameAtEnd(one, { x, y: from }, frame.right, heights[i])),
  );
}

function drawBand({ look, points }, y, places) {
  const [lowest] = y.domain;
  const edge = (value, i) => [places[i], y(Math.max(value, lowest))];
  const bands = stretches(points, (point) => point !== undefined && point.n > 1).map((indices) =>
    band(
      'band',
      indices.map((i) => edge(points[i].mean + points[i].sd, i)),
      indices.map((i) => edge(points[i].mean - points[i].sd, i)),
    ),
  );
  return bands.length > 0 && element('g', { class: look.colour }, ...bands);
}

function drawLine({ label, look, points }, y, places, shift) {
  const at = (i) => [places[i], y(points[i].mean)];
  const there = stretches(points, (point) => point !== undefined);
  // Of many places some have a mark, those of each line elsewhere.
  const step = points.length <= MOST_MARKS ? 1 : Math.ceil(points.length / MARKS_OF_MANY);
  const marked = there.flat().filter((i) => i % step === Math.floor(shift * step));
  const values = there.flat().map((i) => points[i].mean);
  if (values.length === 0) return undefined;
  const words = `${label}: ${range([Math.min(...values), Math.max(...values)])}`;
  return inColour(
    look,
    words,
    ...there.map((indices) => polyline(strokeOf(look), indices.map(at))),
    ...marked.map((i) => symbol(look, ...at(i), 3.6)),
  );
}

/** A mark and a name right of the frame, and a thin line to where the line ends. */
function nameAtEnd({ label, look }, { x, y }, right, height) {
  return join(
    polyline('axis', [
      [x + 5, y],
      [Math.max(x + 5, right + 4), y],
      [right + 13, height],
    ]),
    symbol(look, right + 19, height, 4),
    text(fitText(label, (NAMES - 30) / 11), right + 28, height + 4, { class: 'cell' }),
  );
}

/** Runs of neighbouring indices of what fits. */
function stretches(items, fits) {
  return groupRuns(items, (item) => (fits(item) ? 'there' : undefined)).map(({ from, to }) =>
    Array.from({ length: to - from }, (_, i) => from + i),
  );
}

/**
 * Places that are `gap` apart, in the order of those wanted and near to them, between the bounds as long as they fit. Those that
 * would overlap stand about the middle of what they want.
 */
export function spreadOut(wanted, gap, [low, high]) {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b);
  const clusterOf = (members) => {
    const half = ((members.length - 1) * gap) / 2;
    const middle = members.reduce((sum, i) => sum + wanted[i], 0) / members.length;
    const first = Math.max(low, Math.min(high - half, middle) - half);
    return { members, first, last: first + 2 * half };
  };
  const clusters = [];
  for (const i of order) {
    let cluster = clusterOf([i]);
    while (clusters.length > 0 && clusters.at(-1).last + gap > cluster.first) {
      cluster = clusterOf([...clusters.pop().members, ...cluster.members]);
    }
    clusters.push(cluster);
  }
  const places = [];
  for (const { members, first } of clusters) {
    for (const [at, i] of members.entries()) places[i] = first + at * gap;
  }
  return places;
}
