// Figure 2 (and, for mini-ImageNet-LT, 4): the length of the class means, of training features and of test features.

import { element, join } from '../../../dist/report/markup.js';
import { figure } from '../../../dist/report/words.js';
import { over } from '../aggregate.mjs';
import { SETS } from '../names.mjs';
import { longTailedBlocks, methodsWithoutModel, paperFigure, setsWithoutModel } from './blocks.mjs';
import { binWords, CLASS_AXIS, classAxis, classPoints, fewOverMany } from './class-axis.mjs';
import { linesPanel, logAxis, NAMES } from './lines.mjs';
import { seedsWords } from './spread-words.mjs';

const METHODS = ['ce', 'cb', 'ce-wd', 'cb-wd'];
const PANEL = 460;
const FRAME = { left: 48, right: PANEL - NAMES, top: 54, bottom: 324 };
const PARTS = { train: 'training features', test: 'test features' };

/** @param {import('./blocks.mjs').Material} material */
export function drawNorms(material) {
  return longTailedBlocks(material).map((block) => {
    const { classes, series } = block;
    const number = block.model.dataset === SETS.miniLt.dataset ? 4 : 2;
    const axis = classAxis(classes, FRAME);
    const panels = Object.entries(PARTS).map(([part, words]) => ({
      label: `‖μₖ‖ of ${words} (log scale)`,
      lines: series.map(({ label, look, runs }) => ({
        ...{ label, look },
        points: classPoints(axis, runs, (run) => run[part].classMeanNorms),
      })),
    }));
    const y = logAxis(
      panels.flatMap(({ lines }) => lines),
      FRAME,
    );
    return paperFigure(block, series, {
      name: number === 4 ? 'figure4-norms' : 'figure2',
      title: `Figure ${number}: length of the class means`,
      caption: captionOf(block, axis),
      width: PANEL * panels.length,
      height: FRAME.bottom + CLASS_AXIS,
      body: join(
        ...panels.map(({ label, lines }, i) =>
          element(
            'g',
            { transform: `translate(${i * PANEL} 0)` },
            linesPanel(lines, FRAME, { y, places: axis.places, label }),
            axis.body,
          ),
        ),
      ),
    });
  });
}

/** @param {import('./blocks.mjs').Material} material */
export function missingNorms(material) {
  return [
    ...setsWithoutModel(material, [SETS.c10lt, SETS.c100lt, SETS.miniLt]),
    ...longTailedBlocks(material).flatMap((block) => methodsWithoutModel(block, METHODS)),
  ];
}

function captionOf({ classes, series }, axis) {
  const ratios = series.flatMap(({ label, runs }) => {
    const ratio = over(runs, ({ train }) => fewOverMany(classes, train.classMeanNorms));
    return ratio ? [`${label} ${figure(ratio.mean)}`] : [];
  });
  const told =
    ratios.length > 0
      ? ` Mean of the few classes over that of the many, in training: ${ratios.join(', ')}.`
      : '';
  return `Both panels have one scale.${binWords(axis)} ${seedsWords(series, 'the band is')}${told}`;
}
