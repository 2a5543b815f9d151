// The figures of the paper, and one that sums up what all of it is worth. Each is a pure function of what was measured.

import { drawAccuracy, missingAccuracy } from './accuracy.mjs';
import { drawCosines, missingCosines } from './cosine.mjs';
import { drawForgetting, missingForgetting } from './forgetting.mjs';
import { drawHeads, missingHeads } from './heads.mjs';
import { drawLayers, missingLayers } from './layers.mjs';
import { drawNorms, missingNorms } from './norms.mjs';

/**
 * @typedef {object} Figure
 * @property {string} name @property {string} title
 * @property {(material: import('./blocks.mjs').Material) => import('./blocks.mjs').PaperFigure[]} draw one for each network on each data set; empty where nothing was measured
 * @property {(material: import('./blocks.mjs').Material) => string[]} missing a sentence for each thing that the paper's figure has and these have not
 */

/** Figure 4 is figures 1 and 2 of mini-ImageNet-LT: `figure1` and `figure2` draw it as such. @type {readonly Figure[]} */
export const FIGURES = [
  {
    name: 'figure1',
    title: 'Cosine similarity of training features',
    draw: drawCosines,
    missing: missingCosines,
  },
  { name: 'figure2', title: 'Length of the class means', draw: drawNorms, missing: missingNorms },
  { name: 'figure3', title: 'Forgetting scores', draw: drawForgetting, missing: missingForgetting },
  { name: 'figure5', title: 'Length of the head’s rows', draw: drawHeads, missing: missingHeads },
  { name: 'figure6', title: 'ReLUFDR of each layer', draw: drawLayers, missing: missingLayers },
  {
    name: 'accuracy',
    title: 'Test accuracy by method and head',
    draw: drawAccuracy,
    missing: missingAccuracy,
  },
];
