/** What `fit` is told of one head: a method by name, and what differs from its recipe. */
import { TailorError } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import type { MethodParameters } from './candidates.js';
import type { SgdOptions } from './fit-options.js';
import type { NcmDistance } from './ncm.js';
import { FIT_METHODS, type FitMethod, RECIPES, type Solver } from './recipes.js';

/** A method and what differs from its recipe. A setting that the method, or its solver, does not have is refused. */
export interface FitConfiguration extends Omit<SgdOptions, 'solver' | 'order'> {
  /** What to fit; see `RECIPES`. */
  readonly method: FitMethod;
  /** Default: the recipe's first. */
  readonly solver?: Solver;
  /** Of lbfgs: stops when no entry of the gradient is larger; above 0, default 1e−6 (of lws 1e−7). */
  readonly tolerance?: number;
  /** Of lbfgs: steps at most, 1 or more, default 500 (of lws 200). */
  readonly maxIterations?: number;
  /** Of tau-norm: τ of ‖w‖^τ, default 1. (τ of balanced-softmax is `tau`, as everywhere.) */
  readonly power?: number;
  /** Of etf: 'class-means' (default) turns the frame to the class means (ours), 'random' draws it by the seed. */
  readonly rotation?: 'class-means' | 'random';
  /** Of ncm: what nearest means. Default 'euclidean'. */
  readonly distance?: NcmDistance;
}

type Setting = Exclude<keyof FitConfiguration, 'method' | 'solver' | 'seed'>;

const OF_LOSS: readonly Setting[] = ['loss', 'beta', 'tau', 'labelSmoothing'];
const OF_DECAY: readonly Setting[] = ['weightDecay', 'decayBias'];
const OF_DESCENT: readonly Setting[] = ['tolerance', 'maxIterations'];
const OF_TRAINING: readonly Setting[] = [
  ...OF_LOSS,
  ...OF_DECAY,
  'decoupledDecay',
  'maxNorm',
  'maxNormEvery',
  'epochs',
  'batch',
  'sampling',
  'learningRate',
  'schedule',
  'scheduleEvery',
];

const OF_SOLVER: Readonly<Record<Solver, readonly Setting[]>> = {
  sgd: [...OF_TRAINING, 'momentum', 'nesterov'],
  adamw: [...OF_TRAINING, 'beta1', 'beta2', 'epsilon'],
  lbfgs: [...OF_LOSS, ...OF_DECAY, ...OF_DESCENT],
};

/** Of methods whose settings are not those of their solver. */
const OF_METHOD: Partial<Readonly<Record<FitMethod, readonly Setting[]>>> = {
  lws: [...OF_LOSS, ...OF_DESCENT],
  etf: ['rotation'],
  ncm: ['distance'],
  'tau-norm': ['power'],
};

/** Whether a configuration is trained batch by batch. */
export function isStochastic({ solver }: FitConfiguration): boolean {
  return solver === 'sgd' || solver === 'adamw';
}

/**
 * The configuration over its recipe, with the solver named. INVALID_ARGUMENT for an unknown method or solver, a setting
 * that is of no use there, and where a head to start from is needed and `init` is none.
 */
export function withRecipe(configuration: FitConfiguration, init: LinearHead | undefined): FitConfiguration {
  const { method } = configuration;
  if (!FIT_METHODS.includes(method)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Fitting a head: there is no method '${String(method)}'; allowed are ${FIT_METHODS.join(', ')}.`,
    );
  }
  const { needsInit, solvers, defaults } = RECIPES[method];
  const doing = `Fitting a head (${method})`;
  if (needsInit && !init) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: it starts from a head, and none was given. Give the model or the head of stage 1 (--init).`,
    );
  }
  const { solver = solvers[0] } = configuration;
  if (solver && !solvers.includes(solver)) {
    const known = solvers.length > 0 ? `it knows ${solvers.join(', ')}` : 'it is a formula and has no solver';
    throw new TailorError('INVALID_ARGUMENT', `${doing}: the solver is ${solver}; ${known}.`);
  }
  const known = OF_METHOD[method] ?? OF_SOLVER[solver];
  const given = Object.entries(configuration).filter(([, value]) => value !== undefined);
  const isKnown = ([name]: readonly [string, unknown]) => known.some((setting) => setting === name);
  const useless = given.filter((one) => !isKnown(one) && !ALWAYS.includes(one[0])).map(([name]) => name);
  if (useless.length > 0) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: ${useless.join(', ')} would change nothing${solvers.length > 1 ? ` with the solver ${solver}` : ''}; ` +
        `allowed are ${known.join(', ')}. Leave the others out${solvers.length > 1 ? `, or choose the solver they belong to (${solvers.join(', ')})` : ''}.`,
    );
  }
  // With another solver a recipe's momentum means nothing.
  const recipe = Object.entries(defaults).filter(isKnown);
  return { ...Object.fromEntries([...recipe, ...given]), method, ...(solver && { solver }) };
}

/** A seed is allowed where nothing is drawn, so that one can be given to a list of methods. */
const ALWAYS: readonly string[] = ['method', 'solver', 'seed'];

/** What a report shows of a configuration: settings that have a say, of functions only that they were there. */
export function parametersOf({ method, ...settings }: FitConfiguration): MethodParameters {
  const { loss, maxNorm } = settings;
  const idle = [
    ...(loss && loss !== 'cb' ? ['beta'] : []),
    ...(loss && loss !== 'balanced-softmax' ? ['tau'] : []),
    ...(maxNorm === undefined || maxNorm === 'none' ? ['maxNormEvery'] : []),
  ];
  const shown: Record<string, number | string> = {};
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined || idle.includes(name)) continue;
    if (name === 'maxNorm' && typeof value === 'object') {
      const [kind, size] = Object.entries(value as Record<string, number>)[0];
      shown[kind === 'relative' ? 'maxNormRelative' : 'maxNorm'] = size;
    } else if (typeof value === 'function') shown[name] = 'a function';
    else shown[name] = typeof value === 'number' ? value : String(value);
  }
  return shown;
}
