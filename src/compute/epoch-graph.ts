/**
 * One epoch of training of linear heads, as one ONNX graph: Scans over the batches whose state is the heads and their
 * moments. K heads of C classes lie side by side as K·C rows and share every batch; they may be split into blocks, each
 * a Scan of its own, so that blocks run at the same time and the weights of a block stay in a core's cache.
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
import { coefficientsOf, DECAYS } from './epoch-rates.js';
import { project, type StepInputs, stepGraph } from './epoch-step.js';

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
  const corrections = solver.name === 'adamw' ? [g.input('corrections', type, ['steps', 2, 1])] : [];
  const sizes = blockSizes(options);
  // A tensor's parts that belong to the blocks, along the axis on which each head has `each` entries.
  const parts = (value: Value, axis: number, each = 1) =>
    sizes.length === 1
      ? [value]
      : g.ops('Split', [value, g.ints(...sizes.map((n) => n * each))], { axis }, { count: sizes.length });
  const rates = parts(g.input('rates', type, [ratesPerStep ? 'steps' : 1, heads, 1]), 1);
  const classWeights = parts(g.input('classWeights', type, [classes, heads]), 1);
  const decays =
    options.decay === 'none' ? [] : DECAYS.map((name) => parts(g.input(name, type, [heads, 1]), 0));
  const perRow = (name: string) => parts(g.input(name, type, [rows, 1]), 0, classes);
  const offsets = options.offsets ? perRow('offsets') : undefined;
  const radius = options.maxNorm === 'none' ? undefined : perRow('radius');
  const names = stateNames(solver);
  const dimsOf = (name: string) => [rows, isWeight(name) ? dimensions : 1];
  const state = names.map((name) => parts(g.input(name, type, dimsOf(name)), 0, classes));

  const stepLabels = g.op('Gather', [labels, order]);
  let table: Value | undefined;
  if (classes <= TABLE_CLASSES) {
    const everyLabel = BigInt64Array.from({ length: classes }, (_, k) => BigInt(k));
    table = targetsOf(g, options, g.constant(everyLabel, [classes]));
  }
  const results = sizes.map((size, block) =>
    blockScan(
      g,
      { ...options, heads: size },
      {
        inputs: { features, table, offsets: offsets?.[block], radius: radius?.[block] },
        state: state.map((of) => of[block]),
        order,
        stepLabels,
        corrections,
        weights: g.mul(g.op('Gather', [classWeights[block], stepLabels]), share),
        rates: rates[block],
        decays: decays.map((of) => of[block]),
      },
    ),
  );
  const together = (of: Value[], axis: number) => (of.length === 1 ? of[0] : g.op('Concat', of, { axis }));
  for (const [i, name] of names.entries()) {
    g.output(
      together(
        results.map((result) => result.state[i]),
        0,
      ),
      `next.${name}`,
      type,
      dimsOf(name),
    );
  }
  g.output(
    together(
      results.map((result) => result.losses),
      1,
    ),
    'losses',
    type,
    ['steps', heads],
  );
  g.output(
    together(
      results.map((result) => result.norms),
      0,
    ),
    'norms',
    type,
    [rows, 1],
  );
  return g.build();
}

/** Heads of each block, as even as can be. */
function blockSizes({ heads, blocks }: EpochGraphOptions): number[] {
  const start = (block: number) => Math.floor((block * heads) / blocks);
  return Array.from({ length: blocks }, (_, block) => start(block + 1) - start(block));
}

/** What a block of heads is trained with. */
interface Block {
  readonly inputs: Omit<StepInputs, 'coefficients' | 'scanned' | 'carriesRate'>;
  readonly state: readonly Value[];
  readonly order: Value;
  readonly stepLabels: Value;
  readonly corrections: readonly Value[];
  /** Of each sample in the loss, [S, batch, K]. */
  readonly weights: Value;
  readonly rates: Value;
  readonly decays: readonly Value[];
}

/** The Scan of a block, with what comes before and after it. `options.heads` is the block's. */
function blockScan(
  g: GraphBuilder,
  options: EpochGraphOptions,
  { inputs, state, order, stepLabels, corrections, weights, rates, decays }: Block,
): { state: Value[]; losses: Value; norms: Value } {
  const { carried, fixed, scanned } = coefficientsOf(g, options, rates, decays);
  const slopeWeights = carried ? g.mul(weights, g.transpose(carried, [0, 2, 1])) : weights;
  const slices = [
    ...[order, stepLabels, g.op('Unsqueeze', [slopeWeights, g.ints(3)])],
    ...[...corrections, ...scanned.values()],
  ];
  // A velocity that carries the rate does so within the epoch only: the next has another rate.
  const scales = stateNames(options.solver).map((name) =>
    carried && name.startsWith('velocity') ? fixed.get('rate') : undefined,
  );
  const start = state.map((value, i) => (scales[i] ? g.mul(value, scales[i]) : value));
  const body = stepGraph(options, {
    ...inputs,
    coefficients: fixed,
    scanned: [...scanned.keys()],
    carriesRate: carried !== undefined,
  });
  const results = g.ops(
    'Scan',
    [...start, ...slices],
    { body: { graph: body.graph() }, num_scan_inputs: slices.length },
    { count: state.length + 1 },
  );
  const end = results.slice(0, -1).map((value, i) => (scales[i] ? g.div(value, scales[i]) : value));
  if (options.maxNorm === 'epoch') end[0] = project(g, options, end[0], inputs.radius!);
  return {
    state: end,
    losses: g.op('Neg', [g.reduceSum(g.mul(results[state.length], weights), [1], 0)]),
    norms: rowNorm(g, end[0]),
  };
}
