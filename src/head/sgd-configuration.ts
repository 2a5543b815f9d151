/** Configurations of stochastic training: defaults, checks, and which can be trained side by side. */
import { TailorError } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import { epochOrder } from './batches.js';
import { assertNumber, checkLoss, type FitShape } from './fit-checks.js';
import type { FitData, LossOptions, Sampling, SgdOptions } from './fit-options.js';
import { lossTerms } from './loss-terms.js';
import { maxNormRadius } from './max-norm.js';
import { learningRates, stepRates } from './schedule.js';

const SOLVERS = ['sgd', 'adamw'];
const SAMPLINGS: readonly Sampling[] = ['plain', 'class-balanced', 'square-root'];

/** A configuration with its defaults, and what follows from it and the data; numbers of step and solver as in SgdOptions. */
export interface SgdConfiguration extends Required<LossOptions> {
  readonly solver: 'sgd' | 'adamw';
  /** The head that training starts from. */
  readonly start: LinearHead;
  readonly epochs: number;
  /** At most the number of samples. */
  readonly batch: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly decayBias: boolean;
  readonly decoupledDecay: boolean;
  /** When rows are projected, if they are. */
  readonly maxNorm: 'none' | 'epoch' | 'step';
  readonly sampling: Sampling;
  readonly seed: number;
  readonly order: readonly Int32Array[] | undefined;
  /** Learning rate at the start of each epoch, [E], */
  readonly rates: Float64Array;
  /** and of each of `steps` steps of an epoch, [S]; undefined where it stays the same for the epoch. */
  readonly ratesOfSteps: ((epoch: number, steps: number) => Float64Array) | undefined;
  /** Factor on the loss of a sample by its class, [C]: the class-balanced weights, or ones. */
  readonly classWeights: Float64Array;
  /** Added to the logits in training, [C]: τ log π of balanced-softmax, or zeros. */
  readonly offsets: Float64Array;
  /** Radius η of MaxNorm, or infinity. */
  readonly radius: number;
}

