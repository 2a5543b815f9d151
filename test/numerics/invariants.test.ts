/** What must hold whatever the numbers are: each name says the invariant. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromFloat16, toFloat16 } from '../../src/array/float16.js';
import { type LinearHead, linearHead } from '../../src/array/linear-head.js';
import { denseData, type Matrix, matrix } from '../../src/array/matrix.js';
import { headLogits, headLogitsReference } from '../../src/compute/head-logits.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { diagnose } from '../../src/diagnostics/diagnose.js';
import { mergeStatistics } from '../../src/diagnostics/merge-statistics.js';
import type { FeatureStatistics } from '../../src/diagnostics/statistics.js';
import { argmaxRows } from '../../src/evaluation/argmax.js';
import { evaluate } from '../../src/evaluation/evaluate.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { type Adjustment, adjust, adjustmentTransform } from '../../src/head/adjust.js';
import { transformLogits } from '../../src/head/class-transform.js';
import { estimatePrior } from '../../src/head/estimate-prior.js';
import { fit } from '../../src/head/fit.js';
import type { FitConfiguration } from '../../src/head/fit-configuration.js';
import { fitTemperature } from '../../src/head/fit-temperature.js';
import { select } from '../../src/head/select.js';
import { decodeFloats, encodeFloats, roundTo } from '../../src/onnx/dtypes.js';
import {
  distance,
  featuresOf,
  moved,
  movedColumns,
  movedHead,
  movedList,
  permuted,
  type SmallProblem,
  setOf,
  smallProblems,
} from './small-problem.js';

const cpu = { device: 'cpu', threads: 1 } as const;
const adjustments: fc.Arbitrary<Adjustment> = fc.oneof(
  fc.record({ method: fc.constant('additive' as const), tau: fc.double({ min: -3, max: 3, noNaN: true }) }),
  fc.record({
    method: fc.constant('multiplicative' as const),
    gamma: fc.double({ min: -1, max: 1, noNaN: true }),
    convention: fc.constantFrom('published-code' as const, 'paper' as const),
  }),
  fc.record({ method: fc.constant('tau-norm' as const), tau: fc.double({ min: -2, max: 2, noNaN: true }) }),
  fc.record({
    method: fc.constant('temperature' as const),
    temperature: fc.double({ min: 0.01, max: 100, noNaN: true }),
  }),
);
const targets = fc.boolean();
const contextOf = ({ counts, q }: SmallProblem, uniform: boolean) => ({
  counts,
  targetPrior: uniform ? ('uniform' as const) : q,
});
const logitsOf = (head: LinearHead, problem: SmallProblem) => headLogitsReference(head, featuresOf(problem));
/** Probabilities of logits [N, C]. */
function softmax(logits: Matrix): Float64Array {
  const [samples, classes] = logits.shape;
  const z = denseData(logits);
  const p = Float64Array.from(z);
  for (let i = 0; i < samples; i++) {
    const row = p.subarray(i * classes, (i + 1) * classes);
    const top = row.reduce((a, b) => Math.max(a, b));
    const powers = row.map((value) => Math.exp(value - top));
    const sum = powers.reduce((a, b) => a + b);
    row.set(powers.map((value) => value / sum));
  }
  return p;
}

