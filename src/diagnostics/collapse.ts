/**
 * How far features are from neural collapse (Papyan, Han & Donoho 2020), over the C classes that have samples. With the
 * centred class means μ_k − μ as rows of M, Σ_W = S_W / N and Σ_B = MᵀM / C:
 *
 *     NC1 = trace(Σ_W Σ_B⁺) / C                                          features at their class means: 0
 *     NC2 equinorm       = std_k ‖μ_k − μ‖ / mean_k ‖μ_k − μ‖              class means of one length: 0
 *     NC2 equiangularity = mean_{k≠l} |cos(μ_k − μ, μ_l − μ) + 1/(C−1)|    at the widest equal angles: 0
 *     NC3 = ‖W/‖W‖_F − M/‖M‖_F‖_F                                        head and class means alike: 0
 *
 * These are the figures of their 'Prevalence of neural collapse', section 'Experiments' (2, 3, 5 and 6 there). NC4, what the
 * head decides against the nearest class mean, needs the features: mean-pass.ts.
 */
import { headShape, type LinearHead } from '../array/linear-head.js';
import { denseData } from '../array/matrix.js';
import { eachRowProduct, type RowProductOptions } from '../compute/row-products.js';
import type { CollapseFigures } from './diagnostics.js';
import type { Miss } from './missing.js';
import { norm } from './norms.js';
import { centredRows, centreOf, type FeatureStatistics } from './statistics.js';
import { MEANS_TOLERANCE, spreadWithin } from './within-spread.js';

/** Pairs of classes are all compared up to here; a hundred thousand classes would take minutes. */
const MOST_ANGLE_CLASSES = 20_000;

const FEW_CLASSES = 'fewer than two classes have samples';
const NO_SPREAD = 'all class means are the same';

/** NC1 to NC3. Reads `counts`, `means` and `scatter`; the head, where given, must fit. */
export async function collapseFigures(
  statistics: FeatureStatistics,
  head: LinearHead | undefined,
  miss: Miss,
  where: RowProductOptions = {},
): Promise<Omit<CollapseFigures, 'nc4'>> {
  const { classes, dimensions, means, counts } = statistics;
  const present = Array.from({ length: classes }, (_, k) => k).filter((k) => counts[k] > 0);
  const centred = centredRows(means, dimensions, present, centreOf(statistics, 'classes'));
  const lengths = present.map((_, i) => norm(centred.subarray(i * dimensions, (i + 1) * dimensions)));
  const spread = norm(Float64Array.from(lengths)) > MEANS_TOLERANCE * longestMean(means, dimensions, present);
  if (present.length < 2 || !spread) {
    const reason = present.length < 2 ? FEW_CLASSES : NO_SPREAD;
    for (const figure of ['nc1', 'nc2.equinorm', 'nc2.equiangularity', 'nc3'])
      miss(`collapse.${figure}`, reason);
    return { nc1: null, nc2: { equinorm: null, equiangularity: null }, nc3: null };
  }
  return {
    nc1: await spreadWithin(statistics, centred, present.length, miss, where),
    nc2: {
      equinorm: variation(lengths),
      equiangularity: await equiangularity(centred, lengths, dimensions, miss, where),
    },
    nc3: head ? alignment(head, centred, lengths, present, miss) : miss('collapse.nc3', 'no head was given'),
  };
}

/** Population standard deviation over mean. */
function variation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return Math.sqrt(square) / mean;
}

async function equiangularity(
  centred: Float64Array,
  lengths: readonly number[],
  dimensions: number,
  miss: Miss,
  where: RowProductOptions,
): Promise<number | null> {
  const figure = 'collapse.nc2.equiangularity';
  const n = lengths.length;
  if (lengths.some((length) => length === 0)) {
    return miss(figure, 'a class mean equals the mean of all: it has no direction from there');
  }
  if (n > MOST_ANGLE_CLASSES) {
    return miss(figure, `${n} classes, and all pairs are compared for ${MOST_ANGLE_CLASSES} at most`);
  }
  let sum = 0;
  await eachRowProduct(
    centred,
    dimensions,
    (k, products) => {
      for (let l = 0; l < n; l++) {
        if (l !== k) sum += Math.abs(products[l] / lengths[k] / lengths[l] + 1 / (n - 1));
      }
    },
    where,
  );
  return sum / (n * (n - 1));
}

function alignment(
  head: LinearHead,
  centred: Float64Array,
  lengths: readonly number[],
  present: readonly number[],
  miss: Miss,
): number | null {
  const [, dimensions] = headShape(head);
  const weight = centredRows(denseData(head.weight), dimensions, present, new Float64Array(dimensions));
  const weightLength = norm(weight);
  if (weightLength === 0) return miss('collapse.nc3', 'the weight of the head is zero');
  const meansLength = norm(Float64Array.from(lengths));
  let sum = 0;
  for (let i = 0; i < weight.length; i++) sum += (weight[i] / weightLength - centred[i] / meansLength) ** 2;
  return Math.sqrt(sum);
}

function longestMean(means: Float64Array, dimensions: number, present: readonly number[]): number {
  let longest = 0;
  for (const k of present)
    longest = Math.max(longest, norm(means.subarray(k * dimensions, (k + 1) * dimensions)));
  return longest;
}
