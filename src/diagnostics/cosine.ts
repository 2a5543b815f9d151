/**
 * How much features crowd into a cone (Liang et al. 2022; Hasegawa & Sato 2024, section 4.2 and Figure 1).
 *
 * K_kl is the mean cosine similarity over all pairs of a sample of class k and a sample of class l, for k = l over pairs of
 * two different samples. With u = f/‖f‖, s_k = Σ_{i in k} u_i and n_k features that are not zero,
 *
 *     K_kl = s_k·s_l / (n_k n_l)        K_kk = (‖s_k‖² − n_k) / (n_k (n_k − 1)),
 *
 * which costs C²D instead of N²D. (The authors' code calls same-class 'inner' and different-class 'intra'.)
 */
import { listNames } from '../array/text.js';
import { eachRowProduct, type RowProductOptions } from '../compute/row-products.js';
import { bounded, cosineBlocks } from './cosine-blocks.js';
import type { CosineFigures } from './diagnostics.js';
import type { Miss } from './missing.js';
import type { FeatureStatistics } from './statistics.js';

/** Above, there are summaries and blocks only. */
const MOST_MATRIX_CLASSES = 4096;

/** Options of `cosineFigures`. */
export interface CosineOptions extends RowProductOptions {
  /** Whether the matrix is made; the summaries do without. Default true. */
  readonly matrix?: boolean;
  /** Order of the classes in blocks, [C]. Default: the counts of the statistics. */
  readonly trainCounts?: ArrayLike<number>;
}

/** The cosine matrix and its summaries; reads `unitSums`, `unitCounts` and `counts`. */
export async function cosineFigures(
  statistics: FeatureStatistics,
  miss: Miss,
  { matrix = true, trainCounts = statistics.counts, ...where }: CosineOptions = {},
): Promise<CosineFigures> {
  const { counts, unitCounts } = statistics;
  const same = sameClassSums(statistics);
  const different = differentClassSums(statistics);
  const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
  return {
    sameClass: mean(same.sum, same.entries) ?? miss('cosine.sameClass', NO_SAME),
    sameClassByPair: mean(same.pairSum, same.pairs) ?? miss('cosine.sameClassByPair', NO_SAME),
    differentClass: mean(different.sum, different.entries) ?? miss('cosine.differentClass', NO_DIFFERENT),
    differentClassByPair:
      mean(different.pairSum, different.pairs) ?? miss('cosine.differentClassByPair', NO_DIFFERENT),
    matrix: matrix ? await cosineMatrix(statistics, miss, where) : null,
    ...(matrix &&
      statistics.classes > MOST_MATRIX_CLASSES && { blocks: cosineBlocks(statistics, trainCounts) }),
    zeroFeatures: total(counts) - total(unitCounts),
  };
}

const NO_SAME = 'no class has two features that are not zero';
const NO_DIFFERENT = 'fewer than two classes have a feature that is not zero';

/** What a summary is the mean of, weighted by class (entries of K) and by pair of samples. */
interface CosineSums {
  sum: number;
  entries: number;
  pairSum: number;
  pairs: number;
}

function sameClassSums({ dimensions, unitSums, unitCounts }: FeatureStatistics): CosineSums {
  const sums = { sum: 0, entries: 0, pairSum: 0, pairs: 0 };
  for (const [k, n] of unitCounts.entries()) {
    if (n < 2) continue;
    const cosines = squaredNorm(unitSums.subarray(k * dimensions, (k + 1) * dimensions)) - n;
    sums.sum += cosines / (n * (n - 1));
    sums.entries++;
    sums.pairSum += cosines;
    sums.pairs += n * (n - 1);
  }
  return sums;
}

/** Σ_{k≠l} a_k·a_l = ‖Σ_k a_k‖² − Σ_k ‖a_k‖², for a_k = s_k (by pair) and a_k = s_k / n_k (by class). */
function differentClassSums({ classes, dimensions, unitSums, unitCounts }: FeatureStatistics): CosineSums {
  const all = new Float64Array(dimensions);
  const allMeans = new Float64Array(dimensions);
  let present = 0;
  let samples = 0;
  const sums = { sum: 0, entries: 0, pairSum: 0, pairs: 0 };
  for (let k = 0; k < classes; k++) {
    const n = unitCounts[k];
    if (n === 0) continue;
    const row = unitSums.subarray(k * dimensions, (k + 1) * dimensions);
    for (let d = 0; d < dimensions; d++) {
      all[d] += row[d];
      allMeans[d] += row[d] / n;
    }
    const square = squaredNorm(row);
    sums.sum -= square / (n * n);
    sums.pairSum -= square;
    sums.pairs -= n * n;
    present++;
    samples += n;
  }
  sums.sum += squaredNorm(allMeans);
  sums.entries = present * (present - 1);
  sums.pairSum += squaredNorm(all);
  sums.pairs += samples * samples;
  return sums;
}

async function cosineMatrix(
  { classes, dimensions, unitSums, unitCounts }: FeatureStatistics,
  miss: Miss,
  where: RowProductOptions,
): Promise<(number | null)[][] | null> {
  if (classes > MOST_MATRIX_CLASSES) {
    return miss(
      'cosine.matrix',
      `${classes} classes, and the matrix is made for ${MOST_MATRIX_CLASSES} at most; cosine.blocks has its means over blocks of classes`,
    );
  }
  noteGaps(unitCounts, miss);
  const matrix: (number | null)[][] = [];
  await eachRowProduct(
    unitSums,
    dimensions,
    (k, products) => {
      const n = unitCounts[k];
      const row = new Array<number | null>(classes);
      // What is below the diagonal is copied: the product is not symmetric to the last bit.
      for (let l = 0; l < k; l++) row[l] = matrix[l][k];
      for (let l = k + 1; l < classes; l++) {
        const pairs = n * unitCounts[l];
        row[l] = pairs > 0 ? bounded(products[l] / pairs) : null;
      }
      row[k] = n > 1 ? bounded((products[k] - n) / (n * (n - 1))) : null;
      matrix.push(row);
    },
    where,
  );
  return matrix;
}

function noteGaps(unitCounts: Float64Array, miss: Miss): void {
  const classesWith = (count: number) => [...unitCounts.keys()].filter((k) => unitCounts[k] === count);
  const none = classesWith(0);
  const alone = classesWith(1);
  if (none.length > 0) {
    miss('cosine.matrix', `no feature with a direction in class ${listNames(none)}: row and column are null`);
  }
  if (alone.length > 0) {
    miss('cosine.matrix', `one feature with a direction in class ${listNames(alone)}: null on the diagonal`);
  }
}

function mean(sum: number, count: number): number | null {
  return count > 0 ? bounded(sum / count) : null;
}

function squaredNorm(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}