describe('adjusting', () => {
  it('additively, by a prior that is the same for all classes, changes no bit of the head', () => {
    const tau = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    const count = fc.double({ min: 1e-3, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(smallProblems, tau, count, targets, (problem, t, n, uniform) => {
        const { head, classes, counts } = problem;
        // The same counts for a uniform target, or a target like the counts.
        const context = uniform
          ? { counts: new Array<number>(classes).fill(n) }
          : { counts, targetPrior: counts.slice() };
        const adjusted = adjust(head, { method: 'additive', tau: t, ...context });
        expect(denseData(adjusted.bias)).toEqual(denseData(head.bias));
        expect(denseData(adjusted.weight)).toEqual(denseData(head.weight));
      }),
    );
  });

  it('folded into the head gives the logits that it gives applied to logits, within rounding to float32', () => {
    fc.assert(
      fc.property(smallProblems, adjustments, targets, (problem, adjustment, uniform) => {
        const { head, dimensions, classes } = problem;
        const options = { ...adjustment, ...contextOf(problem, uniform) };
        const transform = adjustmentTransform(head, options);
        const folded = denseData(logitsOf(adjust(head, options), problem));
        const applied = denseData(transformLogits(logitsOf(head, problem), head, transform));
        const features = problem.features.reduce((most, f) => Math.max(most, Math.abs(f)), 1);
        const { rowScale, biasScale, biasShift } = transform;
        folded.forEach((z, at) => {
          const k = at % classes;
          const size = rowScale[k] * 2 * features * dimensions + biasScale[k] + Math.abs(biasShift[k]) + 1;
          expect(Math.abs(z - applied[at])).toBeLessThanOrEqual(2 ** -23 * size);
        });
      }),
    );
  });

  it('commutes with a permutation of the classes', () => {
    fc.assert(
      fc.property(smallProblems, adjustments, targets, (problem, adjustment, uniform) => {
        const other = permuted(problem);
        const a = movedHead(
          adjust(problem.head, { ...adjustment, ...contextOf(problem, uniform) }),
          problem.order,
        );
        const b = adjust(other.head, { ...adjustment, ...contextOf(other, uniform) });
        // The prior is a sum over the classes, in another order.
        expect(distance(denseData(a.weight), denseData(b.weight))).toBeLessThan(1e-6);
        expect(distance(denseData(a.bias), denseData(b.bias))).toBeLessThan(1e-6);
      }),
    );
  });

  it('by a temperature changes no argmax', () => {
    const temperature = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(smallProblems, temperature, (problem, t) => {
        const exact = linearHead(
          Float64Array.from(denseData(problem.head.weight)),
          Float64Array.from(denseData(problem.head.bias)),
          problem.classes,
          problem.dimensions,
        );
        const cooled = adjust(exact, { method: 'temperature', temperature: t });
        expect(argmaxRows(logitsOf(cooled, problem))).toEqual(argmaxRows(logitsOf(exact, problem)));
      }),
    );
  });

  it('the same constant on all biases changes no probability, loss or decision', () => {
    fc.assert(
      fc.property(smallProblems, fc.integer({ min: -1000, max: 1000 }), (problem, constant) => {
        const { head, classes, dimensions, labels, counts } = problem;
        const bias = Float64Array.from(denseData(head.bias), (b) => b + constant);
        const shifted = linearHead(Float64Array.from(denseData(head.weight)), bias, classes, dimensions);
        const [before, after] = [logitsOf(head, problem), logitsOf(shifted, problem)];
        expect(distance(softmax(before), softmax(after))).toBeLessThan(1e-10);
        const [a, b] = [before, after].map((logits) => evaluate({ logits, labels, counts, bootstrap: 0 }));
        expect(b.perClass).toEqual(a.perClass);
        expect(Math.abs(b.nll - a.nll)).toBeLessThan(1e-9);
        const [s, t] = [before, after].map((logits) => fitTemperature(logits, labels));
        expect(Math.abs(t / s - 1)).toBeLessThan(1e-6);
        const [p, q] = [before, after].map((logits) => estimatePrior({ logits, counts, maxIterations: 20 }));
        expect(distance(p.prior, q.prior)).toBeLessThan(1e-8);
      }),
    );
  });

  it('features times s and weights divided by s change no bit of a logit, for powers of two', () => {
    fc.assert(
      fc.property(smallProblems, fc.integer({ min: -60, max: 60 }), (problem, power) => {
        const { head, features, classes, dimensions } = problem;
        const s = 2 ** power;
        const weight = denseData(head.weight).map((w) => w / s);
        const scaled = linearHead(weight, denseData(head.bias), classes, dimensions);
        const other = { ...problem, features: features.map((f) => f * s) };
        expect(denseData(logitsOf(scaled, other))).toEqual(denseData(logitsOf(head, problem)));
      }),
    );
  });
});

