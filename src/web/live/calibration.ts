/** Likelihood and calibration error of changed logits, without writing them down: the costly half of a slider's move. */
import { binOf } from '../../evaluation/calibration.js';
import { affineOfLogits, type ClassTransform } from '../../head/class-transform.js';

/** Whether the probabilities mean what they say; as in `Calibration`. */
export interface LiveCalibration {
  /** Mean −log p of the true class, nats. */
  readonly nll: number;
  /** Expected calibration error of the top class, 0 … 1. */
  readonly ece: number;
}

/** As measureCalibration has it by default. */
const BINS = 15;

/**
 * `nll` and `ece` of scale_k z_k + offset_k, to the last bit those that measureCalibration finds of the changed logits:
 * the same sums in the same order.
 * @param logits - of the head with this bias, row-major [N, C]
 */
export function liveCalibration(
  logits: Float32Array,
  labels: Int32Array,
  transform: ClassTransform,
  bias: Float64Array,
): LiveCalibration {
  const steps = calibrationSteps(logits, labels, transform, bias, labels.length);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The same with a pause after every `rows` samples, for those who must not keep a page waiting. */
export function* calibrationSteps(
  logits: Float32Array,
  labels: Int32Array,
  transform: ClassTransform,
  bias: Float64Array,
  rows: number,
): Generator<void, LiveCalibration> {
  const classes = bias.length;
  const { scale, offset } = affineOfLogits(transform, bias);
  const z = new Float64Array(classes);
  const hits = new Float64Array(BINS);
  const confidence = new Float64Array(BINS);
  let nll = 0;
  for (let i = 0, from = 0; i < labels.length; i++, from += classes) {
    let winner = 0;
    let largest = -Infinity;
    for (let k = 0; k < classes; k++) {
      const value = scale[k] * logits[from + k] + offset[k];
      z[k] = value;
      if (value > largest) {
        largest = value;
        winner = k;
      }
    }
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(z[k] - largest);
    // e⁰ of the largest over the sum.
    const top = 1 / sum;
    nll += Math.log(sum) - (z[labels[i]] - largest);
    const bin = binOf(top, BINS);
    confidence[bin] += top;
    if (winner === labels[i]) hits[bin]++;
    if ((i + 1) % rows === 0) yield;
  }
  let gap = 0;
  for (let b = 0; b < BINS; b++) gap += Math.abs(hits[b] - confidence[b]);
  return { nll: nll / labels.length, ece: gap / labels.length };
}
