import { describe, expect, it } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import { advise, adviseTogether, COMPARISON_RULES } from '../../src/diagnostics/advice.js';
import { percent, show } from '../../src/diagnostics/advice-figures.js';
import { ADVICE_RULES } from '../../src/diagnostics/advice-rules.js';
import { diagnose } from '../../src/diagnostics/diagnose.js';
import type { Diagnostics } from '../../src/diagnostics/diagnostics.js';
import type { RandomLayerDiagnostics } from '../../src/diagnostics/random-layers.js';
import { evaluate } from '../../src/evaluation/evaluate.js';
import { cpu, GOLDEN_NAMES, goldenProblem } from './metrics-golden.js';

/** What diagnose might tell, with replaced parts. */
type Changes = {
  [K in keyof Diagnostics]?: Diagnostics[K] extends object | null
    ? Partial<NonNullable<Diagnostics[K]>> | null
    : Diagnostics[K];
};

/** A training set of which no rule has anything to say. */
const PLAIN: Diagnostics = {
  name: 'train',
  samples: 4000,
  classes: 20,
  dimensions: 64,
  classNames: null,
  counts: Array.from({ length: 20 }, (_, k) => 400 - 10 * k - (k > 15 ? 190 : 0)),
  trainCounts: Array.from({ length: 20 }, (_, k) => 400 - 10 * k - (k > 15 ? 190 : 0)),
  imbalanceFactor: 8,
  groups: Array.from({ length: 20 }, (_, k) => (k < 5 ? 'many' : k < 15 ? 'medium' : 'few')),
  thresholds: { many: 350, few: 100 },
  fdr: {
    value: 20,
    center: 'samples',
    byCenter: { samples: 20, classes: 20 },
    rank: 64,
    dropped: [],
    constant: [],
    condition: 10,
    outside: 0,
  },
  cosine: {
    sameClass: 0.7,
    sameClassByPair: 0.7,
    differentClass: 0.3,
    differentClassByPair: 0.3,
    matrix: Array.from({ length: 20 }, (_, k) => Array.from({ length: 20 }, (_, l) => (k === l ? 0.7 : 0.3))),
    zeroFeatures: 0,
  },
  classMeanNorms: Array.from({ length: 20 }, (_, k) => (k < 5 ? 2 : k < 15 ? 3 : 4)),
  featureNorms: new Array(20).fill(5),
  weightNorms: new Array(20).fill(1),
  correlations: { classMeanNorms: null, featureNorms: null, weightNorms: 0 },
  sparsity: { hoyer: 0.5, perClass: new Array(20).fill(0.5) },
  collapse: { nc1: 0.5, nc2: { equinorm: 0.1, equiangularity: 0.1 }, nc3: 0.3, nc4: 0.02 },
  accuracy: { overall: 0.9, average: 0.9, perClass: new Array(20).fill(0.9) },
  theorem1: {
    applies: true,
    head: { scale: 1, norms: 0, cosines: 0, bias: 0, tolerance: 0.01 },
    quantiles: [],
    largestCosine: 0.8,
    pairs: 'all',
    pairSamples: 4000,
  },
  theorem2: {
    weightDecay: 0.1,
    centring: 0.1,
    cosines: [],
    distances: [],
    gradientRatio: 0.1,
    implicitGamma: 0,
    r2: 0,
  },
  smallClasses: [],
  intervals: null,
  missing: [],
  advice: [],
};

function changed(changes: Changes, of = PLAIN): Diagnostics {
  const result: Record<string, unknown> = { ...of };
  for (const [key, value] of Object.entries(changes)) {
    const before = of[key as keyof Diagnostics];
    const merges = value && before && typeof value === 'object' && !Array.isArray(value);
    result[key] = merges ? { ...(before as object), ...(value as object) } : value;
  }
  return result as unknown as Diagnostics;
}

const fewTogether = PLAIN.cosine.matrix!.map((row, k) =>
  row.map((x, l) => (k >= 15 && l >= 15 && k !== l ? 0.6 : x)),
);
const quantile = {
  quantile: 0.5,
  epsilon: 0.1,
  length: 9,
  delta: 0.5,
  holds: false,
  bound: null,
  largestCosine: null,
};
const randomLayers = { steps: [{ mean: 10 }, { mean: 8 }] } as unknown as RandomLayerDiagnostics;

