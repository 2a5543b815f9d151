import { describe, expect, it } from 'vitest';
import { denseData, matrix } from '../../src/array/matrix.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { diagnosedRows } from '../../src/diagnostics/diagnosed-rows.js';
import { missingFigures } from '../../src/diagnostics/missing.js';
import { halfSampleIntervals, type ResampleOptions } from '../../src/diagnostics/resample.js';
import { sparsityFigures } from '../../src/diagnostics/sparsity.js';
import type { FeatureChunk } from '../../src/features/feature-stream.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { cpu, randomSet, unheard } from './metrics-golden.js';

const set = randomSet([300, 100, 41, 1], 5, { relu: true, offset: 0.3 });
const classes = 4;

/** The chunks of a half as one. */
async function joined(half: AsyncIterable<FeatureChunk>) {
  const [rows, labels]: number[][] = [[], []];
  for await (const chunk of half) {
    rows.push(...denseData(chunk.features));
    labels.push(...Array.from(chunk.labels));
  }
  const features = matrix(Float32Array.from(rows), labels.length, 5);
  return { features, labels: Int32Array.from(labels) };
}

/** Hoyer's sparsity is a mean over samples: what its interval must be is known. */
async function options(changes: Partial<ResampleOptions> = {}): Promise<ResampleOptions> {
  const measure: ResampleOptions['measure'] = async (half) => {
    const { features, labels } = await joined(half);
    const statistics = await collectStatistics(features, labels, { classes, ...cpu });
    return { 'sparsity.hoyer': sparsityFigures(statistics, unheard).hoyer };
  };
  const all = await measure(diagnosedRows(set).chunks() as AsyncIterable<FeatureChunk>);
  return { classes, replicates: 300, seed: 1, all, measure, ...changes };
}

describe('halfSampleIntervals', () => {
  it('is as wide as the normal interval of a stratified mean', async () => {
    const { all, ...rest } = await options();
    const intervals = await halfSampleIntervals([set], { all, ...rest }, unheard);
    const [low, high] = intervals['sparsity.hoyer'];
    const rows = denseData(set.features);
    const values: number[][] = Array.from({ length: classes }, () => []);
    for (let i = 0; i < set.samples; i++) {
      const row = Array.from(rows.subarray(5 * i, 5 * i + 5));
      const square = Math.hypot(...row);
      if (square > 0) {
        const sum = row.reduce((total, x) => total + Math.abs(x), 0);
        values[set.labels![i]].push((Math.sqrt(5) - sum / square) / (Math.sqrt(5) - 1));
      }
    }
    const variance = values.reduce((sum, of) => {
      const mean = of.reduce((a, b) => a + b) / of.length;
      return sum + of.reduce((a, b) => a + (b - mean) ** 2, 0);
    }, 0);
    const wanted = (2 * 1.96 * Math.sqrt(variance)) / set.samples;
    expect((high - low) / wanted).toBeGreaterThan(0.85);
    expect((high - low) / wanted).toBeLessThan(1.15);
    expect((low + high) / 2).toBeCloseTo(all['sparsity.hoyer']!, 2);
  });

  it('draws half of each class without replacement, over several sets', async () => {
    const seen: number[][] = [];
    const sizes: number[] = [];
    const { measure: _, ...rest } = await options({ replicates: 20, onSamples: (n) => sizes.push(n) });
    await halfSampleIntervals(
      [set, set],
      {
        ...rest,
        async measure(half) {
          const { features, labels } = await joined(half);
          const counts = [0, 0, 0, 0];
          for (const k of labels) counts[k]++;
          seen.push(counts);
          expect(features.shape).toEqual([labels.length, 5]);
          return { 'sparsity.hoyer': 0.5 };
        },
      },
      unheard,
    );
    for (const counts of seen) expect(counts).toEqual([300, 100, 41, 1]);
    expect(sizes).toEqual(new Array(20).fill(442));

    const odd = new Set<number>();
    const singles = new Set<number>();
    const rows = new Set<string>();
    await halfSampleIntervals(
      [set],
      {
        ...rest,
        async measure(half) {
          const { features, labels } = await joined(half);
          odd.add(labels.filter((k) => k === 2).length);
          singles.add(labels.filter((k) => k === 3).length);
          const own = Array.from({ length: labels.length }, (_, i) =>
            denseData(features)
              .subarray(5 * i, 5 * i + 5)
              .join(),
          );
          // No sample twice: but for zeros, no two rows of this set are the same.
          const kept = own.filter((row) => row !== '0,0,0,0,0');
          expect(new Set(kept).size).toBe(kept.length);
          rows.add(own.join('|'));
          return { 'sparsity.hoyer': 0.5 };
        },
      },
      unheard,
    );
    expect([...odd].sort()).toEqual([20, 21]);
    expect([...singles]).toEqual([1]);
    expect(rows.size).toBe(20);
  });

  it('same seed, same intervals; another seed, others', async () => {
    const short = await options({ replicates: 30 });
    const first = await halfSampleIntervals([set], short, unheard);
    expect(await halfSampleIntervals([set], short, unheard)).toEqual(first);
    expect(await halfSampleIntervals([set], { ...short, seed: 2 }, unheard)).not.toEqual(first);
  });

  it('shifts halves onto the figure of all samples, and keeps figures in their range', async () => {
    let at = 0;
    const short = await options({
      replicates: 40,
      all: { 'collapse.nc1': 1, 'fdr.value': 7, 'cosine.sameClass': 0.999, none: null },
      measure: async () => {
        at++;
        return {
          'collapse.nc1': 100 + (at % 2) * 10,
          'fdr.value': at % 7 === 0 ? null : 3,
          'cosine.sameClass': (at % 2) * 0.1,
          none: null,
        };
      },
    });
    const { miss, missing } = missingFigures();
    const intervals = await halfSampleIntervals([set], short, miss);
    expect(intervals['collapse.nc1']).toEqual([0, 6]);
    expect(intervals['cosine.sameClass'][0]).toBeCloseTo(0.949, 12);
    expect(intervals['cosine.sameClass'][1]).toBe(1);
    expect(Object.keys(intervals)).toHaveLength(2);
    expect(missing).toEqual([
      { figure: 'intervals.fdr.value', reason: 'in 5 of 40 halves of the samples it means nothing' },
    ]);
  });

  it('refuses a number of halves that is none, and stops when asked to', async () => {
    const half = await options({ replicates: 0.5 });
    await expectRefusal(() => halfSampleIntervals([set], half, unheard), 'INVALID_ARGUMENT', /0\.5/);
    const controller = new AbortController();
    const stopped = await options({ signal: controller.signal, onSamples: () => controller.abort('enough') });
    await expectRefusal(() => halfSampleIntervals([set], stopped, unheard), 'ABORTED', /enough/);
  });
});
