import { describe, expect, it } from 'vitest';
import { type Claim, type Head, head, load, type Measurement, made, type Wish } from './paper-modules.js';

const { judgeClaims } = await load('claims.mjs');

function claim(start: string, measurements: Measurement[]): Claim {
  const found = judgeClaims(measurements).filter((one) => one.claim.startsWith(start));
  expect(found).toHaveLength(1);
  return found[0];
}

const base = made({ method: 'ce' });

/** Deep enough for what the claims look at. */
type Parts = {
  [K in 'train' | 'test']?: Partial<Omit<Measurement['train'], 'cosine'>> & {
    cosine?: Partial<Measurement['train']['cosine']>;
  };
} & Partial<Omit<Measurement, 'train' | 'test'>>;

function run(wish: Wish, { train, test, ...rest }: Parts = {}): Measurement {
  const plain = made(wish);
  const part = (name: 'train' | 'test', change: Parts['train']) => ({
    ...plain[name],
    ...change,
    cosine: { ...plain[name].cosine, ...change?.cosine },
  });
  return { ...plain, ...rest, train: part('train', train), test: part('test', test) };
}

const fdr = (method: string, train: number, test = train) => run({ method, fdr: [train, test] });
const cosine = (method: string, differentClass: number, sameClass: number) =>
  run({ method }, { train: { cosine: { differentClass, sameClass } } });
const norms = (method: string, ...featureNorms: number[]) => run({ method }, { train: { featureNorms } });
const bn = (method: string, scaleMean: number, shiftSd: number) =>
  run({ method }, { batchNorm: { scaleMean, shiftSd, layers: [] } });
const forgetting = (method: string, average: number, many = average, few = average) =>
  run({ method }, { forgetting: { average, many, medium: average, few, perClass: [] } });
const layered = (method: string, ...means: number[]) => {
  const steps = means.map((mean, layers) => ({ layers, mean, sd: layers > 0 ? 1 : 0, seeds: 5 }));
  return run({ method }, { randomLayers: { train: steps, test: steps } });
};
const relu = (method: string, ...reluFdrs: number[]) =>
  run(
    { method, dataset: 'mnist', network: 'mlp3', imbalanceFactor: 0, title: 'MNIST' },
    {
      layers: reluFdrs.map((reluFdr, i) => ({
        ...{ name: `t${i}`, fdr: 1, reluFdr },
        kind: ['linear', 'normalization', 'activation'][i % 3],
      })),
    },
  );
const means = (method: string, ...classMeanNorms: number[]) => run({ method }, { train: { classMeanNorms } });
const meansOf = (train: number[], test: number[]) =>
  run({ method: 'ce-wd' }, { train: { classMeanNorms: train }, test: { classMeanNorms: test } });
const heads = (method: string, ...list: Head[]) => run({ method, heads: list });
/** The same heads of WD, WD&ETF and WD&FR&ETF. */
const everywhere = (...list: Head[]) =>
  ['ce-wd', 'wd-etf', 'wd-fr-etf'].map((method) => heads(method, ...list));
const withNorms = (one: Head, ...weightNorms: number[]): Head => ({ ...one, weightNorms });
const theorem2 = (centring: number, gradientRatio: number, cos: number) =>
  run(
    { method: 'ce-wd' },
    { theorem2: { centring, gradientRatio, cosine: cos, distance: 1, implicitGamma: 0.3, r2: 0.9 } },
  );
const theorem1 = (...holds: boolean[]) => ['wd-etf', 'wd-fr-etf'].map((method) => met(method, ...holds));
const met = (method: string, ...holds: boolean[]) =>
  run(
    { method },
    {
      theorem1: holds.map((one, i) => ({
        ...{ quantile: [0.5, 0.9, 1][i], epsilon: 0.1, length: 2, delta: one ? 0.8 : 0.3 },
        ...{ holds: one, bound: one ? 0.96 : null },
      })),
    },
  );

const low = head('none', [90, 80, 40, 20]);
const additive = head('additive', [80, 75, 70, 65]);
const multiplicative = (by = 0) => head('multiplicative', [80, 75, 70 + by, 65 + by]);
const table = { dataset: 'table:krkopt.tsv.gz', network: 'table-mlp', imbalanceFactor: 0, title: 'krkopt' };
const onTable = (method: string, test: number, list: Head[]) =>
  run({ method, ...table, fdr: [50, test], heads: list });
