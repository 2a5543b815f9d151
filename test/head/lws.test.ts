import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { denseData, matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import type { HeldFitData, LossOptions } from '../../src/head/fit-options.js';
import { fitScales, type LwsOptions } from '../../src/head/lws.js';
import { objective } from '../../src/head/objective.js';
import { expectRefusal } from '../array/expect-refusal.js';

const run = { device: 'cpu', threads: 1 } as const;
const [C, D, N] = [4, 3, 300];

function problem(seed: number): { data: HeldFitData; head: ReturnType<typeof linearHead<Float32Array>> } {
  const random = createRandom(seed);
  const labels = Int32Array.from({ length: N }, (_, i) => (i < C ? i : Math.floor(C * random() ** 2)));
  const rows = Float32Array.from({ length: N * D }, (_, at) => {
    return 3 * (random() - 0.5) + Math.sin(2 + labels[Math.floor(at / D)] * (1 + (at % D)));
  });
  const weight = Float32Array.from({ length: C * D }, (_, at) => {
    return Math.sin(2 + Math.floor(at / D) * (1 + (at % D))) + random() / 2;
  });
  return {
    data: { features: matrix(rows, N, D), labels, classes: C },
    head: linearHead(
      weight,
      Float32Array.from({ length: C }, () => random() / 4),
      C,
      D,
    ),
  };
}

describe('fitScales', () => {
  it.each([
    {},
    { loss: 'cb', beta: 0.99 },
    { loss: 'ce', labelSmoothing: 0.1 },
    { loss: 'balanced-softmax' },
  ] as LwsOptions[])('ends where no scale makes the loss smaller: %j', async (options) => {
    const { data, head } = problem(1);
    const fit = await fitScales(head, data, options, run);
    expect(fit.converged).toBe(true);
    expect(fit.gradientNorm).toBeLessThanOrEqual(1e-7);
    const loss: LossOptions = { loss: 'cb', ...options };
    const at = (scales: ArrayLike<number>) =>
      objective(
        {
          weight: matrix(
            Float64Array.from(denseData(head.weight), (w, i) => scales[Math.floor(i / D)] * w),
            C,
            D,
          ),
          bias: denseBias(denseData(head.bias), scales),
        },
        data,
        loss,
      ).loss;
    expect(at(fit.scales)).toBeCloseTo(fit.objective, 6);
    for (let k = 0; k < C; k++) {
      for (const factor of [0.99, 1.01]) {
        expect(at(fit.scales.map((s, j) => (j === k ? factor * s : s)))).toBeGreaterThan(at(fit.scales));
      }
    }
    // Convex in s: no better loss anywhere else.
    const random = createRandom(2);
    for (let trial = 0; trial < 50; trial++) {
      expect(at(Float64Array.from({ length: C }, () => 4 * random()))).toBeGreaterThan(fit.objective - 1e-6);
    }
  });

  it('scales rows and bias, keeps directions and number type, and gives the same bytes twice', async () => {
    const { data, head } = problem(3);
    const { head: fitted, scales } = await fitScales(head, data, {}, run);
    for (const s of scales) expect(s).toBeGreaterThan(0);
    denseData(fitted.weight).forEach((w, at) => {
      expect(w).toBe(Math.fround(scales[Math.floor(at / D)] * denseData(head.weight)[at]));
    });
    denseData(fitted.bias).forEach((b, k) => {
      expect(b).toBe(Math.fround(scales[k] * denseData(head.bias)[k]));
    });
    const again = await fitScales(head, data, {}, run);
    expect(denseData(again.head.weight)).toEqual(denseData(fitted.weight));
  });

  it('tells its progress, stops at a signal, and says when it is not there yet', async () => {
    const { data, head } = problem(4);
    const seen: number[] = [];
    const fit = await fitScales(
      head,
      data,
      { maxIterations: 2, tolerance: 1e-12 },
      {
        ...run,
        onProgress: ({ iteration }) => seen.push(iteration),
      },
    );
    expect(seen).toEqual([1, 2]);
    expect(fit.converged).toBe(false);
    expect(fit.warning).toMatch(/2 iterations short of the minimum/);
    const stop = new AbortController();
    const aborted = fitScales(
      head,
      data,
      {},
      { ...run, signal: stop.signal, onProgress: () => stop.abort() },
    );
    await expectRefusal(() => aborted, 'ABORTED', /scales of classes/);
  });

  it('hears a signal that fires while it computes', async () => {
    const { data, head } = problem(6);
    const times = 400;
    const rows = denseData(data.features);
    const many: HeldFitData = {
      features: matrix(
        Float32Array.from({ length: times * rows.length }, (_, i) => rows[i % rows.length]),
        times * N,
        D,
      ),
      labels: Int32Array.from({ length: times * N }, (_, i) => data.labels[i % N]),
      classes: C,
    };
    const stop = new AbortController();
    const onProgress = () => void setTimeout(() => stop.abort('a click'), 0);
    const fit = () =>
      fitScales(head, many, { tolerance: 1e-300 }, { ...run, signal: stop.signal, onProgress });
    await expectRefusal(fit, 'ABORTED', /a click/);
  });

  it('refuses', async () => {
    const { data, head } = problem(5);
    await expectRefusal(
      () => fitScales(head, { ...data, classes: 5 }, {}, run),
      'SHAPE_MISMATCH',
      /4 classes/,
    );
    await expectRefusal(
      () => fitScales(head, data, { loss: 'dot-regression' }, run),
      'INVALID_ARGUMENT',
      /dot-regression/,
    );
    await expectRefusal(
      () => fitScales(head, data, { tolerance: -1 }, run),
      'INVALID_ARGUMENT',
      /tolerance is -1/,
    );
    const empty = Int32Array.from(data.labels, (y) => Math.min(y, 2));
    await expectRefusal(
      () => fitScales(head, { ...data, labels: empty }, {}, run),
      'CLASS_MISSING',
      /class 3/,
    );
  });
});

function denseBias(bias: ArrayLike<number>, scales: ArrayLike<number>) {
  return linearHead(
    new Float64Array(C),
    Float64Array.from(bias, (b, k) => scales[k] * b),
    C,
    1,
  ).bias;
}
