// Figure 1 (and, for mini-ImageNet-LT, 4): the mean cosine similarity of training features, class by class, a map per method.

import { cutIntoBins } from '../../../dist/evaluation/class-order.js';
import { text } from '../../../dist/report/chart.js';
import { cosineMap, STRIP } from '../../../dist/report/cosine-map.js';
import { cosineRows, leastCosine } from '../../../dist/report/cosine-rows.js';
import { cosineScale } from '../../../dist/report/cosine-scale.js';
import { groupLegend, legend } from '../../../dist/report/marks.js';
import { join } from '../../../dist/report/markup.js';
import { meanOf } from '../../../dist/report/order.js';
import { countOf } from '../../../dist/report/words.js';
import { over } from '../aggregate.mjs';
import { SETS } from '../names.mjs';
import { longTailedBlocks, methodsWithoutModel, paperFigure, setsWithoutModel } from './blocks.mjs';
import { spreadWords } from './spread-words.mjs';

const METHODS = ['ce', 'cb', 'ce-wd', 'cb-wd'];

const LEFT = 98;
const TOP = 76;
const SIDE = 186;
const STEP = SIDE + 18;
const LEAST_WIDTH = 460;

/** Rows of a map, the most whose four maps stay a small file. */
const ROWS = [50, 40, 33, 25];
const MOST_LETTERS = 45_000;

/** A sheet has so many maps. */
const ACROSS = 4;

/** @param {import('./blocks.mjs').Material} material */
export function drawCosines(material) {
  return longTailedBlocks(material).flatMap((block) => {
    const number = block.model.dataset === SETS.miniLt.dataset ? 4 : 1;
    const name = number === 4 ? 'figure4-cosine' : 'figure1';
    const title = `Figure ${number}: mean cosine similarity of training features`;
    const maps = block.series.map((series) => ({ series, cosine: meanCosines(series.runs) }));
    const negative = maps.some(({ cosine }) => leastCosine(rowsOf(cosine, block, ROWS[0])) < -0.025);
    const sheet = (shown, extra) =>
      drawSheet(block, shown, {
        name: name + extra,
        title: extra ? `Figure ${number}, further methods` : title,
        negative,
      });
    const inPaper = maps.filter(({ series }) => METHODS.includes(series.method));
    const others = maps.filter((map) => !inPaper.includes(map));
    return [
      ...(inPaper.length > 0 ? [sheet(inPaper, '')] : []),
      ...sheets(others).map((shown, i) => sheet(shown, i === 0 ? '-further' : `-further-${i + 1}`)),
    ];
  });
}

/** @param {import('./blocks.mjs').Material} material */
export function missingCosines(material) {
  return [
    ...setsWithoutModel(material, [SETS.c10lt, SETS.c100lt, SETS.miniLt]),
    ...longTailedBlocks(material).flatMap((block) => methodsWithoutModel(block, METHODS)),
  ];
}

/** As few sheets as there must be, with about as many maps each. */
const sheets = (maps) => cutIntoBins(maps, Math.ceil(maps.length / ACROSS));

/** The mean over seeds of each cell, and of the means. @param {import('../measurement.mjs').Measurement[]} runs */
function meanCosines(runs) {
  const matrices = runs.map(({ train }) => train.cosine.matrix);
  return {
    matrix: matrices[0].map((row, k) => row.map((_, l) => meanOf(matrices.map((matrix) => matrix[k][l])))),
    sameClass: over(runs, ({ train }) => train.cosine.sameClass),
    differentClass: over(runs, ({ train }) => train.cosine.differentClass),
  };
}

const rowsOf = ({ matrix }, { classes }, most) => cosineRows({ matrix }, classes.order, most);

function drawSheet(block, maps, { negative, ...words }) {
  const { rows, drawn } = drawSmall(block, maps);
  const bottom = TOP + SIDE + (rows.same ? STRIP : 0);
  const { unnamed } = drawn[0];
  const keys = unnamed.length > 0 ? legend(groupLegend(unnamed), bottom + 96) : undefined;
  const right = LEFT + (maps.length - 1) * STEP + SIDE;
  const shown = maps.map(({ series }) => series);
  return paperFigure(block, shown, {
    ...words,
    caption: captionOf(maps, rows),
    width: Math.max(right + 12, LEAST_WIDTH),
    height: bottom + 88 + (keys?.height ?? 0),
    body: join(
      ...maps.map(({ series, cosine }, i) => {
        const x = LEFT + i * STEP;
        return join(
          drawn[i].body,
          text(series.label, x, TOP - 36, { class: 'strong' }),
          text(`same class ${spreadWords(cosine.sameClass)}`, x, bottom + 18, { class: 'small' }),
          text(`different ${spreadWords(cosine.differentClass)}`, x, bottom + 33, { class: 'small' }),
        );
      }),
      cosineScale(
        { sameClass: null, differentClass: null },
        { left: LEFT, right: LEFT + 320, y: bottom + 54, negative },
      ),
      keys?.body,
    ),
  });
}

/** All maps with as many rows as a small file has room for. */
function drawSmall(block, maps) {
  for (const most of ROWS) {
    const all = maps.map(({ cosine }) => rowsOf(cosine, block, most));
    const drawn = all.map((rows, i) =>
      cosineMap(
        rows,
        block.classes,
        { left: LEFT + i * STEP, top: TOP, side: SIDE },
        { names: i === 0, quiet: true },
      ),
    );
    const letters = drawn.reduce((sum, { body }) => sum + body.source.length, 0);
    if (letters <= MOST_LETTERS || most === ROWS.at(-1)) return { rows: all[0], drawn };
  }
  throw new Error('Unreachable.');
}

function captionOf(maps, { bins, same }) {
  const most = Math.max(...bins.map((bin) => bin.length));
  const cells = same
    ? `each cell is the mean over pairs of different classes in a block of up to ${most} × ${countOf(most, 'class', 'classes')}, and the strip below has the pairs of one class`
    : 'the diagonal compares samples of one class';
  const means = maps.map(({ series, cosine }) => `${series.label} ${spreadWords(cosine.differentClass)}`);
  return (
    `Classes from most to fewest training samples, rows and columns alike; ${cells}. The colours mean the same in all maps. ` +
    `Mean over pairs of different classes: ${means.join(', ')}.`
  );
}