describe('evaluating', () => {
  it('commutes with a permutation of the classes', () => {
    fc.assert(
      fc.property(smallProblems, (problem) => {
        const logits = logitsOf(problem.head, problem);
        const { labels, counts, order } = problem;
        const a = evaluate({ logits, labels, counts, bootstrap: 0 });
        const other = permuted(problem);
        const b = evaluate({
          logits: movedColumns(logits, order),
          labels: other.labels,
          counts: other.counts,
          bootstrap: 0,
        });
        expect(b.perClass).toEqual(movedList(a.perClass, order));
        for (const key of [
          'average',
          'overall',
          'harmonicMean',
          'geometricMean',
          'nll',
          'ece',
          'classwiseEce',
        ] as const) {
          expect(Math.abs(a[key] - b[key])).toBeLessThan(1e-12 * Math.max(1, Math.abs(a[key])));
        }
        expect([b.worst, b.groupSizes]).toEqual([a.worst, a.groupSizes]);
      }),
    );
  });

  it('does not depend on the order of the samples', () => {
    fc.assert(
      fc.property(smallProblems, (problem) => {
        const logits = denseData(logitsOf(problem.head, problem));
        const { labels, counts, samples, classes } = problem;
        const rows = Array.from({ length: samples }, (_, i) => (i * 7 + 3) % samples);
        // Only some steps visit all.
        if (new Set(rows).size < samples) for (const i of rows.keys()) rows[i] = samples - 1 - i;
        const shuffled = Float64Array.from(
          rows.flatMap((i) => [...logits.subarray(i * classes, (i + 1) * classes)]),
        );
        const a = evaluate({
          logits: matrix(logits, samples, classes),
          labels,
          counts,
          seed: 5,
          bootstrap: 50,
        });
        const b = evaluate({
          logits: matrix(shuffled, samples, classes),
          labels: rows.map((i) => labels[i]),
          counts,
          seed: 5,
          bootstrap: 50,
        });
        expect(b).toMatchObject({ perClass: a.perClass, intervals: a.intervals, average: a.average });
        for (const key of ['nll', 'ece', 'classwiseEce'] as const) {
          expect(Math.abs(a[key] - b[key])).toBeLessThan(1e-12 * Math.max(1, a[key]));
        }
      }),
    );
  });

  it('two sets as one gives the mean of both, weighted by their samples', () => {
    fc.assert(
      fc.property(smallProblems, smallProblems, (problem, { labels: seedLabels }) => {
        const { classes, samples } = problem;
        const logits = denseData(logitsOf(problem.head, problem));
        // Other labels for the second set, with the same logits the other way round.
        const second = Int32Array.from(problem.labels, (_, i) => seedLabels[i % seedLabels.length] % classes);
        const one = (data: Float64Array, labels: ArrayLike<number>) =>
          evaluate({ logits: matrix(data, labels.length, classes), labels, bootstrap: 0 });
        const [a, b] = [
          one(logits, problem.labels),
          one(
            logits.map((z) => -z),
            second,
          ),
        ];
        const joined = Float64Array.from([...logits, ...logits.map((z) => -z)]);
        const both = one(joined, [...problem.labels, ...second]);
        for (const key of ['overall', 'nll'] as const) {
          expect(Math.abs(both[key] - (a[key] + b[key]) / 2)).toBeLessThan(1e-12 * Math.max(1, both[key]));
        }
        both.perClass.forEach((accuracy, k) => {
          const hits = [a, b].reduce((sum, e) => sum + (e.perClass[k] ?? 0) * e.perClassSamples[k], 0);
          expect(accuracy).toBeCloseTo(hits / (a.perClassSamples[k] + b.perClassSamples[k]), 12);
        });
        expect(both.samples).toBe(2 * samples);
      }),
    );
  });
});

