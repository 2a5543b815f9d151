/** What `diagnose` does: passes over the features, then a figure after the other. */
import { assertCounts, LEAST_COUNT, MOST_COUNT } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import { assertReplicates, type Interval } from '../evaluation/bootstrap.js';
import { defaultThresholds, groupClasses } from '../evaluation/groups.js';
import { isCuda } from '../runtime/ort.js';
import { advise } from './advice.js';
import { collectChunks } from './collect-statistics.js';
import { type DiagnoseInput, type DiagnoseSource, readSource, statisticsOf } from './diagnose-input.js';
import type { DiagnoseOptions } from './diagnose-options.js';
import { trackPasses } from './diagnose-progress.js';
import type { Diagnostics } from './diagnostics.js';
import { type MeanPass, passOverMeans } from './mean-pass.js';
import { type Miss, missingFigures } from './missing.js';
import { halfSampleIntervals } from './resample.js';
import { smallClasses } from './small-classes.js';
import { gradientFactor } from './stationary-point.js';
import { type FeatureStatistics, productsFit, sampleCount, TOO_LARGE } from './statistics.js';
import { accuracyIntervals, accuracyOf, intervalFigures, plainFigures } from './statistics-figures.js';
import { theorem1Figures } from './theorem1.js';
import { STAGE_TWO_WEIGHT_DECAY, theorem2Figures } from './theorem2.js';

/** See `diagnose`. */
export async function diagnoseSource(source: DiagnoseSource, options: DiagnoseOptions): Promise<Diagnostics> {
  const {
    head,
    counts,
    center = 'samples',
    weightDecay = STAGE_TWO_WEIGHT_DECAY,
    intervals: replicates = 0,
    seed = 0,
    signal,
    device = 'cpu',
    threads,
  } = options;
  assertReplicates(replicates, 0, 'Diagnosing');
  if (!(weightDecay >= LEAST_COUNT && weightDecay <= MOST_COUNT)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Diagnosing: the weight decay is ${weightDecay}; a finite number above 0 (${LEAST_COUNT} … ${MOST_COUNT}) is needed (published: ${STAGE_TWO_WEIGHT_DECAY}).`,
    );
  }
  if (!Number.isSafeInteger(seed)) {
    throw new TailorError('INVALID_ARGUMENT', `Diagnosing: the seed is ${seed}; a whole number is needed.`);
  }
  const input = readSource(source, options);
  const { sets, classes } = input;
  if (counts) assertCounts(counts, classes, 'Diagnosing');
  const thresholds = options.thresholds ?? defaultThresholds(classes);
  groupClasses([], thresholds);
  const float64 = { device: isCuda(device) ? device : 'cpu', threads, signal } as const;
  const pass = { device, threads, signal };
  const progress = trackPasses(
    sets,
    { replicates, judged: Boolean(head || input.logits), head: Boolean(head) },
    options.onProgress,
  );
  const { miss, missing } = missingFigures();

  const { statistics, answers: answered } = await statisticsOf(
    input,
    head,
    { ...pass, ...float64 },
    progress.add,
    miss,
  );
  await options.onStatistics?.(statistics, { name: input.name, classNames: input.classNames });
  const answers = statistics.head;
  const setCounts = Array.from(statistics.counts);
  const trainCounts = counts ? Array.from(counts) : setCounts;
  const plain = await plainFigures(statistics, { head, trainCounts, center }, miss, float64);
  const passes = { ...pass, onSamples: progress.add };
  const means =
    sets &&
    (await passOverMeans(
      sets,
      statistics,
      {
        answers: productsFit(statistics) ? answered : undefined,
        factor: head && gradientFactor({ statistics, trainCounts, weightDecay }),
      },
      passes,
    ));
  const figures = {
    collapse: {
      ...plain.collapse,
      nc4: nc4(input, { head, statistics }, miss, means),
    },
    accuracy: answers ? accuracyOf(statistics, answers) : miss('accuracy', noAnswers(input, head)),
    theorem1: head
      ? await theorem1Figures({ head, statistics, sets, seed }, miss, passes)
      : miss('theorem1', NO_HEAD),
    theorem2: head
      ? theorem2Figures({ head, statistics, trainCounts, weightDecay, expected: means?.expected }, miss)
      : miss('theorem2', NO_HEAD),
  };
  const intervals = await intervalsOf(replicates, miss);
  progress.finish();
  const diagnostics: Diagnostics = {
    name: input.name,
    samples: sampleCount(statistics),
    classes,
    dimensions: statistics.dimensions,
    classNames: input.classNames,
    counts: setCounts,
    trainCounts,
    imbalanceFactor: imbalance(trainCounts) ?? miss('imbalanceFactor', 'a class has no training samples'),
    groups: groupClasses(trainCounts, thresholds),
    thresholds,
    ...plain,
    ...figures,
    smallClasses: smallClasses(statistics, answers !== undefined, input.classNames),
    intervals,
    missing,
    advice: [],
  };
  return { ...diagnostics, advice: advise(diagnostics) };

  async function intervalsOf(halves: number, note: Miss): Promise<Record<string, Interval> | null> {
    if (halves === 0) return null;
    if (!sets)
      return note('intervals', 'only statistics were given: halves of the samples need the features');
    const ofAccuracy = answers && accuracyIntervals(statistics, answers, halves, seed);
    const ofHalves = await halfSampleIntervals(
      sets,
      {
        classes,
        replicates: halves,
        seed,
        all: intervalFigures(plain, plain.fdr.rank),
        signal,
        onSamples: progress.add,
        async measure(chunks) {
          const half = await collectChunks(chunks, {
            classes,
            dimensions: statistics.dimensions,
            ...float64,
          });
          const figuresOfHalf = await plainFigures(
            half,
            { head, trainCounts, center, matrix: false },
            () => null,
            float64,
          );
          return intervalFigures(figuresOfHalf, plain.fdr.rank);
        },
      },
      note,
    );
    return { ...ofHalves, ...ofAccuracy };
  }
}

const NO_HEAD = 'no head was given';

function nc4(
  { sets, logits }: DiagnoseInput,
  { head, statistics }: { head: LinearHead | undefined; statistics: FeatureStatistics },
  miss: Miss,
  means: MeanPass | undefined,
): number | null {
  if (!sets) return miss('collapse.nc4', 'only statistics were given: nearest class means need the features');
  if (!head && !logits) return miss('collapse.nc4', 'neither a head nor logits were given');
  if (!productsFit(statistics)) return miss('collapse.nc4', TOO_LARGE);
  return means!.disagreement;
}

function imbalance(counts: readonly number[]): number | null {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const n of counts) {
    least = Math.min(least, n);
    most = Math.max(most, n);
  }
  return least > 0 ? most / least : null;
}

function noAnswers({ sets }: DiagnoseInput, head: LinearHead | undefined): string {
  if (sets) return 'neither a head nor logits were given';
  return head
    ? 'the statistics were collected without this head'
    : 'the statistics were collected without a head';
}
