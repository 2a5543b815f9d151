/** The training graph itself: the same numbers in onnxruntime-node and onnxruntime-web, filling that leaves no trace. */
import * as web from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { denseData } from '../../src/array/matrix.js';
import { epochGraph } from '../../src/compute/epoch-graph.js';
import type { EpochGraphOptions } from '../../src/compute/epoch-options.js';
import { isWeight, stateNames } from '../../src/compute/epoch-options.js';
import { openTrainer, type TrainingData } from '../../src/compute/train-epochs.js';
import { cutBatches } from '../../src/head/batches.js';
import { fitReference } from '../../src/head/fit-reference.js';
import { fitSgdTyped } from '../../src/head/fit-sgd.js';
import { listDevices } from '../../src/runtime/devices.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { fitProblem } from '../head/fit-problem.js';

const SAMPLES = 70;
const CLASSES = 5;
const DIMENSIONS = 12;
const problem = fitProblem(SAMPLES, CLASSES, DIMENSIONS);
const options: EpochGraphOptions = {
  type: 'float32',
  classes: CLASSES,
  dimensions: DIMENSIONS,
  heads: 1,
  batch: 32,
  loss: 'cross-entropy',
  labelSmoothing: 0.1,
  offsets: true,
  solver: { name: 'sgd', momentum: 0.9, nesterov: false },
  ratesPerStep: false,
  decay: 'coupled',
  maxNorm: 'epoch',
};
const column = (value: number) => new Float64Array(CLASSES).fill(value);
const data = {
  features: denseData(problem.data.features),
  labels: problem.data.labels,
  classWeights: column(1),
  offsets: column(0),
  decayWeight: Float64Array.of(0.1),
  decayBias: Float64Array.of(0),
  radius: column(0.3),
  weight: denseData(problem.init.weight),
  bias: denseData(problem.init.bias),
} satisfies TrainingData;
const { steps, order, share } = cutBatches(problem.order[0], 32);
const batches = { steps, order, share: Float32Array.from(share), rates: [0.01] };

async function trained(changed: Partial<typeof batches> = {}) {
  const trainer = await openTrainer(options, data);
  try {
    const result = await trainer.run({ ...batches, ...changed });
    return { ...result, ...trainer.heads() };
  } finally {
    await trainer.release();
  }
}