describe('choosing', () => {
  it('commutes with a permutation of the classes, rows of the table and the candidate alike', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblems, async (problem) => {
        const options = {
          folds: 2,
          bootstrap: 100,
          grids: { additive: [0.5, 1], multiplicative: [0.2], 'tau-norm': [1] },
        };
        const chosen = async ({ head, labels, counts }: SmallProblem, logits: Matrix) => {
          const { candidate, table } = await select({ head, logits, labels, counts, ...options });
          const rows = table.map((row) => [
            row.method,
            row.parameters,
            Number(row.average.toFixed(9)),
            Number(row.change.toFixed(9)),
            Number(row.score.toFixed(9)),
            row.eligible,
          ]);
          return [candidate.method, candidate.parameters, rows];
        };
        const logits = logitsOf(problem.head, problem);
        const table = await chosen(problem, logits);
        expect(await chosen(permuted(problem), movedColumns(logits, problem.order))).toEqual(table);
      }),
      { numRuns: 30 },
    );
  });

  it('among adjustments by uniform counts for a uniform target keeps the original head', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblems, async (problem) => {
        const { head, labels, classes } = problem;
        const result = await select({
          head,
          logits: logitsOf(head, problem),
          labels,
          counts: new Array<number>(classes).fill(100),
          methods: ['additive'],
          folds: 2,
          bootstrap: 100,
        });
        expect([result.chosen.method, result.candidate.method]).toEqual(['none', 'none']);
        expect(result.chosen.head).toBe(head);
      }),
      { numRuns: 30 },
    );
  });
});

const tight = { method: 'linear', weightDecay: 0.01, tolerance: 1e-9, maxIterations: 2000 } as const;
const FORMULAS: [FitConfiguration, number][] = [
  [{ method: 'ncm' }, 1e-6],
  [{ method: 'tau-norm', power: 0.5 }, 1e-6],
  [{ ...tight }, 1e-5],
  [{ ...tight, loss: 'cb' }, 1e-5],
  [{ ...tight, loss: 'balanced-softmax' }, 1e-5],
];

describe('fitting', () => {
  it.each(FORMULAS)('commutes with a permutation of the classes: %j', async (configuration, tolerance) => {
    await fc.assert(
      fc.asyncProperty(smallProblems, async (problem) => {
        const fitted = async (one: SmallProblem) =>
          (await fit(setOf(one), configuration, { init: one.head, ...cpu }))[0].head;
        const [a, b] = [await fitted(problem), await fitted(permuted(problem))];
        const { order } = problem;
        expect(distance(moved(denseData(a.weight), order), denseData(b.weight))).toBeLessThan(tolerance);
        const centred = (bias: Float32Array) => {
          const mean = bias.reduce((sum, x) => sum + x, 0) / bias.length;
          // A constant on all biases is free.
          return configuration.method === 'linear' ? bias.map((x) => x - mean) : bias;
        };
        const [p, q] = [centred(moved(denseData(a.bias), order)), centred(denseData(b.bias))];
        p.forEach((x, k) => {
          expect(Math.abs(x - q[k])).toBeLessThan(10 * tolerance * Math.max(1, Math.abs(x)));
        });
      }),
      { numRuns: 15 },
    );
  });

  it.each(FORMULAS)('does not depend on the order of the samples: %j', async (configuration, tolerance) => {
    await fc.assert(
      fc.asyncProperty(smallProblems, async (problem) => {
        const { features, labels, dimensions, samples, classes, head } = problem;
        const reversed = new FeatureSet({
          name: 'reversed',
          features: matrix(
            Float32Array.from(features, (_, at) => {
              const [i, d] = [Math.floor(at / dimensions), at % dimensions];
              return features[(samples - 1 - i) * dimensions + d];
            }),
            samples,
            dimensions,
          ),
          labels: labels.slice().reverse(),
          classCount: classes,
        });
        const fitted = async (set: FeatureSet) =>
          (await fit(set, configuration, { init: head, ...cpu }))[0].head;
        const [a, b] = [await fitted(setOf(problem)), await fitted(reversed)];
        expect(distance(denseData(a.weight), denseData(b.weight))).toBeLessThan(tolerance);
      }),
      { numRuns: 10 },
    );
  });

  it('features times s give weights divided by s: nearest class mean with its bias times s²', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblems, fc.integer({ min: -30, max: 30 }), async (problem, power) => {
        const s = 2 ** power;
        const other = { ...problem, features: problem.features.map((f) => f * s) };
        const [[a], [b]] = await Promise.all(
          [problem, other].map((one) => fit(setOf(one), { method: 'ncm' }, cpu)),
        );
        expect(denseData(b.head.weight)).toEqual(denseData(a.head.weight).map((w) => w * s));
        expect(denseData(b.head.bias)).toEqual(denseData(a.head.bias).map((x) => x * s * s));
      }),
      { numRuns: 20 },
    );
  });
});

