// What the methods are worth: average test accuracy of each, by what is done to its head.

import { headOf, over } from '../aggregate.mjs';
import { longTailedBlocks, paperFigure } from './blocks.mjs';
import { dotsPlot } from './dots.mjs';
import { lookOfHead, symbol } from './looks.mjs';
import { percentWords, seedsWords } from './spread-words.mjs';

const HEADS = {
  none: 'as trained',
  additive: 'additive LA',
  multiplicative: 'multiplicative LA',
  wb: 'weight balancing',
};

/** @param {import('./blocks.mjs').Material} material */
export function drawAccuracy(material) {
  return longTailedBlocks(material).map((block) => {
    const { series } = block;
    const names = Object.keys(HEADS).filter((name) =>
      series.some(({ runs }) => runs.some((run) => headOf(run, name))),
    );
    const rows = series.map(({ label, runs }) => ({
      label,
      values: names.map((name) => over(runs, (run) => headOf(run, name)?.test.average)),
    }));
    const kinds = names.map((name) => kindOf(HEADS[name], lookOfHead(name)));
    return paperFigure(block, series, {
      name: 'accuracy',
      title: 'Test accuracy by method and head',
      caption:
        'Average of the accuracies of the classes, in per cent. Logit adjustment (LA) as strong as validation chose; weight balancing is its second stage. ' +
        `${bestWords(rows, names)} ${seedsWords(series, 'the line is')}`,
      ...dotsPlot(rows, kinds, {
        ...{ label: 'average per-class accuracy on test, %', best: true },
        ...{ write: (share) => `${Math.round(100 * share)}`, tell: percentWords },
      }),
    });
  });
}

/** @param {import('./blocks.mjs').Material} material */
export function missingAccuracy(material) {
  return longTailedBlocks(material).length > 0 ? [] : ['No model of a long-tailed data set.'];
}

/** @param {import('./looks.mjs').Look} look @returns {import('./dots.mjs').Kind} */
const kindOf = (words, look) => ({ words, colour: look.colour, draw: (x, y) => symbol(look, x, y, 4.2) });

function bestWords(rows, names) {
  const all = rows.flatMap(({ label, values }) =>
    values.flatMap((spread, i) => (spread ? [{ label, head: HEADS[names[i]], spread }] : [])),
  );
  const [best] = all.sort((a, b) => b.spread.mean - a.spread.mean);
  return `Highest: ${best.label}, ${best.head}, ${percentWords(best.spread)} %.`;
}
