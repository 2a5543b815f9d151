/** The methods of `fit` that are not trained batch by batch: formulas, and descents to a minimum. */
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { featureRows } from '../array/feature-rows.js';
import { float32Head, type LinearHead } from '../array/linear-head.js';
import { adjust } from './adjust.js';
import type { MethodParameters } from './candidates.js';
import type { DescentProgress } from './convex-fit.js';
import { type FitConfiguration, parametersOf } from './fit-configuration.js';
import { fitLbfgs, LBFGS_ITERATIONS } from './fit-lbfgs.js';
import type { FitData, FitSgdRun } from './fit-options.js';
import { fitScale } from './fit-scale.js';
import type { FittedHead } from './fitted-head.js';
import { fitScales, LWS_ITERATIONS } from './lws.js';
import { nearestClassMean } from './ncm.js';

/** How and where a head is fitted; progress counts iterations. */
export type DirectRun = Pick<
  FitSgdRun,
  'init' | 'device' | 'threads' | 'signal' | 'onProgress' | 'keepDiverged'
>;

/** Passes over the data that a fit may take: its iterations; 0 for a formula. */
export function passesOf({ method, solver, maxIterations }: FitConfiguration): number {
  if (solver !== 'lbfgs') return 0;
  return maxIterations ?? (method === 'lws' ? LWS_ITERATIONS : LBFGS_ITERATIONS);
}

/** What differs from fit to fit. */
type Made = Pick<FittedHead, 'head'> &
  Partial<Pick<FittedHead, 'objective' | 'gradientNorm' | 'warning' | 'diverged'>> & {
    /** What was found, or was a default, beside the configuration. */
    readonly found?: MethodParameters;
  };

/** Fits one configuration over its recipe. `start` is where a descent that diverges at once is left. */
export async function fitDirectly(
  data: FitData,
  configuration: FitConfiguration,
  start: LinearHead,
  run: DirectRun,
): Promise<FittedHead> {
  const began = platform.seconds();
  const made = await make(data, configuration, run).catch((error: unknown): Made => {
    const kept = run.keepDiverged && error instanceof TailorError && error.code === 'FIT_DIVERGED';
    if (kept) return { head: float32Head(start), diverged: error };
    throw error;
  });
  const { head, found, objective = null, gradientNorm = null, warning, diverged } = made;
  return {
    method: configuration.method,
    // τ of tau-norm has the name that `adjust` knows it by.
    parameters: { ...parametersOf({ ...configuration, power: undefined }), ...found },
    head,
    epochs: [],
    objective,
    gradientNorm,
    seconds: platform.seconds() - began,
    ...(warning && { warning }),
    ...(diverged && { diverged }),
  };
}

async function make(data: FitData, configuration: FitConfiguration, run: DirectRun): Promise<Made> {
  const { init, device, threads, signal, onProgress } = run;
  const where = { device, threads, signal };
  const { method, seed, distance, rotation = 'class-means', power = 1 } = configuration;
  switch (method) {
    case 'etf': {
      // Loaded when needed: the singular values come with a package that is a tenth of what pages load.
      const { alignedEtfHead, etfHead } = await import('./etf.js');
      const { classes, features } = data;
      const frame =
        rotation === 'random'
          ? etfHead({ classes, dimensions: featureRows(features).dimensions, seed })
          : await alignedEtfHead(data, { seed, signal });
      // All rows are of length 1: how sure the head may be is left to a scale, which changes no decision.
      const { head, scale } = await fitScale(frame, data, { loss: 'ce' }, where);
      return { head, found: { rotation, scale } };
    }
    case 'ncm':
      return { head: await nearestClassMean(data, { distance, signal }) };
    case 'tau-norm':
      return { head: float32Head(adjust(init!, { method, tau: power })), found: { tau: power } };
    default: {
      const descent = countIterations(onProgress);
      const watched = { ...where, onProgress: descent.step };
      const { head, objective, gradientNorm, iterations, warning } =
        method === 'lws'
          ? await fitScales(init!, data, configuration, watched)
          : await fitLbfgs(data, configuration, { ...watched, init });
      descent.end(iterations, objective);
      return { head: float32Head(head), objective, gradientNorm, warning };
    }
  }
}

/** Iterations as the epochs of progress. How many it takes shows at the end, where the total falls to them. */
function countIterations(onProgress: FitSgdRun['onProgress']) {
  return {
    step({ iteration, maxIterations, objective }: DescentProgress) {
      if (iteration < maxIterations)
        onProgress?.({ epoch: iteration, epochs: maxIterations, loss: objective });
    },
    end(iterations: number, objective: number) {
      const epochs = Math.max(1, iterations);
      onProgress?.({ epoch: epochs, epochs, loss: objective });
    },
  };
}
