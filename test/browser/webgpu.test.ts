/** WebGPU in a page, by a software adapter where there is no graphics card: the numbers are those of the processor. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { denseData, matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { headLogits } from '../../src/compute/head-logits.js';
import type { DataSource } from '../../src/data/sample.js';
import { diagnose } from '../../src/diagnostics/diagnose.js';
import { openModel } from '../../src/features/model.js';
import { fit } from '../../src/head/fit.js';
import type { FitConfiguration } from '../../src/head/fit-configuration.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import { recalibrate } from '../../src/recalibrate/recalibrate.js';
import { listDevices } from '../../src/runtime/devices.js';
import { openSession } from '../../src/runtime/session.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { COUNTS, longTailModel, longTailSource } from '../recalibrate/long-tail-problem.js';
import { reluModel } from '../runtime/small-models.js';

const webgpu = (await listDevices()).find(({ device }) => device === 'webgpu')!;
if (!webgpu.available) console.warn(`Skipped: WebGPU in a page (${webgpu.reason}).`);

function numbers(length: number, seed: number): Float32Array<ArrayBuffer> {
  const random = createRandom(seed);
  return Float32Array.from({ length }, () => 4 * random() - 2);
}

/** Largest difference, as a share of the largest number. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let [worst, size] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    worst = Math.max(worst, Math.abs(a[i] - b[i]));
    size = Math.max(size, Math.abs(b[i]));
  }
  return worst / size;
}

function absModel(type: 'int64' | 'float64'): Uint8Array {
  const g = new GraphBuilder();
  g.output(g.op('Abs', [g.input('x', type, ['n'])]), 'y', type, ['n']);
  return g.build();
}

/** Noise for the CIFAR10-LT model, which it sees as pictures. */
function noise(length: number): DataSource {
  const data = Uint8Array.from(numbers(length * 3072, 5), (value) => 64 * (value + 2));
  return {
    name: 'noise',
    length,
    read: (i) => ({
      kind: 'picture',
      picture: { width: 32, height: 32, channels: 3, data: data.subarray(i * 3072, (i + 1) * 3072) },
    }),
  };
}

describe.runIf(webgpu.available)('webgpu', () => {
  it('is taken when named, and not by auto where it is software', async () => {
    const named = await openSession(reluModel('float32'), { device: 'webgpu' });
    expect(named).toMatchObject({ device: 'webgpu', partlyOnCpu: false });
    const { y } = await named.run({ x: { data: Float32Array.of(-1, 2), dims: [2] } });
    expect(y.data).toEqual(Float32Array.of(0, 2));
    await named.release();
    const auto = await openSession(reluModel('float32'));
    expect(auto.device).toBe(webgpu.software ? 'cpu' : 'webgpu');
    await auto.release();
  });

  it('tells when the processor does the work', async () => {
    const session = await openSession(absModel('int64'), { device: 'webgpu' });
    expect(session.partlyOnCpu).toBe(true);
    const { y } = await session.run({ x: { data: BigInt64Array.of(-1n, 2n), dims: [2] } });
    expect(y.data).toEqual(BigInt64Array.of(1n, 2n));
    await session.release();
  });

  it('says which operator neither of them can compute, and the processor alone can', async () => {
    await expectRefusal(
      () => openSession(absModel('float64'), { device: 'webgpu' }),
      'DEVICE_UNAVAILABLE',
      /cannot compute Abs .*Use device cpu/,
    );
    const session = await openSession(absModel('float64'), { device: 'cpu' });
    const { y } = await session.run({ x: { data: Float64Array.of(-1, 2), dims: [2] } });
    expect(y.data).toEqual(Float64Array.of(1, 2));
    await session.release();
  });

  it('runs several sessions at once', async () => {
    const sessions = await Promise.all(
      [0, 1, 2].map(() => openSession(reluModel('float32'), { device: 'webgpu' })),
    );
    const runs = sessions.flatMap((session, i) =>
      [1, 2, 3].map((n) => session.run({ x: { data: Float32Array.of(-1, n + 10 * i), dims: [2] } })),
    );
    const results = (await Promise.all(runs)).map(({ y }) => (y.data as Float32Array)[1]);
    expect(results).toEqual([1, 2, 3, 11, 12, 13, 21, 22, 23]);
    for (const session of sessions) await session.release();
  });

  it('computes the logits of a head', async () => {
    const head = linearHead(numbers(100 * 64, 1), numbers(100, 2), 100, 64);
    const features = matrix(numbers(500 * 64, 3), 500, 64);
    const [gpu, cpu] = [
      await headLogits(head, features, { device: 'webgpu' }),
      await headLogits(head, features, { device: 'cpu' }),
    ];
    expect(difference(denseData(gpu), denseData(cpu))).toBeLessThan(1e-5);
  });

  it('extracts features of a convolutional network', async () => {
    const model = await openModel(readFileSync('/models/cifar10-lt-resnet20-wd.onnx'));
    const [gpu, cpu] = [
      await model.extract(noise(2), { device: 'webgpu' }),
      await model.extract(noise(2), { device: 'cpu' }),
    ];
    expect(gpu.extraction!.device).toBe('webgpu');
    expect(difference(denseData(gpu.features), denseData(cpu.features))).toBeLessThan(1e-4);
    expect(difference(denseData(gpu.logits!), denseData(cpu.logits!))).toBeLessThan(1e-4);
  });

  it('diagnoses', async () => {
    const model = await openModel(longTailModel());
    const train = await model.extract(longTailSource(30, 4), { device: 'cpu' });
    const on = (device: 'webgpu' | 'cpu') => diagnose(train, { head: model.head, device });
    const [gpu, cpu] = [await on('webgpu'), await on('cpu')];
    expect(gpu.fdr.value).toBeCloseTo(cpu.fdr.value!, 6);
    expect(gpu.collapse.nc4).toEqual(cpu.collapse.nc4);
    expect(gpu.advice).toEqual(cpu.advice);
  });

  it.each<FitConfiguration & { wanted: RegExp }>([
    { method: 'linear', wanted: /cannot compute MatMul .*Use device cpu/ },
    { method: 'wb', epochs: 2, wanted: /no kernel there for every operator .*Use the device cpu/ },
  ])('leaves the fit of $method to the processor', async ({ wanted, ...configuration }) => {
    const model = await openModel(longTailModel());
    const train = await model.extract(longTailSource(30, 4), { device: 'cpu' });
    const on = (device: 'webgpu' | 'auto') => fit(train, configuration, { init: model.head, device });
    await expectRefusal(() => on('webgpu'), 'DEVICE_UNAVAILABLE', wanted);
    expect((await on('auto'))[0].head.weight.shape).toEqual(model.head.weight.shape);
  });

  it('recalibrates to the same file', async () => {
    const model = await openModel(longTailModel());
    const on = async (device: 'webgpu' | 'cpu') => {
      const validation = await model.extract(longTailSource(60, 1), { device });
      return recalibrate(model, { validation, counts: COUNTS, device });
    };
    const [gpu, cpu] = [await on('webgpu'), await on('cpu')];
    expect([gpu.method, gpu.parameters, gpu.after.average]).toEqual([
      cpu.method,
      cpu.parameters,
      cpu.after.average,
    ]);
    expect(gpu.changed.bytes).toEqual(cpu.changed.bytes);
  });
});
