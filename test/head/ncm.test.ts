import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { denseData, matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { headLogitsReference } from '../../src/compute/head-logits.js';
import { argmaxRows } from '../../src/evaluation/argmax.js';
import type { FitData, HeldFitData } from '../../src/head/fit-options.js';
import { fitScale } from '../../src/head/fit-scale.js';
import { nearestClassMean } from '../../src/head/ncm.js';
import { objective } from '../../src/head/objective.js';
import { expectRefusal } from '../array/expect-refusal.js';

const run = { device: 'cpu', threads: 1 } as const;

function problem(seed: number, classes = 4, dimensions = 3, samples = 30): HeldFitData {
  const random = createRandom(seed);
  const labels = Int32Array.from({ length: samples }, (_, i) =>
    i < classes ? i : Math.floor(classes * random()),
  );
  const rows = Float32Array.from({ length: samples * dimensions }, (_, at) => {
    const y = labels[Math.floor(at / dimensions)];
    return 2 * random() - 1 + Math.cos(y * (1 + (at % dimensions)));
  });
  return { features: matrix(rows, samples, dimensions), labels, classes };
}

/** The means themselves, read out of an euclidean head. */
const meansOf = async (data: FitData) => denseData((await nearestClassMean(data)).weight);

describe('nearestClassMean', () => {
  it('holds the class means, weighted by the samples’ weights', async () => {
    const data: FitData = {
      features: matrix(Float32Array.of(1, 0, 3, 2, 5, 6), 3, 2),
      labels: Int32Array.of(0, 0, 1),
      classes: 2,
    };
    const head = await nearestClassMean(data);
    expect([...denseData(head.weight)]).toEqual([2, 1, 5, 6]);
    expect([...denseData(head.bias)]).toEqual([-2.5, -30.5]);
    const weighted = await nearestClassMean({ ...data, sampleWeights: Float32Array.of(3, 1, 7) });
    expect([...denseData(weighted.weight)]).toEqual([1.5, 0.5, 5, 6]);
  });

  it('predicts the nearest mean; logits differ by half differences of squared distances', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 5 }),
        async (seed, c, d) => {
          const data = problem(seed, c, d);
          const means = await meansOf(data);
          const rows = denseData(data.features);
          const logits = headLogitsReference(await nearestClassMean(data), data.features);
          const distance = (i: number, k: number) => {
            let sum = 0;
            for (let j = 0; j < d; j++) sum += (rows[i * d + j] - means[k * d + j]) ** 2;
            return sum;
          };
          const predicted = argmaxRows(logits);
          for (let i = 0; i < 30; i++) {
            const all = Array.from({ length: c }, (_, k) => distance(i, k));
            for (let k = 1; k < c; k++) {
              expect(logits.get(i, k) - logits.get(i, 0)).toBeCloseTo((all[0] - all[k]) / 2, 5);
            }
            // The bias is rounded to float32, so ties within that may fall either way.
            expect(all[predicted[i]] - Math.min(...all)).toBeLessThan(1e-5);
          }
        },
      ),
    );
  });

  it('cosine: predicts the mean of the smallest angle', async () => {
    const data = problem(3, 5, 4);
    const head = await nearestClassMean(data, { distance: 'cosine' });
    const means = await meansOf(data);
    const rows = denseData(data.features);
    const predicted = argmaxRows(headLogitsReference(head, data.features));
    for (let i = 0; i < 30; i++) {
      const cosines = Array.from({ length: 5 }, (_, k) => {
        const mean = means.subarray(4 * k, 4 * k + 4);
        return mean.reduce((sum, m, j) => sum + m * rows[4 * i + j], 0) / Math.hypot(...mean);
      });
      expect(predicted[i]).toBe(cosines.indexOf(Math.max(...cosines)));
    }
    expect([...denseData(head.bias)]).toEqual([0, 0, 0, 0, 0]);
  });

  it('refuses', async () => {
    const data = problem(1);
    await expectRefusal(
      () => nearestClassMean({ ...data, classes: 6 }),
      'CLASS_MISSING',
      /class 4 and 5|class 4, 5/,
    );
    await expectRefusal(() => nearestClassMean({ ...data, classes: 1 }), 'INVALID_ARGUMENT', /1 class/);
    await expectRefusal(
      () => nearestClassMean(data, { distance: 'manhattan' as never }),
      'INVALID_ARGUMENT',
      /'euclidean' and 'cosine'/,
    );
    const zero: FitData = {
      features: matrix(new Float32Array(4), 2, 2),
      labels: Int32Array.of(0, 1),
      classes: 2,
    };
    await expectRefusal(
      () => nearestClassMean(zero, { distance: 'cosine' }),
      'INVALID_ARGUMENT',
      /class 0 is 0/,
    );
    const weights = Float32Array.from(data.labels, (y) => (y === 2 ? 0 : 1));
    await expectRefusal(
      () => nearestClassMean({ ...data, sampleWeights: weights }),
      'CLASS_MISSING',
      /class 2/,
    );
  });
});

describe('fitScale', () => {
  it.each(['ce', 'cb'] as const)('makes the loss smallest: %s', async (loss) => {
    const data = problem(7, 4, 3, 120);
    const head = await nearestClassMean(data, { distance: 'cosine' });
    const fitted = await fitScale(head, data, { loss }, run);
    expect(denseData(fitted.head.weight)[5]).toBeCloseTo(fitted.scale * denseData(head.weight)[5], 5);
    const at = (factor: number) => {
      const weight = matrix(
        Float64Array.from(denseData(head.weight), (w) => factor * w),
        4,
        3,
      );
      return objective({ weight, bias: head.bias }, data, { loss }).loss;
    };
    expect(at(fitted.scale)).toBeLessThan(at(1.01 * fitted.scale));
    expect(at(fitted.scale)).toBeLessThan(at(0.99 * fitted.scale));
  });

  it('refuses what it does not fit', async () => {
    const data = problem(7);
    const head = await nearestClassMean(data);
    await expectRefusal(
      () => fitScale(head, data, { loss: 'balanced-softmax' }, run),
      'INVALID_ARGUMENT',
      /only ce and cb/,
    );
    const sampleWeights = new Float32Array(30).fill(1);
    await expectRefusal(
      () => fitScale(head, { ...data, sampleWeights }, {}, run),
      'INVALID_ARGUMENT',
      /sample weights/,
    );
    await expectRefusal(() => fitScale(head, problem(1, 5), {}, run), 'SHAPE_MISMATCH', /4 classes/);
  });
});
