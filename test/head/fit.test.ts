/** The verb: recipes, what they need, and that every method ends as a head that does what its name says. */
import { describe, expect, it } from 'vitest';
import { headShape, type LinearHead, linearHead, rowNorms } from '../../src/array/linear-head.js';
import { denseData, matrix } from '../../src/array/matrix.js';
import { createRandom, type Random } from '../../src/array/random.js';
import { headLogits } from '../../src/compute/head-logits.js';
import { evaluate } from '../../src/evaluation/evaluate.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { chooseFit } from '../../src/head/choose-fit.js';
import { type FitVerbRun, fit } from '../../src/head/fit.js';
import type { FitConfiguration } from '../../src/head/fit-configuration.js';
import type { FitProgress } from '../../src/head/fit-options.js';
import { FIT_METHODS, type FitMethod, RECIPES } from '../../src/head/recipes.js';
import { expectRefusal } from '../array/expect-refusal.js';

const CLASSES = 4;
const DIMENSIONS = 6;
const COUNTS = [2000, 500, 120, 40];

function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Gaussian classes around twice the unit vectors, as many samples as asked. */
function gaussians(counts: readonly number[], seed: number, name: string): FeatureSet {
  const random = createRandom(seed);
  const labels = counts.flatMap((n, k) => new Array<number>(n).fill(k));
  const features = Float32Array.from({ length: labels.length * DIMENSIONS }, (_, i) => {
    const [row, d] = [Math.floor(i / DIMENSIONS), i % DIMENSIONS];
    return gaussian(random) + (d === labels[row] ? 2 : 0);
  });
  return new FeatureSet({
    features: matrix(features, labels.length, DIMENSIONS),
    labels: Int32Array.from(labels),
    classCount: counts.length,
    name,
  });
}

const train = gaussians(COUNTS, 1, 'train');
const validation = gaussians([60, 60, 60, 60], 2, 'validation');
/** Stage 1: what training on the long tail leaves. */
const stage1 = async () => (await fit(train, { method: 'linear' }))[0].head;

async function measure(head: LinearHead) {
  const logits = await headLogits(head, validation.features);
  return evaluate({
    logits,
    labels: validation.labels!,
    counts: COUNTS,
    bootstrap: 0,
    thresholds: { many: 200, few: 50 },
  });
}

