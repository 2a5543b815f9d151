import { describe, expect, it } from 'vitest';
import { type LinearHead, linearHead } from '../../src/array/linear-head.js';
import { denseData, type Matrix, matrix } from '../../src/array/matrix.js';
import { createRandom, type Random } from '../../src/array/random.js';
import { argmaxRows } from '../../src/evaluation/argmax.js';
import { type Adjustment, adjust } from '../../src/head/adjust.js';
import { transformLogits } from '../../src/head/class-transform.js';
import { stratifiedFolds } from '../../src/head/folds.js';
import { measureImprovement } from '../../src/head/improvement.js';
import { type Outcome, oneStandardError } from '../../src/head/one-standard-error.js';
import { predictTransformed } from '../../src/head/predict-transformed.js';
import { select } from '../../src/head/select.js';

const normal = (random: Random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Logits W x + b in float32, as a model would give them. */
function apply(head: LinearHead, features: Float64Array): Matrix {
  const [classes, dimensions] = head.weight.shape;
  const [weight, bias] = [denseData(head.weight), denseData(head.bias)];
  const samples = features.length / dimensions;
  const logits = new Float32Array(samples * classes);
  for (let i = 0; i < samples; i++) {
    for (let k = 0; k < classes; k++) {
      let z = bias[k];
      for (let d = 0; d < dimensions; d++) z += weight[k * dimensions + d] * features[i * dimensions + d];
      logits[i * classes + k] = z;
    }
  }
  return matrix(logits, samples, classes);
}

/**
 * Unit Gaussians around random means and the head that is Bayes' rule for the training prior: z_k = μ_k·x − ‖μ_k‖²/2 +
 * log π_k. For balanced data Bayes' rule is additive adjustment with τ = 1, so nothing can beat that.
 */
function longTailed(perClass: number, seed: number, spread = 1) {
  const random = createRandom(seed);
  const [classes, dimensions] = [10, 8];
  const counts = Array.from({ length: classes }, (_, k) => Math.floor(5000 * 100 ** (-k / (classes - 1))));
  const all = counts.reduce((a, b) => a + b);
  const weight = Float32Array.from({ length: classes * dimensions }, () => spread * normal(random));
  const bias = Float32Array.from(counts, (n, k) => {
    let square = 0;
    for (let d = 0; d < dimensions; d++) square += weight[k * dimensions + d] ** 2;
    return Math.log(n / all) - square / 2;
  });
  const labels = Int32Array.from({ length: classes * perClass }, (_, i) => i % classes);
  const features = new Float64Array(labels.length * dimensions);
  for (let at = 0; at < features.length; at++) {
    const [i, d] = [Math.floor(at / dimensions), at % dimensions];
    features[at] = weight[labels[i] * dimensions + d] + normal(random);
  }
  const head = linearHead(weight, bias, classes, dimensions);
  return { head, features, logits: apply(head, features), labels, counts };
}

/** Logits that know nothing of the labels. */
function noise(classes: number, perClass: number, seed: number) {
  const random = createRandom(seed);
  const samples = classes * perClass;
  const head = linearHead(
    Float32Array.from({ length: classes * 4 }, () => normal(random)),
    Float32Array.from({ length: classes }, () => normal(random)),
    classes,
    4,
  );
  return {
    head,
    logits: matrix(
      Float32Array.from({ length: samples * classes }, () => normal(random)),
      samples,
      classes,
    ),
    labels: Int32Array.from({ length: samples }, (_, i) => i % classes),
    counts: Array.from({ length: classes }, (_, k) => Math.ceil(1000 * 0.6 ** k)),
  };
}

describe('select', () => {
  it('finds Bayes’ rule on a long-tailed problem: additive near τ = 1', async () => {
    const validation = longTailed(400, 1);
    const found = await select(validation);
    expect(found.chosen.method).toBe('additive');
    expect(found.table[found.row].parameters).toBe(found.candidate.parameters);
    expect(found.chosen.parameters.tau).toBeGreaterThanOrEqual(0.6);
    expect(found.chosen.parameters.tau).toBeLessThanOrEqual(1.3);
    expect(found.beyondNoise).toBe(true);
    expect(found.improvement.interval[0]).toBeGreaterThan(0.03);
    // What the selection says of itself holds on data it has not seen.
    const test = longTailed(400, 1);
    const random = createRandom(99);
    for (let at = 0; at < test.features.length; at++) {
      const [i, d] = [Math.floor(at / 8), at % 8];
      test.features[at] = denseData(test.head.weight)[test.labels[i] * 8 + d] + normal(random);
    }
    const right = (head: LinearHead) => {
      const predictions = argmaxRows(apply(head, test.features));
      return predictions.reduce((n, p, i) => n + (p === test.labels[i] ? 1 : 0), 0) / test.labels.length;
    };
    const gain = right(found.chosen.head) - right(test.head);
    expect(gain).toBeGreaterThan(found.improvement.interval[0] - 0.02);
    expect(gain).toBeLessThan(found.improvement.interval[1] + 0.02);
    const row = (method: string, tau: number) =>
      found.table.find((r) => r.method === method && r.parameters.tau === tau);
    expect(row('additive', 1)?.few).toBeGreaterThan(found.table[0].few as number);
    expect(row('additive', 1)?.many).toBeLessThan(found.table[0].many as number);
  });

  it('writes the head whose predictions it scored', async () => {
    const validation = longTailed(50, 3);
    const found = await select(validation);
    const line = found.table.find(
      (r) =>
        r.method === found.candidate.method &&
        JSON.stringify(r.parameters) === JSON.stringify(found.candidate.parameters),
    );
    const predictions = argmaxRows(apply(found.candidate.head, validation.features));
    const hits = predictions.reduce((n, p, i) => n + (p === validation.labels[i] ? 1 : 0), 0);
    expect(hits / validation.labels.length).toBeCloseTo(line?.average as number, 12);
    expect(found.table[0]).toMatchObject({ method: 'none', parameters: {}, change: 0 });
  });

  it('keeps the original head on noise, where the best of the grid looks better', async () => {
    const seeds = 200;
    let kept = 0;
    let naive = 0;
    for (let seed = 0; seed < seeds; seed++) {
      const grid = [0.25, 0.5, 1, 1.5, 2];
      const grids = { additive: grid, multiplicative: grid, 'tau-norm': grid };
      const problem = noise(6, 20, seed);
      const found = await select({ ...problem, grids, seed, bootstrap: 400 });
      if (!found.beyondNoise) {
        kept++;
        expect(found.chosen.method).toBe('none');
        expect(found.chosen.head).toBe(problem.head);
      }
      // The same test, fooled: on the samples that the winner was picked by.
      const best = Math.max(...found.table.map((row) => row.average));
      if (best - found.table[0].average > 0.03) naive++;
    }
    expect(1 - kept / seeds).toBeLessThanOrEqual(0.05);
    expect(naive / seeds).toBeGreaterThan(0.3);
  });

  it('is honest about heads that differ by noise only: no gain on average, and hardly ever significant', async () => {
    const [classes, perClass, seeds] = [10, 5, 150];
    const samples = classes * perClass;
    const labels = Int32Array.from({ length: samples }, (_, i) => i % classes);
    const head = linearHead(new Float32Array(classes), new Float32Array(classes), classes, 1);
    let significant = 0;
    let gain = 0;
    let inSample = 0;
    for (let seed = 0; seed < seeds; seed++) {
      const random = createRandom(1000 + seed);
      const noisy = () =>
        matrix(
          Float32Array.from(
            { length: samples * classes },
            (_, at) => normal(random) + (at % classes === labels[Math.floor(at / classes)] ? 2 : 0),
          ),
          samples,
          classes,
        );
      const candidates = Array.from({ length: 20 }, (_, c) => ({
        method: 'noise',
        parameters: { c },
        head,
        logits: noisy,
      }));
      const counts = new Array<number>(classes).fill(1);
      const options = {
        head,
        logits: noisy(),
        labels,
        counts,
        methods: [],
        candidates,
        seed,
        bootstrap: 400,
      };
      const found = await select(options);
      if (found.beyondNoise) significant++;
      gain += found.improvement.average / seeds;
      inSample += (Math.max(...found.table.map((row) => row.average)) - found.table[0].average) / seeds;
    }
    expect(significant / seeds).toBeLessThanOrEqual(0.05);
    // The best of 21 equally good heads looks far better than the first on the samples it was picked by.
    expect(inSample).toBeGreaterThan(0.08);
    expect(Math.abs(gain)).toBeLessThan(0.02);
  });

  it('keeps a head that is right already', async () => {
    const { head, features, labels, counts } = longTailed(40, 4);
    const balanced = adjust(head, { method: 'additive', tau: 1, counts });
    const found = await select({ head: balanced, logits: apply(balanced, features), labels, counts });
    expect(found.beyondNoise).toBe(false);
    expect(found.chosen).toEqual({ method: 'none', parameters: {}, head: balanced });
  });

  it('gives the same result for the same seed', async () => {
    const problem = longTailed(20, 5);
    const a = await select({ ...problem, seed: 3 });
    const b = await select({ ...problem, seed: 3 });
    expect(JSON.stringify(a)).toBe(JSON.stringify(b));
    const c = await select({ ...problem, seed: 4 });
    expect(JSON.stringify(c.improvement)).not.toBe(JSON.stringify(a.improvement));
  });

  it('does not depend on how the classes are numbered', async () => {
    const { head, features, labels, counts } = longTailed(30, 6);
    const order = [3, 9, 0, 7, 1, 8, 2, 6, 4, 5];
    const [w, b] = [denseData(head.weight), denseData(head.bias)];
    const moved = linearHead(
      Float32Array.from(order.flatMap((k) => [...w.slice(k * 8, k * 8 + 8)])),
      Float32Array.from(order, (k) => b[k]),
      10,
      8,
    );
    const rows = async (h: LinearHead, y: Int32Array, n: number[]) =>
      (await select({ head: h, logits: apply(h, features), labels: y, counts: n })).table;
    const plain = await rows(head, labels, counts);
    const permuted = await rows(
      moved,
      labels.map((k) => order.indexOf(k)),
      order.map((k) => counts[k]),
    );
    plain.forEach((row, c) => {
      for (const key of ['average', 'many', 'medium', 'few', 'change', 'standardError'] as const) {
        expect(permuted[c][key]).toBeCloseTo(row[key] as number, 9);
      }
    });
  });

  it('aims at the target prior it is given', async () => {
    // For q = π the original head is Bayes' rule: the criterion must not pull towards balance.
    const { head, logits, labels, counts } = longTailed(100, 7);
    const found = await select({ head, logits, labels, counts, targetPrior: counts });
    expect(found.beyondNoise).toBe(false);
    const reversed = await select({ head, logits, labels, counts, targetPrior: [...counts].reverse() });
    expect(reversed.beyondNoise).toBe(true);
    expect(reversed.candidate.method).toBe('additive');
  });

  it('lets heads made elsewhere compete', async () => {
    const { head, features, logits, labels, counts } = longTailed(100, 8);
    const fitted = adjust(head, { method: 'additive', tau: 1, counts });
    let calls = 0;
    const extra = {
      method: 'wb',
      parameters: { epochs: 10 },
      head: fitted,
      logits: async () => {
        calls++;
        return apply(fitted, features);
      },
    };
    const found = await select({ head, logits, labels, counts, methods: [], candidates: [extra] });
    expect(calls).toBe(1);
    expect(found.table.map((row) => row.method)).toEqual(['none', 'wb']);
    expect(found.chosen).toEqual({ method: 'wb', parameters: { epochs: 10 }, head: fitted });
    const wrong = { ...extra, logits: () => matrix(new Float32Array(20), 2, 10) };
    await expect(
      select({ head, logits, labels, counts, methods: [], candidates: [wrong] }),
    ).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
  });

  it('summarises each method on its own, below what the whole procedure may reach by luck', async () => {
    const found = await select(longTailed(60, 9));
    expect(found.methods.map(({ method, convention }) => [method, convention])).toEqual([
      ['none', undefined],
      ['additive', undefined],
      ['multiplicative', 'published-code'],
      ['multiplicative', 'paper'],
      ['tau-norm', undefined],
    ]);
    expect(found.methods[0].outOfFold).toBeCloseTo(found.table[0].average, 12);
    for (const { method, convention, outOfFold } of found.methods) {
      const own = found.table.filter(
        (row) => row.method === method && (!convention || row.parameters.convention === convention),
      );
      expect(outOfFold).toBeLessThanOrEqual(Math.max(...own.map((row) => row.average)) + 0.02);
    }
    expect(found.foldChoices).toHaveLength(found.folds);
  });

  it('leaves out what does not fit the number type, and says so', async () => {
    const found = await select({ ...longTailed(20, 10), grids: { multiplicative: [1, 50, 1000] } });
    const gammas = found.table
      .filter((row) => row.method === 'multiplicative')
      .map((r) => r.parameters.gamma);
    expect(gammas).toEqual([1, 1]);
    expect(found.warnings.filter((w) => w.startsWith('Left out'))).toEqual([
      expect.stringMatching(/multiplicative, published-code at 50, 1000: .*would not fit the number type/),
      expect.stringMatching(/multiplicative, paper at 50, 1000: .*would not fit the number type/),
    ]);
  });

  it('leaves out what does not fit a narrower type of the model, but never the original', async () => {
    const problem = longTailed(20, 10);
    const largest = denseData(problem.head.bias).reduce((most, b) => Math.max(most, Math.abs(b)), 0);
    const weights = denseData(problem.head.weight).reduce((most, w) => Math.max(most, Math.abs(w)), 0);
    const options = { ...problem, methods: ['additive', 'multiplicative'] as const };
    const all = await select(options);
    const bounded = await select({ ...options, largestNumber: 2 * Math.max(largest, weights) });
    expect(bounded.table.length).toBeLessThan(all.table.length);
    expect(bounded.table.length).toBeGreaterThan(1);
    expect(bounded.warnings.join()).toMatch(/Left out: multiplicative, published-code at 0\.\d+, /);
    for (const { method, parameters } of bounded.table.slice(1)) {
      const made = adjust(problem.head, { method, ...parameters, counts: problem.counts } as Adjustment);
      for (const value of [...denseData(made.weight), ...denseData(made.bias)]) {
        expect(Math.abs(value)).toBeLessThanOrEqual(2 * Math.max(largest, weights));
      }
    }
    const huge = linearHead(
      denseData(problem.head.weight).map((w) => w * 1e6),
      denseData(problem.head.bias),
      10,
      8,
    );
    const extra = { method: 'fitted', head: huge, logits: () => problem.logits };
    const offered = await select({ ...options, candidates: [extra], largestNumber: 65504 });
    expect(offered.table.map(({ method }) => method)).not.toContain('fitted');
    expect(offered.warnings.join()).toMatch(/Left out: fitted: .*number type/);
    const nothing = await select({ ...options, largestNumber: 1e-30 });
    expect(nothing.table.map(({ method }) => method)).toEqual(['none']);
    expect(nothing.chosen.method).toBe('none');
  });
});

describe('select on difficult validation sets', () => {
  const problem = longTailed(20, 11);
  const only = (keep: (k: number, i: number) => boolean) => {
    const rows = [...problem.labels.keys()].filter((i) => keep(problem.labels[i], Math.floor(i / 10)));
    const data = denseData(problem.logits);
    return {
      ...problem,
      labels: Int32Array.from(rows, (i) => problem.labels[i]),
      logits: matrix(
        Float32Array.from(rows.flatMap((i) => [...data.slice(i * 10, i * 10 + 10)])),
        rows.length,
        10,
      ),
    };
  };

  it('refuses a missing class by name, or skips it when told to', async () => {
    const two = only((k) => k !== 3 && k !== 8);
    await expect(select(two)).rejects.toMatchObject({
      code: 'CLASS_MISSING',
      message: expect.stringMatching(/classes 3, 8 of 10 have no validation sample.*missing: 'skip'/),
    });
    const found = await select({ ...two, missing: 'skip' });
    expect(found.missingClasses).toEqual([3, 8]);
    expect(found.warnings.join()).toMatch(/not in any average: classes 3, 8\./);
    expect(Number.isFinite(found.improvement.average)).toBe(true);
  });

  it('stands classes with one sample, and warns', async () => {
    const found = await select(only((k, turn) => k < 7 || turn === 0));
    expect(found.folds).toBe(5);
    expect(found.warnings).toEqual([expect.stringMatching(/single validation sample: classes 7, 8, 9\./)]);
    expect(found.improvement.interval.every(Number.isFinite)).toBe(true);
  });

  it('uses fewer folds when no class fills them', async () => {
    const three = await select(only((_, turn) => turn < 3));
    expect(three.folds).toBe(3);
    expect(three.warnings.join()).toMatch(/3 folds were used instead of 5/);
    const one = await select(only((_, turn) => turn < 1));
    expect(one.folds).toBe(2);
    expect(one.beyondNoise).toBe(false);
  });

  it.each([
    ['one fold', { folds: 1 }, 'INVALID_ARGUMENT'],
    ['too few replicates', { bootstrap: 10 }, 'INVALID_ARGUMENT'],
    ['counts of another length', { counts: [1, 2] }, 'COUNTS_INVALID'],
    ['an unknown method', { methods: ['magic' as 'additive'] }, 'INVALID_ARGUMENT'],
    ['a target of another length', { targetPrior: [1] }, 'INVALID_ARGUMENT'],
    [
      'a head of other classes',
      { head: linearHead(new Float32Array(4), new Float32Array(2), 2, 2) },
      'SHAPE_MISMATCH',
    ],
  ])('refuses %s', async (_, wrong, code) => {
    await expect(select({ ...problem, ...wrong })).rejects.toMatchObject({ code });
  });

  it('reports progress up to the total and stops when aborted', async () => {
    const seen: number[] = [];
    let total = 0;
    await select({
      ...problem,
      onProgress: (p) => {
        seen.push(p.done);
        total = p.total;
      },
    });
    expect(seen).toEqual(Array.from({ length: total }, (_, i) => i + 1));
    const abort = new AbortController();
    let done = 0;
    const stopped = select({
      ...problem,
      signal: abort.signal,
      onProgress: (p) => {
        done = p.done;
        if (done === 10) abort.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    expect(done).toBe(10);
  });
});

describe('predictTransformed', () => {
  it.each([1, 2, 3, 4, 5, 9])('equals the argmax of the transformed logits, %i rows', (samples) => {
    const random = createRandom(samples);
    // Small whole numbers: many ties.
    const numbers = (n: number) => Float64Array.from({ length: n }, () => Math.floor(3 * random()) - 1);
    for (let trial = 0; trial < 50; trial++) {
      const head = linearHead(numbers(10), numbers(5), 5, 2);
      const transform = { rowScale: numbers(5), biasScale: numbers(5), biasShift: numbers(5) };
      const logits = matrix(Float32Array.from(numbers(5 * samples)), samples, 5);
      expect(predictTransformed(logits, transform, denseData(head.bias))).toEqual(
        argmaxRows(transformLogits(logits, head, transform)),
      );
    }
  });
});

describe('stratifiedFolds', () => {
  it('has each class and all samples evenly in the folds', () => {
    const labels = Int32Array.from({ length: 97 }, (_, i) => (i < 60 ? 0 : i < 95 ? 1 : 2));
    const folds = stratifiedFolds(labels, 3, 5, 7);
    for (const k of [0, 1, 2, 'all']) {
      const sizes = [0, 0, 0, 0, 0];
      for (let i = 0; i < 97; i++) if (k === 'all' || labels[i] === k) sizes[folds[i]]++;
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
    expect(stratifiedFolds(labels, 3, 5, 7)).toEqual(folds);
    expect(stratifiedFolds(labels, 3, 5, 8)).not.toEqual(folds);
  });
});

describe('oneStandardError', () => {
  const outcome = (correct: string, changed: string, strength = 0): Outcome => ({
    correct: Uint8Array.from(correct, Number),
    changed: Uint8Array.from(changed, Number),
    strength,
  });
  const labels = [0, 0, 0, 0, 1, 1, 1, 1];
  const samples = Int32Array.from(labels.keys());

  it('takes the smaller change within one standard error of the best', () => {
    const outcomes = [
      outcome('11001000', '00000000'), // 3 of 8: score 0.375
      outcome('11101100', '00100100'), // 5 of 8: score 0.625
      outcome('11101110', '00100111'), // 6 of 8: score 0.75, the best
    ];
    const { chosen, best, standings } = oneStandardError(outcomes, [0, 1, 2], samples, labels, [1, 1]);
    expect(best).toBe(2);
    // One difference among four samples of class 1: s² = (1 − 1/4)/3 = 1/4, se = sqrt(¼ · ¼ / 4) = 1/8.
    expect(standings[1].standardError).toBeCloseTo(0.125, 12);
    expect(standings[1]).toMatchObject({ score: 0.625, change: 0.25, eligible: true });
    expect(standings[0].eligible).toBe(false);
    expect(chosen).toBe(1);
  });

  it('breaks ties by strength, then by order', () => {
    const same = (strength: number) => outcome('11101110', '00100110', strength);
    const pick = (outcomes: Outcome[]) =>
      oneStandardError(outcomes, [...outcomes.keys()], samples, labels, [1, 1]).chosen;
    expect(pick([same(2), same(1), same(1)])).toBe(1);
  });

  it('weighs classes, and takes the pooled variance for a class with one sample', () => {
    const outcomes = [outcome('1000', '0000'), outcome('0111', '1111')];
    const { standings } = oneStandardError(outcomes, [0, 1], Int32Array.of(0, 1, 2, 3), [0, 0, 0, 1], [3, 1]);
    expect(standings[0].score).toBeCloseTo(0.25, 12);
    expect(standings[1].score).toBeCloseTo(0.75, 12);
    // d = 1, 1 … of class 0 is −1, 1, 1: s² = (3 − 1/3)/2 = 4/3; class 1 borrows it.
    expect(standings[0].standardError).toBeCloseTo(Math.sqrt((9 / 16) * (4 / 9) + (1 / 16) * (4 / 3)), 12);
  });
});

describe('measureImprovement', () => {
  const compare = (gains: number, losses: number, samples = 100) => {
    const now = Uint8Array.from({ length: samples }, (_, i) => (i < gains ? 1 : 0));
    const original = Uint8Array.from({ length: samples }, (_, i) =>
      i >= gains && i < gains + losses ? 1 : 0,
    );
    return measureImprovement(now, original, new Int32Array(samples), [1], { replicates: 4000, seed: 1 });
  };

  it('is not impressed by a handful of gains', () => {
    const four = compare(4, 0);
    expect(four.interval[0]).toBeGreaterThan(0);
    expect(four.pValue).toBeCloseTo(1 / 16, 1);
    expect(four.significant).toBe(false);
    expect(compare(12, 1).significant).toBe(true);
    expect(compare(12, 10).significant).toBe(false);
    expect(compare(1, 12).significant).toBe(false);
  });

  it('has the p of McNemar’s exact test in one class', () => {
    // P(at least 9 of 12 coins) = 299/4096.
    expect(compare(9, 3).pValue).toBeCloseTo(299 / 4096, 2);
  });

  it('is nothing where nothing changes', () => {
    expect(compare(0, 0)).toEqual({
      average: 0,
      interval: [0, 0],
      probability: 0,
      pValue: 1,
      significant: false,
    });
  });
});
