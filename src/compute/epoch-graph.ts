/**
 * One epoch of training of linear heads, as one ONNX graph: a Scan over the batches whose state is the heads and their
 * moments. K heads of C classes lie side by side as K·C rows and share every batch.
 *
 * What made it fast, measured at batch 64, D = 512, C = 100 on one core, where a step takes some 200 µs: the weight is
 * the left factor of both products, so that the small batch and not the weight is packed in every step (−25 µs); the logits
 * turn into [batch, K, C] through a Reshape, without which onnxruntime would fold the Transpose back into the slower
 * product; targets are rows of a table (−14 µs against OneHot); momentum enters the gradient's product as Gemm's third
 * operand. A column of ones in place of a bias would save some 10 µs more, and cost a copy of the features.
 */
import { GraphBuilder, type Value } from '../onnx/build.js';
import { crossEntropy, dotRegression, rowNorm, targetsOf } from './epoch-losses.js';
import { biasNames, type EpochGraphOptions, isWeight, stateNames } from './epoch-options.js';
import { update } from './epoch-solvers.js';

/** Most classes for which the one-hot rows of all classes are held as a table (16 MB of float32). */
const TABLE_CLASSES = 2048;

/**
 * The model. Inputs (T is `type`, S the number of steps):
 * - features T [N, D], labels int64 [N]
 * - order int32 [S, batch]: samples of each step; share T [S, batch]: weight of the sample in its batch's mean, i.e.
 *   its own weight / the true batch size, and 0 for filling
 * - rates T [S, K, 1]: learning rates; corrections T [S, 2, 1] (adamw): 1/(1−β₁ᵗ) and 1/√(1−β₂ᵗ)
 * - classWeights T [C, K]; offsets T [K·C, 1]: added to the logits (with offsets)
 * - decayWeight, decayBias T [K·C, 1] (with decay); radius T [K·C, 1] (with maxNorm), infinite for none
 * - weight T [K·C, D], bias T [K·C, 1], and per moment `NAME.weight`, `NAME.bias` of the same shapes
 *
 * Outputs: the state under `next.NAME`, losses T [S, K] (mean over the batch, without decay, before the step), norms T
 * [K·C, 1] of the weight's rows after the epoch.
 */
export function epochGraph(options: EpochGraphOptions): Uint8Array<ArrayBuffer> {
  const { type, classes, dimensions, heads, batch, solver } = options;
  const rows = heads * classes;
  const g = new GraphBuilder('epoch');
  const features = g.input('features', type, ['samples', dimensions]);
  const labels = g.input('labels', 'int64', ['samples']);
  const order = g.input('order', 'int32', ['steps', batch]);
  const share = g.input('share', type, ['steps', batch]);
  const perStep = [g.input('rates', type, ['steps', heads, 1])];
  if (solver.name === 'adamw') perStep.push(g.input('corrections', type, ['steps', 2, 1]));
  const classWeights = g.input('classWeights', type, [classes, heads]);
  const perRow = [];
  if (options.offsets) perRow.push('offsets');
  if (options.decay !== 'none') perRow.push('decayWeight', 'decayBias');
  if (options.maxNorm !== 'none') perRow.push('radius');
  for (const name of perRow) g.input(name, type, [rows, 1]);
  const state = stateNames(solver);
  for (const name of state) g.input(name, type, [rows, isWeight(name) ? dimensions : 1]);

  // What does not depend on the state is computed for all steps at once.
  const stepLabels = g.op('Gather', [labels, order]);
  const weights = g.mul(g.op('Gather', [classWeights, stepLabels]), g.op('Unsqueeze', [share, g.ints(2)]));
  const scanned = [order, stepLabels, g.op('Unsqueeze', [weights, g.ints(3)]), ...perStep];
  let table: Value | undefined;
  if (classes <= TABLE_CLASSES) {
    const everyLabel = BigInt64Array.from({ length: classes }, (_, k) => BigInt(k));
    table = targetsOf(g, options, g.constant(everyLabel, [classes]));
  }
  const body = stepGraph(options, features, table);
  const results = g.ops(
    'Scan',
    [...state, ...scanned],
    { body: { graph: body.graph() }, num_scan_inputs: scanned.length },
    { count: state.length + 1 },
  );
  if (options.maxNorm === 'epoch') results[0] = project(g, options, results[0]);
  for (const [i, name] of state.entries()) {
    g.output(results[i], `next.${name}`, type, [rows, isWeight(name) ? dimensions : 1]);
  }
  const losses = g.op('Neg', [g.reduceSum(g.mul(results[state.length], weights), [1], 0)]);
  g.output(losses, 'losses', type, ['steps', heads]);
  g.output(rowNorm(g, results[0]), 'norms', type, [rows, 1]);
  return g.build();
}