/** For each rule what makes it speak, and a word of what it then says. */
const SPEAKS: Record<string, [Changes, RegExp]> = {
  'cone-effect': [
    { cosine: { differentClass: 0.55, sameClass: 0.8 } },
    /cosine of 0\.550.*same class: 0\.800/,
  ],
  'classes-overlap': [{ cosine: { sameClass: 0.35 } }, /0\.350.*0\.300/],
  'minority-collapse': [{ cosine: { matrix: fewTogether } }, /0\.600.*0\.300/],
  'tail-left-behind': [
    { accuracy: { perClass: PLAIN.groups.map((group) => (group === 'few' ? 0.4 : 0.9)) } },
    /90 % of cases.*40 %/,
  ],
  'head-follows-counts': [{ correlations: { weightNorms: 0.9 } }, /rank correlation 0\.900/],
  'spread-outside': [{ fdr: { outside: 0.2 } }, /20 % of the spread/],
  imbalance: [{ imbalanceFactor: 100 }, /20 classes has 100 times/],
  'tail-norms-flat': [{ correlations: { classMeanNorms: 0.1 } }, /hardly longer.*0\.100/],
  'few-classes': [{ classes: 10, correlations: { classMeanNorms: -0.9 } }, /-0\.900.*only 10 classes/],
  'not-centred': [{ theorem2: { centring: 0.8 } }, /80 %/],
  'nearest-mean-disagrees': [{ collapse: { nc4: 0.25 } }, /25 %/],
  'far-from-collapse': [{ collapse: { nc1: 3 } }, /NC1 = 3/],
  'unequal-angles': [{ collapse: { nc2: { equinorm: 0.1, equiangularity: 0.4 } } }, /-0\.0526.*0\.400/],
  'random-layer-degrades': [{ randomLayers }, /from 10 to 8/],
  'unsure-or-long': [{ theorem1: { quantiles: [quantile] } }, /δ = 0\.500/],
  'constant-dimensions': [{ fdr: { constant: [3, 4], dropped: [3, 4] } }, /2 of 64 dimensions/],
  'rank-deficient': [
    { fdr: { dropped: [3, 4, 5], constant: [4], rank: 61 } },
    /rank 61 of 64: 2 dimensions.*linearly/,
  ],
  'small-classes': [
    { smallClasses: [{ class: 3, name: 'x', samples: 2, figures: ['y'] }] as never },
    /1 of 20.*x: 2/,
  ],
  'tail-norms-large': [
    { correlations: { classMeanNorms: -0.8 } },
    /-0\.800; ‖μ_k‖ is 2 for many and 4 for few/,
  ],
  'implicit-adjustment': [{ theorem2: { implicitGamma: 0.4, r2: 0.9 } }, /γ = 0\.400.*R² = 0\.900/],
  collapsed: [{ collapse: { nc1: 0.01 } }, /NC1 = 0\.0100/],
  'well-spread': [{ cosine: { differentClass: 0.05 } }, /0\.0500.*0\.700/],
  'theorem-1-holds': [
    { theorem1: { quantiles: [{ ...quantile, quantile: 0.9, delta: 0.9, holds: true, bound: 0.78 }] } },
    /quantile 0\.9.*0\.780/,
  ],
};

describe('advise', () => {
  it('has nothing to say where nothing stands out', () => {
    expect(advise(PLAIN)).toEqual([]);
  });

  it('is tested rule by rule', () => {
    expect(Object.keys(SPEAKS).sort()).toEqual(ADVICE_RULES.map(({ rule }) => rule).sort());
  });

  it.each(Object.entries(SPEAKS))('%s speaks, with its numbers', (rule, [changes, words]) => {
    const found = advise(changed(changes));
    const entry = found.find((advice) => advice.rule === rule);
    expect(entry?.evidence).toMatch(words);
    expect(entry!.evidence).not.toMatch(/NaN|undefined|null|\?/);
    expect(entry!.source.length).toBeGreaterThan(10);
  });

  it('puts problems first, then cautions, then what is good', () => {
    const kinds = advise(
      changed({ imbalanceFactor: 100, collapse: { nc1: 0.01 }, cosine: { differentClass: 0.9 } }),
    ).map(({ kind }) => kind);
    expect(kinds).toEqual(
      [...kinds].sort(
        (a, b) => ['problem', 'caution', 'good'].indexOf(a) - ['problem', 'caution', 'good'].indexOf(b),
      ),
    );
    expect(new Set(kinds).size).toBe(3);
  });

  it('says of training features only what the paper says of them', () => {
    const test = changed({ counts: new Array(20).fill(100) as never, correlations: { classMeanNorms: 0.1 } });
    expect(advise(test)).toEqual([]);
    expect(advise(changed({ correlations: { classMeanNorms: -0.9 } }, test))).toEqual([]);
  });

  it('says of a rank with too few samples that these are too few', () => {
    const found = advise(changed({ samples: 60, fdr: { dropped: [1, 2], rank: 62 } }));
    expect(found[0].evidence).toMatch(/60 samples of 20 classes are too few for 64 dimensions/);
  });

  it('takes accuracies from an evaluation where there is one', () => {
    // Both many classes right, both few classes wrong.
    const logits = matrix(Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1), 4, 2);
    const evaluation = evaluate({ logits, labels: [0, 0, 1, 0], counts: [500, 5], bootstrap: 0 });
    expect(evaluation.many === undefined).toBe(true);
    const cut = evaluate({ logits, labels: [0, 1, 1, 0], counts: [5000, 5], bootstrap: 0 });
    const found = advise(PLAIN, { evaluation: { ...cut, many: 0.9, few: 0.1 } });
    expect(found.find(({ rule }) => rule === 'tail-left-behind')?.evidence).toMatch(/90 % of cases.*10 %/);
  });

  it.each(GOLDEN_NAMES)('finds words for %s', async (name) => {
    const { set, head, trainCounts } = await goldenProblem(name);
    const { advice } = await diagnose(set, { head, counts: trainCounts, ...cpu });
    for (const { evidence } of advice) expect(evidence).not.toMatch(/NaN|undefined|null|\?/);
    expect(advice.length).toBeGreaterThan(0);
  });
});

