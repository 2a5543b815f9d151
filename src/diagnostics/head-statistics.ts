/** What a head makes of samples: how often it is right, and how much probability it leaves to the other classes. */
import { platform } from '#platform';
import { throwIfAborted } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import { assertFiniteRows, denseData, type FloatArray, type Matrix, matrix } from '../array/matrix.js';
import { headLogits } from '../compute/head-logits.js';
import { argmaxRow } from '../evaluation/argmax.js';
import type { SessionOptions } from '../runtime/session.js';
import { binOf, DOUBT_BINS } from './log-histogram.js';
import type { HeadStatistics } from './statistics.js';

/** Logits that are computed at once: 64 MB of float32. */
const LOGITS_AT_ONCE = 2 ** 24;

/** Lower-case hexadecimal sha256 of weight and bias as float64: the same for a head in float32 and its copy in float64. */
export async function headFingerprint({ weight, bias }: LinearHead): Promise<string> {
  const numbers = new Float64Array(weight.size + bias.size);
  numbers.set(denseData(weight));
  numbers.set(denseData(bias), weight.size);
  return platform.sha256(new Uint8Array(numbers.buffer));
}

/** Samples and how their logits are known. */
interface Tallied extends SessionOptions {
  readonly features: Matrix;
  readonly labels: ArrayLike<number>;
  readonly head?: LinearHead;
  readonly logits?: Matrix;
  /** Shape [N], to be filled with the class that the head answers. */
  readonly answers?: Int32Array;
  readonly signal?: AbortSignal;
}

/** Adds samples to statistics, in place where they are arrays; the statistics with the samples in. NOT_FINITE for logits. */
export async function tallyHead(
  statistics: HeadStatistics,
  { features, labels, head, logits, answers, signal, ...where }: Tallied,
): Promise<HeadStatistics> {
  const [samples, dimensions] = features.shape;
  const classes = statistics.correct.length;
  const rows = denseData(features);
  const perRun = Math.max(1, Math.floor(LOGITS_AT_ONCE / classes));
  let doubtMax = statistics.doubtMax;
  for (let from = 0; from < samples; from += perRun) {
    throwIfAborted(signal, 'collecting statistics');
    const count = Math.min(perRun, samples - from);
    let part: Matrix;
    if (logits) {
      part = matrix(denseData(logits).subarray(from * classes, (from + count) * classes), count, classes);
    } else if (head) {
      const data = rows.subarray(from * dimensions, (from + count) * dimensions);
      part = await headLogits(head, matrix(data, count, dimensions), { signal, ...where });
    } else break;
    assertFiniteRows(part, 'Collecting statistics of features', 'logit', 'class', from);
    doubtMax = Math.max(doubtMax, tallyRows(statistics, denseData(part), { labels, answers, from, count }));
  }
  return { ...statistics, doubtMax };
}

function tallyRows(
  { correct, doubtHistogram }: HeadStatistics,
  logits: FloatArray,
  {
    labels,
    answers,
    from,
    count,
  }: { labels: ArrayLike<number>; answers?: Int32Array; from: number; count: number },
): number {
  const classes = correct.length;
  let most = 0;
  for (let i = 0; i < count; i++) {
    const label = labels[from + i];
    const row = i * classes;
    const answer = argmaxRow(logits, row, classes);
    if (answers) answers[from + i] = answer;
    if (answer === label) correct[label]++;
    const doubt = doubtOf(logits, row, classes, label, logits[row + answer]);
    doubtHistogram[binOf(DOUBT_BINS, doubt)]++;
    if (doubt > most) most = doubt;
  }
  return most;
}

/**
 * 1 − p_y of the logits from `row`, of which `largest` is the largest; not as 1 − p: a sure head leaves 1e−30, which would
 * become 0.
 */
export function doubtOf(
  logits: FloatArray,
  row: number,
  classes: number,
  label: number,
  largest: number,
): number {
  let others = 0;
  for (let k = 0; k < label; k++) others += Math.exp(logits[row + k] - largest);
  for (let k = label + 1; k < classes; k++) others += Math.exp(logits[row + k] - largest);
  return others / (others + Math.exp(logits[row + label] - largest));
}