describe('fit', () => {
  it.each(FIT_METHODS)('%s ends as a finite head that beats guessing', async (method) => {
    const init = RECIPES[method].needsInit ? await stage1() : undefined;
    const [{ head, parameters, seconds }] = await fit(train, { method }, { init });
    expect(head.weight.shape).toEqual([CLASSES, DIMENSIONS]);
    expect(denseData(head.weight)).toBeInstanceOf(Float32Array);
    expect(denseData(head.weight).every(Number.isFinite)).toBe(true);
    expect((await measure(head)).average).toBeGreaterThan(0.5);
    // A page's clock is coarse.
    expect(seconds).toBeGreaterThanOrEqual(0);
    expect(JSON.parse(JSON.stringify(parameters))).toEqual(parameters);
  });

  it.each<FitMethod>(['wb', 'wb-norm', 'lws'])('%s lifts the tail over stage 1', async (method) => {
    const init = await stage1();
    const [{ head }] = await fit(train, { method }, { init });
    const [before, after] = [await measure(init), await measure(head)];
    expect(after.few!).toBeGreaterThan(before.few! + 0.05);
    expect(after.average).toBeGreaterThan(before.average);
  });

  it('wb keeps to its radius: t of the way from the smallest to the largest norm of the start', async () => {
    const init = await stage1();
    const norms = rowNorms(init);
    const [low, high] = [Math.min(...norms), Math.max(...norms)];
    const [{ head, parameters }] = await fit(train, { method: 'wb', weightDecay: 0 }, { init });
    expect(parameters.maxNormRelative).toBe(0.1);
    expect(Math.max(...rowNorms(head))).toBeLessThanOrEqual((low + 0.1 * (high - low)) * (1 + 1e-6));
  });

  it('etf has rows of one length and one angle', async () => {
    for (const rotation of ['class-means', 'random'] as const) {
      const [{ head, parameters }] = await fit(train, { method: 'etf', rotation, seed: 3 });
      const scale = parameters.scale as number;
      const weight = denseData(head.weight);
      for (let k = 0; k < CLASSES; k++) {
        for (let l = 0; l < CLASSES; l++) {
          let dot = 0;
          for (let d = 0; d < DIMENSIONS; d++) dot += weight[k * DIMENSIONS + d] * weight[l * DIMENSIONS + d];
          expect(dot / scale ** 2).toBeCloseTo(k === l ? 1 : -1 / (CLASSES - 1), 5);
        }
      }
    }
  });

  it('tau-norm with power 1 normalises rows', async () => {
    const [{ head }] = await fit(train, { method: 'tau-norm' }, { init: await stage1() });
    for (const norm of rowNorms(head)) expect(norm).toBeCloseTo(1, 6);
  });

  it('linear by SGD comes near the optimum that lbfgs reports', async () => {
    const settings = { method: 'linear', weightDecay: 0.05 } as const;
    const [optimum] = await fit(train, settings);
    const [sgd] = await fit(train, { ...settings, solver: 'sgd', epochs: 60, learningRate: 0.1 });
    expect(optimum.gradientNorm!).toBeLessThan(1e-6);
    expect(sgd.objective!).toBeGreaterThanOrEqual(optimum.objective! - 1e-9);
    expect(sgd.objective!).toBeLessThan(optimum.objective! + 2e-3);
    expect(sgd.epochs).toHaveLength(60);
  });

  it('fits a grid as it would fit each alone', async () => {
    const init = await stage1();
    const grid = [0.01, 0.1, 0.5].map((weightDecay) => ({ method: 'wb', weightDecay }) as const);
    const together = await fit(train, [{ method: 'wb-norm' }, ...grid, { method: 'ncm' }], { init });
    expect(together.map(({ method }) => method)).toEqual(['wb-norm', 'wb', 'wb', 'wb', 'ncm']);
    for (const [place, configuration] of grid.entries()) {
      const [alone] = await fit(train, configuration, { init });
      const [a, b] = [denseData(alone.head.weight), denseData(together[place + 1].head.weight)];
      for (let i = 0; i < a.length; i++) expect(b[i]).toBeCloseTo(a[i], 4);
    }
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const init = await stage1();
    const weights = async (seed: number) =>
      denseData((await fit(train, { method: 'wb', seed }, { init }))[0].head.weight);
    expect(await weights(1)).toEqual(await weights(1));
    expect(await weights(1)).not.toEqual(await weights(2));
  });

  it('keeps the best epoch on validation when it stops early', async () => {
    const init = await stage1();
    const seen: number[] = [];
    const configuration = { method: 'wb', learningRate: 0.3, epochs: 12 } as const;
    const run = {
      init,
      earlyStopping: { validation },
      onProgress: ({ epoch }: { epoch: number }) => void seen.push(epoch),
    };
    const [kept] = await fit(train, configuration, run);
    const best = kept.parameters.bestEpoch as number;
    expect(best).toBeGreaterThanOrEqual(1);
    expect(best).toBeLessThanOrEqual(12);
    expect(seen.at(-1)).toBe(12);
    const [last] = await fit(train, configuration, { init });
    expect((await measure(kept.head)).average).toBeGreaterThanOrEqual((await measure(last.head)).average);
    const [impatient] = await fit(train, configuration, { init, earlyStopping: { validation, patience: 1 } });
    expect(impatient.epochs.length).toBeLessThanOrEqual(12);
  });

  it('wb-norm starts from normalised rows, and a row of zeros stays', async () => {
    const init = linearHead(
      Float32Array.from({ length: CLASSES * DIMENSIONS }, (_, i) => (i < DIMENSIONS ? 0 : Math.sin(i))),
      Float32Array.from({ length: CLASSES }, (_, k) => k / 8),
      CLASSES,
      DIMENSIONS,
    );
    const still = { method: 'wb-norm', learningRate: 1e-30, weightDecay: 0, epochs: 1, schedule: 'constant' };
    const [{ head }] = await fit(train, still as FitConfiguration, { init });
    const norms = rowNorms(init);
    denseData(head.weight).forEach((w, i) => {
      const norm = norms[Math.floor(i / DIMENSIONS)];
      expect(w).toBeCloseTo(norm > 0 ? denseData(init.weight)[i] / norm : 0, 7);
    });
    denseData(head.bias).forEach((b, k) => {
      expect(b).toBeCloseTo(denseData(init.bias)[k], 7);
    });
  });

  it('shows the settings that had a say', async () => {
    const init = await stage1();
    const of = async (configuration: FitConfiguration) =>
      (await fit(train, configuration, { init }))[0].parameters;
    const adamw = await of({ method: 'wb', solver: 'adamw', epochs: 1, maxNorm: 'none', loss: 'ce' });
    expect(adamw).toMatchObject({ solver: 'adamw', maxNorm: 'none', loss: 'ce' });
    for (const idle of ['momentum', 'beta', 'maxNormEvery']) expect(adamw).not.toHaveProperty(idle);
    expect(await of({ method: 'tau-norm', power: 0.5 })).toEqual({ tau: 0.5 });
    expect(await of({ method: 'wb', epochs: 1, maxNorm: { radius: 2 } })).toMatchObject({ maxNorm: 2 });
  });

  it('says so when the published schedule leaves a single epoch nothing to learn', async () => {
    const run = { init: await stage1() };
    expect((await fit(train, { method: 'wb', epochs: 1 }, run))[0].warning).toMatch(/more epochs/);
    expect((await fit(train, { method: 'wb', epochs: 2 }, run))[0].warning).toBeUndefined();
  });

  it('passes on what a descent has to say', async () => {
    const init = await stage1();
    for (const method of ['linear', 'lws'] as const) {
      const configuration = { method, tolerance: 1e-12, maxIterations: 1, loss: 'balanced-softmax' } as const;
      const [{ warning }] = await fit(train, configuration, { init });
      expect(warning).toMatch(/1 iterations short of the minimum/);
    }
  });

  it('tells its progress over all fits: monotone, to the end, which comes nearer where a fit ends early', async () => {
    const init = await stage1();
    const configurations: FitConfiguration[] = [
      { method: 'linear', weightDecay: 1e-2 },
      { method: 'wb', epochs: 3 },
      { method: 'ncm' },
      { method: 'wb-norm', epochs: 2 },
      { method: 'linear', solver: 'sgd', epochs: 40, batch: 500, learningRate: 1e-9 },
      { method: 'lws' },
    ];
    const seen: FitProgress[] = [];
    const onProgress = (progress: FitProgress) => void seen.push(progress);
    const fits = await fit(train, configurations, {
      init,
      onProgress,
      // The third group does not get better at all.
      earlyStopping: { validation, patience: 5 },
    });
    for (const [i, { epoch, epochs }] of seen.entries()) {
      expect(epoch).toBeLessThanOrEqual(epochs);
      if (i === 0) continue;
      expect(epoch).toBeGreaterThanOrEqual(seen[i - 1].epoch);
      expect(epochs).toBeLessThanOrEqual(seen[i - 1].epochs);
    }
    expect(seen[0]).toMatchObject({ epoch: 1, epochs: 3 + 2 + 40 + 500 + 200 });
    expect(seen.at(-1)!.epoch).toBe(seen.at(-1)!.epochs);
    expect(seen.filter(({ epoch, epochs }) => epoch === epochs)).toHaveLength(1);
    expect(fits[4].epochs.length).toBeLessThan(40);
    expect(seen.at(-1)!.epochs).toBeLessThan(200);
  });

  it('stops when asked to', async () => {
    const abort = new AbortController();
    const run = { init: await stage1(), signal: abort.signal, onProgress: () => abort.abort() };
    await expectRefusal(() => fit(train, { method: 'wb', epochs: 50 }, run), 'ABORTED', /Stopped/);
  });

  it.each<
    [
      string,
      () => Promise<unknown>,
      'INVALID_ARGUMENT' | 'SHAPE_MISMATCH' | 'CLASS_MISSING' | 'FIT_DIVERGED' | 'LABELS_INVALID',
      RegExp,
    ]
  >([
    ['an unknown method', () => fit(train, { method: 'svm' as FitMethod }), 'INVALID_ARGUMENT', /linear, wb/],
    ['a start that is missing', () => fit(train, { method: 'wb' }), 'INVALID_ARGUMENT', /--init/],
    [
      'a solver that a method does not know',
      () => fit(train, { method: 'ncm', solver: 'sgd' }),
      'INVALID_ARGUMENT',
      /no solver/,
    ],
    [
      'a start of another size',
      () =>
        fit(train, { method: 'wb' }, { init: linearHead(new Float32Array(12), new Float32Array(4), 4, 3) }),
      'SHAPE_MISMATCH',
      /4 × 3|4 classes × 3|3 dimensions/,
    ],
    [
      'a start of another size where it is changed by a formula',
      () =>
        fit(
          train,
          { method: 'tau-norm' },
          { init: linearHead(new Float32Array(15), new Float32Array(5), 5, 3) },
        ),
      'SHAPE_MISMATCH',
      /5 classes × 3 dimensions/,
    ],
    [
      'settings that would change nothing',
      () => fit(train, { method: 'linear', learningRate: 0.1, epochs: 3 }),
      'INVALID_ARGUMENT',
      /learningRate, epochs would change nothing with the solver lbfgs; allowed are loss, .*sgd, adamw/,
    ],
    [
      'settings of another method',
      () => fit(train, { method: 'ncm', weightDecay: 0.1 }),
      'INVALID_ARGUMENT',
      /weightDecay would change nothing; allowed are distance/,
    ],
    [
      'early stopping where there are no epochs',
      () => fit(train, { method: 'linear' }, { earlyStopping: { validation } }),
      'INVALID_ARGUMENT',
      /nothing here is trained in epochs/,
    ],
    [
      'a patience that is none',
      () => stopEarly({ validation, patience: 0 }),
      'INVALID_ARGUMENT',
      /patience is 0/,
    ],
    [
      'validation of another width',
      () => stopEarly({ validation: narrow(5) }),
      'SHAPE_MISMATCH',
      /5 dimensions.*features 6/,
    ],
    ['validation of other classes', () => stopEarly({ validation: narrow() }), 'LABELS_INVALID', /label 4/],
    [
      'an empty class',
      () => fit(gaussians([30, 20, 10, 0], 5, 'gap'), { method: 'ncm' }),
      'CLASS_MISSING',
      /3/,
    ],
    ['one class', () => fit(gaussians([30], 5, 'one'), { method: 'linear' }), 'INVALID_ARGUMENT', /2/],
    [
      'too few dimensions for an ETF',
      () => fit(narrow(), { method: 'etf' }),
      'INVALID_ARGUMENT',
      /dimensions/,
    ],
    [
      'a learning rate that diverges',
      () => fit(train, { method: 'linear', solver: 'sgd', learningRate: 1e30, epochs: 3 }),
      'FIT_DIVERGED',
      /epoch 1.*learning rate/,
    ],
    [
      'no labels',
      () => fit(train.with({ labels: undefined }), { method: 'linear' }),
      'LABELS_INVALID',
      /labels/,
    ],
  ])('refuses %s', async (_, action, code, message) => {
    await expectRefusal(action, code, message);
  });
});

