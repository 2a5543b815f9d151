import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { matrix } from '../../src/array/matrix.js';
import { headLogitsReference } from '../../src/compute/head-logits.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { diagnose } from '../../src/diagnostics/diagnose.js';
import type { Diagnostics } from '../../src/diagnostics/diagnostics.js';
import type { FeatureStatistics } from '../../src/diagnostics/statistics.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import type { Progress } from '../../src/features/progress.js';
import { etfHead } from '../../src/head/etf.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { cpu, expectNear, GOLDEN_NAMES, goldenProblem, randomSet } from './metrics-golden.js';

/** Paths of numbers that are not finite, and of nulls, in what is or becomes JSON. */
function walk(value: unknown, path: string[] = []): { nulls: string[]; bad: string[] } {
  if (value === null) return { nulls: [path.join('.')], bad: [] };
  if (typeof value === 'number') return { nulls: [], bad: Number.isFinite(value) ? [] : [path.join('.')] };
  if (value === undefined || typeof value === 'function' || ArrayBuffer.isView(value)) {
    return { nulls: [], bad: [path.join('.')] };
  }
  if (typeof value !== 'object') return { nulls: [], bad: [] };
  const found = Object.entries(value).map(([key, entry]) => walk(entry, [...path, key]));
  return { nulls: found.flatMap(({ nulls }) => nulls), bad: found.flatMap(({ bad }) => bad) };
}

/** Nulls that `missing` says nothing of. */
function unexplained(diagnostics: Diagnostics): string[] {
  const { missing } = diagnostics;
  const figures = missing.map(({ figure }) => figure);
  return walk(diagnostics).nulls.filter((path) => {
    if (path === 'classNames' || path === 'intervals') return false;
    if (path.startsWith('theorem1.quantiles')) return !figures.includes('theorem1.quantiles.bound');
    if (path === 'theorem1.pairs') return !figures.includes('theorem1.largestCosine');
    if (path.startsWith('fdr.')) return !figures.includes('fdr.value');
    if (path.startsWith('accuracy.perClass')) return !figures.includes('classMeanNorms');
    return !figures.some((figure) => path === figure || path.startsWith(`${figure}.`));
  });
}

function withoutName({ name: _, ...rest }: Diagnostics) {
  return rest;
}

/** Rows `from` up to `to` of a set. */
function part(set: FeatureSet, from: number, to: number): FeatureSet {
  const d = set.dimensions;
  return set.with({
    features: matrix(set.features.data.slice(from * d, to * d), to - from, d),
    labels: set.labels!.slice(from, to),
    name: `${set.name} ${from}`,
  });
}

