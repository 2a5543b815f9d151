import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LinearHead, linearHead } from '../../src/array/linear-head.js';
import { matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { headLogitsReference } from '../../src/compute/head-logits.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { ETF_TOLERANCE, headGeometry } from '../../src/diagnostics/head-distance.js';
import { largestCosines } from '../../src/diagnostics/largest-cosine.js';
import { missingFigures } from '../../src/diagnostics/missing.js';
import { boundOf, THEOREM1_QUANTILES, theorem1Figures } from '../../src/diagnostics/theorem1.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { etfHead } from '../../src/head/etf.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { cpu, GOLDEN_NAMES, goldenProblem, randomSet, unheard } from './metrics-golden.js';

/** Features s·(w_y + noise) of an ETF head that is scaled, shifted and given a small bias. */
function etfProblem({
  seed = 0,
  classes = 5,
  samples = 60,
  size = 9,
  noise = 0.1,
  scale = 1,
  bias = 0,
  shift = 0,
}) {
  const dimensions = classes + 2;
  const random = createRandom(seed);
  const etf = etfHead({ classes, dimensions, seed });
  const labels = Int32Array.from({ length: samples }, () => Math.floor(classes * random()));
  const rows = new Float32Array(samples * dimensions);
  for (let i = 0; i < samples; i++) {
    const length = (size * (0.9 + 0.2 * random())) / scale;
    for (let d = 0; d < dimensions; d++) {
      rows[i * dimensions + d] = length * (etf.weight.get(labels[i], d) + noise * (2 * random() - 1));
    }
  }
  const row = Array.from({ length: dimensions }, () => shift * (2 * random() - 1));
  const head = linearHead(
    Float32Array.from(etf.weight.data, (w, at) => scale * w + row[at % dimensions]),
    Float32Array.from({ length: classes }, () => bias * (2 * random() - 1)),
    classes,
    dimensions,
  );
  const set = new FeatureSet({ features: matrix(rows, samples, dimensions), labels, classCount: classes });
  return { set, head, classes };
}

async function figuresOf({ set, head, classes }: { set: FeatureSet; head: LinearHead; classes: number }) {
  const statistics = await collectStatistics(set.features, set.labels!, { classes, head, ...cpu });
  return (await theorem1Figures({ head, statistics, sets: [set] }, unheard, cpu))!;
}

/** In float64 by the definitions: 1 − p_y, ‖f‖, and the largest cosine of two classes among the samples within ε and L. */
function observed(set: FeatureSet, head: LinearHead) {
  const logits = headLogitsReference(head, set.features);
  const [n, d] = set.features.shape;
  const doubts: number[] = [];
  const norms: number[] = [];
  for (let i = 0; i < n; i++) {
    let others = 0;
    for (let k = 0; k < logits.shape[1]; k++) {
      if (k !== set.labels![i]) others += Math.exp(logits.get(i, k) - logits.get(i, set.labels![i]));
    }
    doubts.push(others / (1 + others));
    norms.push(Math.hypot(...Array.from({ length: d }, (_, j) => set.features.get(i, j))));
  }
  const largest = (epsilon: number, length: number) => {
    let most: number | null = null;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        if (set.labels![i] === set.labels![j] || norms[i] * norms[j] === 0) continue;
        if (Math.max(doubts[i], doubts[j]) > epsilon || Math.max(norms[i], norms[j]) > length) continue;
        let sum = 0;
        for (let a = 0; a < d; a++) sum += set.features.get(i, a) * set.features.get(j, a);
        most = Math.max(most ?? -1, sum / norms[i] / norms[j]);
      }
    }
    return most;
  };
  return { doubts, norms, largest };
}