const manyClasses = (few: number) => {
  const counts = Array.from({ length: 60 }, (_, k) => 500 - 8 * k);
  const groups = counts.map((count) => (count > 400 ? 'many' : count < 100 ? 'few' : 'medium'));
  const weightNorms = groups.map((group) => (group === 'few' ? few : 1));
  return run(
    { method: 'ce-wd', heads: [{ ...head('wb', [50, 50, 50, 50]), weightNorms }] },
    { counts, groups },
  );
};

type Verdict = Claim['verdict'];

/** Beginning of the claim, figures and the verdict that they give: every claim with figures either way. */
const CASES: [string, Measurement[], Verdict][] = [
  ['WD with CE gives', [fdr('ce-wd', 60), fdr('ce', 20), fdr('cb', 15), fdr('cb-wd', 30)], 'held'],
  // A table on which there is nothing to compare takes nothing away.
  [
    'WD with CE gives',
    [fdr('ce-wd', 60), fdr('ce', 20), fdr('cb', 15), fdr('cb-wd', 30), onTable('ce-wd', 50, [low])],
    'held',
  ],
  ['WD with CE gives', [fdr('ce-wd', 60), fdr('ce', 20), fdr('cb', 15), fdr('cb-wd', 90)], 'partly'],
  ['WD with CE gives', [fdr('ce-wd', 60), fdr('ce', 20), fdr('cb', 15)], 'partly'],
  ['WD with CE gives', [fdr('ce-wd', 60), fdr('ce', 80), fdr('cb', 90), fdr('cb-wd', 90)], 'did not hold'],
  [
    'WD lowers the cosine',
    [cosine('ce-wd', 0.1, 0.9), cosine('ce', 0.5, 0.8), cosine('cb-wd', 0.2, 0.9), cosine('cb', 0.6, 0.8)],
    'held',
  ],
  ['WD lowers the cosine', [cosine('ce-wd', 0.1, 0.9), cosine('ce', 0.11, 0.8)], 'did not hold'],
  ['WD lowers the cosine', [cosine('ce-wd', 0.1, 0.9), cosine('ce', 0.5, 0.8)], 'partly'],
  [
    'WD raises the cosine',
    [cosine('ce-wd', 0.1, 0.9), cosine('ce', 0.5, 0.8), cosine('cb-wd', 0.2, 0.9), cosine('cb', 0.6, 0.8)],
    'held',
  ],
  ['WD raises the cosine', [cosine('ce-wd', 0.1, 0.7), cosine('ce', 0.5, 0.8)], 'did not hold'],
  ['With WD, CE has a lower', [cosine('ce-wd', 0.1, 0.9), cosine('cb-wd', 0.3, 0.9)], 'held'],
  ['With WD, CE has a lower', [cosine('ce-wd', 0.3, 0.9), cosine('cb-wd', 0.1, 0.9)], 'did not hold'],
  [
    'WD makes features shorter',
    [
      norms('ce-wd', 1, 1, 1, 1),
      norms('ce', 2, 2, 2, 2),
      norms('cb-wd', 1, 1, 1, 1),
      norms('cb', 2, 2, 2, 2),
    ],
    'held',
  ],
  ['WD makes features shorter', [norms('ce-wd', 3, 3, 3, 3), norms('ce', 2, 2, 2, 2)], 'did not hold'],
  [
    'CB has higher forgetting',
    [forgetting('ce', 2), forgetting('cb', 4), forgetting('ce-wd', 2), forgetting('cb-wd', 3)],
    'held',
  ],
  ['CB has higher forgetting', [forgetting('ce', 4), forgetting('cb', 2)], 'did not hold'],
  ['CB has higher forgetting', [made({ method: 'ce' }), made({ method: 'cb' })], 'not measured'],
  ['Without WD the higher forgetting', [forgetting('ce', 4, 1, 5), forgetting('cb', 6, 4, 6)], 'held'],
  ['Without WD the higher forgetting', [forgetting('ce', 4, 1, 5), forgetting('cb', 6, 2, 20)], 'partly'],
  [
    'Without WD the higher forgetting',
    [forgetting('ce', 4, 4, 5), forgetting('cb', 6, 2, 20)],
    'did not hold',
  ],
  ['WD on convolutions alone', [fdr('wd-without-bn', 40), fdr('ce', 20)], 'held'],
  ['WD on convolutions alone', [fdr('wd-without-bn', 40, 15), fdr('ce', 20, 20)], 'partly'],
  ['WD on convolutions alone', [fdr('wd-without-bn', 21), fdr('ce', 20)], 'did not hold'],
  ['WD on batch normalisation', [fdr('ce-wd', 60), fdr('wd-without-bn', 40)], 'held'],
  ['WD on batch normalisation', [fdr('ce-wd', 30), fdr('wd-without-bn', 40)], 'did not hold'],
  ['One small fixed scale', [fdr('wd-fixed-bn', 60), fdr('wd-without-bn', 40)], 'held'],
  ['One small fixed scale', [fdr('wd-fixed-bn', 30), fdr('wd-without-bn', 40)], 'did not hold'],
  ['WD reduces the mean of the scaling', [bn('ce-wd', 0.2, 0.1), bn('ce', 1, 0.11)], 'held'],
  ['WD reduces the mean of the scaling', [bn('ce-wd', 1.2, 0.1), bn('ce', 1, 0.1)], 'did not hold'],
  ['WD leaves the standard deviation', [bn('ce-wd', 0.2, 0.1), bn('ce', 1, 0.12)], 'held'],
  ['WD leaves the standard deviation', [bn('ce-wd', 0.2, 0.1), bn('ce', 1, 0.13)], 'did not hold'],
  ['Features trained with WD gain', [layered('ce-wd', 50, 60)], 'held'],
  ['Features trained with WD gain', [layered('ce-wd', 50, 51.3)], 'held'],
  ['Features trained with WD gain', [layered('ce-wd', 50, 51)], 'did not hold'],
  ['Features trained with WD gain', [layered('ce-wd', 50, 40)], 'did not hold'],
  ['Features trained with WD on conv', [layered('wd-without-bn', 50, 60)], 'held'],
  ['Features trained with WD on conv', [layered('wd-without-bn', 50, 40)], 'did not hold'],
  ['Features trained without WD', [layered('ce', 50, 40)], 'held'],
  ['Features trained without WD', [layered('ce', 50, 51)], 'held'],
  ['Features trained without WD', [layered('ce', 50, 60)], 'did not hold'],
  ['FDR rises through the first', [layered('ce-wd', 50, 60, 55, 50)], 'held'],
  ['FDR rises through the first', [layered('ce-wd', 50, 60, 70, 80)], 'partly'],
  ['FDR rises through the first', [layered('ce-wd', 50, 40, 50, 60)], 'did not hold'],
  ['Without WD, ReLUFDR rises', [relu('ce', 10, 11, 11, 30, 40, 40)], 'held'],
  ['Without WD, ReLUFDR rises', [relu('ce', 10, 11, 11, 30, 20, 20)], 'did not hold'],
  ['With WD it does not', [relu('ce-wd', 10, 11, 11, 90, 40, 40)], 'held'],
  ['With WD it does not', [relu('ce-wd', 10, 11, 11, 10, 40, 40)], 'did not hold'],
  ['WD raises the norms of tail', [means('ce-wd', 1, 1, 2, 3)], 'held'],
  ['WD raises the norms of tail', [means('ce-wd', 5.2, 5.2, 6, 6.75)], 'partly'],
  ['WD raises the norms of tail', [means('ce-wd', 3, 3, 3, 3)], 'did not hold'],
  ['This does not occur with test', [meansOf([1, 1, 2, 3], [3, 3, 3, 3.2])], 'held'],
  ['This does not occur with test', [meansOf([1, 1, 2, 3], [1, 1, 2, 3])], 'did not hold'],
  ['This does not occur with test', [meansOf([3, 3, 3, 3.2], [3, 3, 3, 3.2])], 'not measured'],
  ['Without WD there is almost no relation', [means('ce', 3, 3, 3, 3.2)], 'held'],
  ['Without WD there is almost no relation', [means('ce', 4, 4, 3, 3)], 'did not hold'],
  ['The second stage', [heads('ce-wd', low, head('wb', [85, 80, 60, 50]))], 'held'],
  ['The second stage', [heads('ce-wd', low, head('wb', [60, 50, 40, 50]))], 'partly'],
  ['The second stage', [heads('ce-wd', low, head('wb', [90, 80, 40, 20.2]))], 'did not hold'],
  ['Class means are centred', [theorem2(0.05, 0.05, 0.95)], 'held'],
  ['Class means are centred', [theorem2(0.6, 0.05, 0.95)], 'partly'],
  ['Class means are centred', [theorem2(0.6, 0.5, 0.5)], 'did not hold'],
  [
    'MaxNorm is not necessary',
    [heads('ce-wd', head('wb', [80, 70, 60, 50]), head('wb-norm', [80, 70, 61, 50]))],
    'held',
  ],
  [
    'MaxNorm is not necessary',
    [heads('ce-wd', head('wb', [80, 70, 60, 50]), head('wb-norm', [80, 70, 65, 50]))],
    'did not hold',
  ],
  [
    'MaxNorm is not necessary',
    [
      heads(
        'ce-wd',
        head('wb', [80, 70, 60, 50]),
        withNorms(head('wb-norm', [80, 70, 60, 50]), 1, 1, 1, 1.1),
      ),
    ],
    'did not hold',
  ],
  ['With 10 classes', [heads('ce-wd', withNorms(head('wb', [80, 70, 60, 50]), 1, 1, 1, 0.9))], 'held'],
  [
    'With 10 classes',
    [heads('ce-wd', withNorms(head('wb', [80, 70, 60, 50]), 1, 1, 1, 1.1))],
    'did not hold',
  ],
  ['With 10 classes', [manyClasses(2)], 'not measured'],
  ['With enough classes', [manyClasses(2)], 'held'],
  ['With enough classes', [manyClasses(0.9)], 'did not hold'],
  ['With enough classes', [heads('ce-wd', head('wb', [80, 70, 60, 50]))], 'not measured'],
  ['Under an ETF head, trained', theorem1(true, true, false), 'held'],
  ['Under an ETF head, trained', theorem1(true, false, false), 'partly'],
  ['Under an ETF head, trained', theorem1(false, false, false), 'did not hold'],
  ['Feature regularisation makes', [norms('wd-fr-etf', 1, 1, 1, 1), norms('wd-etf', 2, 2, 2, 2)], 'held'],
  [
    'Feature regularisation makes',
    [norms('wd-fr-etf', 2, 2, 2, 2), norms('wd-etf', 2, 2, 2, 2)],
    'did not hold',
  ],
  ['An ETF classifier', [fdr('wd-etf', 70), fdr('ce-wd', 60)], 'held'],
  ['An ETF classifier', [fdr('wd-etf', 50), fdr('ce-wd', 60)], 'did not hold'],
  ['Feature regularisation raises', [fdr('wd-fr-etf', 70), fdr('wd-etf', 60)], 'held'],
  ['Feature regularisation raises', [fdr('wd-fr-etf', 62), fdr('wd-etf', 60)], 'did not hold'],
  ['Without logit adjustment', [heads('ce-wd', low), heads('wd-fr-etf', low, multiplicative())], 'held'],
  [
    'Without logit adjustment',
    [heads('ce-wd', low), heads('wd-fr-etf', head('none', [90, 80, 60, 50]), multiplicative())],
    'did not hold',
  ],
  ['Logit adjustment raises', everywhere(low, additive, multiplicative()), 'held'],
  [
    'Logit adjustment raises',
    [heads('ce-wd', low, additive, head('multiplicative', [90, 80, 30, 50]))],
    'partly',
  ],
  [
    'Logit adjustment raises',
    everywhere(low, ...['additive', 'multiplicative'].map((name) => head(name, [90, 80, 39, 20]))),
    'did not hold',
  ],
  ['Multiplicative logit', everywhere(low, additive, multiplicative(10)), 'held'],
  ['Multiplicative logit', [heads('ce-wd', low, additive, multiplicative(10))], 'partly'],
  ['Multiplicative logit', everywhere(low, additive, multiplicative(0.6)), 'did not hold'],
  ['Multiplicative logit', everywhere(low, additive, multiplicative(-10)), 'did not hold'],
  [
    'WD&FR&ETF with multiplicative',
    [
      heads('wd-fr-etf', low, multiplicative()),
      heads('ce-wd', low, ...['wb', 'wb-published'].map((name) => head(name, [70, 70, 60, 60]))),
    ],
    'held',
  ],
  [
    'WD&FR&ETF with multiplicative',
    [
      heads('wd-fr-etf', low, multiplicative()),
      heads('ce-wd', low, head('wb', [70, 70, 60, 60]), head('wb-published', [90, 90, 90, 90])),
    ],
    'partly',
  ],
  [
    'WD&FR&ETF with multiplicative',
    [
      heads('wd-fr-etf', low, multiplicative()),
      heads('ce-wd', low, ...['wb', 'wb-published'].map((name) => head(name, [80, 75, 70, 65.5]))),
    ],
    'did not hold',
  ],
  [
    'So it does on tables',
    [
      onTable('wd-fr-etf', 30, [low, multiplicative()]),
      onTable('ce-wd', 20, [low, head('wb', [60, 60, 60, 60])]),
    ],
    'held',
  ],
  [
    'So it does on tables',
    [
      onTable('wd-fr-etf', 10, [low, multiplicative()]),
      onTable('ce-wd', 20, [low, head('wb', [90, 90, 90, 90])]),
    ],
    'did not hold',
  ],
  [
    'Under an ETF head DR',
    [run({ method: 'wd-etf-dr', fdr: [10, 10], heads: [head('none', [70, 60, 40, 10])] }), fdr('wd-etf', 60)],
    'held',
  ],
  ['Under an ETF head DR', [fdr('wd-etf-dr', 90), fdr('wd-etf', 60)], 'did not hold'],
];

