import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { denseData, type FloatArray, matrix } from '../../src/array/matrix.js';
import { classBalancedWeights } from '../../src/head/class-weights.js';
import type { Fit, FitEpoch, HeldFitData, MaxNorm, SgdOptions } from '../../src/head/fit-options.js';
import { fitReference } from '../../src/head/fit-reference.js';
import { fitSgd, fitSgdTyped } from '../../src/head/fit-sgd.js';
import { maxNormRadius } from '../../src/head/max-norm.js';
import { learningRates, stepRates } from '../../src/head/schedule.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { fitProblem, signedSums } from './fit-problem.js';

type GoldenOptions = Omit<SgdOptions, 'schedule' | 'maxNorm'> & {
  maxNorm?: MaxNorm;
  schedule?: 'constant' | 'cosine' | 'cosine-published';
  sampleWeights?: boolean;
};

interface GoldenCase {
  samples: number;
  classes: number;
  dimensions: number;
  options: GoldenOptions;
  radius: number | null;
  losses: number[];
  norms: [number, number, number][];
  bias: number[];
  signed: number[];
  every: number;
  entries: number[];
}

const golden = JSON.parse(readFileSync(new URL('../fixtures/fit-sgd.json', import.meta.url), 'utf8')) as {
  cases: GoldenCase[];
  classWeights: { counts: number[]; beta: number; weights: number[] }[];
  learningRates: Record<'constant' | 'cosine' | 'cosine-published', number[]>;
};

/** Largest difference, relative to the largest number that is expected. */
function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(found.length).toBe(expected.length);
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(found[i] - expected[i]));
    size = Math.max(size, Math.abs(expected[i]));
  }
  return difference / (size || 1);
}

function expectFit(
  { head, epochs }: { head: Fit<FloatArray>['head']; epochs: readonly FitEpoch[] },
  wanted: GoldenCase,
  tolerance: number,
): void {
  const weight = denseData(head.weight);
  const entries = weight.filter((_, at) => at % wanted.every === 0);
  expect(relativeError(entries, wanted.entries)).toBeLessThan(tolerance);
  expect(relativeError(signedSums(weight, wanted.dimensions), wanted.signed)).toBeLessThan(tolerance);
  expect(relativeError(denseData(head.bias), wanted.bias)).toBeLessThan(tolerance);
  const losses = epochs.map((epoch) => epoch.loss);
  expect(relativeError(losses, wanted.losses)).toBeLessThan(tolerance);
  const norms = epochs.flatMap(({ norms: { min, mean, max } }) => [min, mean, max]);
  expect(relativeError(norms, wanted.norms.flat())).toBeLessThan(tolerance);
}

/** The problem of a golden case, and the configuration of its fit. */
function caseOf({ samples, classes, dimensions, options }: GoldenCase) {
  const { data, init, order, sampleWeights } = fitProblem(samples, classes, dimensions);
  const { sampleWeights: weighted, ...configuration } = options;
  const full: HeldFitData = weighted ? { ...data, sampleWeights } : data;
  return { data: full, init, configuration: { ...configuration, order } };
}

describe('training against PyTorch', () => {
  const named = golden.cases.map((one) => ({
    ...one,
    name: `${one.samples} × ${one.dimensions}, ${one.classes} classes, ${JSON.stringify(one.options)}`,
  }));

  it.each(named)('$name', async (wanted) => {
    const { data, init, configuration } = caseOf(wanted);
    expectFit(fitReference(data, configuration, { init }), wanted, 1e-9);
    expectFit((await fitSgdTyped(data, configuration, { init, type: 'float64' }))[0], wanted, 1e-9);
    expectFit((await fitSgd(data, configuration, { init }))[0], wanted, 1e-4);
  });

  it('has the recipe of weight balancing for 10 and 100 classes, 64 and 512 dimensions, with a partial last batch', () => {
    const recipe = golden.cases.filter(({ options }) => options.beta === 0.9999);
    expect(recipe.map(({ classes, dimensions }) => [classes, dimensions])).toEqual([
      [10, 64],
      [10, 512],
      [100, 64],
      [100, 512],
    ]);
    for (const { samples } of recipe) expect(samples % 64).not.toBe(0);
  });

  it('has the radii of MaxNorm', () => {
    const relative = golden.cases.filter((one) => one.options.maxNorm && 'relative' in one.options.maxNorm);
    expect(relative.length).toBeGreaterThan(0);
    for (const one of relative) {
      const radius = maxNormRadius(one.options.maxNorm!, caseOf(one).init);
      expect(Math.abs(radius / one.radius! - 1)).toBeLessThan(1e-12);
    }
  });
});

