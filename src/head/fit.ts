/** The verb `fit`: a method by name, with its published settings, ends as (W, b). */
import { platform } from '#platform';
import { assertCounts, type ClassCounts } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { type LinearHead, linearHead, rowNorms } from '../array/linear-head.js';
import { denseData } from '../array/matrix.js';
import type { FeatureSet } from '../features/feature-set.js';
import { adjust } from './adjust.js';
import type { MethodParameters } from './candidates.js';
import { type EarlyStopping, watchValidation } from './early-stopping.js';
import { alignedEtfHead, etfHead } from './etf.js';
import { fitLbfgs } from './fit-lbfgs.js';
import type { FitData, FitEpoch, FitRun, FitSgdRun, SgdOptions } from './fit-options.js';
import { fitScale } from './fit-scale.js';
import { fitSgd } from './fit-sgd.js';
import { fitScales } from './lws.js';
import { type NcmDistance, nearestClassMean } from './ncm.js';
import { objectiveOf } from './objective-of.js';
import { FIT_METHODS, type FitMethod, RECIPES, type Solver } from './recipes.js';

/** A method and what differs from its recipe. */
export interface FitConfiguration extends Omit<SgdOptions, 'solver' | 'order'> {
  readonly method: FitMethod;
  /** Default: the recipe's first. */
  readonly solver?: Solver;
  /** Of lbfgs: stops at ‖∇‖∞ ≤ tolerance, default 1e−6. */
  readonly tolerance?: number;
  /** Of lbfgs: steps at most, default 500. */
  readonly maxIterations?: number;
  /** Of tau-norm: τ of ‖w‖^τ, default 1. (τ of balanced-softmax is `tau`, as everywhere.) */
  readonly power?: number;
  /** Of etf: 'class-means' (default) turns the frame to the class means (ours), 'random' draws it by the seed. */
  readonly rotation?: 'class-means' | 'random';
  /** Of ncm: what nearest means. Default 'euclidean'. */
  readonly distance?: NcmDistance;
}

/** What `fit` takes beside configurations. */
export interface FitVerbRun extends FitRun {
  readonly counts?: ClassCounts;
  readonly onProgress?: FitSgdRun['onProgress'];
  /** Stochastic solvers keep the epoch that does best on validation (`bestEpoch` among the parameters). */
  readonly earlyStopping?: EarlyStopping;
}

/** A head and how it was made. */
export interface FittedHead {
  readonly method: FitMethod;
  /** Settings that were in force, for reports. */
  readonly parameters: MethodParameters;
  readonly head: LinearHead<Float32Array>;
  /** Of stochastic solvers; empty else. */
  readonly epochs: readonly FitEpoch[];
  /** Mean loss + λ/2 ‖θ‖² on the training set, and the largest entry of its gradient; null where nothing is minimised. */
  readonly objective: number | null;
  readonly gradientNorm: number | null;
  readonly seconds: number;
  readonly warning?: string;
}

/**
 * Fits one head, or one per configuration: stochastic ones that share their batches side by side in one product.
 *
 * @param train - features with labels; every class needs a sample, but for `ce`
 * @throws as the method: INVALID_ARGUMENT (unknown method, a head to start from is missing), SHAPE_MISMATCH,
 * LABELS_INVALID, CLASS_MISSING, NOT_FINITE, FIT_DIVERGED, ABORTED, DEVICE_UNAVAILABLE.
 */
export async function fit(
  train: FeatureSet,
  configurations: FitConfiguration | readonly FitConfiguration[],
  run: FitVerbRun = {},
): Promise<FittedHead[]> {
  const list = Array.isArray(configurations) ? configurations : [configurations as FitConfiguration];
  const data = fitData(train, run.counts);
  const tasks = list.map((configuration) => checkTask(configuration, run.init));
  const fits = new Array<FittedHead>(list.length);
  const stochastic = tasks.flatMap((task, index) => (isStochastic(task) ? [index] : []));
  for (const normalized of [false, true]) {
    // Those that start from the same head can be trained side by side.
    const group = stochastic.filter((index) => (tasks[index].method === 'wb-norm') === normalized);
    const zeros = group.filter((index) => !RECIPES[tasks[index].method].needsInit);
    const warm = group.filter((index) => RECIPES[tasks[index].method].needsInit);
    for (const [members, init] of [
      [zeros, run.init],
      [warm, normalized && run.init ? normalizedRows(run.init) : run.init],
    ] as const) {
      if (members.length === 0) continue;
      const made = await fitStochastic(
        data,
        members.map((index) => tasks[index]),
        { ...run, init },
      );
      members.forEach((index, place) => {
        fits[index] = made[place];
      });
    }
  }
  for (const [index, task] of tasks.entries()) {
    if (!isStochastic(task)) fits[index] = await fitOther(data, task, run);
  }
  return fits;
}

/** A configuration over its recipe. */
type Task = FitConfiguration & { readonly solver?: Solver };

const isStochastic = ({ solver }: Task) => solver === 'sgd' || solver === 'adamw';

