/** Stochastic training of a linear head, or of many side by side, by onnxruntime. */

import { assertFiniteFeatures, featureRows } from '../array/feature-rows.js';
import type { LinearHead } from '../array/linear-head.js';
import type { FloatArray } from '../array/matrix.js';
import { assertFitData, startHead } from './fit-checks.js';
import type { Fit, FitData, FitSgdRun, SgdOptions } from './fit-options.js';
import { sgdConfiguration, sideBySide } from './sgd-configuration.js';
import { fitGroup } from './sgd-group.js';

const DOING = 'Fitting a head';

/** A configuration, and the head that it starts from. */
export interface SgdTask extends SgdOptions {
  /** [C, D]. Default: that of the run. */
  readonly init?: LinearHead;
}

/** Options of `fitSgd`, with the number type, which is for tests. */
interface TypedRun extends FitSgdRun {
  readonly type?: 'float32' | 'float64';
}

/**
 * Trains heads on features by SGD or AdamW, exactly as PyTorch would, epoch by epoch: one fit per configuration, in their
 * order. Configurations with the same batches (seed, sampling, batch, epochs) and the same form of a step are trained side
 * by side in one product, the others after one another. Same data, configurations and seed: same bytes, on the same
 * machine with the same number of threads.
 *
 * Zeros are the default to start from: every loss but dot-regression is convex, and dot-regression takes the cosine with a
 * row of zeros as 0. dot-regression knows no bias: its heads have a bias of zeros.
 *
 * Errors: INVALID_ARGUMENT, SHAPE_MISMATCH, LABELS_INVALID, COUNTS_INVALID, NOT_FINITE, CLASS_MISSING (cb and
 * balanced-softmax without a sample or count of a class), FIT_DIVERGED (epoch, step, what to change), ABORTED,
 * DEVICE_UNAVAILABLE.
 */
export async function fitSgd(
  data: FitData,
  configurations: SgdTask | readonly SgdTask[],
  options: FitSgdRun = {},
): Promise<Fit[]> {
  return (await fitSgdTyped(data, configurations, { ...options, type: 'float32' })) as Fit[];
}

/** `fitSgd` in a chosen number type: float64 shows that the graph is right to the last digits. */
export async function fitSgdTyped(
  data: FitData,
  configurations: SgdTask | readonly SgdTask[],
  { init, type = 'float32', ...run }: TypedRun = {},
): Promise<Fit<FloatArray>[]> {
  const shape = assertFitData(data, DOING);
  const list = Array.isArray(configurations) ? configurations : [configurations as SgdTask];
  const checked = list.map(({ init: own = init, ...one }) =>
    sgdConfiguration(one, data, shape, startHead(own, shape, DOING), DOING),
  );
  const rows = featureRows(data.features);
  // Batches come in any order, and some sampling leaves samples out: what is wrong is to be found before hours of training.
  await assertFiniteFeatures(rows, { doing: DOING, signal: run.signal });
  const groups = sideBySide(checked, shape);
  let total = groups.reduce((sum, group) => sum + checked[group[0]].epochs, 0);
  let before = 0;
  const fits = new Array<Fit<FloatArray>>(checked.length);
  for (const indices of groups) {
    const group = indices.map((index) => checked[index]);
    const results = await fitGroup({ data, shape, rows, type, run, group, indices, total, before });
    for (const [place, index] of indices.entries()) fits[index] = results.fits[place];
    before += results.epochs;
    total -= group[0].epochs - results.epochs;
  }
  return fits;
}
