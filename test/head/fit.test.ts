/** The verb: recipes, what they need, and that every method ends as a head that does what its name says. */
import { describe, expect, it } from 'vitest';
import { type LinearHead, linearHead, rowNorms } from '../../src/array/linear-head.js';
import { denseData, matrix } from '../../src/array/matrix.js';
import { createRandom, type Random } from '../../src/array/random.js';
import { headLogits } from '../../src/compute/head-logits.js';
import { evaluate } from '../../src/evaluation/evaluate.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { chooseFit } from '../../src/head/choose-fit.js';
import { fit } from '../../src/head/fit.js';
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
    expect(seconds).toBeGreaterThan(0);
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

/** Eight classes in six dimensions. */
function narrow(): FeatureSet {
  const random = createRandom(9);
  return new FeatureSet({
    features: matrix(
      Float32Array.from({ length: 16 * DIMENSIONS }, () => random()),
      16,
      DIMENSIONS,
    ),
    labels: Int32Array.from({ length: 16 }, (_, i) => i % 8),
    classCount: 8,
  });
}

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