describe('judgeClaims', () => {
  it.each(CASES)('%s …: verdict follows the figures (%#)', (start, measurements, verdict) => {
    const { ours, why, ...found } = claim(start, measurements);
    expect([found.verdict, ours, why].join(' | ')).toMatch(new RegExp(`^${verdict} \\|`));
    expect(why.length).toBeGreaterThan(5);
    expect(`${ours}${why}`).not.toMatch(/undefined|NaN|\[object/);
    if (verdict !== 'not measured') expect(ours).toMatch(/\d/);
  });

  it('has figures either way for every claim', () => {
    for (const { claim: words } of judgeClaims([])) {
      const verdicts = CASES.filter(([start]) => words.startsWith(start)).map(([, , verdict]) => verdict);
      expect([words, verdicts.includes('held'), verdicts.includes('did not hold')]).toEqual([
        words,
        true,
        true,
      ]);
    }
  });

  it('measured nothing where there is nothing', () => {
    const claims = judgeClaims([]);
    expect(claims.length).toBeGreaterThan(30);
    for (const { verdict, ours, why, source } of claims) {
      expect([verdict, ours]).toEqual(['not measured', '']);
      expect(why).toMatch(/^There (is no model|are no models) of /);
      expect(source).toMatch(/^(Section|A\.)/);
    }
    expect(new Set(claims.map((one) => one.claim)).size).toBe(claims.length);
  });

  it('says what was compared, and with how many seeds', () => {
    const { ours, why } = claim('WD on convolutions alone', [fdr('wd-without-bn', 40, 20.5), fdr('ce', 20)]);
    expect(ours).toBe(
      'CIFAR10-LT (ρ = 100), ResNet20, 40 epochs: train FDR 40.0 (WD w/o BN) against 20.0 (CE w/o WD); test FDR 20.5 (WD w/o BN) against 20.0 (CE w/o WD).',
    );
    expect(why).toBe(
      'So in 1 of 2 cases. Within noise, so neither shown nor refuted: test FDR of WD w/o BN against CE w/o WD. One seed of WD w/o BN, CE w/o WD.',
    );
  });

  it('asks several seeds to agree beyond their scatter', () => {
    const seeds = (method: string, values: number[]) =>
      values.map((value, seed) => run({ method, seed, fdr: [value, value] }));
    const close = [...seeds('ce-wd', [58, 60, 62]), ...seeds('wd-without-bn', [48, 50, 52])];
    expect(claim('WD on batch normalisation', close)).toMatchObject({
      ...{ verdict: 'held', why: 'Beyond noise in both comparisons.' },
    });
    const far = [...seeds('ce-wd', [40, 60, 90]), ...seeds('wd-without-bn', [30, 50, 80])];
    expect(claim('WD on batch normalisation', far).verdict).toBe('did not hold');
  });

  it('leaves out balanced data where the claim is of a long tail, and names what is missing', () => {
    const balanced = ['ce', 'ce-wd'].map((method) => ({ ...run({ method }), counts: [500, 500, 500, 500] }));
    expect(claim('WD reduces the mean', balanced).verdict).toBe('not measured');
    expect(claim('WD with CE gives', [base, fdr('ce-wd', 90)]).why).toContain(
      'Not measured: CB w/o WD, CB w/ WD (CIFAR10-LT (ρ = 100), ResNet20, 40 epochs).',
    );
  });
});