const TEST = changed({
  name: 'test',
  counts: new Array(20).fill(100) as never,
  fdr: { value: 5 },
  classMeanNorms: PLAIN.classMeanNorms as never,
});
const accuracyOf = (many: number, few: number) => ({
  perClass: PLAIN.groups.map((group) => (group === 'few' ? few : group === 'many' ? many : 0.8)),
});

const SPEAKS_TOGETHER: Record<string, [Changes, RegExp]> = {
  'fdr-drop': [{ fdr: { value: 1 } }, /from 20 on the training set to 1 on/],
  'tail-overfit': [{ accuracy: accuracyOf(0.8, 0.3) }, /by 10 points.*by 60 for/],
  'cone-on-test': [{ cosine: { differentClass: 0.45 } }, /0\.450.*0\.300/],
  'collapse-ends-at-training': [{ collapse: { nc1: 20 } }, /NC1 = 0\.500.*20/],
  'tail-norms-training-only': [{ classMeanNorms: new Array(20).fill(3) as never }, /2 times.*1 times/],
  'features-carry-over': [{ fdr: { value: 18 } }, /20 and 18.*0\.300 and 0\.300/],
};

describe('trends with the counts', () => {
  const rising = { correlations: { classMeanNorms: 0.1 } };
  const rules = (changes: Changes) => advise(changed({ ...rising, ...changes })).map(({ rule }) => rule);

  it('are spoken of where the counts differ enough, and there are classes enough', () => {
    expect(rules({})).toContain('tail-norms-flat');
    expect(rules({ imbalanceFactor: 1.3 })).not.toContain('tail-norms-flat');
    expect(rules({ classes: 4 })).not.toContain('tail-norms-flat');
  });

  it('are told of the second set by its name', () => {
    const [{ evidence }] = adviseTogether(
      PLAIN,
      changed({ classMeanNorms: new Array(20).fill(3) as never }, TEST),
      {
        name: 'the validation set',
      },
    );
    expect(evidence).toMatch(/on the validation set\.$/);
  });
});

describe('adviseTogether', () => {
  it('has nothing to say where nothing stands out', () => {
    expect(adviseTogether(PLAIN, TEST)).toEqual([]);
  });

  it('is tested rule by rule', () => {
    expect(Object.keys(SPEAKS_TOGETHER).sort()).toEqual(COMPARISON_RULES.map(({ rule }) => rule).sort());
  });

  it.each(Object.entries(SPEAKS_TOGETHER))('%s speaks, with its numbers', (rule, [changes, words]) => {
    const found = adviseTogether(PLAIN, changed(changes, TEST));
    expect(found.map((advice) => advice.rule)).toEqual([rule]);
    expect(found[0].evidence).toMatch(words);
  });

  it('bears figures that are not known', () => {
    const unknown = changed({
      fdr: { value: null },
      cosine: { sameClass: null, differentClass: null, matrix: null },
      collapse: { nc1: null, nc2: { equinorm: null, equiangularity: null }, nc3: null, nc4: null },
      accuracy: null,
      theorem1: null,
      theorem2: null,
      classMeanNorms: new Array(20).fill(null) as never,
      correlations: { classMeanNorms: null, featureNorms: null, weightNorms: null },
    });
    expect(adviseTogether(unknown, unknown)).toEqual([]);
    expect(advise(unknown)).toEqual([]);
  });
});

it('rules have names of their own', () => {
  const names = [...ADVICE_RULES, ...COMPARISON_RULES].map(({ rule }) => rule);
  expect(new Set(names).size).toBe(names.length);
});

it('shows numbers with three digits', () => {
  expect([0.12345, 12.345, 1234.5, 100, 1e9, 0].map(show)).toEqual([
    '0.123',
    '12.3',
    '1235',
    '100',
    '1.00e+9',
    '0',
  ]);
  expect([0.0567, 0.5].map(percent)).toEqual(['5.7 %', '50 %']);
});
