// Section 4.5: the lengths of class means.

import { methodTitle } from '../names.mjs';
import { isLongTailed, manyToFew, meanOf } from './figures.mjs';
import { singleOf } from './judge.mjs';

const longTailed = { where: isLongTailed, whereTitle: 'on data with a long tail' };

/** 'Almost no relationship': the means of Many and of Few differ by less than a fifth. */
const NO_RELATION = [0.8, 1.25];

/**
 * @param {string} method @param {'train' | 'test'} part @param {(ratio: number) => import('./judge.mjs').Outcome} outcome
 * @returns {import('./judge.mjs').ClaimMaker['cases']}
 */
const ratioOfMeans = (method, part, outcome) => (block) => {
  const runs = block.methods.get(method);
  const ratios = runs.map((run) => manyToFew(run, run[part].classMeanNorms)).filter((ratio) => ratio > 0);
  if (ratios.length === 0) return [{ lacks: ['classes of Many and of Few'] }];
  const ratio = meanOf(ratios);
  const seeds = ratios.length > 1 ? ` (${ratios.map((one) => one.toFixed(2)).join(', ')} by seed)` : '';
  return [
    {
      text: `with ${methodTitle(method)} the class means of Many have ${ratio.toFixed(2)} times the length of those of Few on ${part}${seeds}`,
      about: `${block.title}, ${ratio.toFixed(2)} times`,
      outcome: outcome(ratio),
      single: singleOf(block, method),
    },
  ];
};

const within = (ratio, [from, to]) => ratio > from && ratio < to;

/** @type {import('./judge.mjs').ClaimMaker[]} */
export const NORM_CLAIMS = [
  {
    claim:
      'WD raises the norms of tail classes: on training features the class means of Many drop to a half to a fifth of those of Few',
    source: 'Section 4.5, Figure 2',
    ...{ needs: ['ce-wd'], ...longTailed },
    rule: 'Held at half the length or less; partly where Many are shorter by a fifth at least.',
    cases: ratioOfMeans('ce-wd', 'train', (ratio) =>
      ratio <= 0.5 ? 'holds' : ratio <= NO_RELATION[0] ? 'weaker' : 'against',
    ),
  },
  {
    claim: 'This does not occur with test features',
    source: 'Section 4.5',
    ...{ needs: ['ce-wd'], ...longTailed },
    rule: 'Held where Many have at least 0.8 times the length of Few.',
    // Without the effect on training features, its absence on test says nothing.
    cases: (block) => {
      const onTrain = ratioOfMeans('ce-wd', 'train', (ratio) =>
        ratio <= NO_RELATION[0] ? 'holds' : 'against',
      )(block);
      if (onTrain.some(({ outcome }) => outcome === 'against'))
        return [{ lacks: ['the effect on training features'] }];
      return ratioOfMeans('ce-wd', 'test', (ratio) => (ratio > NO_RELATION[0] ? 'holds' : 'against'))(block);
    },
  },
  {
    claim: 'Without WD there is almost no relation between the size of a class and the norm of its mean',
    source: 'Section 4.5, Figure 2',
    ...{ needs: ['ce'], ...longTailed },
    rule: 'Held between 0.8 and 1.25 times.',
    cases: ratioOfMeans('ce', 'train', (ratio) => (within(ratio, NO_RELATION) ? 'holds' : 'against')),
  },
];
