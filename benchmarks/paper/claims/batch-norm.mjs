// Section 4.3: weight decay on convolutions and on batch normalisation.

import { over } from '../aggregate.mjs';
import { STAGE_ONE } from '../names.mjs';
import { digits } from '../tables/format.mjs';
import { BN_SCALE, FDR, isLongTailed } from './figures.mjs';
import { expect, singleOf } from './judge.mjs';

const side = (method, figure) => ({ method, figure, title: STAGE_ONE[method] });
const longTailed = { where: isLongTailed, whereTitle: 'on data with a long tail' };

/** The shift counts as unchanged where its deviation changes by less than a quarter. */
const UNCHANGED = 1.25;

const raisesFdr = (better, worse) => (block) =>
  Object.values(FDR).map((fdr) => expect(block, side(better, fdr), 'more', side(worse, fdr)));

/** @type {import('./judge.mjs').ClaimMaker[]} */
export const BATCH_NORM_CLAIMS = [
  {
    claim: 'WD on convolutions alone raises FDR already',
    source: 'Section 4.3, Table 1',
    ...{ needs: ['wd-without-bn', 'ce'], ...longTailed },
    cases: raisesFdr('wd-without-bn', 'ce'),
  },
  {
    claim: 'WD on batch normalisation as well raises FDR further',
    source: 'Section 4.3, Table 1',
    ...{ needs: ['ce-wd', 'wd-without-bn'], ...longTailed },
    cases: raisesFdr('ce-wd', 'wd-without-bn'),
  },
  {
    claim: 'One small fixed scale for every BN raises FDR as well',
    source: 'Section 4.3, Table 1',
    ...{ needs: ['wd-fixed-bn', 'wd-without-bn'], ...longTailed },
    cases: raisesFdr('wd-fixed-bn', 'wd-without-bn'),
  },
  {
    claim: 'WD reduces the mean of the scaling parameters of BN',
    source: 'Section 4.3, Table 2',
    ...{ needs: ['ce-wd', 'ce'], ...longTailed },
    cases: (block) => [expect(block, side('ce-wd', BN_SCALE), 'less', side('ce', BN_SCALE))],
  },
  {
    claim: 'WD leaves the standard deviation of the shifting parameters of BN almost unchanged',
    source: 'Section 4.3, Table 3',
    ...{ needs: ['ce-wd', 'ce'], ...longTailed },
    rule: 'Held where it changes by less than a quarter.',
    cases: (block) => {
      const [withWd, without] = ['ce-wd', 'ce'].map(
        (method) => over(block.methods.get(method), ({ batchNorm }) => batchNorm?.shiftSd)?.mean,
      );
      if (!(withWd > 0 && without > 0)) return [{ lacks: ['batch normalisation'] }];
      const change = Math.max(withWd / without, without / withWd);
      return [
        {
          text: `standard deviation of the shifts ${digits(withWd)} (CE w/ WD) against ${digits(without)} (CE w/o WD)`,
          about: `${block.title}, a factor of ${change.toFixed(2)}`,
          outcome: change < UNCHANGED ? 'holds' : 'against',
          single: ['ce-wd', 'ce'].flatMap((method) => singleOf(block, method)),
        },
      ];
    },
  },
];
