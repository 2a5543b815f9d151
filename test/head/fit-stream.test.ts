/** Fits to features that are read piece by piece against the same fits in memory. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FeatureRows } from '../../src/array/feature-rows.js';
import { denseData } from '../../src/array/matrix.js';
import { gramMatrix } from '../../src/compute/gram.js';
import { openObjective } from '../../src/compute/objective-graph.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { type FeatureStream, openFeatureStream } from '../../src/features/feature-stream.js';
import { inClasses } from '../../src/features/fit-stream.js';
import { thetaOf } from '../../src/head/curvature-coordinates.js';
import { fit } from '../../src/head/fit.js';
import { assertFitData } from '../../src/head/fit-checks.js';
import type { FitConfiguration } from '../../src/head/fit-configuration.js';
import type { FitData, FitEpoch, Sampling } from '../../src/head/fit-options.js';
import { fitSgd } from '../../src/head/fit-sgd.js';
import { crossEntropyProblem } from '../../src/head/objective.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { fitProblem } from './fit-problem.js';

const SAMPLES = 203;
const CLASSES = 5;
const DIMENSIONS = 12;
const { data, init, sampleWeights } = fitProblem(SAMPLES, CLASSES, DIMENSIONS);
const set = new FeatureSet({ features: data.features, labels: data.labels, name: 'set' });
const run = { init, device: 'cpu', threads: 1 } as const;
let stream: FeatureStream;

/** The stream with pieces of so many samples; `read` is told of what is read. */
function inPieces(samples: number, read?: FeatureRows['read']): FeatureStream {
  const { features } = stream;
  return {
    ...stream,
    features: { ...features, pieceNumbers: samples * DIMENSIONS, ...(read && { read }) },
  };
}

/** Norms are those of the same heads; a loss is summed over the batches that are run at once, in float32. */
function expectEpochs(found: readonly FitEpoch[], expected: readonly FitEpoch[]): void {
  expect(found).toEqual(expected.map((epoch) => ({ ...epoch, loss: expect.any(Number) })));
  for (const [i, { loss }] of found.entries()) {
    expect(Math.abs(loss / expected[i].loss - 1)).toBeLessThan(1e-6);
  }
}

beforeAll(async () => {
  stream = await openFeatureStream(set.encode(), 'set.npz');
});

const SGD: readonly FitConfiguration[] = [
  { method: 'wb', epochs: 3, batch: 16 },
  { method: 'wb-norm', epochs: 2, batch: 16, maxNorm: { relative: 0.5 }, maxNormEvery: 'step' },
  { method: 'linear', solver: 'sgd', epochs: 3, batch: 10, scheduleEvery: 'step', nesterov: true },
  { method: 'linear', solver: 'sgd', epochs: 2, batch: 64, sampling: 'class-balanced', momentum: 0 },
  { method: 'linear', solver: 'adamw', epochs: 3, batch: 16, sampling: 'square-root', weightDecay: 0.1 },
  { method: 'linear', solver: 'sgd', epochs: 2, loss: 'dot-regression', batch: 500, weightDecay: 0 },
];

describe('sgd and adamw on a stream', () => {
  it.each([1, 16, 50, 1000])('give the same heads bit for bit, in pieces of %s samples', async (samples) => {
    const whole = await fit(set, SGD, run);
    const found = await fit(inPieces(samples), SGD, run);
    for (const [i, { head, epochs, objective, gradientNorm }] of found.entries()) {
      expect(denseData(head.weight), `weight of ${i}`).toEqual(denseData(whole[i].head.weight));
      expect(denseData(head.bias), `bias of ${i}`).toEqual(denseData(whole[i].head.bias));
      expectEpochs(epochs, whole[i].epochs);
      if (objective === null) continue;
      expect(Math.abs(objective / whole[i].objective! - 1)).toBeLessThan(1e-6);
      expect(Math.abs(gradientNorm! - whole[i].gradientNorm!)).toBeLessThan(1e-6);
    }
  });

  it('side by side, with weights of samples and a lowest rate of 0', async () => {
    const options = { epochs: 3, batch: 16, schedule: 'cosine-published', momentum: 0.9 } as const;
    const tasks = [0.1, 0.02, 0.5].map((learningRate) => ({
      ...options,
      learningRate,
      maxNorm: { radius: 1 },
    }));
    const whole = await fitSgd({ ...data, sampleWeights }, tasks, run);
    const { features } = inPieces(40);
    const found = await fitSgd({ ...data, features, sampleWeights }, tasks, run);
    for (const [i, { head, epochs }] of found.entries()) {
      expect(head).toEqual(whole[i].head);
      expectEpochs(epochs, whole[i].epochs);
    }
  });

  it('keep heads that were handed out after an epoch', async () => {
    const handed = async (features: typeof data.features | FeatureRows) => {
      const heads: Float32Array[] = [];
      await fitSgd(
        { ...data, features },
        { epochs: 3, batch: 16 },
        {
          ...run,
          onEpoch: ({ heads: [head] }) => {
            heads.push(denseData(head.weight) as Float32Array);
            return undefined;
          },
        },
      );
      return heads;
    };
    const found = await handed(inPieces(40).features);
    expect(found).toEqual(await handed(data.features));
    expect(found[0]).not.toEqual(found[2]);
  });

  it.each(['plain', 'class-balanced'] as Sampling[])(
    'stop early and between pieces: %s',
    async (sampling) => {
      const earlyStopping = { validation: set };
      const task = { method: 'linear', solver: 'sgd', epochs: 3, learningRate: 0.5, sampling } as const;
      const [whole] = await fit(set, task, { ...run, earlyStopping });
      const [found] = await fit(inPieces(70), task, { ...run, earlyStopping });
      expect([found.parameters, denseData(found.head.weight)]).toEqual([
        whole.parameters,
        denseData(whole.head.weight),
      ]);
      const stop = new AbortController();
      const reads: number[] = [];
      const aborting = inPieces(16, (from, count) => {
        reads.push(from);
        if (reads.length === 40) stop.abort();
        return stream.features.read(from, count);
      });
      await expectRefusal(
        () => fit(aborting, task, { ...run, signal: stop.signal }),
        'ABORTED',
        /fitting a head/,
      );
    },
  );
});

