/** Objective and gradient of a fitted head on its training set, by onnxruntime: how far a fit is from its minimum. */
import type { LinearHead } from '../array/linear-head.js';
import { openObjective } from '../compute/objective-graph.js';
import { thetaOf } from './curvature-coordinates.js';
import { assertFitData } from './fit-checks.js';
import type { FitData, FitRun } from './fit-options.js';
import { crossEntropyProblem, largest, type ObjectiveOptions } from './objective.js';

/** Null for dot-regression, whose direction of descent is the gradient of nothing (objective.ts). */
export async function objectiveOf(
  head: LinearHead,
  data: FitData,
  options: ObjectiveOptions,
  { device = 'cpu', threads, signal }: Omit<FitRun, 'init'> = {},
): Promise<{ objective: number | null; gradientNorm: number | null }> {
  if (options.loss === 'dot-regression') return { objective: null, gradientNorm: null };
  const doing = 'Computing an objective';
  const problem = crossEntropyProblem(data, assertFitData(data, doing), options, doing);
  const session = await openObjective(problem, { device, threads });
  try {
    const { value, thetaGradient } = await session.evaluate(thetaOf(head), signal);
    return { objective: value, gradientNorm: largest(thetaGradient) };
  } finally {
    await session.release();
  }
}
