/** Spearman's rank correlation (Spearman 1904) with average ranks for ties, as scipy's `spearmanr`. */
import type { CountCorrelations } from './diagnostics.js';
import type { Miss } from './missing.js';
import type { ClassNorms } from './norms.js';

/** With two points every correlation is ±1. */
const LEAST_CLASSES = 3;

/** Ranks 1 … n; equal values share the mean of the ranks that they take. */
export function averageRanks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let at = from; at < to; at++) ranks[order[at]] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

/** Pearson's correlation of the average ranks, −1 … 1; null where one side is all equal, or there is no pair. */
export function spearman(x: readonly number[], y: readonly number[]): number | null {
  const ranksX = averageRanks(x);
  const ranksY = averageRanks(y);
  const middle = (x.length + 1) / 2;
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i++) {
    xy += (ranksX[i] - middle) * (ranksY[i] - middle);
    xx += (ranksX[i] - middle) ** 2;
    yy += (ranksY[i] - middle) ** 2;
  }
  if (!(xx > 0 && yy > 0)) return null;
  return Math.min(1, Math.max(-1, xy / Math.sqrt(xx * yy)));
}

/** The correlations of each kind of norm with the training counts, over the classes that have that norm. */
export function countCorrelations(
  trainCounts: readonly number[],
  { classMeanNorms, featureNorms, weightNorms }: ClassNorms,
  miss: Miss,
): CountCorrelations {
  const correlate = (name: keyof CountCorrelations, norms: readonly (number | null)[] | null) => {
    const figure = `correlations.${name}`;
    if (!norms) return miss(figure, 'no head was given');
    const known = [...norms.keys()].filter((k) => norms[k] !== null);
    if (known.length < LEAST_CLASSES) {
      return miss(figure, `only ${known.length} of the classes have a norm, and ${LEAST_CLASSES} are needed`);
    }
    const counts = known.map((k) => trainCounts[k]);
    const result = spearman(
      counts,
      known.map((k) => norms[k] as number),
    );
    if (result !== null) return result;
    const equal = counts.every((n) => n === counts[0]);
    return miss(
      figure,
      equal
        ? `all classes have ${counts[0]} training samples: give the counts of the training set`
        : 'all classes have the same norm',
    );
  };
  return {
    classMeanNorms: correlate('classMeanNorms', classMeanNorms),
    featureNorms: correlate('featureNorms', featureNorms),
    weightNorms: correlate('weightNorms', weightNorms),
  };
}