describe('theorem1Figures', () => {
  it('δ and bound are the formulas of the theorem for its own head', async () => {
    const problem = etfProblem({ classes: 6, size: 12 });
    const figures = await figuresOf(problem);
    expect(figures.applies).toBe(true);
    expect(figures.quantiles.map(({ quantile }) => quantile)).toEqual(THEOREM1_QUANTILES);
    for (const { epsilon, length, delta, bound, holds } of figures.quantiles) {
      const wanted = (1 / length) * (5 / 6) * Math.log((5 * (1 - epsilon)) / epsilon);
      expect(delta! / wanted).toBeCloseTo(1, 5);
      expect(holds).toBe(wanted > Math.SQRT1_2 && wanted <= 1);
      if (holds) expect(bound).toBeCloseTo(2 * wanted * Math.sqrt(1 - wanted ** 2), 4);
      else expect(bound).toBeNull();
    }
    expect(figures.quantiles[1].holds).toBe(true);
  });

  it('ε and L are never below the true quantiles, and hardly above', async () => {
    const problem = etfProblem({ samples: 200 });
    const { doubts, norms } = observed(problem.set, problem.head);
    const ranked = (values: number[], q: number) =>
      values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(q * values.length) - 1)];
    for (const { quantile, epsilon, length } of (await figuresOf(problem)).quantiles) {
      expect(epsilon / ranked(doubts, quantile)).toBeGreaterThan(1 - 1e-5);
      expect(epsilon / ranked(doubts, quantile)).toBeLessThan(1.05);
      expect(length / ranked(norms, quantile)).toBeGreaterThan(1 - 1e-6);
      expect(length / ranked(norms, quantile)).toBeLessThan(1.012);
    }
  });

  it('the bound is never below the largest cosine of samples within ε and L', async () => {
    let held = 0;
    const problems = fc.record({
      seed: fc.nat(10_000),
      classes: fc.integer({ min: 2, max: 12 }),
      size: fc.double({ min: 2, max: 30, noNaN: true }),
      noise: fc.double({ min: 0, max: 0.5, noNaN: true }),
      scale: fc.constantFrom(1, 0.2, 7),
      bias: fc.constantFrom(0, 0.005),
      shift: fc.constantFrom(0, 3),
    });
    await fc.assert(
      fc.asyncProperty(problems, async (shape) => {
        // Half of the tolerance in either way at most: the head still counts as an ETF.
        const problem = etfProblem({ ...shape, bias: shape.bias * shape.scale });
        const figures = await figuresOf(problem);
        expect(figures.applies).toBe(true);
        const { largest } = observed(problem.set, problem.head);
        for (const { holds, bound, epsilon, length, largestCosine } of figures.quantiles) {
          if (!holds) continue;
          held++;
          const wanted = largest(epsilon, length);
          if (wanted === null) expect(largestCosine).toBeNull();
          else {
            expect(largestCosine).toBeCloseTo(wanted, 6);
            expect(wanted).toBeLessThanOrEqual(bound! + 1e-6);
          }
        }
      }),
      { numRuns: 80 },
    );
    expect(held).toBeGreaterThan(40);
  });

  it('says how far another head is, and gives no bound', async () => {
    const { set, head, statistics } = await goldenProblem('long-tailed');
    const { miss, missing } = missingFigures();
    const figures = (await theorem1Figures({ head, statistics, sets: [set] }, miss, cpu))!;
    expect(figures.applies).toBe(false);
    expect(figures.head.cosines).toBeGreaterThan(ETF_TOLERANCE);
    for (const quantile of figures.quantiles) {
      expect(quantile).toMatchObject({ delta: null, holds: false, bound: null, largestCosine: null });
      expect(quantile.epsilon).toBeGreaterThan(0);
    }
    expect(missing).toEqual([
      {
        figure: 'theorem1.quantiles.bound',
        reason: expect.stringMatching(/the head is not an ETF: it is off by/),
      },
    ]);
  });

  it('looks at fewer pairs where there is no bound to compare them with', async () => {
    const plain = randomSet([3000, 2000], 3, { seed: 2 });
    const head = linearHead(Float32Array.of(1, 0, 0, 0, 2, 0), Float32Array.of(1, 0), 2, 3);
    const other = await figuresOf({ set: plain, head, classes: 2 });
    expect(other).toMatchObject({ applies: false, pairs: 'sampled', pairSamples: 4096 });
    const etf = etfHead({ classes: 2, dimensions: 3 });
    expect(await figuresOf({ set: plain, head: etf, classes: 2 })).toMatchObject({
      applies: true,
      pairs: 'all',
      pairSamples: 5000,
    });
  });

  it('gives no bound where features are too long for how sure the head is', async () => {
    const { set, head, classes } = etfProblem({ noise: 3, size: 4 });
    const statistics = await collectStatistics(set.features, set.labels!, { classes, head, ...cpu });
    const { miss, missing } = missingFigures();
    const figures = (await theorem1Figures({ head, statistics, sets: [set] }, miss, cpu))!;
    expect(figures.applies).toBe(true);
    expect(figures.quantiles.at(-1)).toMatchObject({ holds: false, bound: null });
    expect(missing.some(({ reason }) => /δ is .*, not in/.test(reason))).toBe(true);
  });

  it('is null without the answers of this head, or for a head that tells nothing; without features there is no cosine', async () => {
    const { set, head, classes } = etfProblem({});
    const statistics = await collectStatistics(set.features, set.labels!, { classes, head, ...cpu });
    const reasonOf = async (input: Parameters<typeof theorem1Figures>[0]) => {
      const { miss, missing } = missingFigures();
      return { figures: await theorem1Figures(input, miss, cpu), missing };
    };
    const without = await reasonOf({ head, statistics: { ...statistics, head: undefined } });
    expect(without).toEqual({
      figures: null,
      missing: [{ figure: 'theorem1', reason: expect.stringMatching(/without this head/) }],
    });
    const equal = linearHead(
      new Float32Array(classes * set.dimensions).fill(2),
      new Float32Array(classes),
      classes,
      set.dimensions,
    );
    expect((await reasonOf({ head: equal, statistics })).missing[0].reason).toMatch(
      /all its rows are the same/,
    );
    const only = await reasonOf({ head, statistics });
    expect(only.figures).toMatchObject({ applies: true, largestCosine: null, pairs: null, pairSamples: 0 });
    expect(only.missing.some(({ figure }) => figure === 'theorem1.largestCosine')).toBe(true);
  });
});

