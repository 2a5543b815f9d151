// What a figure is drawn of: the methods of one network on one data set, and where, and why, there is nothing to draw.

import { byCount } from '../../../dist/evaluation/class-order.js';
import { standaloneSvg, text } from '../../../dist/report/chart.js';
import { join } from '../../../dist/report/markup.js';
import { fitText, oneLine } from '../../../dist/report/words.js';
import { blocksOf, blockTitle, seedsText } from '../aggregate.mjs';
import { cutOf, isOf, METHODS, methodTitle, networkTitle, STAGE_ONE, whyMissing } from '../names.mjs';
import { lookOfMethod, lookStyles } from './looks.mjs';

/**
 * @typedef {object} Series the measurements of one method, one a seed
 * @property {string} method @property {string} label @property {import('./looks.mjs').Look} look @property {Measurement[]} runs
 *
 * @typedef {object} FigureBlock
 * @property {string} slug for names of files
 * @property {string} title of the data set
 * @property {string} network with its epochs
 * @property {(series: readonly Series[]) => string} seedsOf those methods
 * @property {import('../../../dist/report/content.js').Classes} classes
 * @property {Series[]} series in the paper's order
 * @property {import('../measurement.mjs').MeasuredModel} model one of them
 *
 * @typedef {import('../measurement.mjs').Measurement} Measurement
 * @typedef {{ name: string, title: string, caption: string, svg: string }} PaperFigure `name` is the file's, without its ending
 * @typedef {{ measurements: readonly Measurement[], noData?: ReadonlyMap<string, string> }} Material
 */

/** Classes that differ by less than this in size have no tail. */
const LONG_TAIL = 2;

/** 'CE w/o WD', 'WD&ETF' @param {string} method */
export const labelOf = (method) => STAGE_ONE[method] ?? methodTitle(method);

/** Every network on every data set. @param {Material} material @returns {FigureBlock[]} */
export function figureBlocks({ measurements }) {
  const known = Object.keys(METHODS);
  const others = measurements.map(({ model }) => model.method).filter((method) => !known.includes(method));
  return blocksOf(measurements, { methods: [...known, ...new Set(others.sort())] }).map((block) => {
    const series = block.wanted.map((method) => ({
      ...{ method, label: labelOf(method), look: lookOfMethod(method), runs: block.methods.get(method) },
    }));
    const [first] = series[0].runs;
    return {
      slug: slugOf(first.model),
      title: block.title,
      network: blockTitle(block),
      seedsOf: (shown) => seedsText({ ...block, wanted: shown.map(({ method }) => method) }, labelOf),
      classes: classesOf(first),
      series,
      model: first.model,
    };
  });
}

/** Those whose classes have a tail. @param {Material} material */
export function longTailedBlocks(material) {
  return figureBlocks(material).filter(({ classes: { trainCounts } }) => {
    return Math.max(...trainCounts) >= LONG_TAIL * Math.min(...trainCounts);
  });
}

/** @param {Measurement} measurement @returns {import('../../../dist/report/content.js').Classes} */
function classesOf({ classes, counts, groups, thresholds }) {
  const name = (k) => oneLine(classes[k] ?? '') || `${k}`;
  return { count: counts.length, trainCounts: counts, groups, thresholds, order: byCount(counts), name };
}

function slugOf(model) {
  const cut = cutOf(model);
  return [model.dataset, cut && !model.dataset.endsWith('-lt') && 'lt', cut !== 100 && cut, model.model]
    .filter(Boolean)
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
}

/**
 * A drawing as a file, with what it is drawn of on top.
 * @param {FigureBlock} block @param {readonly Series[]} series those of it that are drawn
 * @param {{ name: string, title: string, caption: string, width: number, height: number, body: import('../../../dist/report/markup.js').Markup }} plot
 * @returns {PaperFigure}
 */
export function paperFigure(
  { slug, title: set, network, seedsOf },
  series,
  { name, title, caption, body, ...size },
) {
  const setting = fitText(`${network}, ${seedsOf(series)}`, (size.width - 16) / 11);
  const plot = {
    ...{ name: `${name}-${slug}`, title: `${title}, ${fitText(set, 32)}`, caption, ...size },
    body: join(lookStyles(), text(setting, 8, 8, { class: 'small' }), body),
  };
  return { name: plot.name, title: plot.title, caption, svg: standaloneSvg(plot) };
}

/** Data sets of the paper that nothing was measured on. @param {Material} material @param {readonly import('../names.mjs').PaperSet[]} sets */
export function setsWithoutModel({ measurements, noData = new Map() }, sets) {
  return sets
    .filter((set) => !measurements.some(({ model }) => isOf(model, set)))
    .map((set) => {
      const networks = (set.only ?? []).map((network) => `, ${networkTitle(network)}`).join('');
      return whyMissing(set, noData) ?? `${set.title}${networks}: no model.`;
    });
}

/** Methods of the paper's figure that a block lacks. @param {FigureBlock} block @param {readonly string[]} methods */
export function methodsWithoutModel({ title, network, series }, methods) {
  const missing = methods.filter((wanted) => !series.some(({ method }) => method === wanted));
  if (missing.length === 0) return [];
  return [`${title}, ${network}: no model of ${missing.map(labelOf).join(', ')}.`];
}
