/**
 * A hundred thousand classes: what is quadratic in them would need 80 GB or minutes. The bound of time is the test's own, which ends
 * what hangs; nothing is measured.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type LinearHead, linearHead } from '../../src/array/linear-head.js';
import { denseData, type Matrix, matrix } from '../../src/array/matrix.js';
import { headLogits } from '../../src/compute/head-logits.js';
import { diagnose } from '../../src/diagnostics/diagnose.js';
import { evaluate } from '../../src/evaluation/evaluate.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { openModel } from '../../src/features/model.js';
import { adjust } from '../../src/head/adjust.js';
import { fit } from '../../src/head/fit.js';
import { select } from '../../src/head/select.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import { recalibrate } from '../../src/recalibrate/recalibrate.js';

const [CLASSES, DIMENSIONS, SAMPLES] = [100_000, 8, 48];
const cpu = { device: 'cpu', threads: 1 } as const;
const wave = (i: number) => Math.abs(Math.sin(12.9898 * (i + 1)) * 43758.5453) % 1;
const weight = Float32Array.from({ length: CLASSES * DIMENSIONS }, (_, i) => wave(i) - 0.5);
const bias = Float32Array.from({ length: CLASSES }, (_, k) => wave(k + 0.5) / 10);
/** 10⁹ … 1. */
const counts = Array.from({ length: CLASSES }, (_, k) => Math.max(1, Math.round(1e9 * 0.9997 ** k)));
/** Two samples of each of some classes. */
const labels = Int32Array.from({ length: SAMPLES }, (_, i) => ((i >> 1) * 4001) % CLASSES);

let head: LinearHead<Float32Array>;
let set: FeatureSet;
let logits: Matrix<Float32Array>;
beforeAll(async () => {
  head = linearHead(weight, bias, CLASSES, DIMENSIONS);
  const features = Float32Array.from({ length: SAMPLES * DIMENSIONS }, (_, i) => {
    const k = labels[Math.floor(i / DIMENSIONS)];
    return Math.max(0, 8 * weight[k * DIMENSIONS + (i % DIMENSIONS)] + wave(i) / 10);
  });
  const all = matrix(features, SAMPLES, DIMENSIONS);
  set = new FeatureSet({ name: 'many', features: all, labels, classCount: CLASSES });
  logits = await headLogits(head, set.features, cpu);
});

describe('a hundred thousand classes', () => {
  it('are adjusted', () => {
    const { bias: shifted } = adjust(head, { method: 'additive', tau: 1, counts });
    const [first, last] = [0, CLASSES - 1].map((k) => denseData(shifted)[k] - bias[k]);
    expect(last - first).toBeCloseTo(Math.log(1e9), 4);
  });

  it('are evaluated', () => {
    const found = evaluate({ logits, labels, counts, bootstrap: 100 });
    expect(found).toMatchObject({ classes: CLASSES, samples: SAMPLES });
    expect(found.missingClasses).toHaveLength(CLASSES - SAMPLES / 2);
    expect(found.nll).toBeGreaterThan(0);
  });

  it('are chosen on, with what is missing said in a few words', async () => {
    const grids = { additive: [0.5, 1], multiplicative: [0.1], 'tau-norm': [0.5] };
    const options = { head, logits, labels, counts, grids, bootstrap: 100 };
    const found = await select({ ...options, missing: 'skip' });
    expect(found.table).toHaveLength(6);
    expect(found.warnings.join().length).toBeLessThan(1000);
    await expect(select(options)).rejects.toMatchObject({ code: 'CLASS_MISSING' });
  });

  it.each([
    { method: 'linear', solver: 'sgd', epochs: 1 },
    { method: 'linear', weightDecay: 0.1, maxIterations: 1 },
    { method: 'tau-norm' },
    { method: 'lws', loss: 'ce', maxIterations: 2 },
  ] as const)('are fitted: %j', async (configuration) => {
    const [made] = await fit(set, configuration, { init: head, ...cpu });
    expect(made.head.weight.shape).toEqual([CLASSES, DIMENSIONS]);
  });

  it('are no frame of equal angles in 8 dimensions', async () => {
    await expect(fit(set, { method: 'etf' }, cpu)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('99999 dimensions'),
    });
  });

  it('are diagnosed, and what compares all pairs of classes is left out with the reason', async () => {
    const found = await diagnose(set, { head, counts, threads: 1 });
    expect(found.cosine.matrix).toBe(null);
    expect(found.cosine.blocks?.blocks.length).toBeLessThanOrEqual(60);
    expect(found.theorem1).toBe(null);
    expect(found.fdr.value).toBeGreaterThan(0);
    const reasons = new Map(found.missing.map(({ figure, reason }) => [figure, reason]));
    expect(reasons.get('cosine.matrix')).toMatch(/100000 classes.*4096 at most/);
    expect(reasons.get('theorem1')).toMatch(/100000 classes.*20000 at most/);
    expect(found.missing.map(({ reason }) => reason).join().length).toBeLessThan(4000);
  });

  it('are recalibrated, and the file holds the new head', async () => {
    const g = new GraphBuilder();
    const f = g.relu(g.input('x', 'float32', ['n', DIMENSIONS]));
    const w = g.constant(weight, [CLASSES, DIMENSIONS]);
    g.output(g.gemm(f, w, g.constant(bias, [CLASSES]), { transB: 1 }), 'z', 'float32', ['n', CLASSES]);
    const model = await openModel(g.build());
    const options = { validation: set, counts, missing: 'skip', method: 'additive', parameter: 1 } as const;
    const found = await recalibrate(model, { ...options, bootstrap: 100, ...cpu });
    expect(found.changed.verification.maxAbsLogitDifference).toBeLessThan(1e-4);
    expect((await openModel(found.changed.bytes)).head.bias.get(CLASSES - 1)).toBe(
      found.head.bias.get(CLASSES - 1),
    );
  });
});
