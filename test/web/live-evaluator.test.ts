/** The sliders' numbers against the library's own, from logits that were really changed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearHead, rowNorms } from '../../src/array/linear-head.js';
import { denseData, matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { headLogitsReference } from '../../src/compute/head-logits.js';
import { evaluate } from '../../src/evaluation/evaluate.js';
import { groupClasses } from '../../src/evaluation/groups.js';
import { adjust } from '../../src/head/adjust.js';
import { transformLogits } from '../../src/head/class-transform.js';
import { liveEvaluator } from '../../src/web/live/evaluator.js';
import { type LiveSettings, liveTransform } from '../../src/web/live/settings.js';
import { priorBetween } from '../../src/web/live/target-prior.js';

/** Long-tailed labels, features with a signal, a head with norms that follow the counts. */
function problem(samples: number, classes: number, dimensions: number, seed: number) {
  const random = createRandom(seed);
  const normal = () => random() + random() + random() - 1.5;
  const head = linearHead(
    Float32Array.from(
      { length: classes * dimensions },
      (_, i) => normal() * (2 - i / (classes * dimensions)),
    ),
    Float32Array.from({ length: classes }, normal),
    classes,
    dimensions,
  );
  const labels = Int32Array.from({ length: samples }, () => Math.floor(random() * classes));
  const weight = denseData(head.weight);
  const features = Float32Array.from({ length: samples * dimensions }, (_, at) => {
    const row = labels[Math.floor(at / dimensions)];
    return normal() + 0.1 * weight[row * dimensions + (at % dimensions)];
  });
  const logits = Float32Array.from(headLogitsReference(head, matrix(features, samples, dimensions)).data);
  const counts = Array.from({ length: classes }, (_, k) =>
    Math.ceil(1000 * 100 ** (-k / Math.max(1, classes - 1))),
  );
  const groups = groupClasses(counts, { many: 500, few: 50 });
  return {
    head,
    labels,
    features,
    logits,
    counts,
    groups,
    norms: rowNorms(head),
    bias: Float64Array.from(head.bias.data),
  };
}

const settings: fc.Arbitrary<LiveSettings> = fc.record({
  method: fc.constantFrom('none', 'additive', 'multiplicative', 'tau-norm'),
  parameter: fc.double({ min: -1, max: 2, noNaN: true }),
  convention: fc.constantFrom('published-code', 'paper'),
  temperature: fc.constantFrom(1, 0.3, 2.5),
  targetPrior: fc.constantFrom('uniform', [0.5, 0.3, 0.1, 0.05, 0.05], [1, 1, 1, 1, 1]),
}) as fc.Arbitrary<LiveSettings>;

describe('liveEvaluator', () => {
  const { head, labels, logits, counts, groups, norms, bias } = problem(400, 5, 8, 1);
  const input = { logits, labels, norms, bias };
  const live = liveEvaluator(input, { counts, groups });

  it('has exactly the figures of evaluate on the changed logits', () => {
    fc.assert(
      fc.property(settings, (at) => {
        const found = live.evaluate(at);
        const changed = transformLogits(matrix(logits, 400, 5), head, liveTransform(at, input, counts));
        const wanted = evaluate({
          logits: changed,
          labels,
          counts,
          thresholds: { many: 500, few: 50 },
          bootstrap: 0,
        });
        for (const key of [
          'many',
          'medium',
          'few',
          'average',
          'worst',
          'harmonicMean',
          'geometricMean',
          'overall',
          'perClass',
          'nll',
          'ece',
        ] as const) {
          expect(found[key], key).toEqual(wanted[key]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is the accuracy of the head that adjust makes', () => {
    const { features } = problem(400, 5, 8, 1);
    for (const parameter of [0.25, 0.7, 1.3]) {
      for (const [at, adjustment] of [
        [
          { method: 'additive', parameter },
          { method: 'additive', tau: parameter },
        ],
        [
          { method: 'multiplicative', parameter, convention: 'paper' },
          { method: 'multiplicative', gamma: parameter, convention: 'paper' },
        ],
        [
          { method: 'tau-norm', parameter, temperature: 2 },
          { method: 'tau-norm', tau: parameter },
        ],
      ] as const) {
        const made = adjust(head, { ...adjustment, counts });
        const answers = evaluate({
          logits: headLogitsReference(made, matrix(features, 400, 8)),
          labels,
          counts,
          bootstrap: 0,
        });
        expect(live.accuracies(at).perClass).toEqual(answers.perClass);
      }
    }
  });

  it('weighs the classes by the target prior', () => {
    const q = [8, 1, 0.5, 0.25, 0.25];
    const { perClass, expected, average } = live.accuracies({
      method: 'additive',
      parameter: 1,
      targetPrior: q,
    });
    expect(expected).toBeCloseTo(
      perClass.reduce<number>((sum, a, k) => sum + (q[k] / 10) * a!, 0),
      12,
    );
    expect(live.accuracies({ method: 'additive', parameter: 1 }).expected).toBe(
      live.accuracies({ method: 'additive', parameter: 1 }).average,
    );
    expect(expected).not.toBeCloseTo(average, 3);
  });

  it('refuses what adjust refuses', () => {
    expect(() => live.accuracies({ method: 'none', parameter: 0, temperature: 0 })).toThrow(/temperature/);
    expect(() => live.accuracies({ method: 'additive', parameter: Number.NaN })).toThrow(/tau/);
    expect(() => liveEvaluator(input).accuracies({ method: 'additive', parameter: 1 })).toThrow(/counts/);
  });

  it('goes without groups where no counts are known', () => {
    const { many, few, average } = liveEvaluator(input).evaluate({ method: 'tau-norm', parameter: 1 });
    expect([many, few]).toEqual([undefined, undefined]);
    expect(average).toBe(live.accuracies({ method: 'tau-norm', parameter: 1 }).average);
  });

  it('tells how long a move takes with 10,000 samples of 100 classes', () => {
    const big = problem(10_000, 100, 4, 2);
    const evaluator = liveEvaluator(big, big);
    const time = (run: (at: LiveSettings) => unknown) => {
      const times: number[] = [];
      for (let i = 0; i < 15; i++) {
        const start = performance.now();
        run({
          method: 'additive',
          parameter: i / 10,
          temperature: 1 + i / 20,
          targetPrior: priorBetween(big.counts, i / 20),
        });
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b)[7].toFixed(1);
    };
    console.info(
      `live, 10,000 × 100: ${time(evaluator.accuracies)} ms for accuracies, ${time(evaluator.evaluate)} ms with calibration (median)`,
    );
    expect(evaluator.samples).toBe(10_000);
  });
});

describe('priorBetween', () => {
  it('goes from uniform over the training frequencies', () => {
    expect(priorBetween([300, 100], 0)).toBe('uniform');
    expect(priorBetween([300, 100], 1)).toEqual([0.75, 0.25]);
    const half = priorBetween([400, 100], 0.5) as number[];
    expect(half[0] / half[1]).toBeCloseTo(2, 12);
    expect(half[0] + half[1]).toBeCloseTo(1, 15);
    expect(priorBetween([100, 400], -1)).toEqual([0.8, 0.2]);
  });
});
