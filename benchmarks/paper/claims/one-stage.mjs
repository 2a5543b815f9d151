// Section 4.2 (Theorem 1), 5.2, A.4.4 and A.5.6: ETF, feature regularisation and logit adjustment in one stage.

import { headOf, over } from '../aggregate.mjs';
import { methodTitle } from '../names.mjs';
import { accuracy } from '../noise.mjs';
import { percent } from '../tables/format.mjs';
import { FDR, FEATURE_NORM, isLongTailed, meanOf } from './figures.mjs';
import { expect, singleOf } from './judge.mjs';

const longTailed = { where: isLongTailed, whereTitle: 'on data with a long tail' };
const LA = { additive: 'Add', multiplicative: 'Mult' };
const ETF = ['wd-etf', 'wd-fr-etf'];
const ADJUSTED = ['ce-wd', ...ETF];

/** @returns {import('../noise.mjs').Side} */
const side = (method, head, group, title) => ({
  ...{ method, figure: accuracy(head, group) },
  title: title ?? methodTitle(method) + (LA[head] ? `&${LA[head]}` : ''),
});
const fdr = (method, figure) => ({ method, figure });
const higherFdr = (better, worse, parts) => (block) =>
  parts.map((part) => expect(block, fdr(better, FDR[part]), 'more', fdr(worse, FDR[part])));

/** The cases of each method, or that there is no model of it. */
const each = (methods, cases) => (block) =>
  methods.flatMap((method) =>
    block.methods.has(method) ? cases(block, method) : [{ lacks: [methodTitle(method)] }],
  );

/** Accuracy that the ETF brings counts as not much below this share of what the adjustment brings. */
const NOT_MUCH = 0.5;

/** 'Most': the condition has to hold at this quantile of ε and L. */
const MOST = 0.9;

const ours = (group) => side('wd-fr-etf', 'multiplicative', group);
const wbs = (group) => [side('ce-wd', 'wb', group, 'WB'), side('ce-wd', 'wb-published', group, 'WB (code)')];

function theorem1(block, method) {
  const runs = block.methods.get(method);
  if (runs[0].theorem1.length === 0) return [{ lacks: [`δ of ${methodTitle(method)}`] }];
  const holding = runs[0].theorem1
    .map(({ quantile }) => quantile)
    .filter((quantile) =>
      runs.every((run) => run.theorem1.some((line) => line.quantile === quantile && line.holds)),
    );
  const deltas = runs[0].theorem1.map(({ quantile, delta }) => `${delta?.toFixed(2) ?? '–'} at ${quantile}`);
  const where = holding.length > 0 ? `the quantiles ${holding.join(', ')}` : 'no quantile';
  const most = holding.some((quantile) => quantile >= MOST);
  return [
    {
      text: `δ with ${methodTitle(method)} ${deltas.join(', ')}`,
      about: `${methodTitle(method)}, which meets it at ${where}`,
      outcome: most ? 'holds' : holding.length > 0 ? 'weaker' : 'against',
      single: singleOf(block, method),
    },
  ];
}

/** Of Medium, Few and all, told together. */
function gainsOf(block, method, head) {
  const groups = ['medium', 'few', 'average'];
  const sides = groups.map((group) => [side(method, head, group), side(method, 'none', group)]);
  const results = sides.map(([after, before]) => expect(block, after, 'more', before));
  if (results.some((result) => 'lacks' in result)) return results.filter((result) => 'lacks' in result);
  const shares = sides.map((pair) =>
    pair.map(({ figure }) => meanOf(block.methods.get(method).map(figure.pick))),
  );
  const changes = groups.map((group, i) => `${group} ${shares[i].map(percent).reverse().join(' → ')}`);
  const title = sides[0][0].title;
  return results.map((result, i) => ({
    ...result,
    ...{ text: i === 0 ? `${title} ${changes.join(', ')} %` : '', rival: undefined },
  }));
}

/** What WD&FR&ETF brings by itself against what the adjustment brings on top of it. */
function littleByItself(block) {
  const mean = (method, head) =>
    over(block.methods.get(method), (run) => headOf(run, head)?.test.average)?.mean;
  const [wd, etf, adjusted] = [
    mean('ce-wd', 'none'),
    mean('wd-fr-etf', 'none'),
    mean('wd-fr-etf', 'multiplicative'),
  ];
  if (![wd, etf, adjusted].every(Number.isFinite)) return [{ lacks: ['logit adjustment of WD&FR&ETF'] }];
  const points = (value) => `${value < 0 ? '−' : '+'}${Math.abs(100 * value).toFixed(1)}`;
  return [
    {
      text: `average ${points(etf - wd)} points by WD&FR&ETF, ${points(adjusted - etf)} by Mult on top of it`,
      about: block.title,
      outcome: etf - wd < NOT_MUCH * (adjusted - etf) ? 'holds' : 'against',
      single: ['ce-wd', 'wd-fr-etf'].flatMap((method) => singleOf(block, method)),
    },
  ];
}