const stopEarly = (earlyStopping: FitVerbRun['earlyStopping']) =>
  fit(train, { method: 'linear', solver: 'sgd' }, { earlyStopping });

/** Eight classes in six dimensions, or as many as asked. */
function narrow(dimensions = DIMENSIONS): FeatureSet {
  const random = createRandom(9);
  return new FeatureSet({
    features: matrix(
      Float32Array.from({ length: 16 * dimensions }, () => random()),
      16,
      dimensions,
    ),
    labels: Int32Array.from({ length: 16 }, (_, i) => i % (dimensions < DIMENSIONS ? CLASSES : 8)),
    classCount: dimensions < DIMENSIONS ? CLASSES : 8,
  });
}

describe('a configuration that diverges', () => {
  const grid = [0.01, 1e30, 0.02].map(
    (learningRate) => ({ method: 'linear', solver: 'sgd', epochs: 3, learningRate }) as const,
  );

  it('fails the others, unless keepDiverged', async () => {
    await expectRefusal(() => fit(train, grid), 'FIT_DIVERGED', /epoch 1 of 3, step \d+ of \d+/);
    const fits = await fit(train, grid, { keepDiverged: true });
    expect(fits.map(({ diverged }) => diverged?.code)).toEqual([undefined, 'FIT_DIVERGED', undefined]);
    expect(fits[1]).toMatchObject({ objective: null, gradientNorm: null });
    for (const place of [0, 2]) {
      const [alone] = await fit(train, grid[place]);
      const weight = denseData(fits[place].head.weight);
      denseData(alone.head.weight).forEach((w, i) => {
        expect(weight[i]).toBeCloseTo(w, 5);
      });
    }
  });

  it('is left out of the choice, which says so', async () => {
    const fits = await fit(train, [grid[1], grid[0], grid[2]], { keepDiverged: true });
    const { fit: chosen, selection } = await chooseFit(fits, validation, { counts: COUNTS });
    expect(fits.slice(1)).toContain(chosen);
    expect(selection.table).toHaveLength(2);
    expect(selection.warnings[0]).toMatch(
      /^Left out: linear \(learningRate 1e\+30\)\. .*epoch 1 of 3, step .* Try a lower learning rate/,
    );
    const one = await chooseFit(fits.slice(0, 2), validation, { counts: COUNTS });
    expect(one.fit).toBe(fits[1]);
    expect(one.selection.row).toBe(0);
  });

  it('fails where all have diverged', async () => {
    const wild = [1e30, 1e31].map((learningRate) => ({ ...grid[0], learningRate }));
    await expectRefusal(
      () => fit(train, wild, { keepDiverged: true }),
      'FIT_DIVERGED',
      /2 heads: all diverged\. The first, linear \(learningRate 1e\+30\): .*epoch 1/,
    );
    await expectRefusal(
      () => fit(train, wild[0], { keepDiverged: true }),
      'FIT_DIVERGED',
      /^Fitting a head: /,
    );
    const [, { diverged }] = await fit(train, [grid[0], wild[0]], { keepDiverged: true });
    const lost = (await fit(train, grid, { keepDiverged: true })).filter((one) => one.diverged);
    expect(diverged).toBeInstanceOf(Error);
    await expectRefusal(() => chooseFit(lost, validation, { counts: COUNTS }), 'FIT_DIVERGED', /epoch 1/);
  });

  it('may be one that descends to the minimum: it stays at its start', async () => {
    const huge = train.with({
      features: matrix(
        denseData(train.features).map((x) => 1e25 * x),
        train.samples,
        DIMENSIONS,
      ),
    });
    const list: FitConfiguration[] = [{ method: 'linear' }, { method: 'ncm', distance: 'cosine' }];
    const [linear, ncm] = await fit(huge, list, { keepDiverged: true });
    expect(linear.diverged?.message).toMatch(/overflow float32/);
    expect(headShape(linear.head)).toEqual([CLASSES, DIMENSIONS]);
    expect(denseData(linear.head.weight).every((w) => w === 0)).toBe(true);
    expect(ncm.diverged).toBeUndefined();
    await expectRefusal(() => fit(huge, list), 'FIT_DIVERGED', /overflow float32/);
    await expectRefusal(
      () => fit(huge, { method: 'ncm' }),
      'HEAD_OVERFLOW',
      /class 0.*Scale the features down/,
    );
  });
});

describe('chooseFit', () => {
  it('takes what does best on validation, beyond one standard error', async () => {
    const init = await stage1();
    const fits = await fit(
      train,
      [{ method: 'linear' }, { method: 'wb' }, { method: 'linear', loss: 'balanced-softmax' }],
      { init },
    );
    const chosen = await chooseFit(fits, validation, { counts: COUNTS });
    expect(chosen.fit).not.toBe(fits[0]);
    const averages = await Promise.all(fits.map(async ({ head }) => (await measure(head)).average));
    expect((await measure(chosen.fit.head)).average).toBeGreaterThan(averages[0]);
    expect(chosen.selection.table.map(({ average }) => average)).toEqual(
      averages.map((a) => expect.closeTo(a, 10)),
    );
    expect(chosen.selection.improvement.average).toBeGreaterThan(0);
  });

  it('stays with the first when the others are no better', async () => {
    const [first] = await fit(train, { method: 'linear', loss: 'balanced-softmax' });
    const chosen = await chooseFit([first, { ...first }], validation, { counts: COUNTS });
    expect(chosen.fit).toBe(first);
  });
});
