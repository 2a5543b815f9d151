// Section 5.1 and A.5.4: what the second stage of weight balancing does.

import { headOf, over } from '../aggregate.mjs';
import { accuracy } from '../noise.mjs';
import { percent } from '../tables/format.mjs';
import { classesOf, isLongTailed, manyToFew, meanOf } from './figures.mjs';
import { expect, singleOf } from './judge.mjs';

const longTailed = { where: isLongTailed, whereTitle: 'on data with a long tail' };
const WD = ['ce-wd'];

/** 'Small number of classes' is 10 in the paper, and 100 is a large one. */
const FEW_CLASSES = 20;
const MANY_CLASSES = 50;

/** Norms that differ by less are as good as the same, and so are accuracies within a point. */
const SAME_NORM = 0.05;
const SAME_ACCURACY = 0.01;

/** What counts as centred, as stationary and as aligned in Theorem 2. */
const CENTRED = 0.1;
const STATIONARY = 0.1;
const ALIGNED = 0.9;

/** @param {(fewToMany: number) => boolean} holds */
const tailNorms = (holds) => (block) => {
  const runs = block.methods.get('ce-wd').filter((run) => headOf(run, 'wb'));
  const ratios = runs.map((run) => 1 / manyToFew(run, headOf(run, 'wb').weightNorms)).filter(Number.isFinite);
  if (ratios.length === 0) return [{ lacks: ['the second stage'] }];
  const ratio = meanOf(ratios);
  return [
    {
      text: `after WB the weights of Few have ${ratio.toFixed(2)} times the norm of those of Many`,
      about: `${block.title}, ${ratio.toFixed(2)} times`,
      outcome: holds(ratio) ? 'holds' : 'against',
      single: singleOf(block, 'ce-wd'),
    },
  ];
};

/** @type {import('./judge.mjs').ClaimMaker[]} */
export const SECOND_STAGE_CLAIMS = [
  {
    claim: 'The second stage (WD and CB on the head alone) raises the accuracy of Few and the average',
    source: 'Section 5.1 and 6',
    ...{ needs: WD, ...longTailed },
    cases: (block) =>
      ['few', 'average'].map((group) =>
        expect(block, { method: 'ce-wd', figure: accuracy('wb', group), title: 'WB' }, 'more', {
          method: 'ce-wd',
          figure: accuracy('none', group),
        }),
      ),
  },
  {
    claim:
      'Class means are centred and W* is nearly stationary: the second stage is a multiplicative logit adjustment',
    source: 'Section 5.1, Theorem 2',
    ...{ needs: WD, ...longTailed },
    rule: `Three things are asked for: ‖μ‖ below ${CENTRED} of the mean ‖μ_k‖, a gradient at W* below ${STATIONARY} of that at 0, and rows of WB at a cosine above ${ALIGNED} to the class means. The theorem promises it for many classes or a large ρ only.`,
    cases: (block) => {
      const mean = (key) => over(block.methods.get('ce-wd'), (run) => run.theorem2?.[key])?.mean;
      const facts = [
        ['centring', '‖μ‖', ' of the mean ‖μ_k‖', (value) => value <= CENTRED],
        ['gradientRatio', 'gradient at W*', ' of that at 0', (value) => value <= STATIONARY],
        ['cosine', 'mean cos(w_k, μ_k)', '', (value) => value >= ALIGNED],
      ];
      const [gamma, r2] = [mean('implicitGamma'), mean('r2')];
      const implicit =
        gamma === undefined ? [] : [`implicit γ ${gamma.toFixed(2)} (R² ${r2?.toFixed(2) ?? '–'})`];
      return facts.map(([key, title, of, holds], i) => {
        const value = mean(key);
        if (value === undefined) return { lacks: [title] };
        return {
          text: [`${title} ${value.toFixed(2)}${of}`, ...(i === facts.length - 1 ? implicit : [])].join(', '),
          about: title,
          outcome: holds(value) ? 'holds' : 'against',
          single: singleOf(block, 'ce-wd'),
        };
      });
    },
  },
  {
    claim:
      'MaxNorm is not necessary: normalising the rows once before the second stage gives almost the same',
    source: 'A.5.4, Figure 5',
    ...{ needs: WD, ...longTailed },
    rule: `Held where every row's norm is the same within ${percent(SAME_NORM)} % and the average within ${percent(SAME_ACCURACY)} points.`,
    cases: (block) => {
      const pairs = block.methods
        .get('ce-wd')
        .map((run) => [headOf(run, 'wb'), headOf(run, 'wb-norm')])
        .filter(([wb, norm]) => wb && norm);
      if (pairs.length === 0) return [{ lacks: ['a second stage without MaxNorm'] }];
      const most = (list) => list.reduce((top, value) => Math.max(top, value), 0);
      const norms = most(
        pairs.flatMap(([wb, norm]) =>
          wb.weightNorms.map((value, k) => Math.abs(norm.weightNorms[k] / value - 1)),
        ),
      );
      const averages = most(pairs.map(([wb, norm]) => Math.abs(wb.test.average - norm.test.average)));
      return [
        {
          text: `norms differ by at most ${percent(norms)} %, the average by ${percent(averages)} points`,
          about: block.title,
          outcome: norms <= SAME_NORM && averages <= SAME_ACCURACY ? 'holds' : 'against',
          single: singleOf(block, 'ce-wd'),
        },
      ];
    },
  },
  {
    claim: 'With 10 classes WB fails to make the norms of Few greater',
    source: 'Section 5.1, A.5.4, Figure 5',
    needs: WD,
    where: (block) => isLongTailed(block) && classesOf(block) <= FEW_CLASSES,
    whereTitle: `on data with a long tail and at most ${FEW_CLASSES} classes`,
    rule: 'Held where they are not greater than those of Many.',
    cases: tailNorms((ratio) => ratio <= 1),
  },
  {
    claim: 'With enough classes WB makes the norms of Few greater',
    source: 'Section 5.1, A.5.4, Figure 5',
    needs: WD,
    where: (block) => isLongTailed(block) && classesOf(block) >= MANY_CLASSES,
    whereTitle: `on data with a long tail and at least ${MANY_CLASSES} classes`,
    rule: 'Held where they are greater than those of Many.',
    cases: tailNorms((ratio) => ratio > 1),
  },
];