function checkTask(configuration: FitConfiguration, init: LinearHead | undefined): Task {
  const { method, solver } = configuration;
  const doing = `Fitting a head (${method})`;
  if (!FIT_METHODS.includes(method)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Fitting a head: there is no method '${String(method)}'; allowed are ${FIT_METHODS.join(', ')}.`,
    );
  }
  const recipe = RECIPES[method];
  if (recipe.needsInit && !init) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: it starts from a head, and none was given. Give the model or the head of stage 1 (--init).`,
    );
  }
  if (solver && !recipe.solvers.includes(solver)) {
    const known =
      recipe.solvers.length > 0
        ? `it knows ${recipe.solvers.join(', ')}`
        : 'it is a formula and has no solver';
    throw new TailorError('INVALID_ARGUMENT', `${doing}: the solver is ${solver}; ${known}.`);
  }
  const given = Object.fromEntries(Object.entries(configuration).filter(([, value]) => value !== undefined));
  return { solver: recipe.solvers[0], ...recipe.defaults, ...given, method };
}

async function fitStochastic(data: FitData, tasks: readonly Task[], run: FitVerbRun): Promise<FittedHead[]> {
  const configurations = tasks.map(
    ({ method, tolerance, maxIterations, power, rotation, distance, solver, ...rest }) => ({
      ...rest,
      solver: solver as 'sgd' | 'adamw',
    }),
  );
  const { counts, earlyStopping, ...where } = run;
  const watch = earlyStopping && watchValidation(earlyStopping, { device: run.device, threads: run.threads });
  const made = await fitSgd(data, configurations, { ...where, onEpoch: watch?.onEpoch });
  return Promise.all(
    made.map(async ({ head: last, epochs, seconds }, place) => {
      const best = watch?.best(place);
      const head = best ? float32Head(best.head) : last;
      return {
        method: tasks[place].method,
        parameters: { ...parametersOf(tasks[place]), ...(best && { bestEpoch: best.epoch }) },
        head,
        epochs,
        ...(await objectiveOf(head, data, configurations[place], where)),
        seconds,
      };
    }),
  );
}

async function fitOther(data: FitData, task: Task, run: FitVerbRun): Promise<FittedHead> {
  const began = platform.seconds();
  const { method } = task;
  const nothing = { method, parameters: parametersOf(task), epochs: [], objective: null, gradientNorm: null };
  const done = (head: LinearHead<Float32Array>, parameters: MethodParameters = {}): FittedHead => ({
    ...nothing,
    parameters: { ...nothing.parameters, ...parameters },
    head,
    seconds: platform.seconds() - began,
  });
  const { init, device, threads, signal } = run;
  const where = { device, threads, signal };
  switch (method) {
    case 'linear': {
      const made = await fitLbfgs(data, task, { ...where, init });
      const { head, objective, gradientNorm, seconds, warning } = made;
      return { ...nothing, head, objective, gradientNorm, seconds, ...(warning && { warning }) };
    }
    case 'etf': {
      const { rotation = 'class-means', seed } = task;
      const { classes, features } = data;
      const frame =
        rotation === 'random'
          ? etfHead({ classes, dimensions: features.shape[1], seed })
          : alignedEtfHead(data, { seed });
      // All rows are of length 1: how sure the head may be is left to a scale, which changes no decision.
      const { head, scale } = await fitScale(frame, data, { loss: 'ce' }, where);
      return done(head, { rotation, scale });
    }
    case 'ncm':
      return done(nearestClassMean(data, { distance: task.distance }));
    case 'lws': {
      const made = await fitScales(init!, data, task, where);
      return { ...done(float32Head(made.head)), objective: made.objective, gradientNorm: made.gradientNorm };
    }
    default: {
      const power = task.power ?? 1;
      return done(float32Head(adjust(init!, { method: 'tau-norm', tau: power })), { tau: power });
    }
  }
}

/** Counts default to those of the training set; a fold or a subset has those of the whole. */
function fitData(train: FeatureSet, counts: ClassCounts | undefined): FitData {
  const labels = train.requireLabels('Fitting a head');
  if (counts) assertCounts(counts, train.classCount, 'Fitting a head');
  return { features: train.features, labels, classes: train.classCount, counts };
}

/** Every row of length 1; a row of zeros stays. */
function normalizedRows(head: LinearHead): LinearHead {
  const [classes, dimensions] = head.weight.shape;
  const norms = rowNorms(head);
  const weight = Float64Array.from(
    denseData(head.weight),
    (w, i) => w / (norms[Math.floor(i / dimensions)] || 1),
  );
  return linearHead(weight, Float64Array.from(denseData(head.bias)), classes, dimensions);
}

function float32Head(head: LinearHead): LinearHead<Float32Array> {
  const [classes, dimensions] = head.weight.shape;
  return linearHead(
    Float32Array.from(denseData(head.weight)),
    Float32Array.from(denseData(head.bias)),
    classes,
    dimensions,
  );
}

/** What a report shows of a task: numbers, words, and of functions only that they were there. */
function parametersOf({ method, ...settings }: Task): MethodParameters {
  const shown: Record<string, number | string> = {};
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined) continue;
    if (name === 'maxNorm') {
      const [kind, size] = Object.entries(value as Record<string, number>)[0];
      shown[kind === 'relative' ? 'maxNormRelative' : 'maxNorm'] = size;
    } else
      shown[name] =
        typeof value === 'number' || typeof value === 'string'
          ? value
          : String(value === true || (typeof value === 'function' ? 'a function' : value));
  }
  return shown;
}