describe('headGeometry', () => {
  it('sees what a softmax sees: not a row or a number that is added to all', async () => {
    const plain = etfProblem({ scale: 2 });
    const shifted = etfProblem({ scale: 2, shift: 5 });
    const a = (await headGeometry(plain.head, cpu))!;
    const b = (await headGeometry(shifted.head, cpu))!;
    expect(a.distance.scale).toBeCloseTo(2, 6);
    expect(b.distance.scale).toBeCloseTo(2, 5);
    expect(Math.max(b.distance.norms, b.distance.cosines, b.distance.bias)).toBeLessThan(1e-5);
    expect(a.largestCosine).toBeCloseTo(-1 / 4, 6);
  });

  it('measures norms, cosines and bias', async () => {
    const head = linearHead(Float64Array.of(2, 0, -1, 1, -1, -1), Float64Array.of(0.5, -0.5, 0), 3, 2);
    const { distance, longest, largestBias, largestCosine } = (await headGeometry(head, cpu))!;
    const scale = (2 + 2 * Math.SQRT2) / 3;
    expect(distance.scale).toBeCloseTo(scale, 12);
    expect(distance.norms).toBeCloseTo(2 / scale - 1, 12);
    expect(distance.cosines).toBeCloseTo(0.5, 12);
    expect(distance.bias).toBeCloseTo(0.5 / scale, 12);
    expect([longest, largestBias]).toEqual([2, 0.5]);
    expect(largestCosine).toBeCloseTo(0, 12);
  });
});

it('boundOf takes the longest row, the largest bias and the largest cosine of a head that is not quite an ETF', () => {
  const distance = { scale: 1, norms: 0, cosines: 0, bias: 0, tolerance: 0.01 };
  const geometry = { distance, longest: 1.01, largestBias: 0.02, largestCosine: 0.1 };
  const { delta, bound, holds } = boundOf(geometry, 10, 1e-4, 11);
  const wanted = (0.9 * Math.log((9 * 0.9999) / 1e-4) - 0.02) / (1.01 * 11);
  expect(delta).toBeCloseTo(wanted, 12);
  expect(holds).toBe(true);
  expect(bound).toBeCloseTo(Math.cos(Math.acos(0.1) - 2 * Math.acos(wanted)), 12);
});

it('boundOf is nothing where δ is not finite', async () => {
  const geometry = (await headGeometry(etfHead({ classes: 3, dimensions: 4 }), cpu))!;
  expect(boundOf(geometry, 3, 0, 1)).toEqual({ delta: null, holds: false, bound: null });
  expect(boundOf(geometry, 3, 0.1, 0)).toEqual({ delta: null, holds: false, bound: null });
});

describe('largestCosines', () => {
  it.each(GOLDEN_NAMES)('agrees with numpy: %s', async (name) => {
    const { set, figures } = await goldenProblem(name);
    const found = await largestCosines([set], cpu);
    expect(found.all).toBeCloseTo(figures.largestCosine, 7);
    expect(found).toMatchObject({ byLevel: [], pairs: 'all', samples: set.samples });
  });

  it('looks at a seeded part of many samples, over several sets, and says so', async () => {
    const a = randomSet([60, 40], 4, { seed: 1 });
    const b = randomSet([60, 40], 4, { seed: 2 });
    const all = await largestCosines([a, b], cpu);
    const some = await largestCosines([a, b], { ...cpu, limit: 50, seed: 3 });
    expect(some).toMatchObject({ pairs: 'sampled', samples: 50 });
    expect(some.all!).toBeLessThanOrEqual(all.all! + 1e-6);
    expect(await largestCosines([a, b], { ...cpu, limit: 50, seed: 3 })).toEqual(some);
    expect((await largestCosines([a, b], { ...cpu, limit: 50, seed: 4 })).all).not.toBe(some.all);
  });

  it('is null for one class, and stops when asked to', async () => {
    const set = randomSet([5, 0], 3);
    expect((await largestCosines([set], cpu)).all).toBeNull();
    await expectRefusal(
      () => largestCosines([set], { ...cpu, signal: AbortSignal.abort('no') }),
      'ABORTED',
      /no/,
    );
  });
});
