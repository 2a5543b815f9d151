// How methods and heads look: a colour for each family, and shape, filling and dashes within it, so that nothing is told by colour alone.

import { outline } from '../../../dist/report/marks.js';
import { element, join, Markup } from '../../../dist/report/markup.js';
import { DARK, LIGHT } from '../../../dist/report/palette.js';
import { colourStyles } from '../../../dist/report/styles.js';

/**
 * @typedef {object} Look
 * @property {keyof typeof COLOURS} colour
 * @property {import('../../../dist/report/marks.js').Shape} shape
 * @property {boolean} [hollow]
 * @property {'dash' | 'dots'} [dash]
 * @property {number} [size] of marks, default 1: what often lies on one another differs in it
 */

const shades = (name) => [LIGHT[name], DARK[name]];

const COLOURS = {
  ...{ grey: shades('accent'), blue: shades('many'), green: shades('medium'), orange: shades('few') },
  purple: ['#a0468c', '#e59ad0'],
};

const SECOND = { hollow: true, dash: 'dash' };

/** @type {Record<string, Look>} */
const METHOD_LOOKS = {
  ce: { colour: 'grey', shape: 'circle' },
  cb: { colour: 'grey', shape: 'circle', ...SECOND },
  'ce-wd': { colour: 'blue', shape: 'square' },
  'cb-wd': { colour: 'blue', shape: 'square', ...SECOND },
  'wd-without-bn': { colour: 'green', shape: 'diamond' },
  'wd-fixed-bn': { colour: 'green', shape: 'diamond', ...SECOND },
  'wd-etf': { colour: 'orange', shape: 'triangle' },
  'wd-fr-etf': { colour: 'orange', shape: 'triangle', ...SECOND },
  'wd-etf-dr': { colour: 'orange', shape: 'circle', dash: 'dots' },
  'wd-without-bn-etf': { colour: 'purple', shape: 'square' },
  'wd-fixed-bn-etf': { colour: 'purple', shape: 'square', ...SECOND },
};

/** @type {Record<string, Look>} */
const HEAD_LOOKS = {
  none: { colour: 'grey', shape: 'circle', hollow: true },
  additive: { colour: 'blue', shape: 'square' },
  multiplicative: { colour: 'orange', shape: 'triangle' },
  wb: { colour: 'purple', shape: 'diamond', size: 1.25 },
  'wb-norm': { colour: 'green', shape: 'circle', ...SECOND, size: 0.7 },
};

const OTHER = { colour: 'grey', shape: 'diamond', dash: 'dots' };

/** @param {string} method @returns {Look} */
export const lookOfMethod = (method) => METHOD_LOOKS[method] ?? OTHER;

/** @param {string} head @returns {Look} */
export const lookOfHead = (head) => HEAD_LOOKS[head] ?? OTHER;

/** The colours, for a plot that draws with looks. */
export function lookStyles() {
  const dots = '.plot .dots{stroke-dasharray:1 4;stroke-linecap:round}';
  return element('style', {}, new Markup(`${dots}${colourStyles(COLOURS)}`));
}

/** A mark. @param {Look} look */
export function symbol({ colour, shape, hollow, size = 1 }, x, y, radius = 4) {
  const style = `${colour} ${hollow ? 'ring' : 'dot'}`;
  return element('path', { class: style, d: outline(shape, x, y, radius * size) });
}

/** The class of a line. @param {Look} look */
export const strokeOf = ({ dash }) => (dash ? `stroke ${dash}` : 'stroke');

/** A group of things in the colour of a look, which tell `words` when pointed at. @param {Look} look */
export function inColour({ colour }, words, ...content) {
  return element('g', { class: colour }, element('title', {}, words), join(...content));
}
