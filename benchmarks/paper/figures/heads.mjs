// Figure 5: the length of the head's rows, before and after weight balancing's second stage, and adjusted in its place.

import { element, join } from '../../../dist/report/markup.js';
import { figure } from '../../../dist/report/words.js';
import { headOf, over } from '../aggregate.mjs';
import { SETS } from '../names.mjs';
import { longTailedBlocks, methodsWithoutModel, paperFigure, setsWithoutModel } from './blocks.mjs';
import { binWords, CLASS_AXIS, classAxis, classPoints, fewOverMany } from './class-axis.mjs';
import { linesPanel, logAxis, NAMES } from './lines.mjs';
import { lookOfHead } from './looks.mjs';
import { seedsWords } from './spread-words.mjs';

/** Weight balancing's first stage. */
const METHOD = 'ce-wd';

const TRAINED = { none: 'stage 1', wb: 'WB', 'wb-norm': 'WD & Norm & CB' };
const ALL = { ...TRAINED, multiplicative: 'multiplicative LA' };

const PANEL = 460;
const FRAME = { left: 48, right: PANEL - NAMES, top: 54, bottom: 304 };

/** @param {import('./blocks.mjs').Material} material */
export function drawHeads(material) {
  return longTailedBlocks(material).flatMap((block) => {
    const series = block.series.find(({ method }) => method === METHOD);
    if (!series) return [];
    const axis = classAxis(block.classes, FRAME);
    // Rows of an adjusted head are up to a thousand times as long, which says nothing and would flatten the others.
    const left = linesOf(series.runs, TRAINED, axis, (norms) => norms);
    const right = linesOf(series.runs, ALL, axis, overGeometricMean);
    return [
      paperFigure(block, [series], {
        name: 'figure5',
        title: 'Figure 5: length of the head’s rows',
        caption: captionOf(block, series, axis),
        width: 2 * PANEL,
        height: FRAME.bottom + CLASS_AXIS,
        body: join(
          drawPanel(left, axis, '‖wₖ‖ (log scale)', 0),
          drawPanel(right, axis, '‖wₖ‖ over the head’s geometric mean (log scale)', PANEL),
        ),
      }),
    ];
  });
}

/** @param {import('./blocks.mjs').Material} material */
export function missingHeads(material) {
  return [
    ...setsWithoutModel(material, [SETS.c10lt, SETS.c100lt, SETS.miniLt]),
    ...longTailedBlocks(material).flatMap((block) => methodsWithoutModel(block, [METHOD])),
  ];
}

function linesOf(runs, heads, axis, convert) {
  const there = Object.entries(heads).filter(([name]) => runs.some((run) => headOf(run, name)));
  return there.map(([name, label]) => ({
    ...{ label, look: lookOfHead(name) },
    points: classPoints(axis, runs, (run) => {
      const norms = headOf(run, name)?.weightNorms;
      return norms && convert(norms);
    }),
  }));
}

function drawPanel(lines, { places, body }, label, x) {
  const panel = linesPanel(lines, FRAME, { y: logAxis(lines, FRAME), places, label });
  return element('g', { transform: `translate(${x} 0)` }, panel, body);
}

function overGeometricMean(norms) {
  const logs = norms.filter((norm) => norm > 0).map(Math.log);
  const mean = Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
  return norms.map((norm) => norm / mean);
}

function captionOf({ classes }, series, axis) {
  const ratios = Object.entries(ALL).flatMap(([name, label]) => {
    const ratio = over(series.runs, (run) => {
      const norms = headOf(run, name)?.weightNorms;
      return norms && fewOverMany(classes, norms);
    });
    return ratio ? [`${label} ${figure(ratio.mean)}`] : [];
  });
  const told =
    ratios.length > 0 ? ` Mean row of the few classes over that of the many: ${ratios.join(', ')}.` : '';
  return (
    `Stage 1 is ${series.label}; WB weight balancing’s second stage, WD & Norm & CB the same from rows of length 1 and without MaxNorm, ` +
    `${ALL.multiplicative} the head of stage 1 adjusted as validation chose. On the right each head is divided by the geometric mean of ` +
    `its rows: lines that rise favour the few.${told}${binWords(axis)} ${seedsWords([series], 'the band is')}`
  );
}