describe('statistics', () => {
  const statisticsOf = (problem: SmallProblem, from: number, to: number): Promise<FeatureStatistics> => {
    const { features, labels, dimensions, classes } = problem;
    const rows = features.subarray(from * dimensions, to * dimensions);
    return collectStatistics(matrix(rows, to - from, dimensions), labels.subarray(from, to), {
      classes,
      threads: 1,
    });
  };

  it('merging is associative and commutative, and the same as collecting at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        smallProblems,
        fc.double({ min: 0, max: 1 }),
        fc.double({ min: 0, max: 1 }),
        async (problem, u, v) => {
          const { samples } = problem;
          const [p, q] = [u, v]
            .map((x) => Math.round((Number.isNaN(x) ? 0 : x) * samples))
            .sort((x, y) => x - y);
          const [a, b, c] = await Promise.all([
            statisticsOf(problem, 0, p),
            statisticsOf(problem, p, q),
            statisticsOf(problem, q, samples),
          ]);
          const left = await mergeStatistics(await mergeStatistics(a, b), c);
          const right = await mergeStatistics(a, await mergeStatistics(b, c));
          const turned = await mergeStatistics(c, await mergeStatistics(b, a));
          const whole = await statisticsOf(problem, 0, samples);
          for (const other of [right, turned, whole]) {
            for (const key of [
              'counts',
              'means',
              'scatter',
              'unitSums',
              'normSums',
              'minimum',
              'maximum',
              'normHistogram',
            ] as const) {
              expect(distance(left[key], other[key]), key).toBeLessThan(1e-11);
            }
            expect(other.normMax).toBe(left.normMax);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('diagnosing commutes with a permutation of the classes', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblems, async (problem) => {
        const { order } = problem;
        const figures = async (one: SmallProblem) =>
          diagnose(setOf(one), { head: one.head, counts: one.counts, threads: 1 });
        const [a, b] = [await figures(problem), await figures(permuted(problem))];
        expect(b.counts).toEqual(movedList(a.counts, order));
        const close = (x: number | null | undefined, y: number | null | undefined, what: string) => {
          if (x === null || x === undefined) expect(y, what).toBe(x);
          else expect(Math.abs(x - (y as number)), what).toBeLessThan(1e-7 * Math.max(1, Math.abs(x)));
        };
        close(a.fdr.value, b.fdr.value, 'fdr');
        close(a.collapse.nc1, b.collapse.nc1, 'nc1');
        close(a.collapse.nc3, b.collapse.nc3, 'nc3');
        close(a.collapse.nc4, b.collapse.nc4, 'nc4');
        close(a.cosine.sameClass, b.cosine.sameClass, 'same class');
        close(a.cosine.differentClass, b.cosine.differentClass, 'different class');
        close(a.theorem2?.implicitGamma, b.theorem2?.implicitGamma, 'gamma');
        close(a.theorem1?.largestCosine, b.theorem1?.largestCosine, 'largest cosine');
        movedList(a.classMeanNorms, order).forEach((x, k) => {
          close(x, b.classMeanNorms[k], 'mean norms');
        });
        movedList(a.weightNorms!, order).forEach((x, k) => {
          close(x, b.weightNorms![k], 'weight norms');
        });
        a.cosine.matrix!.forEach((row, k) => {
          row.forEach((x, l) => {
            close(x, b.cosine.matrix![order[k]][order[l]], 'cosine matrix');
          });
        });
      }),
      { numRuns: 20 },
    );
  });

  it('features of another scale have the same ratios, cosines and collapse, and norms of that scale', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblems, fc.constantFrom(-100, -40, 0, 40, 100), async (problem, power) => {
        const s = 2 ** power;
        const other = { ...problem, features: problem.features.map((f) => f * s) };
        const [a, b] = await Promise.all(
          [problem, other].map((one) => diagnose(setOf(one), { counts: one.counts, threads: 1 })),
        );
        const close = (x: number | null, y: number | null) =>
          x === null
            ? expect(y).toBe(null)
            : expect(Math.abs(x - y!)).toBeLessThan(1e-6 * Math.max(1, Math.abs(x)));
        close(a.fdr.value, b.fdr.value);
        close(a.collapse.nc1, b.collapse.nc1);
        close(a.collapse.nc2.equinorm, b.collapse.nc2.equinorm);
        close(a.collapse.nc2.equiangularity, b.collapse.nc2.equiangularity);
        close(a.cosine.differentClass, b.cosine.differentClass);
        close(a.sparsity.hoyer, b.sparsity.hoyer);
        a.classMeanNorms.forEach((x, k) => {
          close(x, b.classMeanNorms[k]! / s);
        });
      }),
      { numRuns: 25 },
    );
  });

  it('the share of samples that the head and the nearest mean disagree on does not depend on the scale of features', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblems, fc.constantFrom(-100, -60, -20, 20, 55), async (problem, power) => {
        const s = 2 ** power;
        const { head, classes, dimensions } = problem;
        const weight = Float64Array.from(denseData(head.weight), (w) => w / s);
        const scaled = linearHead(weight, Float64Array.from(denseData(head.bias)), classes, dimensions);
        const other = { ...problem, features: problem.features.map((f) => f * s) };
        const exact = linearHead(
          Float64Array.from(denseData(head.weight)),
          Float64Array.from(denseData(head.bias)),
          classes,
          dimensions,
        );
        const a = await diagnose(setOf(problem), { head: exact, threads: 1 });
        const b = await diagnose(setOf(other), { head: scaled, threads: 1 });
        expect(b.collapse.nc4).toBe(a.collapse.nc4);
        expect(b.accuracy).toEqual(a.accuracy);
      }),
      { numRuns: 25 },
    );
  });
});

