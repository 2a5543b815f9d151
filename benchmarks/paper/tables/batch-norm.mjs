// Tables 2 and 3: what weight decay does to the parameters of batch normalisation.

import { over } from '../aggregate.mjs';
import { SETS, STAGE_ONE } from '../names.mjs';
import { NO_DATA, ratioCell } from './format.mjs';
import { columnTitle, SEEDS_NOTE, slotsOf } from './parts.mjs';

const METHODS = ['ce', 'ce-wd'];
const POOLED = 'Over all batch normalisations of the network; every channel counts once.';

/** @returns {import('./parts.mjs').TableMaker} */
const table = (name, title, pick) => ({
  name,
  title,
  render: (collection) => {
    const sets = [SETS.c10lt, SETS.c100lt, SETS.miniLt];
    const { slots, missing, blockNotes } = slotsOf(collection, sets, { methods: METHODS, titles: STAGE_ONE });
    return {
      ...{ name, title, missing },
      columns: ['Method', ...slots.map(columnTitle)],
      rows: METHODS.map((method) => [
        STAGE_ONE[method],
        ...slots.map(({ block, noData }) =>
          noData
            ? NO_DATA
            : ratioCell(over(block?.methods.get(method), ({ batchNorm }) => batchNorm && pick(batchNorm))),
        ),
      ]),
      notes: [...blockNotes, POOLED, SEEDS_NOTE],
    };
  },
});

export const TABLE_2 = table(
  'table2',
  'Table 2. Mean of the scaling parameters of batch normalisation',
  ({ scaleMean }) => scaleMean,
);

export const TABLE_3 = table(
  'table3',
  'Table 3. Standard deviation of the shifting parameters of batch normalisation',
  ({ shiftSd }) => shiftSd,
);