describe('a stream that is no good', () => {
  const broken = (when: number): FeatureStream => {
    let reads = 0;
    return inPieces(50, async (from, count) => {
      const rows = (await stream.features.read(from, count)).slice();
      if (reads++ >= when && from <= 101 && from + count > 101)
        rows[(101 - from) * DIMENSIONS + 2] = Number.NaN;
      return rows;
    });
  };

  it.each([
    [{ method: 'linear', solver: 'sgd' }, 0],
    [{ method: 'linear', solver: 'sgd' }, 10],
    [{ method: 'linear' }, 0],
    [{ method: 'ncm' }, 0],
    [{ method: 'etf' }, 0],
    [{ method: 'lws' }, 0],
  ] as const)('is refused with the number of the sample: %j, found after %s reads', async (task, when) => {
    await expectRefusal(() => fit(broken(when), task, run), 'NOT_FINITE', /sample 101, dimension 2 is NaN/);
  });

  it('fails with what reading throws, at once or later', async () => {
    for (const good of [0, 12]) {
      let reads = 0;
      const failing = inPieces(30, (from, count) => {
        if (reads++ >= good) throw new Error('the disk is gone');
        return stream.features.read(from, count);
      });
      await expect(fit(failing, { method: 'linear', solver: 'sgd', epochs: 2 }, run)).rejects.toThrow('disk');
    }
  });
});

describe('descents on a stream', () => {
  it.each([
    { method: 'linear', weightDecay: 1e-3 },
    { method: 'linear', weightDecay: 1e-4, loss: 'balanced-softmax', labelSmoothing: 0.1 },
  ] as FitConfiguration[])('end at the same minimum: %j', async (task) => {
    const [whole] = await fit(set, task, run);
    // A quarter of a piece is run at once.
    for (const samples of [20, 1000]) {
      const [found] = await fit(inPieces(samples), task, run);
      expect(found.warning).toBeUndefined();
      expect(found.gradientNorm).toBeLessThanOrEqual(1e-6);
      // A gradient of 1e-6 where the curvature is 1e-4 leaves 1e-12 / 2e-4.
      expect(Math.abs(found.objective! - whole.objective!)).toBeLessThan(5e-9);
      const expected = denseData(whole.head.weight);
      // And a hundredth to either side.
      denseData(found.head.weight).forEach((w, at) => {
        expect(Math.abs(w - expected[at])).toBeLessThan(2e-2);
      });
    }
  });

  it('have the same objective and gradient in many chunks', async () => {
    const { features } = inPieces(20);
    const shape = assertFitData(data, 'Testing');
    const options = { loss: 'cb', weightDecay: 0.1 } as const;
    const at = async (from: FitData) => {
      const problem = crossEntropyProblem(from, shape, options, 'Testing');
      const session = await openObjective(problem, { type: 'float64', device: 'cpu' });
      try {
        return await session.evaluate(thetaOf(init));
      } finally {
        await session.release();
      }
    };
    const [whole, found] = [await at(data), await at({ ...data, features })];
    expect(Math.abs(found.value / whole.value - 1)).toBeLessThan(1e-13);
    const size = whole.gradient.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
    whole.gradient.forEach((g, i) => {
      expect(Math.abs(found.gradient[i] - g) / size).toBeLessThan(1e-12);
    });
    const curvatures = await gramMatrix(features, new Float32Array(SAMPLES).fill(1), { device: 'cpu' });
    const together = await gramMatrix(data.features, new Float32Array(SAMPLES).fill(1), { device: 'cpu' });
    together.forEach((g, i) => {
      expect(Math.abs(curvatures[i] / g - 1)).toBeLessThan(1e-5);
    });
  });
});

describe('formulas on a stream', () => {
  it.each([
    { method: 'ncm' },
    { method: 'ncm', distance: 'cosine' },
    { method: 'etf' },
    { method: 'etf', rotation: 'random' },
    { method: 'tau-norm' },
    { method: 'lws' },
  ] as FitConfiguration[])('are those in memory: %j', async (task) => {
    const [whole] = await fit(set, task, run);
    for (const samples of [7, 100, 1000]) {
      const [found] = await fit(inPieces(samples), task, run);
      expect({ ...found, seconds: 0 }).toEqual({ ...whole, seconds: 0 });
    }
  });
});

it('takes the class order of a head', async () => {
  const labels = Int32Array.from(data.labels, (y) => CLASSES - 1 - y);
  const names = ['a', 'b', 'c', 'd', 'e'];
  const own = set.with({ labels, classes: names.toReversed() });
  const file = await openFeatureStream(own.encode(), 'own.npz');
  const ordered = inClasses(file, names, CLASSES, 'Testing');
  const [found] = await fit(ordered, { method: 'ncm' }, run);
  const [whole] = await fit(set, { method: 'ncm' }, run);
  expect(denseData(found.head.weight)).toEqual(denseData(whole.head.weight));
});
