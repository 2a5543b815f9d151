/** Optional last step: one temperature for all logits, which changes confidence and no decision. */
import { countLabels } from '../array/class-counts.js';
import type { LinearHead } from '../array/linear-head.js';
import { headLogits } from '../compute/head-logits.js';
import type { FeatureSet } from '../features/feature-set.js';
import { adjust } from '../head/adjust.js';
import type { MethodParameters } from '../head/candidates.js';
import { fitTemperature } from '../head/fit-temperature.js';
import { resolveTargetPrior, type TargetPrior } from '../head/target-prior.js';
import type { SessionOptions } from '../runtime/session.js';

interface TemperatureOptions {
  readonly temperature: number | 'fit' | undefined;
  readonly targetPrior: TargetPrior;
  readonly validation: FeatureSet;
  readonly labels: Int32Array;
  readonly where: SessionOptions & { signal?: AbortSignal };
}

/** The head divided by T, with T among the parameters; unchanged where no temperature is asked for. */
export async function addTemperature(
  { head, parameters }: { head: LinearHead; parameters: MethodParameters },
  { temperature, targetPrior, validation, labels, where }: TemperatureOptions,
): Promise<{ head: LinearHead; parameters: MethodParameters }> {
  if (temperature === undefined) return { head, parameters };
  const value =
    temperature === 'fit'
      ? rounded(
          fitTemperature(await headLogits(head, validation.features, where), labels, {
            weights: targetWeights(labels, validation.classCount, targetPrior),
          }),
        )
      : temperature;
  return {
    head: adjust(head, { method: 'temperature', temperature: value }),
    parameters: { ...parameters, temperature: value },
  };
}

/**
 * To six digits: validation tells two or three of them, and those behind the seventh differ from machine to machine, in
 * Node and in a page, with the order in which a product is summed. So the same choice makes the same file everywhere.
 */
function rounded(temperature: number): number {
  return Number(temperature.toPrecision(6));
}

/** q_k / n_k: the likelihood of validation as if its classes came as often as in the target. */
function targetWeights(labels: Int32Array, classes: number, targetPrior: TargetPrior): Float64Array {
  const q = resolveTargetPrior(targetPrior, classes, 'Fitting a temperature');
  return Float64Array.from(countLabels(labels, classes), (n, k) => (n > 0 ? (q ? q[k] : 1) / n : 0));
}