/** One step: state and one slice of each scanned input → state and minus the losses of the samples, [batch, K]. */
function stepGraph(options: EpochGraphOptions, features: Value, table: Value | undefined): GraphBuilder {
  const { type, heads, classes, solver } = options;
  const b = new GraphBuilder('step');
  const state = new Map(stateNames(solver).map((name) => [name, b.input(`now.${name}`, type)]));
  const samples = b.input('samples', 'int32');
  const labels = b.input('stepLabels', 'int64');
  const weights = b.input('weights', type);
  const rate = eachRow(b, b.input('rate', type), heads, classes);
  const corrections = solver.name === 'adamw' ? b.input('correction', type) : undefined;

  const weight = state.get('weight')!;
  const bias = state.get('bias')!;
  const x = b.op('Gather', [features, samples]);
  const target = table ? b.op('Gather', [table, labels]) : targetsOf(b, options, labels);
  const { minusLosses, slope } =
    options.loss === 'cross-entropy'
      ? crossEntropy(b, options, weight, bias, x, target)
      : dotRegression(b, options, weight, x, target);
  // dL/dz of the batch's mean, as [K·C, batch].
  const dz = b.reshape(b.transpose(b.mul(slope, weights), [1, 2, 0]), heads * classes, options.batch);

  const step = { b, options, state, rate, corrections };
  const nextWeight = update(step, 'weight', 'decayWeight', dz, x);
  const nextBias =
    options.loss === 'dot-regression'
      ? biasNames(solver).map((name) => b.op('Identity', [state.get(name)!]))
      : update(step, 'bias', 'decayBias', dz, ones(b, type, options.batch));
  if (options.maxNorm === 'step') nextWeight[0] = project(b, options, nextWeight[0]);
  for (const i of nextWeight.keys()) {
    b.output(nextWeight[i], undefined, type);
    b.output(nextBias[i], undefined, type);
  }
  b.output(minusLosses, undefined, type);
  return b;
}

/** One number per head, [K, 1], as one per row: [K·C, 1], or [1, 1] for one head. */
function eachRow(b: GraphBuilder, perHead: Value, heads: number, classes: number): Value {
  if (heads === 1) return perHead;
  const headOfRow = Int32Array.from({ length: heads * classes }, (_, row) => Math.floor(row / classes));
  return b.op('Gather', [perHead, b.constant(headOfRow, [headOfRow.length])]);
}

/** w_k · min(1, η_k/‖w_k‖). A row of zeros stays: η/0 is infinite. */
function project(b: GraphBuilder, { type }: EpochGraphOptions, weight: Value): Value {
  const ratio = b.div('radius', rowNorm(b, weight));
  return b.mul(weight, b.op('Min', [ratio, b.scalar(1, type)]));
}

/** The feature whose weight the bias is: 1 in every sample of the batch, [batch, 1]. */
function ones(b: GraphBuilder, type: EpochGraphOptions['type'], batch: number): Value {
  const list = type === 'float64' ? new Float64Array(batch) : new Float32Array(batch);
  return b.constant(list.fill(1), [batch, 1]);
}
