// Tables 4 and 10: Fisher's ratio before and after layers with random weights.

import { blocksOf, over } from '../aggregate.mjs';
import { isOf, mnist, networkTitle, SETS } from '../names.mjs';
import { NO_DATA, NOTHING, percent, ratioCell } from './format.mjs';
import { CENTRE_NOTE, describeBlock, SEEDS_NOTE, slotsOf } from './parts.mjs';

const METHODS = { ce: 'CE', 'wd-without-bn': 'WD w/o BN', 'ce-wd': 'WD' };
const PARTS = ['train', 'test'];
const DEEPEST = 3;
const BOTH_PARTS =
  'The text of the paper does not say whether its figures are of training or of test features: here are both.';

const TITLE_4 = "Table 4. Fisher's discriminant ratio before and after a layer with random weights";
const TITLE_10 = "Table 10. Fisher's discriminant ratio after several layers with random weights";

/** @type {import('./parts.mjs').TableMaker} */
export const TABLE_4 = {
  name: 'table4',
  title: TITLE_4,
  render: (collection) => {
    const sets = [
      ...[SETS.c100, SETS.c100lt, SETS.c10, SETS.c10lt, SETS.mini, SETS.miniLt],
      ...['mlp3', 'mlp4', 'mlp5', 'resblock1', 'resblock2'].map(mnist),
    ];
    const methods = Object.keys(METHODS);
    const { slots, missing, blockNotes } = slotsOf(collection, sets, { methods, titles: METHODS });
    return {
      ...{ name: 'table4', title: TITLE_4, missing },
      columns: [
        ...['Model', 'Dataset', 'Features'],
        ...Object.values(METHODS).flatMap((title) => [`${title} before`, `${title} after`]),
      ],
      rows: slots.flatMap(({ set, block, noData }) => {
        const start = [networkTitle(block?.network ?? set.network), set.short];
        if (!block) return [[...start, NOTHING, ...Array(6).fill(noData ? NO_DATA : NOTHING)]];
        return PARTS.map((part) => [...start, part, ...methods.flatMap((m) => stepCells(block, m, part, 1))]);
      }),
      notes: [
        ...blockNotes,
        CENTRE_NOTE,
        BOTH_PARTS,
        ...drawsNote(slots.map(({ block }) => block)),
        SEEDS_NOTE,
      ],
    };
  },
};

/** @type {import('./parts.mjs').TableMaker} */
export const TABLE_10 = {
  name: 'table10',
  title: TITLE_10,
  render: (collection) => {
    const methods = Object.keys(METHODS);
    const paper = slotsOf(collection, [mnist('mlp5')], { methods, titles: METHODS });
    const others = blocksOf(collection.measurements, {
      matches: (model) => !isOf(model, mnist('mlp5')),
      methods,
    });
    const [{ block, noData }] = paper.slots;
    const blocks = [...(block ? [block] : []), ...others];
    const empty = Array(DEEPEST + 1).fill(noData ? NO_DATA : NOTHING);
    return {
      ...{ name: 'table10', title: TITLE_10 },
      missing: [...paper.missing, ...others.flatMap(({ leftOut }) => leftOut)],
      columns: ['Model', 'Dataset', 'Method', 'Features', '0', '1', '2', '3'],
      rows: [
        ...(block ? [] : Object.values(METHODS).map((title) => ['MLP5', 'MNIST', title, NOTHING, ...empty])),
        ...blocks.flatMap((of) => rowsOf(of, methods)),
      ],
      notes: [
        ...paper.blockNotes,
        ...others.map((of) => `${describeBlock(of, undefined, (method) => METHODS[method])}.`),
        'The columns are the number of random layers. The paper has MLP5 on MNIST; the other rows are ours.',
        ...[CENTRE_NOTE, ...drawsNote(blocks), SEEDS_NOTE],
      ],
    };
  },
};

function rowsOf(block, methods) {
  return methods
    .filter((method) => block.methods.has(method))
    .flatMap((method) =>
      PARTS.map((part) => [
        ...[networkTitle(block.network), block.title, METHODS[method], part],
        ...stepCells(block, method, part, DEEPEST),
      ]),
    );
}

/** From no layer to `deepest`. */
function stepCells({ methods }, method, part, deepest) {
  return Array.from({ length: deepest + 1 }, (_, layers) =>
    ratioCell(over(methods.get(method), (run) => stepOf(run, part, layers)?.mean)),
  );
}

/** @param {import('../measurement.mjs').Measurement} run @param {'train' | 'test'} part @param {number} layers */
export const stepOf = (run, part, layers) => run.randomLayers[part].find((step) => step.layers === layers);

/** How much the draw of the layer decides. */
function drawsNote(blocks) {
  const steps = blocks
    .flatMap((block) => (block?.wanted ?? []).flatMap((method) => block.methods.get(method)))
    .flatMap((run) => PARTS.map((part) => stepOf(run, part, 1)))
    .filter((step) => step?.mean && step.seeds > 1);
  if (steps.length === 0) return [];
  const most = Math.max(...steps.map(({ mean, sd }) => sd / mean));
  const draws = [...new Set(steps.map(({ seeds }) => seeds))].sort((a, b) => a - b).join(' or ');
  return [
    `The figures after random layers are means of ${draws} draws of the layers; after one layer the draws of a model differ by at most ${percent(most)} % (standard deviation against mean).`,
  ];
}