describe('numbers', () => {
  it('every float16 comes back as it is, and what lies between goes to the nearest', () => {
    for (let bits = 0; bits < 2 ** 16; bits++) {
      const value = fromFloat16(bits);
      if (Number.isNaN(value)) expect(fromFloat16(toFloat16(value))).toBeNaN();
      else expect(toFloat16(value)).toBe(bits);
    }
    fc.assert(
      fc.property(fc.double({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const rounded = fromFloat16(toFloat16(value));
        const bits = toFloat16(value);
        for (const neighbour of [bits - 1, bits + 1]) {
          const other = fromFloat16(neighbour & 0xffff);
          if (Number.isFinite(other))
            expect(Math.abs(value - rounded)).toBeLessThanOrEqual(Math.abs(value - other));
        }
      }),
    );
  });

  it.each(['float32', 'float16', 'bfloat16', 'float64'] as const)(
    '%s: writing and reading what was rounded loses nothing',
    (dtype) => {
      const values = fc.array(fc.double({ min: -6e4, max: 6e4, noNaN: true }), {
        minLength: 1,
        maxLength: 20,
      });
      fc.assert(
        fc.property(values, (list) => {
          const rounded = roundTo(dtype, list);
          expect(decodeFloats(dtype, encodeFloats(dtype, list))).toEqual(rounded);
          expect(roundTo(dtype, rounded)).toEqual(rounded);
        }),
      );
    },
  );

  it('logits by onnxruntime are those of float64 up to the rounding of float32', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblems, async (problem) => {
        const fast = denseData(await headLogits(problem.head, featuresOf(problem), cpu));
        const exact = denseData(logitsOf(problem.head, problem));
        expect(distance(exact, fast)).toBeLessThan(1e-5);
      }),
      { numRuns: 20 },
    );
  });
});
