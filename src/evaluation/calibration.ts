/** Do the probabilities mean what they say? Negative log-likelihood and expected calibration error. */
import { allocate } from '../array/allocate.js';
import { TailorError } from '../array/errors.js';
import { denseData, type Matrix } from '../array/matrix.js';
import { argmaxRow } from './argmax.js';
import { softmaxRow } from './softmax.js';

/** One bar of a reliability diagram; confidences in (from, to]. */
export interface ReliabilityBin {
  /** Lower end, not included, 0 … 1. */
  readonly from: number;
  /** Upper end, included, 0 … 1. */
  readonly to: number;
  /** How many samples have such a confidence. */
  readonly samples: number;
  /** Mean top-label probability of the bin's samples; null in an empty bin. */
  readonly confidence: number | null;
  /** Share of the bin's samples that are right; null in an empty bin. */
  readonly accuracy: number | null;
}

/** Calibration of softmax probabilities. */
export interface Calibration {
  /** Mean over samples of −log softmax(z_i)_{y_i}, in nats. */
  readonly nll: number;
  /**
   * Σ_b (n_b/N) |accuracy_b − confidence_b| over equal-width bins ((b−1)/B, b/B] of the top-label probability
   * (Guo et al. 2017, equation 3), 0 … 1.
   */
  readonly ece: number;
  /**
   * (1/C) Σ_k Σ_b (n_kb/N) |frequency_kb − mean p_k| with the same bins over the probability of every class, not only
   * the top one (Kull et al. 2019): a tail class that never wins is invisible to `ece`, but not here.
   */
  readonly classwiseEce: number;
  /** The bars behind `ece`, lowest confidence first. */
  readonly reliability: ReliabilityBin[];
}

/** Most bins: far more than there are samples for, and every class has as many. */
const MAX_BINS = 1000;

/**
 * Measures calibration of logits [N, C] against labels [N]; every sample counts the same. `bins` is a whole number
 * from 1 to 1000, 15 by default as in Guo et al. INVALID_ARGUMENT otherwise. Logits must be finite, labels in range.
 */
export function measureCalibration(
  logits: Matrix,
  labels: ArrayLike<number>,
  { bins = 15 }: { bins?: number } = {},
): Calibration {
  assertBins(bins);
  const sum = calibrationSum(logits.shape[1], bins);
  sum.add(logits, labels);
  return sum.result();
}

/** INVALID_ARGUMENT unless 1 … 1000. */
export function assertBins(bins: number): void {
  if (!(Number.isInteger(bins) && bins >= 1 && bins <= MAX_BINS)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Measuring calibration: ${bins} bins were asked for; give a whole number from 1 to ${MAX_BINS} (usual: 15).`,
    );
  }
}

/** Calibration of logits that come in pieces. */
export interface CalibrationSum {
  /** Logits [n, C] with labels [n]. */
  add(logits: Matrix, labels: ArrayLike<number>): void;
  /** Of at least one sample. */
  result(): Calibration;
}

/** The sums behind `measureCalibration`, for logits of any number of samples. */
export function calibrationSum(classes: number, bins: number): CalibrationSum {
  const p = new Float64Array(classes);
  const top = emptyBins(bins);
  const byClass = emptySums(bins * classes);
  let nll = 0;
  let samples = 0;
  return {
    add(logits, labels) {
      const data = denseData(logits);
      const [count] = logits.shape;
      for (let i = 0; i < count; i++) {
        const from = i * classes;
        const label = labels[i];
        const logSum = softmaxRow(data, from, classes, p);
        const winner = argmaxRow(data, from, classes);
        nll += logSum - (data[from + label] - data[from + winner]);

        const bin = binOf(p[winner], bins);
        top.samples[bin]++;
        top.confidence[bin] += p[winner];
        if (winner === label) top.hits[bin]++;

        for (let k = 0; k < classes; k++) {
          // Of many classes most have none.
          if (p[k] > 0) byClass.confidence[k * bins + binOf(p[k], bins)] += p[k];
        }
        byClass.hits[label * bins + binOf(p[label], bins)]++;
      }
      samples += count;
    },
    result: () => ({
      nll: nll / samples,
      ece: gap(top) / samples,
      classwiseEce: gap(byClass) / samples / classes,
      reliability: Array.from({ length: bins }, (_, b) => {
        const n = top.samples[b];
        return {
          from: b / bins,
          to: (b + 1) / bins,
          samples: n,
          confidence: n > 0 ? top.confidence[b] / n : null,
          accuracy: n > 0 ? top.hits[b] / n : null,
        };
      }),
    }),
  };
}

/** Sums per bin. */
interface Sums {
  readonly hits: Float64Array;
  readonly confidence: Float64Array;
}

interface Bins extends Sums {
  readonly samples: Float64Array;
}

function emptySums(length: number): Sums {
  const empty = () => allocate<Float64Array>(Float64Array, length, 'Measuring calibration');
  return { hits: empty(), confidence: empty() };
}

function emptyBins(length: number): Bins {
  return { ...emptySums(length), samples: new Float64Array(length) };
}

/** The b with probability in (b/bins, (b+1)/bins]; 0 itself (an underflowed exponential) goes to the first. */
export function binOf(probability: number, bins: number): number {
  const bin = Math.ceil(probability * bins) - 1;
  // Rounding may carry a probability of 1 a last bit over it.
  return bin < 0 ? 0 : bin < bins ? bin : bins - 1;
}

/** Σ_b |hits_b − Σ confidence_b|, which is Σ_b n_b |accuracy_b − mean confidence_b|. */
function gap({ hits, confidence }: Sums): number {
  let sum = 0;
  for (let b = 0; b < hits.length; b++) sum += Math.abs(hits[b] - confidence[b]);
  return sum;
}