/** @type {import('./judge.mjs').ClaimMaker[]} */
export const ONE_STAGE_CLAIMS = [
  {
    claim: 'Under an ETF head, trained features meet the condition of Theorem 1: δ in (1/√2, 1]',
    source: 'Section 4.2, Theorem 1',
    ...{ needs: [], also: ETF, ...longTailed },
    rule: `Held where δ, from the ε and L of ${100 * MOST} % of the training samples, lies there with every seed; partly with those of fewer.`,
    cases: each(ETF, theorem1),
  },
  {
    claim: 'Feature regularisation makes features shorter, as the theorem asks',
    source: 'Section 4.2 and 5.2',
    ...{ needs: ['wd-fr-etf', 'wd-etf'], ...longTailed },
    cases: (block) => [expect(block, fdr('wd-fr-etf', FEATURE_NORM), 'less', fdr('wd-etf', FEATURE_NORM))],
  },
  {
    claim: 'An ETF classifier in addition to WD raises FDR, in training and on test',
    source: 'Section 5.2, Table 5',
    ...{ needs: ['wd-etf', 'ce-wd'], ...longTailed },
    cases: higherFdr('wd-etf', 'ce-wd', ['train', 'test']),
  },
  {
    claim: 'Feature regularisation raises FDR further',
    source: 'Section 5.2, Table 5',
    ...{ needs: ['wd-fr-etf', 'wd-etf'], ...longTailed },
    cases: higherFdr('wd-fr-etf', 'wd-etf', ['train', 'test']),
  },
  {
    claim: 'Without logit adjustment this does not boost the average much',
    source: 'Section 5.2, Table 5',
    ...{ needs: ['wd-fr-etf', 'ce-wd'], ...longTailed },
    rule: 'Held where WD&FR&ETF brings less than half of what multiplicative adjustment brings on top of it.',
    cases: littleByItself,
  },
  {
    claim: 'Logit adjustment raises the accuracy of Medium and Few and the average in all cases',
    source: 'Section 5.2, Table 5',
    ...{ needs: [], also: ADJUSTED, ...longTailed },
    cases: each(ADJUSTED, (block, method) => Object.keys(LA).flatMap((head) => gainsOf(block, method, head))),
  },
  {
    claim: 'Multiplicative logit adjustment improves accuracy more than additive',
    source: 'Section 5.2, Table 5',
    ...{ needs: [], also: ADJUSTED, ...longTailed },
    cases: each(ADJUSTED, (block, method) => [
      expect(block, side(method, 'multiplicative', 'average'), 'more', side(method, 'additive', 'average')),
    ]),
  },
  {
    claim: 'WD&FR&ETF with multiplicative adjustment, in one stage, beats WB',
    source: 'Section 5.2, Tables 5 and 12 to 16',
    ...{ needs: ['wd-fr-etf', 'ce-wd'], ...longTailed },
    cases: (block) => wbs('average').map((wb) => expect(block, ours('average'), 'more', wb)),
  },
  {
    claim: 'So it does on tables, in test FDR and in accuracy, with AdamW',
    source: 'A.5.6, Table 16',
    ...{ needs: ['wd-fr-etf', 'ce-wd'] },
    where: (block) =>
      isLongTailed(block) && (block.dataset === 'helena' || block.dataset.startsWith('table:')),
    whereTitle: 'on a table',
    cases: (block) => [
      ...higherFdr('wd-fr-etf', 'ce-wd', ['test'])(block),
      expect(block, ours('average'), 'more', wbs('average')[0]),
    ],
  },
  {
    claim: 'Under an ETF head DR is worse than CE, in test FDR and average accuracy',
    source: 'A.4.4, Table 9',
    ...{ needs: ['wd-etf-dr', 'wd-etf'], ...longTailed },
    cases: (block) => [
      expect(block, fdr('wd-etf-dr', FDR.test), 'less', fdr('wd-etf', FDR.test)),
      expect(block, side('wd-etf-dr', 'none', 'average'), 'less', side('wd-etf', 'none', 'average')),
    ],
  },
];