describe('class-balanced weights', () => {
  it.each(golden.classWeights)('β = $beta, $counts', ({ counts, beta, weights }) => {
    const found = classBalancedWeights(counts, beta);
    for (const [k, weight] of weights.entries()) expect(Math.abs(found[k] / weight - 1)).toBeLessThan(1e-12);
    expect(found.reduce((sum, v) => sum + v, 0)).toBeCloseTo(counts.length, 9);
  });

  it('refuses a β outside of 0 … 1 and an empty class', async () => {
    await expectRefusal(() => classBalancedWeights([1, 2], 1.5), 'INVALID_ARGUMENT', /beta is 1.5/);
    await expectRefusal(() => classBalancedWeights([1, 0], 1), 'COUNTS_INVALID', /class 1/);
  });
});

describe('learning rates', () => {
  it.each(Object.entries(golden.learningRates))('%s', (schedule, rates) => {
    const found = learningRates(schedule as keyof typeof golden.learningRates, 0.01, rates.length);
    for (const [epoch, rate] of rates.entries()) expect(Math.abs(found[epoch] - rate)).toBeLessThan(1e-14);
  });

  it('are those of each step where that is wanted', async () => {
    expect([...stepRates((epoch) => epoch, 0.1, 2, 4, 2)]).toEqual([0.2, 0.25]);
    const cosine = stepRates('cosine', 1, 3, 4, 10);
    expect(cosine[0]).toBe(learningRates('cosine', 1, 4)[3]);
    for (let step = 1; step < 10; step++) expect(cosine[step]).toBeLessThan(cosine[step - 1]);
    const { data } = fitProblem(203, 10, 24);
    await expectRefusal(
      () => fitSgd(data, { schedule: 'cosine-published', scheduleEvery: 'step' }),
      'INVALID_ARGUMENT',
      /cosine-published is one of whole epochs/,
    );
  });

  it('takes any function, and refuses what is no factor', async () => {
    expect([...learningRates((epoch) => epoch / 2, 0.1, 3)]).toEqual([0, 0.05, 0.1]);
    await expectRefusal(() => learningRates(() => -1, 0.1, 3), 'INVALID_ARGUMENT', /epoch 0 is -1/);
    await expectRefusal(
      () => learningRates('linear' as 'cosine', 0.1, 3),
      'INVALID_ARGUMENT',
      /"linear"; choose constant, cosine, cosine-published/,
    );
  });
});

