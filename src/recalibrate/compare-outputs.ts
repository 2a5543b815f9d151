/** The outputs of the changed file, as a user gets them, against what the new head promises. */
import { denseData, type Matrix } from '../array/matrix.js';
import { argmaxRows } from '../evaluation/argmax.js';
import { softmaxRow } from '../evaluation/softmax.js';
import type { HeadDtype } from '../onnx/dtypes.js';
import { headTolerance } from '../onnx/graft.js';
import type { HeadLocation, HeadOutput } from '../onnx/head-location.js';
import type { DeviceTensor } from '../runtime/tensors.js';

/** One output of the changed file. */
export interface OutputComparison {
  /** Name of the output. */
  readonly name: string;
  /**
   * `scores`: logits or probabilities against those of the promised logits; `labels`: decisions against the promised
   * class; `unchanged`: not behind the head, so it must be what the original gives; `derived`: computed from the scores
   * (a few top ones, say) and not compared, since the logits behind it are.
   */
  readonly compared: 'scores' | 'labels' | 'unchanged' | 'derived';
  /** Largest absolute difference; for labels, the share of samples with another class; null for `derived`. */
  readonly maxAbsDifference: number | null;
  /** Whether the difference is within the tolerance; true where nothing was compared. */
  readonly passed: boolean;
}

/** Results of a run by output name; sequences and maps are absent. */
export type RunResults = Readonly<Record<string, DeviceTensor>>;

interface CompareOptions {
  readonly location: HeadLocation;
  /** Promised logits, [N, C]. */
  readonly promised: Matrix;
  readonly before: RunResults;
  readonly after: RunResults;
  /** Largest absolute logit that is promised: what is allowed grows with it, see headTolerance. */
  readonly largest: number;
  /** Type that the file states for an output: where it is narrower than the head's, more is allowed. */
  readonly typeOf: (output: string) => HeadDtype | undefined;
}

export function compareOutputs({
  location,
  promised,
  before,
  after,
  largest,
  typeOf,
}: CompareOptions): OutputComparison[] {
  const tolerance = headTolerance(location.dtype, largest);
  return Object.keys(after).map((name) => {
    const behind = location.outputs.find((output) => output.name === name);
    if (!behind) return compareUnchanged(name, before[name], after[name]);
    const [samples, classes] = promised.shape;
    const { data } = after[name];
    if (behind.form === 'scores' && data.length === samples * classes) {
      const dtype = typeOf(name) ?? location.dtype;
      const rounding = Math.max(tolerance, headTolerance(dtype, largest));
      return compareScores(behind, narrower(location.dtype, dtype), promised, data, rounding);
    }
    if (behind.form === 'labels' && data.length === samples) {
      return compareLabels(behind, location, promised, data, tolerance);
    }
    return { name, compared: 'derived', maxAbsDifference: null, passed: true };
  });
}

/** The nodes before the head are the same bytes, so the same runtime gives the same numbers. */
function compareUnchanged(name: string, before: DeviceTensor, after: DeviceTensor): OutputComparison {
  let most = before.data.length === after.data.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < before.data.length; i++) {
    const [a, b] = [before.data[i], after.data[i]];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const difference = Math.abs(Number(a) - Number(b));
    most = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(most, difference);
  }
  return { name, compared: 'unchanged', maxAbsDifference: most, passed: most === 0 };
}

function compareScores(
  { name, activation }: HeadOutput,
  dtype: HeadDtype,
  promised: Matrix,
  data: DeviceTensor['data'],
  tolerance: number,
): OutputComparison {
  const expected = activate(promised, activation);
  const floor = activation === 'log-softmax' ? lowestLog(dtype) : Number.NEGATIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(Math.max(expected[i], floor) - Math.max(Number(data[i]), floor));
    // Not Math.max: a NaN must come through.
    if (!(difference <= most)) most = difference;
  }
  return { name, compared: 'scores', maxAbsDifference: most, passed: most <= tolerance };
}

function compareLabels(
  { name }: HeadOutput,
  { classNames }: HeadLocation,
  promised: Matrix,
  data: DeviceTensor['data'],
  tolerance: number,
): OutputComparison {
  const [samples, classes] = promised.shape;
  const logits = denseData(promised);
  const top = argmaxRows(promised);
  let other = 0;
  for (let i = 0; i < samples; i++) {
    const label = String(data[i]);
    const found = classNames ? classNames.indexOf(label) : Number(label);
    const known = found >= 0 && found < classes;
    // Rounding may swap classes whose logits are equal up to it.
    const gap = logits[i * classes + top[i]] - logits[i * classes + found];
    if (!(known && gap <= 2 * tolerance)) other++;
  }
  const share = other / samples;
  return { name, compared: 'labels', maxAbsDifference: share, passed: share === 0 };
}

function activate(logits: Matrix, activation: HeadOutput['activation']): Float64Array {
  const [samples, classes] = logits.shape;
  const z = denseData(logits);
  const result = Float64Array.from(z);
  if (activation === 'none') return result;
  if (activation === 'sigmoid') return result.map((value) => 1 / (1 + Math.exp(-value)));
  for (let i = 0; i < samples; i++) {
    const row = result.subarray(i * classes, (i + 1) * classes);
    softmaxRow(z, i * classes, classes, row);
    if (activation === 'log-softmax') for (let k = 0; k < classes; k++) row[k] = Math.log(row[k]);
  }
  return result;
}

function narrower(a: HeadDtype, b: HeadDtype): HeadDtype {
  return headTolerance(a) > headTolerance(b) ? a : b;
}

/**
 * Where log-probabilities stop being comparable: many models take the logarithm of a softmax, which below the smallest
 * normal number of its type is coarse, and then −∞. The logits behind them are compared whatever they are.
 */
function lowestLog(dtype: HeadDtype): number {
  return Math.log(2) * (dtype === 'float16' ? -14 : -126);
}
