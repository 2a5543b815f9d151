/** Training of configurations side by side: what is fed, what comes out, who has diverged. */
import { platform } from '#platform';
import { type TailorError, throwIfAborted } from '../array/errors.js';
import type { FeatureRows } from '../array/feature-rows.js';
import { type LinearHead, linearHead } from '../array/linear-head.js';
import { denseData, type FloatArray, firstNonFinite } from '../array/matrix.js';
import type { EpochGraphOptions } from '../compute/epoch-options.js';
import { type EpochResult, openTrainer, type Trainer, type TrainingData } from '../compute/train-epochs.js';
import { cutBatches } from './batches.js';
import { divergedAt } from './divergence.js';
import type { FitShape } from './fit-checks.js';
import type { Fit, FitData, FitEpoch, FitSgdRun } from './fit-options.js';
import { summarizeNorms } from './max-norm.js';
import { epochRunner } from './run-epoch.js';
import { orderOf, type SgdConfiguration } from './sgd-configuration.js';

/** Configurations that are trained together, and what they are trained on. */
export interface Group {
  readonly data: FitData;
  readonly shape: FitShape;
  readonly rows: FeatureRows;
  readonly type: 'float32' | 'float64';
  readonly run: Omit<FitSgdRun, 'init'>;
  readonly group: readonly SgdConfiguration[];
  /** Of the group's configurations among all. */
  readonly indices: readonly number[];
  /** Epochs of all groups, and of those before this one. */
  readonly total: number;
  readonly before: number;
}

/** A head in training. */
interface Member {
  readonly configuration: SgdConfiguration;
  readonly epochs: FitEpoch[];
  head: LinearHead<FloatArray>;
  diverged?: TailorError;
}

/** Trains them; the fits are in the order of `group`, and `epochs` is how many were run. */
export async function fitGroup(context: Group): Promise<{ fits: Fit<FloatArray>[]; epochs: number }> {
  const { data, rows, group, indices, run, total, before, type } = context;
  const { signal, device = 'cpu', threads, onProgress, onEpoch, keepDiverged = false } = run;
  const [{ epochs, batch }] = group;
  throwIfAborted(signal, 'fitting a head');
  const began = platform.seconds();
  const options = graphOptions(context);
  const trainer = await openTrainer(options, trainingData(context), { device, threads });
  const stepRates = options.ratesPerStep ? group.length : undefined;
  const runEpoch = epochRunner({ trainer, rows, labels: data.labels, batch, stepRates, type, signal });
  try {
    const members: Member[] = group.map((configuration, place) => ({
      configuration,
      epochs: [],
      head: cutHead(trainer, context, place),
    }));
    let done = 0;
    for (let epoch = 0; epoch < epochs; epoch++) {
      throwIfAborted(signal, 'fitting a head');
      const order = orderOf(group[0], data, epoch);
      const batches = cutBatches(order, batch, data.sampleWeights);
      const rates = epochRates(group, epoch, batches.steps);
      const result = await runEpoch({ ...batches, share: castTo(type, batches.share), rates });
      const end = { epoch, steps: batches.steps, result, trainer };
      for (const [place, member] of members.entries()) {
        if (member.diverged) continue;
        endEpoch(member, place, context, end);
        if (member.diverged && !keepDiverged) throw member.diverged;
      }
      const alive = members.filter((member) => !member.diverged);
      const heads = members.map((member) => member.head);
      const stop =
        alive.length === 0 || (await onEpoch?.({ epoch, epochs, configurations: indices, heads })) === 'stop';
      const loss = alive.reduce((sum, member) => sum + member.epochs[epoch].loss, 0) / alive.length;
      done = epoch + 1;
      onProgress?.({ epoch: before + done, epochs: stop ? total - (epochs - done) : total, loss });
      if (stop) break;
    }
    const seconds = (platform.seconds() - began) / group.length;
    const fits = members.map(({ head, epochs: own, diverged }) => {
      const fit = { head, epochs: own, seconds, device: trainer.device };
      return diverged ? { ...fit, diverged } : fit;
    });
    return { fits, epochs: done };
  } finally {
    await trainer.release();
  }
}

/** An epoch that has ended. */
interface EndedEpoch {
  readonly epoch: number;
  readonly steps: number;
  readonly result: EpochResult;
  readonly trainer: Trainer;
}