/** Fills in defaults and checks. INVALID_ARGUMENT, CLASS_MISSING. */
export function sgdConfiguration(
  {
    solver = 'sgd',
    epochs = 10,
    batch = 64,
    learningRate = 0.01,
    momentum = 0.9,
    nesterov = false,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay = 0,
    decayBias = true,
    decoupledDecay = solver === 'adamw',
    schedule = 'cosine',
    scheduleEvery = 'epoch',
    maxNorm = 'none',
    maxNormEvery = 'epoch',
    sampling = 'plain',
    seed = 0,
    order,
    ...lossOptions
  }: SgdOptions,
  data: FitData,
  shape: FitShape,
  start: LinearHead,
  doing: string,
): SgdConfiguration {
  const check = (name: string, value: number, valid: boolean, allowed: string) =>
    assertNumber(doing, name, value, valid, allowed);
  const positive = (value: number) => Number.isFinite(value) && value > 0;
  assertChoice(doing, 'solver', solver, SOLVERS);
  assertChoice(doing, 'sampling', sampling, SAMPLINGS);
  assertChoice(doing, 'maxNormEvery', maxNormEvery, ['epoch', 'step']);
  assertChoice(doing, 'scheduleEvery', scheduleEvery, ['epoch', 'step']);
  if (scheduleEvery === 'step' && schedule === 'cosine-published') {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the schedule cosine-published is one of whole epochs, which it counts from 1. With scheduleEvery step take cosine.`,
    );
  }
  check('epochs', epochs, Number.isInteger(epochs) && epochs >= 1, 'a whole number of at least 1');
  check('batch', batch, Number.isInteger(batch) && batch >= 1, 'a whole number of at least 1');
  check('learningRate', learningRate, positive(learningRate), 'a finite number above 0');
  check('momentum', momentum, momentum >= 0 && momentum < 1, 'at least 0 and below 1');
  check('momentum with nesterov', momentum, !nesterov || momentum > 0, 'above 0');
  check('beta1', beta1, beta1 >= 0 && beta1 < 1, 'at least 0 and below 1');
  check('beta2', beta2, beta2 >= 0 && beta2 < 1, 'at least 0 and below 1');
  check('epsilon', epsilon, positive(epsilon), 'a finite number above 0');
  check(
    'weightDecay',
    weightDecay,
    Number.isFinite(weightDecay) && weightDecay >= 0,
    'finite and at least 0',
  );
  check('seed', seed, Number.isSafeInteger(seed), 'a whole number');
  if (order) assertOrder(order, epochs, shape.samples, doing);
  const loss = checkLoss(lossOptions, data, shape, doing);
  return {
    ...loss,
    solver,
    start,
    epochs,
    batch: Math.min(batch, order ? Math.max(...order.map((list) => list.length)) : shape.samples),
    momentum,
    nesterov,
    beta1,
    beta2,
    epsilon,
    weightDecay,
    decayBias,
    decoupledDecay,
    maxNorm: maxNorm === 'none' ? maxNorm : maxNormEvery,
    sampling,
    seed,
    order,
    rates: learningRates(schedule, learningRate, epochs),
    ratesOfSteps:
      scheduleEvery === 'step'
        ? (epoch, steps) => stepRates(schedule, learningRate, epoch, epochs, steps)
        : undefined,
    ...lossTerms(loss, data.counts ?? shape.counted),
    radius: maxNorm === 'none' ? Number.POSITIVE_INFINITY : maxNormRadius(maxNorm, start),
  };
}

/** The samples of an epoch in the order of training. */
export function orderOf(configuration: SgdConfiguration, data: FitData, epoch: number): Int32Array {
  return configuration.order?.[epoch] ?? epochOrder(data.labels, data.classes, { ...configuration, epoch });
}

/**
 * Numbers that the weights of heads side by side may have together: 4 MB of float32. Measured at D = 512, C = 100 on two
 * threads: 37 ms an epoch for one head, 27 for each of 4, 24 for each of 8 and of 16. Beyond, only memory grows.
 */
const SIDE_BY_SIDE_NUMBERS = 2 ** 20;

/**
 * Groups the indices of configurations that share batches and the form of a step, so that they differ in learning
 * rates, λ, class weights, offsets and radius only, and are small enough to train side by side.
 */
export function sideBySide(
  configurations: readonly SgdConfiguration[],
  { classes, dimensions }: FitShape,
): number[][] {
  const most = Math.max(1, Math.floor(SIDE_BY_SIDE_NUMBERS / (classes * dimensions)));
  const orders = [...new Set(configurations.map((configuration) => configuration.order))];
  const groups = new Map<string, number[]>();
  for (const [index, c] of configurations.entries()) {
    const solver = c.solver === 'sgd' ? [c.momentum, c.nesterov] : [c.beta1, c.beta2, c.epsilon];
    const batches = c.order ? [orders.indexOf(c.order)] : [c.sampling, c.seed];
    const loss = c.loss === 'dot-regression' ? 'dot-regression' : c.labelSmoothing;
    const decoupled = c.weightDecay > 0 && c.decoupledDecay;
    const key = JSON.stringify([
      [c.epochs, c.batch, batches, loss],
      [c.solver, solver, decoupled, c.maxNorm === 'step', c.ratesOfSteps !== undefined],
    ]);
    const group = groups.get(key);
    if (group) group.push(index);
    else groups.set(key, [index]);
  }
  return [...groups.values()].flatMap((group) => evenParts(group, Math.ceil(group.length / most)));
}

/** A list in `parts` parts whose lengths differ by one at most. */
function evenParts(list: readonly number[], parts: number): number[][] {
  const cut = (part: number) => Math.round((part * list.length) / parts);
  return Array.from({ length: parts }, (_, part) => list.slice(cut(part), cut(part + 1)));
}

function assertChoice(doing: string, name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: there is no ${name} "${value}"; choose ${allowed.join(' or ')}.`,
    );
  }
}

function assertOrder(order: readonly Int32Array[], epochs: number, samples: number, doing: string): void {
  if (order.length !== epochs || order.some((list) => list.length === 0)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: there are ${order.length} lists in order for ${epochs} epochs; give one per epoch, none of them empty.`,
    );
  }
  for (const [epoch, list] of order.entries()) {
    const at = list.findIndex((i) => !(i >= 0 && i < samples));
    if (at >= 0) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `${doing}: number ${at} of order in epoch ${epoch} is ${list[at]}; samples are 0 … ${samples - 1}.`,
      );
    }
  }
}