describe('many configurations', () => {
  const { data, init, sampleWeights } = fitProblem(203, 10, 24);
  const weighted = { ...data, sampleWeights };
  const wb: SgdOptions = { epochs: 3, loss: 'cb', weightDecay: 0.1, maxNorm: { relative: 0.1 } };
  const configurations: SgdOptions[] = [
    wb,
    { ...wb, learningRate: 0.02, beta: 0.99 },
    { ...wb, weightDecay: 0, maxNorm: undefined, loss: 'balanced-softmax' },
    { ...wb, decayBias: false, seed: 1 },
    { ...wb, sampling: 'square-root' },
    { ...wb, sampling: 'class-balanced', solver: 'adamw' },
    { ...wb, schedule: 'constant', loss: 'ce' },
    { ...wb, batch: 1000, labelSmoothing: 0.1 },
    { ...wb, loss: 'dot-regression', maxNormEvery: 'step' },
    { ...wb, decoupledDecay: true, learningRate: 0.03 },
    { ...wb, momentum: 0 },
    { ...wb, scheduleEvery: 'step' },
    { ...wb, scheduleEvery: 'step', learningRate: 0.02, nesterov: true },
    { ...wb, scheduleEvery: 'step', solver: 'adamw' },
    { ...wb, schedule: (epoch) => Math.max(0, epoch - 1) },
  ];

  it.each(['float64', 'float32'] as const)(
    '%s: each is what it is alone, and the reference',
    async (type) => {
      const fits = await fitSgdTyped(weighted, configurations, { init, type });
      expect(fits).toHaveLength(configurations.length);
      for (const [i, configuration] of configurations.entries()) {
        const wanted = fitReference(weighted, configuration, { init });
        const tolerance = type === 'float64' ? 1e-12 : 1e-5;
        expect(relativeError(denseData(fits[i].head.weight), denseData(wanted.head.weight))).toBeLessThan(
          tolerance,
        );
        expect(relativeError(denseData(fits[i].head.bias), denseData(wanted.head.bias))).toBeLessThan(
          tolerance,
        );
        const losses = fits[i].epochs.map((epoch) => epoch.loss);
        expect(
          relativeError(
            losses,
            wanted.epochs.map((epoch) => epoch.loss),
          ),
        ).toBeLessThan(tolerance);
        expect(fits[i].epochs.map((epoch) => epoch.learningRate)).toEqual(
          wanted.epochs.map((epoch) => epoch.learningRate),
        );
      }
    },
  );

  it('gives identical bytes for the same seed, and others for another', async () => {
    const run = async (seed: number) =>
      (
        await fitSgd(
          data,
          configurations.map((one) => ({ ...one, seed })),
          { init },
        )
      ).map((fit) => Buffer.from(denseData(fit.head.weight).buffer).toString('base64'));
    const first = await run(5);
    expect(await run(5)).toEqual(first);
    expect(await run(6)).not.toEqual(first);
  });

  it('does not change the head that it starts from, nor heads that it handed over', async () => {
    const before = denseData(init.weight).slice();
    const kept: { weight: FloatArray; copy: FloatArray }[] = [];
    await fitSgd(data, wb, {
      init,
      onEpoch: ({ heads: [head] }) => {
        const weight = denseData(head.weight);
        kept.push({ weight, copy: weight.slice() });
        return undefined;
      },
    });
    expect(denseData(init.weight)).toEqual(before);
    expect(kept).toHaveLength(3);
    for (const { weight, copy } of kept) expect(weight).toEqual(copy);
    expect(kept[0].copy).not.toEqual(kept[1].copy);
  });

  it('tells its progress: monotone, to the end, over all groups', async () => {
    const seen: { epoch: number; epochs: number; loss: number }[] = [];
    await fitSgd(data, configurations, { init, onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ epoch }) => epoch)).toEqual(Array.from({ length: seen.length }, (_, i) => i + 1));
    expect(new Set(seen.map(({ epochs }) => epochs))).toEqual(new Set([seen.length]));
    for (const { loss } of seen) expect(loss).toBeGreaterThan(0);
  });

  it('stops between epochs when the signal fires or onEpoch says so', async () => {
    const controller = new AbortController();
    let epochs = 0;
    const onProgress = () => {
      if (++epochs === 2) controller.abort();
    };
    await expectRefusal(
      () => fitSgd(data, wb, { init, signal: controller.signal, onProgress }),
      'ABORTED',
      /fitting a head/,
    );
    expect(epochs).toBe(2);
    const [fit] = await fitSgd(
      data,
      { ...wb, epochs: 50 },
      { init, onEpoch: ({ epoch }) => (epoch === 3 ? 'stop' : undefined) },
    );
    expect(fit.epochs).toHaveLength(4);
  });
});

