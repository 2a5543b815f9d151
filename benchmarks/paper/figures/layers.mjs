// Figure 6: ReLUFDR along the layers of the networks whose layers give out vectors, MLPs and ResBlocks.

import { text } from '../../../dist/report/chart.js';
import { join } from '../../../dist/report/markup.js';
import { mnist } from '../names.mjs';
import { figureBlocks, paperFigure, setsWithoutModel } from './blocks.mjs';
import { linesPanel, logAxis, NAMES, positiveOver } from './lines.mjs';
import { seedsWords } from './spread-words.mjs';

const WIDTH = 920;
const FRAME = { left: 48, right: WIDTH - NAMES, top: 54, bottom: 330 };

const KINDS = { linear: 'linear', normalization: 'BN', activation: 'ReLU', features: 'features' };

/** @param {import('./blocks.mjs').Material} material */
export function drawLayers(material) {
  return layeredBlocks(material).map(({ block, series, kinds }) => {
    const lines = series.map(({ label, look, runs }) => ({
      ...{ label, look },
      points: kinds.map((_, i) => positiveOver(runs, ({ layers }) => layers[i].reluFdr)),
    }));
    const room = (FRAME.right - FRAME.left) / kinds.length;
    const places = kinds.map((_, i) => FRAME.left + (i + 0.5) * room);
    return paperFigure(block, series, {
      name: 'figure6',
      title: 'Figure 6: ReLUFDR of each layer',
      caption:
        'Fisher’s discriminant ratio of what each layer gives out, behind a ReLU, from the input to what the head takes. ' +
        `It should grow to the right; where it falls, the layer mixes classes that were apart. ${seedsWords(series, 'the band is')}`,
      width: WIDTH,
      height: FRAME.bottom + 44,
      body: join(
        linesPanel(lines, FRAME, { y: logAxis(lines, FRAME), places, label: 'ReLUFDR (log scale)' }),
        ...layerNames(kinds, places, room),
      ),
    });
  });
}

/** @param {import('./blocks.mjs').Material} material */
export function missingLayers(material) {
  const blocks = layeredBlocks(material);
  return [
    ...setsWithoutModel(material, ['mlp3', 'mlp4', 'mlp5'].map(mnist)),
    ...blocks.flatMap(({ leftOut }) => leftOut),
    ...(blocks.length > 0
      ? ['Networks without training and WD w/o shift, which the paper has: no model.']
      : []),
  ];
}

/** Blocks with layers, and those of their methods whose networks have the very same kinds of layers. */
function layeredBlocks(material) {
  return figureBlocks(material).flatMap((block) => {
    const layered = block.series.filter(({ runs }) => runs.every(({ layers }) => layers?.length > 0));
    if (layered.length === 0) return [];
    const kinds = kindsOf(layered[0].runs[0]);
    const same = ({ runs }) => runs.every((run) => `${kindsOf(run)}` === `${kinds}`);
    const leftOut = layered
      .filter((series) => !same(series))
      .map(
        ({ label }) =>
          `${block.title}, ${block.network}: ${label} has other layers than ${layered[0].label}.`,
      );
    return [{ block, kinds, series: layered.filter(same), leftOut }];
  });
}

const kindsOf = ({ layers }) => layers.map(({ kind }) => kind);

/** Kind and number of each layer; of many, some. */
function layerNames(kinds, places, room) {
  const every = Math.ceil(46 / room);
  const seen = new Map();
  return kinds.map((kind, i) => {
    const number = (seen.get(kind) ?? 0) + 1;
    seen.set(kind, number);
    if (i % every !== 0) return undefined;
    const style = { class: 'tick', anchor: 'middle' };
    return join(
      text(KINDS[kind] ?? kind, places[i], FRAME.bottom + 16, style),
      kind !== 'features' && text(`${number}`, places[i], FRAME.bottom + 31, style),
    );
  });
}
