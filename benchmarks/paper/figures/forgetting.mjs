// Figure 3: how often a training sample is forgotten, by method and by group of its class.

import { mark } from '../../../dist/report/marks.js';
import { shortNumber } from '../../../dist/report/words.js';
import { over } from '../aggregate.mjs';
import { SETS } from '../names.mjs';
import { labelOf, longTailedBlocks, methodsWithoutModel, paperFigure, setsWithoutModel } from './blocks.mjs';
import { dotsPlot } from './dots.mjs';
import { seedsWords, spreadWords } from './spread-words.mjs';

const METHODS = ['ce', 'cb', 'ce-wd', 'cb-wd'];

const GROUPS = {
  average: { words: 'all samples', group: undefined, hollow: true },
  many: { words: 'of many classes', group: 'many' },
  medium: { words: 'of medium', group: 'medium' },
  few: { words: 'of few', group: 'few' },
};

/** @param {import('./blocks.mjs').Material} material */
export function drawForgetting(material) {
  return longTailedBlocks(material).flatMap((block) => {
    const series = block.series.filter(scored);
    if (series.length === 0) return [];
    const names = Object.keys(GROUPS).filter((name) => series.some(({ runs }) => spreadOf(runs, name)));
    const rows = series.map(({ label, runs }) => ({
      label,
      values: names.map((name) => spreadOf(runs, name)),
    }));
    const kinds = names.map((name) => {
      const { words, group, hollow } = GROUPS[name];
      return { words, colour: group ?? 'accent', draw: (x, y) => mark(group, x, y, { hollow, radius: 4.2 }) };
    });
    return [
      paperFigure(block, series, {
        name: 'figure3',
        title: 'Figure 3: forgetting scores',
        caption:
          'How often a training sample went from right to wrong from one epoch to the next, on average; ' +
          `a sample that was never right counts all ${block.model.epochs} epochs. ${seedsWords(series, 'the line is')}`,
        ...dotsPlot(rows, kinds, {
          ...{ label: 'mean forgetting score', fromZero: true, write: shortNumber, tell: spreadWords },
        }),
      }),
    ];
  });
}

/** @param {import('./blocks.mjs').Material} material */
export function missingForgetting(material) {
  return [
    ...setsWithoutModel(material, [SETS.c10lt, SETS.c100lt]),
    ...longTailedBlocks(material).flatMap((block) => [
      ...methodsWithoutModel(block, METHODS),
      ...block.series
        .filter((series) => !scored(series))
        .map(({ method }) => `${block.title}, ${block.network}: no scores in the log of ${labelOf(method)}.`),
    ]),
  ];
}

const spreadOf = (runs, name) => over(runs, ({ forgetting }) => forgetting?.[name]);
const scored = ({ runs }) => runs.some(({ forgetting }) => forgetting);