describe('the training graph', () => {
  it.each([
    options,
    { ...options, solver: { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } } as const,
    { ...options, loss: 'dot-regression', labelSmoothing: 0, offsets: false, maxNorm: 'step' } as const,
  ])('$loss by $solver.name runs in onnxruntime-web', async (chosen) => {
    web.env.wasm.numThreads = 1;
    const session = await web.InferenceSession.create(epochGraph(chosen), { executionProviders: ['wasm'] });
    const trainer = await openTrainer(chosen, data);
    const here = await trainer.run(batches);
    const rows = (list: ArrayLike<number>) =>
      new web.Tensor('float32', Float32Array.from(list), [CLASSES, 1]);
    const feeds: Record<string, web.Tensor> = {
      features: new web.Tensor('float32', data.features as Float32Array, [SAMPLES, DIMENSIONS]),
      labels: new web.Tensor('int64', BigInt64Array.from(data.labels, BigInt), [SAMPLES]),
      order: new web.Tensor('int32', order, [steps, 32]),
      share: new web.Tensor('float32', batches.share, [steps, 32]),
      rates: new web.Tensor('float32', Float32Array.of(0.01), [1, 1, 1]),
      classWeights: rows(data.classWeights),
      offsets: rows(data.offsets),
      decayWeight: new web.Tensor('float32', Float32Array.from(data.decayWeight), [1, 1]),
      decayBias: new web.Tensor('float32', Float32Array.from(data.decayBias), [1, 1]),
      radius: rows(data.radius),
      corrections: new web.Tensor(
        'float32',
        Float32Array.from({ length: 2 * steps }, (_, i) => {
          const t = Math.floor(i / 2) + 1;
          return i % 2 === 0 ? 1 / (1 - 0.9 ** t) : 1 / Math.sqrt(1 - 0.999 ** t);
        }),
        [steps, 2, 1],
      ),
    };
    for (const name of stateNames(chosen.solver)) {
      const width = isWeight(name) ? DIMENSIONS : 1;
      const start =
        name === 'weight' ? data.weight : name === 'bias' ? data.bias : new Float32Array(CLASSES * width);
      feeds[name] = new web.Tensor('float32', Float32Array.from(start), [CLASSES, width]);
    }
    const used = Object.fromEntries(session.inputNames.map((name) => [name, feeds[name]]));
    const there = await session.run(used);
    const pairs: [ArrayLike<number>, ArrayLike<number>][] = [
      [trainer.heads().weight, there['next.weight'].data as Float32Array],
      [trainer.heads().bias, there['next.bias'].data as Float32Array],
      [here.losses, there.losses.data as Float32Array],
      [here.norms, there.norms.data as Float32Array],
    ];
    await trainer.release();
    await session.release();
    for (const [a, b] of pairs) {
      expect(a.length).toBe(b.length);
      for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - b[i])).toBeLessThan(1e-5);
    }
  });

  /** Three heads with their own rates and decays, after two epochs with other rates each. */
  async function trainedThree(
    changed: Partial<EpochGraphOptions>,
    perStep: (rate: number, step: number) => number,
  ) {
    const rates = [0.1, 0.02, 0];
    const many: EpochGraphOptions = { ...options, ...changed, type: 'float64', heads: 3 };
    const thrice = (list: ArrayLike<number>) =>
      Float64Array.from({ length: 3 * list.length }, (_, i) => list[i % list.length]);
    const trainer = await openTrainer(many, {
      ...data,
      features: Float64Array.from(data.features),
      classWeights: Float64Array.from({ length: 3 * CLASSES }, (_, i) => 1 + (i % 3)),
      offsets: thrice(data.offsets),
      decayWeight: Float64Array.of(0.1, 0, 0.3),
      decayBias: Float64Array.of(0.1, 0, 0),
      radius: thrice(data.radius),
      weight: thrice(data.weight),
      bias: thrice(data.bias),
    });
    try {
      const results = [];
      for (const factor of [1, 0.3]) {
        const all = many.ratesPerStep
          ? Array.from({ length: steps }, (_, step) =>
              rates.map((rate) => perStep(factor * rate, step)),
            ).flat()
          : rates.map((rate) => factor * rate);
        results.push(await trainer.run({ ...batches, share: Float64Array.from(share), rates: all }));
      }
      return { results, ...trainer.heads() };
    } finally {
      await trainer.release();
    }
  }
  const same = (rate: number) => rate;
  const expectClose = (a: ArrayLike<number>, b: ArrayLike<number>) => {
    expect(a.length).toBe(b.length);
    for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - b[i])).toBeLessThan(1e-12);
  };

  it.each([
    { momentum: 0.9, nesterov: false, decay: 'coupled' },
    { momentum: 0.9, nesterov: true, decay: 'coupled' },
    { momentum: 0.9, nesterov: false, decay: 'decoupled' },
    { momentum: 0, nesterov: false, decay: 'coupled' },
    { momentum: 0, nesterov: false, decay: 'none' },
  ] as const)('does the same with a rate per step that stays the same: %o', async ({ decay, ...sgd }) => {
    const solver = { name: 'sgd', ...sgd } as const;
    const whole = await trainedThree({ solver, decay }, same);
    const perStep = await trainedThree({ solver, decay, ratesPerStep: true }, same);
    expectClose(perStep.weight, whole.weight);
    expectClose(perStep.bias, whole.bias);
    expectClose(perStep.results[1].losses, whole.results[1].losses);
    // At a rate of 0 nothing moves, but for MaxNorm.
    expectClose(whole.bias.subarray(2 * CLASSES), data.bias);
  });

  it('takes the rate of each step', async () => {
    const half = await trainedThree({ ratesPerStep: true }, (rate, step) => (step === 0 ? rate : 0));
    const whole = await trainedThree({}, same);
    expect(half.results[0].losses.subarray(0, 6)).toEqual(whole.results[0].losses.subarray(0, 6));
    expect(half.weight).not.toEqual(whole.weight);
  });

  it('is not touched by what fills up the last batch', async () => {
    const filled = order.map((sample, at) => (at < SAMPLES ? sample : 17));
    expect(await trained({ order: filled })).toEqual(await trained());
  });

  it('does the same with targets made in the step, for more classes than the table holds', async () => {
    const wide = fitProblem(40, 10, 6);
    const classes = 2100;
    const some = { ...wide.data, classes };
    const configuration = { epochs: 2, batch: 16, labelSmoothing: 0.2, learningRate: 0.1 };
    const [fit] = await fitSgdTyped(some, configuration, { type: 'float64' });
    const wanted = denseData(fitReference(some, configuration).head.weight);
    const found = denseData(fit.head.weight);
    for (let i = 0; i < wanted.length; i++) expect(Math.abs(found[i] - wanted[i])).toBeLessThan(1e-12);
  });

  it('says why a device cannot train', async () => {
    for (const { device, available, reason } of await listDevices()) {
      if (available) continue;
      const why = new RegExp(reason.slice(0, 20).replace(/[^\w ]/g, '.'));
      await expectRefusal(() => openTrainer(options, data, { device }), 'DEVICE_UNAVAILABLE', why);
    }
  });
});
