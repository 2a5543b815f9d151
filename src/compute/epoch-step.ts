/** One step of training, the body of an epoch's Scan. */
import { GraphBuilder, type Value } from '../onnx/build.js';
import { crossEntropy, dotRegression, rowNorm, targetsOf } from './epoch-losses.js';
import { biasNames, type EpochGraphOptions, stateNames } from './epoch-options.js';
import { eachRow } from './epoch-rates.js';
import { update } from './epoch-solvers.js';

/** Values of the graph around the step that every step uses. */
export interface StepInputs {
  /** [N, D]. */
  readonly features: Value;
  /** Targets by label, [C, 1, C]; without it they are made in the step. */
  readonly table: Value | undefined;
  /** [K·C, 1]; see epochGraph. */
  readonly offsets: Value | undefined;
  readonly radius: Value | undefined;
  /** Rate and decays that hold for the epoch, and names of those that are slices of a scanned input (epoch-rates.ts). */
  readonly coefficients: ReadonlyMap<string, Value>;
  readonly scanned: readonly string[];
  /** Whether weights of samples and velocities are times the rate already. */
  readonly carriesRate: boolean;
}

/**
 * State and one slice of each scanned input (samples, labels, weights, corrections, coefficients) → state and minus the
 * losses of the samples, [batch, K].
 */
export function stepGraph(options: EpochGraphOptions, inputs: StepInputs): GraphBuilder {
  const { type, heads, classes, solver } = options;
  const { features, table, offsets, radius, carriesRate } = inputs;
  const b = new GraphBuilder('step');
  const state = new Map(stateNames(solver).map((name) => [name, b.input(`now.${name}`, type)]));
  const samples = b.input('samples', 'int32');
  const labels = b.input('stepLabels', 'int64');
  const weights = b.input('weights', type);
  const corrections = solver.name === 'adamw' ? b.input('correction', type) : undefined;
  const coefficients = new Map(inputs.coefficients);
  for (const name of inputs.scanned) {
    coefficients.set(name, eachRow(b, b.input(`now.${name}`, type), heads, classes));
  }

  const weight = state.get('weight')!;
  const bias = state.get('bias')!;
  const x = b.op('Gather', [features, samples]);
  const target = table ? b.op('Gather', [table, labels]) : targetsOf(b, options, labels);
  const { minusLosses, slope } =
    options.loss === 'cross-entropy'
      ? crossEntropy(b, options, weight, offsets ? b.add(bias, offsets) : bias, x, target)
      : dotRegression(b, options, weight, x, target);
  // dL/dz of the batch's mean, as [K·C, batch].
  const dz = b.reshape(b.transpose(b.mul(slope, weights), [1, 2, 0]), heads * classes, options.batch);

  const step = { b, options, state, coefficients, carriesRate, corrections };
  const nextWeight = update(step, 'weight', dz, x);
  const nextBias =
    options.loss === 'dot-regression'
      ? biasNames(solver).map((name) => b.op('Identity', [state.get(name)!]))
      : update(step, 'bias', dz, ones(b, type, options.batch));
  if (options.maxNorm === 'step') nextWeight[0] = project(b, options, nextWeight[0], radius!);
  for (const i of nextWeight.keys()) {
    b.output(nextWeight[i], undefined, type);
    b.output(nextBias[i], undefined, type);
  }
  b.output(minusLosses, undefined, type);
  return b;
}

/** w_k · min(1, η_k/‖w_k‖). A row of zeros stays: η/0 is infinite. */
export function project(
  b: GraphBuilder,
  { type }: Pick<EpochGraphOptions, 'type'>,
  weight: Value,
  radius: Value,
): Value {
  const ratio = b.div(radius, rowNorm(b, weight));
  return b.mul(weight, b.op('Min', [ratio, b.scalar(1, type)]));
}

/** The feature whose weight the bias is: 1 in every sample of the batch, [batch, 1]. */
function ones(b: GraphBuilder, type: EpochGraphOptions['type'], batch: number): Value {
  const list = type === 'float64' ? new Float64Array(batch) : new Float32Array(batch);
  return b.constant(list.fill(1), [batch, 1]);
}
