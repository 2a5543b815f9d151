/** The problems of test/fixtures/diagnostics-metrics.json, and helpers of the tests of single metrics. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { missingFigures } from '../../src/diagnostics/missing.js';
import { FeatureSet } from '../../src/features/feature-set.js';

const golden = JSON.parse(
  readFileSync(new URL('../fixtures/diagnostics-metrics.json', import.meta.url), 'utf8'),
);

export const GOLDEN_NAMES = [
  'long-tailed',
  'more-classes-than-dimensions',
  'zeros-and-single',
  'absent-class',
] as const;

export const goldenSpearman: { x: number[]; y: number[]; value: number }[] = golden.spearman;

/** Where everything runs in these tests. */
export const cpu = { device: 'cpu', threads: 1 } as const;

/** A golden problem as set, head and statistics, with the figures by their definitions. */
export async function goldenProblem(name: (typeof GOLDEN_NAMES)[number]) {
  const { features, labels, weight, bias, trainCounts, figures } = golden[name];
  const classes: number = trainCounts.length;
  const dimensions: number = features[0].length;
  const set = new FeatureSet({
    features: matrix(Float32Array.from(features.flat()), labels.length, dimensions),
    labels: Int32Array.from(labels),
    classCount: classes,
    name,
  });
  const head = linearHead(
    Float32Array.from(weight.flat() as number[]),
    Float32Array.from(bias),
    classes,
    dimensions,
  );
  const statistics = await collectStatistics(set.features, set.labels!, { classes, head, ...cpu });
  return { set, head, statistics, classes, dimensions, trainCounts: trainCounts as number[], figures };
}

/** Numbers, nulls, and arrays and objects of them, equal to a relative or absolute `tolerance`. */
export function expectNear(found: unknown, wanted: unknown, tolerance: number, path = ''): void {
  if (typeof wanted === 'number') {
    const error = Math.abs(Number(found) - wanted);
    expect(found, path).not.toBeNull();
    expect(error, `${path}: ${found} for ${wanted}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(wanted)),
    );
  } else if (wanted === null || typeof wanted !== 'object') {
    expect(found, path).toBe(wanted);
  } else {
    for (const [key, value] of Object.entries(wanted)) {
      expectNear((found as Record<string, unknown>)[key], value, tolerance, `${path}.${key}`);
    }
  }
}

/** A long-tailed set drawn by `seed`: class means of length about `spread`, noise of 1, rows beyond 0 only with `relu`. */
export function randomSet(
  counts: readonly number[],
  dimensions: number,
  { seed = 1, spread = 3, offset = 0, relu = false } = {},
): FeatureSet {
  const random = createRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const means = counts.map(() =>
    Array.from({ length: dimensions }, () => (spread / Math.sqrt(dimensions)) * normal()),
  );
  const labels = counts.flatMap((n, k) => new Array<number>(n).fill(k));
  for (let i = labels.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [labels[i], labels[j]] = [labels[j], labels[i]];
  }
  const rows = labels.flatMap((k) =>
    means[k].map((mean) => {
      const value = offset + mean + normal() / Math.sqrt(dimensions);
      return relu ? Math.max(0, value) : value;
    }),
  );
  return new FeatureSet({
    features: matrix(Float32Array.from(rows), labels.length, dimensions),
    labels: Int32Array.from(labels),
    classCount: counts.length,
    name: `random ${seed}`,
  });
}

/** A `miss` that nobody reads. */
export const unheard = missingFigures().miss;