describe('fits that fail', () => {
  const { data, init } = fitProblem(203, 10, 24);
  const wild: SgdOptions = { learningRate: 1e6, weightDecay: 10, schedule: 'constant' };

  it('says epoch, step and what to change when the loss diverges', async () => {
    await expectRefusal(
      () => fitSgd(data, wild, { init }),
      'FIT_DIVERGED',
      /epoch \d+ of 10, step \d of 4, at learning rate 1000000 and weight decay 10\. Try a lower learning rate, or less weight decay/,
    );
  });

  it('lets the others of a grid finish with keepDiverged', async () => {
    const [lost, kept] = await fitSgd(data, [wild, {}], { init, keepDiverged: true });
    expect(lost.diverged?.code).toBe('FIT_DIVERGED');
    expect(lost.epochs.length).toBeLessThan(10);
    expect(denseData(lost.head.weight).every(Number.isFinite)).toBe(true);
    const [alone] = await fitSgd(data, {}, { init });
    expect(kept.diverged).toBeUndefined();
    expect(relativeError(denseData(kept.head.weight), denseData(alone.head.weight))).toBeLessThan(1e-5);
  });

  it('refuses data that cannot be fitted', async () => {
    const { features, labels, classes } = data;
    const refuse = (
      changed: Partial<HeldFitData>,
      code: Parameters<typeof expectRefusal>[1],
      message: RegExp,
      options: SgdOptions = {},
    ) => expectRefusal(() => fitSgd({ ...data, ...changed }, options), code, message);
    await refuse({ classes: 1 }, 'INVALID_ARGUMENT', /1 class; a head tells 2 or more/);
    await refuse({ classes: classes - 1 }, 'LABELS_INVALID', /label 9 of sample 9/);
    await refuse({ labels: labels.slice(1) }, 'SHAPE_MISMATCH', /203 features, but 202 labels/);
    await refuse(
      { features: matrix(new Float32Array(), 0, 24), labels: new Int32Array() },
      'INVALID_ARGUMENT',
      /0 × 24/,
    );
    const broken = denseData(features).slice();
    broken[24 * 7 + 3] = Number.NaN;
    await refuse({ features: matrix(broken, 203, 24) }, 'NOT_FINITE', /sample 7, dimension 3 is NaN/);
    await refuse(
      { sampleWeights: new Float32Array(203).fill(-1) },
      'INVALID_ARGUMENT',
      /weight of sample 0 is -1/,
    );
    await refuse({ counts: [1, 2] }, 'COUNTS_INVALID', /2 class counts/);
    const empty = { classes: classes + 1 };
    await refuse(empty, 'CLASS_MISSING', /no sample of class 10, and cb needs/, { loss: 'cb' });
    await refuse(empty, 'CLASS_MISSING', /no sample of class 10/, { loss: 'balanced-softmax' });
    // Cross-entropy is defined without samples of a class.
    expect(await fitSgd({ ...data, ...empty }, { epochs: 1 })).toHaveLength(1);
  });

  it('refuses a head that does not fit, and options that make no sense', async () => {
    const small = linearHead(new Float32Array(20), new Float32Array(10), 10, 2);
    await expectRefusal(
      () => fitSgd(data, {}, { init: small }),
      'SHAPE_MISMATCH',
      /10 classes × 2 dimensions/,
    );
    const wrong: [SgdOptions, RegExp][] = [
      [{ epochs: 0 }, /epochs is 0/],
      [{ batch: 1.5 }, /batch is 1.5/],
      [{ learningRate: 0 }, /learningRate is 0/],
      [{ momentum: 1 }, /momentum is 1/],
      [{ momentum: 0, nesterov: true }, /momentum with nesterov is 0/],
      [{ weightDecay: -1 }, /weightDecay is -1/],
      [{ solver: 'adam' as 'sgd' }, /no solver "adam"; choose sgd or adamw/],
      [{ sampling: 'all' as 'plain' }, /no sampling "all"/],
      [{ loss: 'mse' as 'ce' }, /no loss "mse"; choose ce, cb/],
      [{ loss: 'cb', beta: 2 }, /beta is 2/],
      [{ labelSmoothing: 1 }, /labelSmoothing is 1/],
      [{ loss: 'dot-regression', labelSmoothing: 0.1 }, /0 with dot-regression/],
      [{ maxNorm: { radius: 0 } }, /radius is 0/],
      [{ maxNorm: { relative: 2 } }, /relative is 2/],
      [{ maxNorm: { relative: 0.1 } }, /needs a trained head to start from/],
      [{ seed: 0.5 }, /seed is 0.5/],
      [{ order: [] }, /0 lists in order for 10 epochs/],
      [{ epochs: 1, order: [Int32Array.of(0, 203)] }, /number 1 of order in epoch 0 is 203/],
    ];
    for (const [options, message] of wrong) {
      await expectRefusal(() => fitSgd(data, options), 'INVALID_ARGUMENT', message);
    }
  });
});