describe('diagnose', () => {
  it.each(GOLDEN_NAMES)('agrees with numpy, and explains every null: %s', async (name) => {
    const { set, head, trainCounts, figures, classes } = await goldenProblem(name);
    const found = await diagnose(set, { head, counts: trainCounts, ...cpu });
    const { collapse, accuracy, theorem2, largestCosine, ...plain } = figures;
    expectNear(found, plain, 1e-12);
    const { nc1, nc2, nc3, nc4 } = found.collapse;
    expectNear({ nc1, ...nc2, nc3, nc4 }, collapse, 1e-9);
    expectNear(found.accuracy!.perClass, accuracy, 1e-12);
    expectNear(found.theorem1!.largestCosine, largestCosine, 1e-7);
    if (theorem2) expectNear(found.theorem2, theorem2, 1e-5);
    expect(found).toMatchObject({ samples: set.samples, classes, name, counts: set.counts, trainCounts });
    expect(walk(found).bad).toEqual([]);
    expect(unexplained(found)).toEqual([]);
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  it('says why without a head, of one class, of one dimension, of features that are all the same', async () => {
    const sets = [
      randomSet([5, 3, 0, 1], 4),
      randomSet([4], 3),
      randomSet([4, 4], 1),
      new FeatureSet({
        features: matrix(new Float32Array(12).fill(2), 6, 2),
        labels: Int32Array.of(0, 1, 2, 0, 1, 2),
      }),
      new FeatureSet({ features: matrix(new Float32Array(6), 3, 2), labels: Int32Array.of(0, 1, 1) }),
      new FeatureSet({ features: matrix(Float32Array.of(1, 2), 1, 2), labels: Int32Array.of(0) }),
    ];
    for (const set of sets) {
      const classes = set.classCount;
      const zero = linearHead(
        new Float32Array(classes * set.dimensions),
        new Float32Array(classes),
        classes,
        set.dimensions,
      );
      for (const head of [undefined, zero]) {
        const found = await diagnose(set, { head, intervals: 3, ...cpu });
        expect(walk(found).bad).toEqual([]);
        expect(unexplained(found)).toEqual([]);
      }
    }
  });

  it('gives shards the figures of the whole', async () => {
    const { set, head, trainCounts } = await goldenProblem('long-tailed');
    const whole = await diagnose(set, { head, counts: trainCounts, ...cpu });
    const shards = await diagnose([part(set, 0, 7), part(set, 7, 30), part(set, 30, 49)], {
      head,
      counts: trainCounts,
      ...cpu,
    });
    expect(shards.name).toBe('long-tailed 0 + long-tailed 7 + long-tailed 30');
    expectNear(withoutName(shards), withoutName(whole), 1e-6);
    expectNear(shards.fdr.value, whole.fdr.value, 1e-12);
  });

  it('takes statistics, with what needs features null and explained', async () => {
    const { set, head, statistics, trainCounts } = await goldenProblem('long-tailed');
    const whole = await diagnose(set, { head, counts: trainCounts, ...cpu });
    const found = await diagnose(statistics, { head, counts: trainCounts, intervals: 10, ...cpu });
    expect(unexplained(found)).toEqual([]);
    expect(found.collapse.nc4).toBeNull();
    expect(found.theorem1).toMatchObject({ largestCosine: null, pairs: null });
    expect(found.theorem2!.gradientRatio).toBeNull();
    expect(found.intervals).toBeNull();
    expect(found.missing.some(({ figure }) => figure === 'intervals')).toBe(true);
    expect(found.accuracy).toEqual(whole.accuracy);
    expect(found.fdr).toEqual(whole.fdr);
    expect({ ...found.collapse, nc4: whole.collapse.nc4 }).toEqual(whole.collapse);
    const named = await diagnose({ statistics, name: 'saved', classNames: ['a', 'b', 'c', 'd', 'e'] }, cpu);
    expect(named).toMatchObject({ name: 'saved', classNames: ['a', 'b', 'c', 'd', 'e'], weightNorms: null });
    expect(named.accuracy).toEqual(whole.accuracy);
  });

  it('hands out the statistics that it was made from, which give the same figures', async () => {
    const { set, head, trainCounts } = await goldenProblem('long-tailed');
    const seen: FeatureStatistics[] = [];
    const options = { head, counts: trainCounts, ...cpu };
    const found = await diagnose(set, {
      ...options,
      async onStatistics(statistics, { name, classNames }) {
        seen.push(statistics);
        expect([name, classNames]).toEqual(['long-tailed', null]);
      },
    });
    expect(seen).toHaveLength(1);
    const again = await diagnose(seen[0], options);
    expect([again.fdr, again.cosine, again.accuracy]).toEqual([found.fdr, found.cosine, found.accuracy]);
    const fails = () =>
      diagnose(set, { ...options, onStatistics: () => Promise.reject(new Error('disk full')) });
    await expect(fails()).rejects.toThrow('disk full');
  });

  it('does not take the answers of another head from statistics', async () => {
    const { statistics, classes, dimensions } = await goldenProblem('long-tailed');
    const found = await diagnose(statistics, { head: etfHead({ classes, dimensions }), ...cpu });
    expect(found.accuracy).toBeNull();
    expect(found.theorem1).toBeNull();
    expect(found.missing).toContainEqual({ figure: 'head', reason: expect.stringMatching(/another head/) });
  });

  it('lets the logits in a set stand for a head, and a head go before them', async () => {
    const { set, head, classes } = await goldenProblem('long-tailed');
    const withHead = await diagnose(set, { head, ...cpu });
    const logits = matrix(
      Float32Array.from(headLogitsReference(head, set.features).data),
      set.samples,
      classes,
    );
    const found = await diagnose(set.with({ logits }), cpu);
    expect(found.accuracy).toEqual(withHead.accuracy);
    expect(found.collapse.nc4).toBe(withHead.collapse.nc4);
    expect(found.theorem1).toBeNull();
    expect(found.weightNorms).toBeNull();
    const wrong = set.with({ logits: matrix(new Float32Array(logits.data.length), set.samples, classes) });
    expect((await diagnose(wrong, { head, ...cpu })).accuracy).toEqual(withHead.accuracy);
  });

  it('makes intervals on request: around the figures, the same for a seed', async () => {
    const set = randomSet([80, 40, 20, 10], 6, { seed: 9 });
    const head = etfHead({ classes: 4, dimensions: 6 });
    const ask = (seed: number) => diagnose(set, { head, intervals: 40, seed, ...cpu });
    const found = await ask(1);
    const figures: Record<string, number | null> = {
      'fdr.value': found.fdr.value,
      'cosine.sameClass': found.cosine.sameClass,
      'cosine.differentClass': found.cosine.differentClass,
      'collapse.nc1': found.collapse.nc1,
      'collapse.nc2.equinorm': found.collapse.nc2.equinorm,
      'collapse.nc2.equiangularity': found.collapse.nc2.equiangularity,
      'collapse.nc3': found.collapse.nc3,
      'sparsity.hoyer': found.sparsity.hoyer,
      'accuracy.overall': found.accuracy!.overall,
      'accuracy.average': found.accuracy!.average,
    };
    for (const [figure, value] of Object.entries(figures)) {
      const [low, high] = found.intervals![figure];
      expect(low, figure).toBeLessThanOrEqual(value!);
      expect(high, figure).toBeGreaterThanOrEqual(value!);
      expect(high, figure).toBeGreaterThan(low);
    }
    expect(await ask(1)).toEqual(found);
    expect((await ask(2)).intervals).not.toEqual(found.intervals);
  });

  it('has no interval of FDR where half of the samples span fewer dimensions', async () => {
    const found = await diagnose(randomSet([10, 10], 12), { intervals: 5, ...cpu });
    expect(found.fdr.value).not.toBeNull();
    expect(found.intervals!['fdr.value']).toBeUndefined();
    expect(found.missing.some(({ figure }) => figure === 'intervals.fdr.value')).toBe(true);
  });

  it('tells progress that never falls, keeps its total and ends at it', async () => {
    const { set, head } = await goldenProblem('zeros-and-single');
    for (const options of [{}, { head }, { head, intervals: 4 }]) {
      const seen: Progress[] = [];
      await diagnose([set, set], { ...options, ...cpu, onProgress: (progress) => seen.push(progress) });
      expect(seen.at(-1)!.done).toBe(seen[0].total);
      for (const [i, { done, total }] of seen.entries()) {
        expect(total).toBe(seen[0].total);
        if (i > 0) expect(done).toBeGreaterThan(seen[i - 1].done);
      }
    }
  });

  it('stops at any time', async () => {
    const { set, head } = await goldenProblem('long-tailed');
    let calls = 0;
    await diagnose(set, { head, intervals: 3, ...cpu, onProgress: () => calls++ });
    expect(calls).toBeGreaterThan(4);
    // The last two reports come when all is done.
    for (let at = 0; at < calls - 2; at++) {
      const controller = new AbortController();
      let seen = 0;
      const onProgress = () => {
        if (seen++ === at) controller.abort('no more');
      };
      const run = () => diagnose(set, { head, intervals: 3, ...cpu, signal: controller.signal, onProgress });
      await expectRefusal(run, 'ABORTED', /no more/);
    }
  });

  it('refuses what does not fit', async () => {
    const { set, head, statistics } = await goldenProblem('long-tailed');
    const refuse = (
      source: Parameters<typeof diagnose>[0],
      options: Parameters<typeof diagnose>[1],
      code: string,
      message: RegExp,
    ) => expectRefusal(() => diagnose(source, { ...cpu, ...options }), code as 'INVALID_ARGUMENT', message);
    const other = etfHead({ classes: 4, dimensions: 8 });
    await refuse(
      set,
      { head: other },
      'SHAPE_MISMATCH',
      /4 classes × 8 dimensions, the features are 5 classes × 8/,
    );
    await refuse(statistics, { head: etfHead({ classes: 6, dimensions: 8 }) }, 'SHAPE_MISMATCH', /6 classes/);
    await refuse([set, randomSet([3, 3], 4)], {}, 'SHAPE_MISMATCH', /4|8 dimensions/);
    await refuse([], {}, 'INVALID_ARGUMENT', /no feature set/);
    await refuse(set.with({ labels: undefined, classCount: 5 }), {}, 'LABELS_INVALID', /no labels/);
    await refuse(set, { counts: [1, 2] }, 'COUNTS_INVALID', /5 classes/);
    await refuse(set, { classNames: ['a'] }, 'SHAPE_MISMATCH', /1 class names/);
    await refuse(set, { weightDecay: 0 }, 'INVALID_ARGUMENT', /weight decay is 0/);
    await refuse(set, { intervals: -1 }, 'INVALID_ARGUMENT', /-1/);
    await refuse(set, { seed: 0.5 }, 'INVALID_ARGUMENT', /seed is 0\.5/);
    await refuse(set, { head, thresholds: { many: 1, few: 2 } }, 'INVALID_ARGUMENT', /thresholds/);
    const names = (classes: string[]) => set.with({ classes });
    await refuse([names([...'abcde']), names([...'abced'])], {}, 'SHAPE_MISMATCH', /different class names/);
    const nothing = await collectStatistics(matrix(new Float32Array(0), 0, 2), [], { classes: 2, ...cpu });
    await refuse(nothing, {}, 'INVALID_ARGUMENT', /no sample at all/);
  });
});
