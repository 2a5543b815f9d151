import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { denseData, matrix } from '../../src/array/matrix.js';
import type { NpyArray } from '../../src/array/npy.js';
import { readNpz } from '../../src/array/npz.js';
import { createRandom } from '../../src/array/random.js';
import { fitLbfgs, type LbfgsOptions } from '../../src/head/fit-lbfgs.js';
import type { HeldFitData } from '../../src/head/fit-options.js';
import { objective } from '../../src/head/objective.js';
import { expectRefusal } from '../array/expect-refusal.js';

const run = { device: 'cpu', threads: 1 } as const;
let golden: Map<string, NpyArray>;
let data: HeldFitData;

beforeAll(async () => {
  golden = await readNpz(readFileSync(new URL('../fixtures/fit-lbfgs.npz', import.meta.url)));
  const { data: features, shape } = golden.get('features')!;
  data = {
    features: matrix(features as Float32Array, shape[0], shape[1]),
    labels: golden.get('labels')!.data as Int32Array,
    classes: 5,
  };
});

describe('fitLbfgs against scikit-learn', () => {
  const cases = (['ce', 'cb'] as const).flatMap((loss) => [0, 1, 2].map((i) => ({ loss, i })));
  it.each(cases)('reaches the optimum: $loss, weight decay $i', async ({ loss, i }) => {
    const weightDecay = Number(golden.get('lambdas')!.data[i]);
    const options: LbfgsOptions = { loss, weightDecay, decayBias: false, tolerance: 1e-10 };
    const { head, ...fit } = await fitLbfgs(data, options, run);
    expect(fit).toMatchObject({ converged: true, warning: undefined });
    expect(fit.gradientNorm).toBeLessThanOrEqual(1e-10);
    const best = Number(golden.get(`${loss}.${i}.objective`)!.data[0]);
    expect(Math.abs(fit.objective - best)).toBeLessThanOrEqual(1e-10 * best);
    // The head as it is written, rounded to float32, is as good.
    expect(Math.abs(objective(head, data, options).value - best)).toBeLessThanOrEqual(1e-8 * best);
    // A gradient g leaves the weights within ‖g‖₂/λ of the optimum; the bias follows them, up to a constant for all.
    for (const part of ['weight', 'bias'] as const) {
      const expected = golden.get(`${loss}.${i}.${part}`)!.data as Float64Array;
      const found = denseData(head[part]);
      const constant = part === 'bias' ? found.reduce((sum, x) => sum + x, 0) / found.length : 0;
      const size = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      found.forEach((x, at) => {
        expect(Math.abs(x - constant - expected[at])).toBeLessThanOrEqual(1e-6 * size + 1e-9 / weightDecay);
      });
    }
  });
});

