/** The figures that statistics alone tell, and those that can be had of halves of the samples. */
import type { LinearHead } from '../array/linear-head.js';
import { perClassAccuracy, summarizeAccuracy } from '../evaluation/accuracy.js';
import { bootstrapAccuracy, type Interval } from '../evaluation/bootstrap.js';
import type { SessionOptions } from '../runtime/session.js';
import { collapseFigures } from './collapse.js';
import { cosineFigures } from './cosine.js';
import type { Diagnostics, HeadAccuracy } from './diagnostics.js';
import { type FdrCenter, fisherRatio } from './fdr.js';
import type { Miss } from './missing.js';
import { classNorms } from './norms.js';
import { countCorrelations } from './rank-correlation.js';
import type { FigureValues } from './resample.js';
import { sparsityFigures } from './sparsity.js';
import type { FeatureStatistics, HeadStatistics } from './statistics.js';

/** What statistics alone tell. */
export type PlainFigures = Pick<
  Diagnostics,
  'fdr' | 'cosine' | 'classMeanNorms' | 'featureNorms' | 'weightNorms' | 'correlations' | 'sparsity'
> & { readonly collapse: Omit<Diagnostics['collapse'], 'nc4'> };

/** Computes them. Without `matrix` the cosine matrix is left out. */
export async function plainFigures(
  statistics: FeatureStatistics,
  {
    head,
    trainCounts,
    center,
    matrix = true,
  }: { head?: LinearHead; trainCounts: readonly number[]; center: FdrCenter; matrix?: boolean },
  miss: Miss,
  where: SessionOptions & { signal?: AbortSignal },
): Promise<PlainFigures> {
  const fdr = await fisherRatio(statistics, { center, ...where });
  if (fdr.value === null)
    miss('fdr.value', 'no class has two samples that differ: there is no spread within classes');
  const norms = classNorms(statistics, head, miss);
  return {
    fdr,
    cosine: await cosineFigures(statistics, miss, { ...where, matrix, trainCounts }),
    ...norms,
    correlations: countCorrelations(trainCounts, norms, miss),
    sparsity: sparsityFigures(statistics, miss),
    collapse: await collapseFigures(statistics, head, miss, where),
  };
}

/** The figures that get intervals. FDR only where a half spans as many dimensions as the whole: else it is another figure. */
export function intervalFigures(
  { fdr, cosine, correlations, sparsity, collapse }: PlainFigures,
  rank: number,
): FigureValues {
  return {
    'fdr.value': fdr.rank === rank ? fdr.value : null,
    'cosine.sameClass': cosine.sameClass,
    'cosine.differentClass': cosine.differentClass,
    'correlations.classMeanNorms': correlations.classMeanNorms,
    'correlations.featureNorms': correlations.featureNorms,
    'sparsity.hoyer': sparsity.hoyer,
    'collapse.nc1': collapse.nc1,
    'collapse.nc2.equinorm': collapse.nc2.equinorm,
    'collapse.nc2.equiangularity': collapse.nc2.equiangularity,
    'collapse.nc3': collapse.nc3,
  };
}

function tallyOf({ counts }: FeatureStatistics, { correct }: HeadStatistics) {
  return { total: Int32Array.from(counts), correct: Int32Array.from(correct) };
}

/** Accuracies of the answers. */
export function accuracyOf(statistics: FeatureStatistics, answers: HeadStatistics): HeadAccuracy {
  const tally = tallyOf(statistics, answers);
  const { overall, average } = summarizeAccuracy(tally);
  return { overall, average, perClass: perClassAccuracy(tally) };
}

/** An accuracy is a mean over samples: the stratified bootstrap is exact for it, and costs nothing. */
export function accuracyIntervals(
  statistics: FeatureStatistics,
  answers: HeadStatistics,
  replicates: number,
  seed: number,
): Record<string, Interval> {
  const { overall, average } = bootstrapAccuracy(tallyOf(statistics, answers), undefined, {
    replicates,
    seed,
  });
  return { 'accuracy.overall': overall, 'accuracy.average': average };
}
