/** Objective and gradient of a fitted head on its training set, by onnxruntime: how far a fit is from its minimum. */
import { headShape, type LinearHead } from '../array/linear-head.js';
import { denseData } from '../array/matrix.js';
import { openObjective } from '../compute/objective-graph.js';
import type { SessionOptions } from '../runtime/session.js';
import { assertFitData } from './fit-checks.js';
import type { FitData } from './fit-options.js';
import { crossEntropyProblem, largest, type ObjectiveOptions } from './objective.js';

/** Null for dot-regression, whose direction of descent is the gradient of nothing (objective.ts). */
export async function objectiveOf(
  head: LinearHead,
  data: FitData,
  options: ObjectiveOptions,
  { device, threads }: SessionOptions = {},
): Promise<{ objective: number | null; gradientNorm: number | null }> {
  if (options.loss === 'dot-regression') return { objective: null, gradientNorm: null };
  const doing = 'Computing an objective';
  const problem = crossEntropyProblem(data, assertFitData(data, doing), options, doing);
  const [classes, dimensions] = headShape(head);
  const weight = denseData(head.weight);
  const bias = denseData(head.bias);
  const width = dimensions + 1;
  const point = Float64Array.from({ length: classes * width }, (_, i) => {
    const [k, d] = [Math.floor(i / width), i % width];
    return d < dimensions ? weight[k * dimensions + d] : bias[k];
  });
  const session = await openObjective(problem, { device, threads });
  try {
    const { value, thetaGradient } = await session.evaluate(point);
    return { objective: value, gradientNorm: largest(thetaGradient) };
  } finally {
    await session.release();
  }
}