/** Notes what the epoch did to one head, or that it has diverged. */
function endEpoch(member: Member, place: number, context: Group, end: EndedEpoch): void {
  const { epoch, steps, trainer } = end;
  const { losses, norms } = end.result;
  const heads = context.group.length;
  const { classes } = context.shape;
  let sum = 0;
  for (let step = 0; step < steps; step++) sum += losses[step * heads + place];
  const own = Float64Array.from(norms.subarray(place * classes, (place + 1) * classes));
  const bias = trainer.heads().bias.subarray(place * classes, (place + 1) * classes);
  if (Number.isFinite(sum) && firstNonFinite(own) < 0 && firstNonFinite(bias) < 0) {
    member.epochs.push({
      loss: sum / steps,
      norms: summarizeNorms(own),
      learningRate: member.configuration.rates[epoch],
    });
    member.head = cutHead(trainer, context, place);
    return;
  }
  // Losses that are finite one by one, and the weights not: the last step did it.
  let step = 0;
  while (step < steps - 1 && Number.isFinite(losses[step * heads + place])) step++;
  member.diverged = divergedAt(member.configuration, epoch, step, steps);
}

function graphOptions({ group, rows, shape, type }: Group): EpochGraphOptions {
  const [first] = group;
  const { solver, momentum, nesterov, beta1, beta2, epsilon } = first;
  const decaying = group.filter((configuration) => configuration.weightDecay > 0);
  const decay = decaying[0]?.decoupledDecay ? 'decoupled' : 'coupled';
  return {
    type,
    classes: shape.classes,
    dimensions: shape.dimensions,
    heads: group.length,
    batch: first.batch,
    loss: first.loss === 'dot-regression' ? 'dot-regression' : 'cross-entropy',
    labelSmoothing: first.labelSmoothing,
    offsets: group.some((configuration) => configuration.loss === 'balanced-softmax'),
    solver: solver === 'sgd' ? { name: solver, momentum, nesterov } : { name: solver, beta1, beta2, epsilon },
    ratesPerStep: first.ratesOfSteps !== undefined,
    pieces: rows.held === undefined,
    decay: decaying.length > 0 ? decay : 'none',
    maxNorm: group.find((configuration) => configuration.maxNorm !== 'none')?.maxNorm ?? 'none',
  };
}

/** [K], or [S, K] where they change from step to step. */
function epochRates(group: readonly SgdConfiguration[], epoch: number, steps: number): ArrayLike<number> {
  const each = group.map(
    ({ rates, ratesOfSteps }) => ratesOfSteps?.(epoch, steps) ?? rates.subarray(epoch, epoch + 1),
  );
  return Float64Array.from({ length: each[0].length * group.length }, (_, i) => {
    return each[i % group.length][Math.floor(i / group.length)];
  });
}

/** What is fed, with the heads of the group one after another. */
function trainingData({ data, shape, rows, type, group }: Group): TrainingData {
  const { classes } = shape;
  const heads = group.length;
  const eachClass = (of: (configuration: SgdConfiguration, k: number) => number) =>
    Float64Array.from({ length: heads * classes }, (_, row) =>
      of(group[Math.floor(row / classes)], row % classes),
    );
  return {
    ...(rows.held && { features: castTo(type, rows.held), labels: data.labels }),
    classWeights: Float64Array.from(
      { length: classes * heads },
      (_, i) => group[i % heads].classWeights[Math.floor(i / heads)],
    ),
    offsets: eachClass((configuration, k) => configuration.offsets[k]),
    decayWeight: Float64Array.from(group, ({ weightDecay }) => weightDecay),
    decayBias: Float64Array.from(group, ({ decayBias, weightDecay }) => (decayBias ? weightDecay : 0)),
    radius: eachClass((configuration) => configuration.radius),
    weight: join(group, ({ start }) => denseData(start.weight), type),
    bias:
      group[0].loss === 'dot-regression'
        ? castTo(type, new Float32Array(heads * classes))
        : join(group, ({ start }) => denseData(start.bias), type),
  };
}

/** The head of one configuration, as it is now. */
function cutHead(trainer: Trainer, { shape, group }: Group, place: number): LinearHead<FloatArray> {
  const { classes, dimensions } = shape;
  const { weight, bias } = trainer.heads();
  // A head alone is handed over without a copy.
  const cut = (all: FloatArray, size: number) =>
    group.length === 1 ? all : all.slice(place * size, (place + 1) * size);
  return linearHead(cut(weight, classes * dimensions), cut(bias, classes), classes, dimensions);
}

function castTo(type: 'float32' | 'float64', numbers: FloatArray): FloatArray {
  if (type === 'float64') return numbers instanceof Float64Array ? numbers : Float64Array.from(numbers);
  return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
}

/** Numbers of all configurations one after another, never those of a caller themselves. */
function join(
  group: readonly SgdConfiguration[],
  numbersOf: (configuration: SgdConfiguration) => FloatArray,
  type: 'float32' | 'float64',
): FloatArray {
  const size = numbersOf(group[0]).length;
  const all =
    type === 'float64' ? new Float64Array(group.length * size) : new Float32Array(group.length * size);
  for (const [place, configuration] of group.entries()) all.set(numbersOf(configuration), place * size);
  return all;
}
