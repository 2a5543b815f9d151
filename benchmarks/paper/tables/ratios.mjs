// Table 1: Fisher's ratio by method and data set.

import { over } from '../aggregate.mjs';
import { SETS, STAGE_ONE } from '../names.mjs';
import { NO_DATA, ratioCell } from './format.mjs';
import { CENTRE_NOTE, columnTitle, SEEDS_NOTE, slotsOf } from './parts.mjs';

const TITLE = "Table 1. Fisher's discriminant ratio of features by method";
const PARTS = ['train', 'test'];

/** @type {import('./parts.mjs').TableMaker} */
export const TABLE_1 = {
  name: 'table1',
  title: TITLE,
  render: (collection) => {
    const methods = Object.keys(STAGE_ONE);
    const sets = [SETS.c10lt, SETS.c100lt, SETS.miniLt];
    const { slots, missing, blockNotes } = slotsOf(collection, sets, { methods, titles: STAGE_ONE });
    return {
      ...{ name: 'table1', title: TITLE, missing },
      columns: ['Method', ...slots.flatMap((slot) => PARTS.map((part) => `${columnTitle(slot)} ${part}`))],
      rows: methods.map((method) => [
        STAGE_ONE[method],
        ...slots.flatMap(({ block, noData }) =>
          PARTS.map((part) =>
            noData ? NO_DATA : ratioCell(over(block?.methods.get(method), (run) => run[part].fdr.samples)),
          ),
        ),
      ]),
      notes: [...blockNotes, CENTRE_NOTE, ...fixedScales(slots), SEEDS_NOTE],
    };
  },
};

/** The scale of WD fixed BN, which validation chooses where several were trained. */
function fixedScales(slots) {
  return slots.flatMap((slot) => {
    const scale = slot.block?.methods.get('wd-fixed-bn')?.[0].model.bnScale;
    return scale === undefined
      ? []
      : [`${columnTitle(slot)}, WD fixed BN: every scale of BN is ${scale}, every shift 0.`];
  });
}
