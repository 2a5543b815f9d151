/** FDR behind random layers, against numpy with the same layers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { probeRandomLayers, randomLayer } from '../../src/diagnostics/random-layers.js';
import { expectRefusal } from '../array/expect-refusal.js';

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/diagnostics-layers.json'), 'utf8'),
).randomLayers;
const labels = Int32Array.from(golden.labels as number[]);
const features = matrix(Float32Array.from(golden.features as number[]), labels.length, golden.dimensions);
const options = { device: 'cpu', threads: 1, seed: 7, draws: 2 } as const;

const relative = (value: number | null, wanted: number) => Math.abs((value ?? Number.NaN) / wanted - 1);

describe('random layers', () => {
  it('are those that the same seed gives in Python', async () => {
    const found = await probeRandomLayers(features, labels, options);
    expect(found.steps.map(({ layers }) => layers)).toEqual([0, 1, 2, 3]);
    const [before, ...after] = found.steps;
    expect(before.values).toHaveLength(1);
    expect(before.std).toBeNull();
    expect(relative(before.mean, golden.before)).toBeLessThan(1e-9);
    for (const [i, { values, mean, std }] of after.entries()) {
      const wanted: number[] = golden.draws.map((draw: number[]) => draw[i]);
      // The products are in float32.
      for (const [draw, value] of values.entries()) expect(relative(value, wanted[draw])).toBeLessThan(2e-5);
      expect(relative(mean, (wanted[0] + wanted[1]) / 2)).toBeLessThan(2e-5);
      expect(relative(std, Math.abs(wanted[0] - wanted[1]) / Math.SQRT2)).toBeLessThan(1e-4);
    }
  });

  it('have the centre that is asked for', async () => {
    // The classes are equally large, so that both centres agree: with a smaller class they do not.
    const part = matrix(features.data.slice(0, 40 * golden.dimensions), 40, golden.dimensions);
    const few = labels.subarray(0, 40).map((label, i) => (i < 20 ? 0 : label));
    const [samples, classes] = await Promise.all(
      (['samples', 'classes'] as const).map((center) =>
        probeRandomLayers(part, few, { ...options, layers: 1, draws: 1, center }),
      ),
    );
    expect(classes.center).toBe('classes');
    expect(classes.steps[1].mean).toBeGreaterThan(samples.steps[1].mean!);
    expect(relative(golden.beforeClasses, golden.before)).toBeLessThan(1e-9);
  });

  it('give the same in chunks, and one draw is part of more', async () => {
    const whole = await probeRandomLayers(features, labels, options);
    const progress: { done: number; total: number }[] = [];
    const chunked = await probeRandomLayers(features, labels, {
      ...options,
      chunk: 7,
      onProgress: (report) => progress.push(report),
    });
    for (const [i, { values }] of chunked.steps.entries())
      for (const [draw, value] of values.entries())
        expect(relative(value, whole.steps[i].values[draw]!)).toBeLessThan(1e-6);
    expect(progress).toHaveLength(1 + 2 * 13);
    expect(progress[0]).toEqual({ done: 0, total: 26 });
    expect(progress.at(-1)).toEqual({ done: 26, total: 26 });
    const single = await probeRandomLayers(features, labels, { ...options, layers: 1, draws: 1 });
    expect(single.steps[1]).toMatchObject({ values: [whole.steps[1].values[0]], std: null });
    expect(JSON.parse(JSON.stringify(whole))).toEqual(whole);
  });

  it('have weights uniform between ±1/√D', () => {
    const dimensions = 64;
    const { weight, bias } = randomLayer(dimensions, createRandom(3));
    expect(weight).toHaveLength(dimensions * dimensions);
    expect(bias).toHaveLength(dimensions);
    const all = [...weight, ...bias].map((value) => value * 8);
    expect(Math.max(...all.map(Math.abs))).toBeLessThan(1);
    const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
    const variance = all.reduce((sum, value) => sum + value * value, 0) / all.length;
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(variance - 1 / 3)).toBeLessThan(0.02);
    expect(randomLayer(dimensions, createRandom(4)).weight[0]).not.toBe(weight[0]);
  });

  it('say null where no layer leaves anything to tell apart', async () => {
    const same = matrix(new Float32Array(12).fill(1), 6, 2);
    const found = await probeRandomLayers(same, Int32Array.of(0, 0, 1, 1, 1, 0), { ...options, layers: 1 });
    expect(found.steps.map(({ mean, rank }) => [mean, rank])).toEqual([
      [null, 0],
      [null, 0],
    ]);
  });

  it('stop when told to', async () => {
    const stop = new AbortController();
    await expectRefusal(
      () =>
        probeRandomLayers(features, labels, {
          ...options,
          chunk: 10,
          signal: stop.signal,
          onProgress: ({ done }) => done === 2 && stop.abort('enough'),
        }),
      'ABORTED',
      /Stopped while .*: enough/,
    );
  });

  it.each([{ layers: 0 }, { draws: 1.5 }, { chunk: 0 }, { seed: 0.5 }])('refuse %o', async (wrong) => {
    const key = Object.keys(wrong)[0];
    await expectRefusal(
      () => probeRandomLayers(features, labels, { ...options, ...wrong }),
      'INVALID_ARGUMENT',
      new RegExp(`${key} is .*whole number`),
    );
  });

  it('refuse labels that do not fit', async () => {
    await expectRefusal(
      () => probeRandomLayers(features, labels, { ...options, classes: 2 }),
      'LABELS_INVALID',
      /label 2/,
    );
    await expectRefusal(
      () => probeRandomLayers(features, labels.subarray(1), options),
      'SHAPE_MISMATCH',
      /89/,
    );
  });
});
