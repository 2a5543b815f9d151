/** Stochastic training in plain float64 TypeScript: what fit-sgd.ts must compute, short enough to read. */
import { assertFiniteHead, type LinearHead, linearHead, rowNorms } from '../array/linear-head.js';
import { denseData } from '../array/matrix.js';
import { softmaxRow } from '../evaluation/softmax.js';
import { assertFitData, startHead } from './fit-checks.js';
import type { FitEpoch, HeldFitData, SgdOptions } from './fit-options.js';
import { projectRows, summarizeNorms } from './max-norm.js';
import { orderOf, type SgdConfiguration, sgdConfiguration } from './sgd-configuration.js';

/**
 * The fit of one configuration, every number in float64. Same options, defaults and errors as `fitSgd`, but a fit that
 * diverges is NOT_FINITE, at the end.
 */
export function fitReference(
  data: HeldFitData,
  options: SgdOptions = {},
  { init }: { init?: LinearHead } = {},
): { head: LinearHead<Float64Array>; epochs: FitEpoch[] } {
  const doing = 'Fitting a head in float64';
  const shape = assertFitData(data, doing);
  const start = startHead(init, shape, doing);
  const configuration = sgdConfiguration(options, data, shape, start, doing);
  const { classes, dimensions } = shape;
  const { rates, ratesOfSteps, batch, maxNorm, radius } = configuration;
  const weight = Float64Array.from(denseData(start.weight));
  const bias =
    configuration.loss === 'dot-regression'
      ? new Float64Array(classes)
      : Float64Array.from(denseData(start.bias));
  // Wraps the same numbers: what training does to them shows in the head.
  const head = linearHead(weight, bias, classes, dimensions);
  const parameters = [parameter(weight, true), parameter(bias, configuration.decayBias)];
  const epochs: FitEpoch[] = [];
  let t = 0;
  for (const [epoch, learningRate] of rates.entries()) {
    const order = orderOf(configuration, data, epoch);
    const ownRates = ratesOfSteps?.(epoch, Math.ceil(order.length / batch));
    let loss = 0;
    let steps = 0;
    for (let from = 0; from < order.length; from += batch, steps++) {
      loss += batchGradient(data, order.subarray(from, from + batch), configuration, parameters);
      t++;
      for (const each of parameters) step(each, configuration, ownRates?.[steps] ?? learningRate, t);
      if (maxNorm === 'step') projectRows(weight, classes, radius);
    }
    if (maxNorm === 'epoch') projectRows(weight, classes, radius);
    epochs.push({ loss: loss / steps, norms: summarizeNorms(rowNorms(head)), learningRate });
  }
  assertFiniteHead(head, doing);
  return { head, epochs };
}

/** A parameter with its gradient and moments. */
interface Parameter {
  readonly value: Float64Array;
  readonly gradient: Float64Array;
  /** SGD's velocity, or AdamW's mean gradient. */
  readonly first: Float64Array;
  /** AdamW's mean squared gradient. */
  readonly second: Float64Array;
  readonly decays: boolean;
}

function parameter(value: Float64Array, decays: boolean): Parameter {
  const zeros = () => new Float64Array(value.length);
  return { value, gradient: zeros(), first: zeros(), second: zeros(), decays };
}

/** Puts the gradient of a batch's mean loss into the parameters, and returns that loss (without decay). */
function batchGradient(
  { features, labels, classes, sampleWeights }: HeldFitData,
  samples: Int32Array,
  configuration: SgdConfiguration,
  [weight, bias]: readonly Parameter[],
): number {
  const { loss, classWeights, offsets, labelSmoothing } = configuration;
  const x = denseData(features);
  const dimensions = features.shape[1];
  weight.gradient.fill(0);
  bias.gradient.fill(0);
  const z = new Float64Array(classes);
  const slope = new Float64Array(classes);
  let total = 0;
  for (const i of samples) {
    const y = labels[i];
    const f = x.subarray(i * dimensions, (i + 1) * dimensions);
    const share = ((sampleWeights?.[i] ?? 1) * classWeights[y]) / samples.length;
    for (let k = 0; k < classes; k++)
      z[k] = dot(weight.value, k * dimensions, f) + bias.value[k] + offsets[k];
    if (loss === 'dot-regression') {
      total +=
        share * dotRegression(weight.value.subarray(y * dimensions, (y + 1) * dimensions), f, z[y], slope, y);
    } else {
      total += share * crossEntropy(z, y, labelSmoothing, slope);
    }
    for (let k = 0; k < classes; k++) {
      const g = share * slope[k];
      if (g === 0) continue;
      for (let d = 0; d < dimensions; d++) weight.gradient[k * dimensions + d] += g * f[d];
      if (loss !== 'dot-regression') bias.gradient[k] += g;
    }
  }
  return total;
}

/** −Σ_k t_k log p_k with t = (1−ε)·one-hot + ε/C; its derivative by the logits, p − t, goes into `slope`. */
function crossEntropy(z: Float64Array, y: number, smoothing: number, slope: Float64Array): number {
  const classes = z.length;
  const logSum = softmaxRow(z, 0, classes, slope) + z.reduce((a, b) => Math.max(a, b));
  let loss = 0;
  for (let k = 0; k < classes; k++) {
    const target = (k === y ? 1 - smoothing : 0) + smoothing / classes;
    loss += target * (logSum - z[k]);
    slope[k] -= target;
  }
  return loss;
}

/** (w·f − n)² / 2n with n = ‖w‖‖f‖ constant; its derivative by w·f, cos − 1, goes into `slope`. */
function dotRegression(
  w: Float64Array,
  f: ArrayLike<number>,
  product: number,
  slope: Float64Array,
  y: number,
): number {
  const n = Math.sqrt(dot(w, 0, w) * dot(f, 0, f));
  slope.fill(0);
  slope[y] = (n > 0 ? product / n : 0) - 1;
  return (n * slope[y] ** 2) / 2;
}

/** One step of torch.optim.SGD or AdamW; `t` counts the steps from 1. */
function step(
  { value, gradient, first, second, decays }: Parameter,
  c: SgdConfiguration,
  rate: number,
  t: number,
) {
  const decay = decays ? c.weightDecay : 0;
  for (let i = 0; i < value.length; i++) {
    const slope = gradient[i] + (c.decoupledDecay ? 0 : decay * value[i]);
    if (c.decoupledDecay) value[i] *= 1 - rate * decay;
    if (c.solver === 'sgd') {
      first[i] = c.momentum * first[i] + slope;
      value[i] -= rate * (c.nesterov ? slope + c.momentum * first[i] : first[i]);
    } else {
      first[i] = c.beta1 * first[i] + (1 - c.beta1) * slope;
      second[i] = c.beta2 * second[i] + (1 - c.beta2) * slope * slope;
      const root = Math.sqrt(second[i]) / Math.sqrt(1 - c.beta2 ** t) + c.epsilon;
      value[i] -= (rate / (1 - c.beta1 ** t)) * (first[i] / root);
    }
  }
}

/** Σ_d a[from + d] · b[d]. */
function dot(a: ArrayLike<number>, from: number, b: ArrayLike<number>): number {
  let sum = 0;
  for (let d = 0; d < b.length; d++) sum += a[from + d] * b[d];
  return sum;
}
