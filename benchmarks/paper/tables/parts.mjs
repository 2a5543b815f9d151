// What all tables of the paper are put together from: blocks of models for its data sets, and words for what is missing.

import { blocksOf, blockTitle, seedsText } from '../aggregate.mjs';
import { isOf, METHODS, networkTitle, whyMissing } from '../names.mjs';
import { ADJUSTMENT_NOTE, SECOND_STAGE_NOTE } from './adjustments.mjs';

/**
 * @typedef {{ measurements: readonly import('../measurement.mjs').Measurement[], noData: ReadonlyMap<string, string> }} Collection
 * @typedef {import('../measurement.mjs').PaperTable} PaperTable
 * @typedef {{ name: string, title: string, render: (collection: Collection) => PaperTable }} TableMaker
 *
 * @typedef {object} Slot the place of one of the paper's data sets in a table
 * @property {import('../names.mjs').PaperSet} set
 * @property {import('../aggregate.mjs').Block | undefined} block undefined: nothing was measured
 * @property {boolean} noData because the data set is not at hand
 * @property {boolean} alone whether it is the only block of its data set
 */

/** ± of the cells. */
export const SEEDS_NOTE =
  '±: mean and sample standard deviation over several seeds of the training; a cell without it is of one seed.';

/** Of Fisher's ratio. */
export const CENTRE_NOTE =
  'FDR: about the mean of the samples, as in the published figures; higher is better.';

/** Of accuracies. */
export const ACCURACY_NOTE = 'Accuracy on test in percent, averaged over the classes of a group.';

/** What is the same in many tables. */
export const COMMON_NOTES = [SEEDS_NOTE, CENTRE_NOTE, ACCURACY_NOTE, ADJUSTMENT_NOTE, SECOND_STAGE_NOTE];

/**
 * Blocks for every data set, at least one each, and sentences about what is not there.
 * @param {Collection} collection @param {readonly import('../names.mjs').PaperSet[]} sets
 * @param {{ methods: readonly string[], titles?: Record<string, string> }} options `titles`: the methods' names in this table
 * @returns {{ slots: Slot[], missing: string[], blockNotes: string[] }}
 */
export function slotsOf({ measurements, noData }, sets, { methods, titles = METHODS }) {
  const missing = new Set();
  const slots = sets.flatMap((set) => {
    const blocks = blocksOf(measurements, {
      matches: (model) => isOf(model, set),
      ...{ methods, first: set.network },
    });
    const reason = whyMissing(set, noData);
    if (blocks.length === 0) missing.add(reason ?? `${slotName(set)}: no model.`);
    for (const block of blocks)
      for (const sentence of missingOf(block, set, methods, titles)) missing.add(sentence);
    return blocks.length > 0
      ? blocks.map((block) => ({ set, block, noData: false, alone: blocks.length === 1 }))
      : [{ set, block: undefined, noData: reason !== undefined, alone: true }];
  });
  const blockNotes = slots
    .filter(({ block }) => block)
    .map(({ set, block }) => `${describeBlock(block, set, (method) => titles[method])}.`);
  return { slots, missing: [...missing], blockNotes };
}

function missingOf(block, set, methods, titles) {
  const absent = methods.filter((method) => !block.methods.has(method));
  const names = absent.map((method) => `${titles[method]} (${method})`);
  const where = `${set.title}, ${blockTitle(block)}`;
  return [...(absent.length > 0 ? [`${where}: no model of ${names.join(', ')}.`] : []), ...block.leftOut];
}

/** 'CIFAR10-LT (ρ = 100): ResNet20, 40 epochs (the paper: ResNet34, 320 epochs); seed 0' */
export function describeBlock(block, set, title) {
  const paper = set && inPlaceOf(block, set);
  return `${block.title}: ${blockTitle(block)}${paper ? ` (the paper: ${paper})` : ''}; ${seedsText(block, title)}`;
}

/** What the paper has there, where that differs. */
function inPlaceOf(block, { network, epochs }) {
  const sameNetwork = networkTitle(network) === networkTitle(block.network);
  if (sameNetwork && (epochs === undefined || epochs === block.epochs)) return undefined;
  return [networkTitle(network), ...(epochs === undefined ? [] : [`${epochs} epochs`])].join(', ');
}

/** MNIST has a slot for each network. */
const slotName = ({ title, only, network }) => (only ? `${title}, ${networkTitle(network)}` : title);

/** Of a data set with blocks of several networks each is named. @param {Slot} slot */
export const columnTitle = ({ set, block, alone }) =>
  alone ? set.title : `${set.title}, ${networkTitle(block.network)}`;
