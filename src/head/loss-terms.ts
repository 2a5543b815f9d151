/** What the losses that are cross-entropies in other clothes add to it. */
import { type ClassCounts, prior } from '../array/class-counts.js';
import { classBalancedWeights } from './class-weights.js';
import type { LossOptions } from './fit-options.js';

/**
 * By class, [C] each: the factor on the loss of a sample (v_k of `cb`, else 1), and what is added to the logits (τ log π_k of
 * `balanced-softmax`, else 0). The loss is taken as checked.
 */
export function lossTerms(
  { loss, beta, tau }: Required<LossOptions>,
  counts: ClassCounts,
): { classWeights: Float64Array; offsets: Float64Array } {
  const classes = counts.length;
  return {
    classWeights: loss === 'cb' ? classBalancedWeights(counts, beta) : new Float64Array(classes).fill(1),
    offsets:
      loss === 'balanced-softmax'
        ? prior(counts).map((share) => tau * Math.log(share))
        : new Float64Array(classes),
  };
}
