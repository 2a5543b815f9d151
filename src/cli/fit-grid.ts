/** The settings of `fit` on the command line: each takes one value or several, and several make a grid. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type FitConfiguration, parametersOf } from '../head/fit-configuration.js';
import { LOSSES, type LossName, type MaxNorm } from '../head/fit-options.js';
import { type FitMethod, RECIPES, type Solver } from '../head/recipes.js';
import { parseNumber, wholeNumber } from './numbers.js';

/** Lists of values, as parsed. */
export interface GridOptions {
  readonly solver?: Solver;
  readonly loss?: LossName[];
  readonly beta?: number[];
  readonly tau?: number[];
  readonly labelSmoothing?: number[];
  readonly weightDecay?: number[];
  readonly decayBias?: 'yes' | 'no';
  readonly maxNorm?: MaxNorm | 'none';
  readonly maxNormEvery?: 'epoch' | 'step';
  readonly epochs?: number;
  readonly lr?: number[];
  readonly momentum?: number[];
  readonly nesterov?: boolean;
  readonly schedule?: 'constant' | 'cosine' | 'cosine-published';
  readonly scheduleEvery?: 'epoch' | 'step';
  readonly sampling?: 'plain' | 'class-balanced' | 'square-root';
  readonly batch?: number;
  readonly tolerance?: number;
  readonly power?: number[];
  readonly rotation?: 'class-means' | 'random';
  readonly distance?: 'euclidean' | 'cosine';
  readonly seed?: number[];
}

/** Options in the order in which people think of them; defaults are those of the method. */
export function addGridOptions(command: Command): Command {
  const numbers = (text: string) => text.split(',').map(parseNumber);
  return command
    .addOption(new Option('--solver <name>', 'how to minimise').choices(['sgd', 'adamw', 'lbfgs']))
    .option('--loss <name,…>', LOSSES.join(', '), parseLosses)
    .option('--beta <β,…>', 'of cb: class weights (1−β)/(1−β^N); 1 is the limit 1/N', numbers)
    .option('--tau <τ,…>', 'of balanced-softmax', numbers)
    .option('--label-smoothing <ε,…>', 'share of the target that goes to all classes', numbers)
    .option('--weight-decay <λ,…>', 'L2 regularisation', numbers)
    .addOption(new Option('--decay-bias <word>', 'whether the bias decays too').choices(['yes', 'no']))
    .option(
      '--max-norm <η|t%|none>',
      'radius of the rows, or t % of the way from smallest to largest',
      parseMaxNorm,
    )
    .addOption(new Option('--max-norm-every <word>', 'when rows are projected').choices(['epoch', 'step']))
    .option('--epochs <number>', 'of sgd and adamw', wholeNumber(1))
    .option('--lr <rate,…>', 'learning rate before the schedule', numbers)
    .option('--momentum <μ,…>', 'of sgd', numbers)
    .option('--nesterov', 'Nesterov momentum')
    .addOption(
      new Option('--schedule <name>', 'of the learning rate').choices([
        'constant',
        'cosine',
        'cosine-published',
      ]),
    )
    .addOption(new Option('--schedule-every <word>', 'when the rate changes').choices(['epoch', 'step']))
    .addOption(
      new Option('--sampling <name>', 'of the batches').choices(['plain', 'class-balanced', 'square-root']),
    )
    .option('--batch <samples>', 'per step of sgd and adamw', wholeNumber(1))
    .option('--tolerance <number>', 'of lbfgs: largest entry of the gradient at the end', parseNumber)
    .option('--power <τ,…>', 'of tau-norm: rows are divided by ‖w‖^τ', numbers)
    .addOption(new Option('--rotation <word>', 'of etf').choices(['class-means', 'random']))
    .addOption(new Option('--distance <word>', 'of ncm').choices(['euclidean', 'cosine']))
    .option('--seed <number,…>', 'of batches and rotations', (text: string) =>
      text.split(',').map(wholeNumber(0)),
    );
}

/** Every combination of the values that makes a difference, the first of each option first. */
export function gridOf(method: FitMethod, options: GridOptions): FitConfiguration[] {
  const { solver, decayBias, maxNorm, maxNormEvery, epochs, nesterov, schedule } = options;
  const { scheduleEvery, sampling, batch, tolerance, rotation, distance } = options;
  const fixed = {
    method,
    solver,
    ...(decayBias && { decayBias: decayBias === 'yes' }),
    maxNorm,
    maxNormEvery,
    epochs,
    nesterov,
    schedule,
    scheduleEvery,
    sampling,
    batch,
    tolerance,
    rotation,
    distance,
  };
  const lists: [keyof FitConfiguration, readonly unknown[] | undefined][] = [
    ['loss', options.loss],
    ['beta', options.beta],
    ['tau', options.tau],
    ['labelSmoothing', options.labelSmoothing],
    ['weightDecay', options.weightDecay],
    ['learningRate', options.lr],
    ['momentum', options.momentum],
    ['power', options.power],
    ['seed', options.seed],
  ];
  let grid: FitConfiguration[] = [fixed];
  for (const [name, values] of lists) {
    if (values) grid = grid.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  }
  return distinct(grid);
}

/** Without repetitions: τ, for one, is of no use to any loss but balanced-softmax. */
function distinct(grid: readonly FitConfiguration[]): FitConfiguration[] {
  const kept = new Map<string, FitConfiguration>();
  for (const one of grid) {
    const key = JSON.stringify(parametersOf({ ...RECIPES[one.method].defaults, ...one }));
    if (!kept.has(key)) kept.set(key, one);
  }
  return [...kept.values()];
}

function parseLosses(text: string): LossName[] {
  return text.split(',').map((name) => {
    const loss = LOSSES.find((known) => known === name);
    if (!loss) throw new InvalidArgumentError(`Allowed are ${LOSSES.join(', ')}.`);
    return loss;
  });
}

function parseMaxNorm(text: string): MaxNorm | 'none' {
  if (text === 'none') return text;
  return text.endsWith('%')
    ? { relative: parseNumber(text.slice(0, -1)) / 100 }
    : { radius: parseNumber(text) };
}
