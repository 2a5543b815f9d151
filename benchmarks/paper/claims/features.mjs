// Section 4.2 and A.5.1: what weight decay and the loss do to features.

import { STAGE_ONE } from '../names.mjs';
import { DIFFERENT_CLASS, FDR, FEATURE_NORM, FORGETTING, isLongTailed, SAME_CLASS } from './figures.mjs';
import { expect } from './judge.mjs';

const side = (method, figure) => ({ method, figure, title: STAGE_ONE[method] });
const longTailed = { where: isLongTailed, whereTitle: 'on data with a long tail' };
const withWd = [
  ['ce-wd', 'ce'],
  ['cb-wd', 'cb'],
];

/** With weight decay against without, of both losses. */
const decayed = (figure, expected) => (block) =>
  withWd.map(([decayed, plain]) => expect(block, side(decayed, figure), expected, side(plain, figure)));

/** @type {import('./judge.mjs').ClaimMaker[]} */
export const FEATURE_CLAIMS = [
  {
    claim: 'WD with CE gives the highest FDR',
    source: 'Section 4.2, Table 1',
    ...{ needs: ['ce-wd'], also: ['ce', 'cb', 'cb-wd'], ...longTailed },
    cases: (block) =>
      Object.values(FDR).flatMap((fdr) =>
        ['ce', 'cb', 'cb-wd'].map((rival) => expect(block, side('ce-wd', fdr), 'more', side(rival, fdr))),
      ),
  },
  {
    claim: 'WD lowers the cosine similarity between features of different classes',
    source: 'Section 4.2, Figure 1',
    ...{ needs: ['ce-wd', 'ce'], also: ['cb', 'cb-wd'], ...longTailed },
    cases: decayed(DIFFERENT_CLASS, 'less'),
  },
  {
    claim: 'WD raises the cosine similarity between features of the same class',
    source: 'Section 4.2, Figure 1',
    ...{ needs: ['ce-wd', 'ce'], also: ['cb', 'cb-wd'], ...longTailed },
    cases: decayed(SAME_CLASS, 'more'),
  },
  {
    claim: 'With WD, CE has a lower cosine similarity between classes than CB',
    source: 'Section 4.2 (title), Figure 1',
    ...{ needs: ['ce-wd', 'cb-wd'], ...longTailed },
    cases: (block) => [expect(block, side('ce-wd', DIFFERENT_CLASS), 'less', side('cb-wd', DIFFERENT_CLASS))],
  },
  {
    claim: 'WD makes features shorter',
    source: 'Section 4.2, Figure 2',
    ...{ needs: ['ce-wd', 'ce'], also: ['cb', 'cb-wd'], ...longTailed },
    cases: decayed(FEATURE_NORM, 'less'),
  },
  {
    claim: 'CB has higher forgetting scores than CE',
    source: 'A.5.1, Figure 3',
    ...{ needs: ['ce', 'cb'], also: ['ce-wd', 'cb-wd'], ...longTailed },
    cases: (block) =>
      [
        ['cb', 'ce'],
        ['cb-wd', 'ce-wd'],
      ].map(([cb, ce]) => expect(block, side(cb, FORGETTING.average), 'more', side(ce, FORGETTING.average))),
  },
  {
    claim: 'Without WD the higher forgetting of CB shows in Many most of all',
    source: 'A.5.1, Figure 3',
    ...{ needs: ['ce', 'cb'], ...longTailed },
    rule: 'Held where CB forgets more of Many beyond noise, and its scores rise there by a larger factor than for Few.',
    cases: (block) => {
      const [many, few] = ['many', 'few'].map((group) =>
        expect(block, side('cb', FORGETTING[group]), 'more', side('ce', FORGETTING[group])),
      );
      if ('lacks' in many || 'lacks' in few) return [many, few].filter((one) => 'lacks' in one);
      const factor = (group) => {
        const [cb, ce] = ['cb', 'ce'].map((method) => meanForgetting(block, method, group));
        return cb / ce;
      };
      const most = factor('many') > factor('few');
      const outcome = many.outcome !== 'holds' ? many.outcome : most ? 'holds' : 'weaker';
      const told = [many, few].map(({ text, rival }) => `${text} against ${rival}`);
      return [{ ...many, outcome, text: told.join(', '), rival: undefined }];
    },
  },
];

function meanForgetting({ methods }, method, group) {
  const values = methods.get(method).map(FORGETTING[group].pick);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
