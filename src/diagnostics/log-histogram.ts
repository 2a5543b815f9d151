/** Histograms with edges at equal ratios: quantiles of a stream that can be merged, never below the true ones. */

/** Edges 2^(lowest + b / perOctave) for b = 0 … (highest − lowest) · perOctave. */
export interface LogBins {
  /** Binary exponent of the lowest edge: what is not above it (0 too) is in bin 0. */
  readonly lowest: number;
  /** Binary exponent of the highest edge: what is above it is in the last bin. */
  readonly highest: number;
  readonly perOctave: number;
}

/** Of feature norms: a quantile comes out at most 1.1 % too large. */
export const NORM_BINS: LogBins = { lowest: -40, highest: 40, perOctave: 64 };

/** Of 1 − p_y: a quantile comes out at most 4.5 % too large, its logarithm by 0.044. */
export const DOUBT_BINS: LogBins = { lowest: -128, highest: 0, perOctave: 16 };

/** Bins: one for each edge, with what lies up to it, and one for what lies above them all. */
export function histogramLength({ lowest, highest, perOctave }: LogBins): number {
  return (highest - lowest) * perOctave + 2;
}

/** The bin of a number that is not negative. */
export function binOf(bins: LogBins, value: number): number {
  const last = histogramLength(bins) - 1;
  if (!(value > 2 ** bins.lowest)) return 0;
  if (value > 2 ** bins.highest) return last;
  const bin = Math.ceil((Math.log2(value) - bins.lowest) * bins.perOctave);
  // The logarithm is rounded: near an edge it may say the bin below.
  return upperEdge(bins, bin) < value ? bin + 1 : bin;
}

/** The edge that no number in the bin is above; ∞ for the last bin. */
export function upperEdge(bins: LogBins, bin: number): number {
  if (bin >= histogramLength(bins) - 1) return Number.POSITIVE_INFINITY;
  return 2 ** (bins.lowest + bin / bins.perOctave);
}

/**
 * A number that at least the share `quantile` (0 … 1) of the values does not exceed: the upper edge of the bin in which the
 * quantile lies, or `largest`, the largest value, where that is smaller. NaN for an empty histogram.
 */
export function quantileAtMost(
  bins: LogBins,
  histogram: ArrayLike<number>,
  quantile: number,
  largest: number,
): number {
  let total = 0;
  for (let b = 0; b < histogram.length; b++) total += histogram[b];
  if (total === 0) return Number.NaN;
  let below = 0;
  for (let b = 0; b < histogram.length; b++) {
    below += histogram[b];
    if (below >= quantile * total) return Math.min(upperEdge(bins, b), largest);
  }
  return largest;
}
