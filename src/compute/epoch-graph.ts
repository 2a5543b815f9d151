/**
 * One epoch of training of linear heads, as one ONNX graph: a Scan over the batches whose state is the heads and their
 * moments. K heads of C classes lie side by side as K·C rows and share every batch.
 *
 * What made it fast, measured at batch 64, D = 512, C = 100 on one core, where a step takes some 180 µs: the weight is
 * the left factor of both products, so that the small batch and not the weight is packed in every step (−25 µs); targets
 * are rows of a table (−14 µs against OneHot); momentum enters the gradient's product as Gemm's third operand; the rate
 * goes into the weights of the samples (−9 µs, epoch-rates.ts). A column of ones in place of a bias would save some 10 µs
 * more, and cost a copy of the features.
 */
import { GraphBuilder, type Value } from '../onnx/build.js';
import { rowNorm, targetsOf } from './epoch-losses.js';
import { type EpochGraphOptions, isWeight, stateNames } from './epoch-options.js';
import { coefficientsOf, DECAYS, eachRow } from './epoch-rates.js';
import { project, stepGraph } from './epoch-step.js';

/** Most classes for which the one-hot rows of all classes are held as a table (16 MB of float32). */
const TABLE_CLASSES = 2048;

/**
 * The model. Inputs (T is `type`, S the number of steps):
 * - features T [N, D], labels int64 [N]
 * - order int32 [S, batch]: samples of each step; share T [S, batch]: weight of the sample in its batch's mean, i.e.
 *   its own weight / the true batch size, and 0 for filling
 * - rates T [1, K, 1]: learning rates, or [S, K, 1] with `ratesPerStep`
 * - corrections T [S, 2, 1] (adamw): 1/(1−β₁ᵗ) and 1/√(1−β₂ᵗ)
 * - classWeights T [C, K]; offsets T [K·C, 1]: added to the logits (with offsets)
 * - decayWeight, decayBias T [K, 1] (with decay); radius T [K·C, 1] (with maxNorm), infinite for none
 * - weight T [K·C, D], bias T [K·C, 1], and per moment `NAME.weight`, `NAME.bias` of the same shapes
 * - velocityIn, velocityOut T [K, 1] (with `pieces`, where velocities carry the rate)
 *
 * With `pieces` features and labels are those of some steps of an epoch. To be the same bit for bit, the velocity must carry the
 * rate from the first piece to the last: it is multiplied by velocityIn before the first step and divided by velocityOut after the
 * last one, which are the rate (carriedRate) at the ends of the epoch and 1 between. Radii are infinite between, too, where MaxNorm
 * is one of epochs.
 *
 * Outputs: the state under `next.NAME`, losses T [S, K] (mean over the batch, without decay, before the step), norms T
 * [K·C, 1] of the weight's rows after the epoch.
 */
export function epochGraph(options: EpochGraphOptions): Uint8Array<ArrayBuffer> {
  const { type, classes, dimensions, heads, batch, solver, ratesPerStep } = options;
  const rows = heads * classes;
  const g = new GraphBuilder('epoch');
  const features = g.input('features', type, ['samples', dimensions]);
  const labels = g.input('labels', 'int64', ['samples']);
  const order = g.input('order', 'int32', ['steps', batch]);
  const share = g.op('Unsqueeze', [g.input('share', type, ['steps', batch]), g.ints(2)]);
  const rates = g.input('rates', type, [ratesPerStep ? 'steps' : 1, heads, 1]);
  const corrections = solver.name === 'adamw' ? [g.input('corrections', type, ['steps', 2, 1])] : [];
  const classWeights = g.input('classWeights', type, [classes, heads]);
  const decays = options.decay === 'none' ? [] : DECAYS.map((name) => g.input(name, type, [heads, 1]));
  const offsets = options.offsets ? g.input('offsets', type, [rows, 1]) : undefined;
  const radius = options.maxNorm === 'none' ? undefined : g.input('radius', type, [rows, 1]);
  const names = stateNames(solver);
  const dimsOf = (name: string) => [rows, isWeight(name) ? dimensions : 1];
  for (const name of names) g.input(name, type, dimsOf(name));

  // What does not depend on the state is computed for all steps at once.
  const stepLabels = g.op('Gather', [labels, order]);
  const weights = g.mul(g.op('Gather', [classWeights, stepLabels]), share);
  const { carried, fixed, scanned } = coefficientsOf(g, options, rates, decays);
  const slopeWeights = carried ? g.mul(weights, g.transpose(carried, [0, 2, 1])) : weights;
  const slices = [
    ...[order, stepLabels, g.op('Unsqueeze', [slopeWeights, g.ints(3)])],
    ...[...corrections, ...scanned.values()],
  ];
  let table: Value | undefined;
  if (classes <= TABLE_CLASSES) {
    const everyLabel = BigInt64Array.from({ length: classes }, (_, k) => BigInt(k));
    table = targetsOf(g, options, g.constant(everyLabel, [classes]));
  }
  // A velocity that carries the rate does so within the epoch only: the next has another rate.
  const carries = (name: string) => carried !== undefined && name.startsWith('velocity');
  const scaled = names.some(carries);
  const scaleOf = (input: string) =>
    scaled && options.pieces
      ? eachRow(g, g.input(input, type, [heads, 1]), heads, classes)
      : fixed.get('rate');
  const [scaleIn, scaleOut] = [scaleOf('velocityIn'), scaleOf('velocityOut')];
  const start = names.map((name) => (carries(name) ? g.mul(name, scaleIn!) : name));
  const body = stepGraph(options, {
    ...{ features, table, offsets, radius },
    coefficients: fixed,
    scanned: [...scanned.keys()],
    carriesRate: carried !== undefined,
  });
  const results = g.ops(
    'Scan',
    [...start, ...slices],
    { body: { graph: body.graph() }, num_scan_inputs: slices.length },
    { count: names.length + 1 },
  );
  const minusLosses = results.pop()!;
  const end = results.map((value, i) => (carries(names[i]) ? g.div(value, scaleOut!) : value));
  if (options.maxNorm === 'epoch') end[0] = project(g, options, end[0], radius!);
  for (const [i, name] of names.entries()) g.output(end[i], `next.${name}`, type, dimsOf(name));
  const losses = g.op('Neg', [g.reduceSum(g.mul(minusLosses, weights), [1], 0)]);
  g.output(losses, 'losses', type, ['steps', heads]);
  g.output(rowNorm(g, end[0]), 'norms', type, [rows, 1]);
  return g.build();
}