describe('fitLbfgs', () => {
  it.each([
    { loss: 'ce', weightDecay: 1e-3, labelSmoothing: 0.1 },
    { loss: 'cb', beta: 0.99, weightDecay: 1e-2 },
    { loss: 'balanced-softmax', weightDecay: 1e-3, decayBias: false },
  ] as LbfgsOptions[])('ends where the reference has no gradient: %j', async (options) => {
    const {
      head,
      objective: value,
      gradientNorm,
    } = await fitLbfgs(data, { ...options, tolerance: 1e-8 }, run);
    const reference = objective(head, data, options);
    expect(gradientNorm).toBeLessThanOrEqual(1e-8);
    // Rounding the head to float32 moves the gradient by this much.
    expect(reference.gradientNorm).toBeLessThan(1e-5);
    expect(Math.abs(reference.value - value)).toBeLessThan(1e-9);
  });

  it('weights the samples', async () => {
    const weights = Float32Array.from(data.labels, (y) => (y === 4 ? 0 : 1 + (y % 2)));
    const options = { weightDecay: 1e-2, tolerance: 1e-8 };
    const { head } = await fitLbfgs({ ...data, sampleWeights: weights }, options, run);
    expect(objective(head, { ...data, sampleWeights: weights }, options).gradientNorm).toBeLessThan(1e-5);
    expect(objective(head, data, options).gradientNorm).toBeGreaterThan(1e-3);
  });

  it('balanced softmax without decay of the bias is cross-entropy with the prior taken out of the bias', async () => {
    const options = { weightDecay: 1e-2, decayBias: false, tolerance: 1e-9 };
    const plain = await fitLbfgs(data, options, run);
    const balanced = await fitLbfgs(data, { ...options, loss: 'balanced-softmax' }, run);
    expect(balanced.objective).toBeCloseTo(plain.objective, 9);
    const shift = [220, 90, 50, 25, 15].map((n, k) => {
      return denseData(plain.head.bias)[k] - denseData(balanced.head.bias)[k] - Math.log(n / 400);
    });
    // Equal but for a constant, which changes nothing.
    for (const s of shift) expect(s).toBeCloseTo(shift[0], 4);
  });

  it('gives the same bytes twice, and the same optimum from any start', async () => {
    const options = { weightDecay: 1e-2, tolerance: 1e-9 };
    const first = await fitLbfgs(data, options, run);
    const second = await fitLbfgs(data, options, run);
    expect(denseData(second.head.weight)).toEqual(denseData(first.head.weight));
    expect(denseData(second.head.bias)).toEqual(denseData(first.head.bias));
    const random = createRandom(1);
    const init = linearHead(
      Float32Array.from({ length: 80 }, () => random() - 0.5),
      Float32Array.from({ length: 5 }, random),
      5,
      16,
    );
    const warm = await fitLbfgs(data, options, { ...run, init });
    expect(warm.objective).toBeCloseTo(first.objective, 12);
    denseData(warm.head.weight).forEach((w, at) => {
      expect(w).toBeCloseTo(denseData(first.head.weight)[at], 5);
    });
    // From the optimum there is next to nothing to do.
    const again = await fitLbfgs(data, { ...options, tolerance: 1e-5 }, { ...run, init: first.head });
    expect(again.iterations).toBe(0);
  });

  it('copes with dimensions that are copies, constant, zero or of very different size', async () => {
    const random = createRandom(2);
    const rows = Float32Array.from(
      Array.from({ length: 60 }, (_, i) => {
        const x = Math.sin(1 + i) + random();
        return [x, x, 1, 0, 1e4 * random()];
      }).flat(),
    );
    const awkward: HeldFitData = {
      features: matrix(rows, 60, 5),
      labels: Int32Array.from({ length: 60 }, (_, i) => i % 3),
      classes: 3,
    };
    const options = { weightDecay: 1e-3, tolerance: 1e-6 };
    const { head, converged } = await fitLbfgs(awkward, options, run);
    expect(converged).toBe(true);
    expect(denseData(head.weight)[3]).toBe(0);
    expect(denseData(head.weight)[0]).toBeCloseTo(denseData(head.weight)[1], 4);
  });

  it('tells every iteration, stops at the last one with a warning, and at a signal with ABORTED', async () => {
    const seen: number[] = [];
    const values: number[] = [];
    const fit = await fitLbfgs(
      data,
      { tolerance: 1e-12, maxIterations: 7 },
      {
        ...run,
        onProgress: ({ iteration, objective: value }) => {
          seen.push(iteration);
          values.push(value);
        },
      },
    );
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    expect(fit.converged).toBe(false);
    expect(fit.iterations).toBe(7);
    expect(fit.warning).toMatch(/7 iterations short of the minimum.*Raise maxIterations.*set weightDecay/);
    const stop = new AbortController();
    const aborted = fitLbfgs(
      data,
      {},
      { ...run, signal: stop.signal, onProgress: () => stop.abort('enough') },
    );
    await expectRefusal(() => aborted, 'ABORTED', /enough/);
  });

  it('says so when the tolerance is beyond float64', async () => {
    const fit = await fitLbfgs(data, { weightDecay: 1, tolerance: 1e-300, maxIterations: 400 }, run);
    expect(fit.converged).toBe(false);
    expect(fit.gradientNorm).toBeLessThan(1e-12);
    expect(fit.warning).toMatch(/higher tolerance|Raise maxIterations or the tolerance/);
  });

  it('refuses', async () => {
    const refuse = (
      change: Partial<HeldFitData>,
      options: LbfgsOptions,
      code: Parameters<typeof expectRefusal>[1],
      text: RegExp,
    ) => expectRefusal(() => fitLbfgs({ ...data, ...change }, options, run), code, text);
    await refuse({ classes: 1 }, {}, 'INVALID_ARGUMENT', /1 class/);
    await refuse({ classes: 6 }, { loss: 'cb' }, 'CLASS_MISSING', /class 5/);
    await refuse({}, { loss: 'dot-regression' }, 'INVALID_ARGUMENT', /no minimum.*sgd/s);
    await refuse({}, { tolerance: 0 }, 'INVALID_ARGUMENT', /tolerance is 0/);
    await refuse({}, { maxIterations: 0.5 }, 'INVALID_ARGUMENT', /maxIterations is 0.5/);
    await refuse({}, { weightDecay: Number.NaN }, 'INVALID_ARGUMENT', /weightDecay is NaN/);
    const broken = Float32Array.from(denseData(data.features));
    broken[33] = Number.NaN;
    await refuse({ features: matrix(broken, 400, 16) }, {}, 'NOT_FINITE', /sample 2, dimension 1/);
    const init = linearHead(new Float32Array(4), new Float32Array(2), 2, 2);
    await expectRefusal(
      () => fitLbfgs(data, {}, { ...run, init }),
      'SHAPE_MISMATCH',
      /2 classes × 2 dimensions/,
    );
    const huge = Float32Array.from(denseData(data.features), (x) => 1e30 * x);
    await refuse({ features: matrix(huge, 400, 16) }, {}, 'FIT_DIVERGED', /Scale them down/);
  });
});
