/**
 * Post-hoc logit adjustment: turns a head trained on imbalanced classes into one for the target prior q, without any
 * training. Notation as everywhere: π_k = N_k / N the training prior, q the target prior (default uniform).
 *
 * | method | change | source |
 * |---|---|---|
 * | `none` | nothing | |
 * | `additive` | b_k ← b_k − τ (log π_k − log q_k), nothing where that is the same for all | Menon et al. 2020, equation 9; Bayes' rule at τ = 1 |
 * | `multiplicative`, convention `published-code` | w_k ← φ_k w_k, b_k ← φ_k b_k | code of Hasegawa & Sato 2024 |
 * | `multiplicative`, convention `paper` | w_k ← φ_k w_k / ‖w_k‖, b_k kept | Kim & Kim 2020; Hasegawa & Sato 2024, 5.2 |
 * | `tau-norm` | w_k ← w_k / ‖w_k‖^τ, b_k kept | Kang et al. 2020, section 4.3 |
 * | `temperature` | w_k ← w_k / T, b_k ← b_k / T | Guo et al. 2017; changes no prediction, only confidence |
 *
 * φ_k = π_k^(−γ) for a uniform target. For another one, φ_k = (π_k / (C q_k))^(−γ): ours, chosen so that it is
 * π_k^(−γ) at q_k = 1/C. Multiplicative adjustment is not blind to adding a constant to all logits of a sample, and
 * with γ > 0 the logits grow by up to (min π)^(−γ): fit a temperature afterwards where probabilities matter.
 * `tau-norm` and `temperature` know no prior, so q does not enter them.
 */
import { assertCounts, type ClassCounts, prior } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { assertFiniteHead, headShape, type LinearHead, rowNorms } from '../array/linear-head.js';
import { denseData, type FloatArray } from '../array/matrix.js';
import { type ClassTransform, foldTransform, identityTransform } from './class-transform.js';
import { resolveTargetPrior, type TargetPrior } from './target-prior.js';

/** How multiplicative adjustment treats norms and bias; see the table at the top of this file. */
export type MultiplicativeConvention = 'published-code' | 'paper';

/** Names of the methods of `adjust`. */
export const ADJUST_METHODS = ['none', 'additive', 'multiplicative', 'tau-norm', 'temperature'] as const;

/** A method of `adjust` with its parameter, and without the data it is applied to. */
export type Adjustment =
  | {
      /** Leaves the head as it is. */
      readonly method: 'none';
    }
  | {
      /** b_k ← b_k − τ (log π_k − log q_k), Menon et al. 2020. */
      readonly method: 'additive';
      /** τ, any finite number; 0 changes nothing, 1 is Bayes' rule, usual 0 … 2. */
      readonly tau: number;
    }
  | {
      /** Rows are scaled by φ_k, Kim & Kim 2020; Hasegawa & Sato 2024, 5.2. */
      readonly method: 'multiplicative';
      /** γ, any finite number, usual 0 … 2. */
      readonly gamma: number;
      /** What is done to norms and bias; default 'published-code'. */
      readonly convention?: MultiplicativeConvention;
    }
  | {
      /** w_k ← w_k / ‖w_k‖^τ, Kang et al. 2020, 4.3. */
      readonly method: 'tau-norm';
      /** τ, any finite number; 0 changes nothing, 1 gives all rows the norm 1. */
      readonly tau: number;
    }
  | {
      /** All logits are divided by T, Guo et al. 2017. */
      readonly method: 'temperature';
      /** T, finite, > 0; above 1 makes the probabilities less sure. */
      readonly temperature: number;
    };

/** What the adjustment is made from and for. */
export interface AdjustContext {
  /** Training samples per class, [C], > 0. Needed by `additive` and `multiplicative`. */
  readonly counts?: ClassCounts;
  /** Default 'uniform'. */
  readonly targetPrior?: TargetPrior;
}

/**
 * Adjusts a head; the result has the element type of `head`, which is left as it is. Everything is computed in float64
 * and rounded once. A row of zeros has no direction: under the normalising methods it stays zero.
 *
 * Errors: INVALID_ARGUMENT (unknown method, parameter or target prior out of range), COUNTS_INVALID (also when counts
 * are needed and absent), NOT_FINITE (the given head), HEAD_OVERFLOW (naming the class and what to change; also where all
 * weights of a class would become 0).
 *
 * @example
 * adjust(head, { method: 'additive', tau: 1, counts: [5000, 500, 50] })
 */
export function adjust<T extends FloatArray>(
  head: LinearHead<T>,
  options: Adjustment & AdjustContext,
): LinearHead<T> {
  const doing = `Adjusting the head (${describeAdjustment(options)})`;
  assertFiniteHead(head, doing);
  const folded = foldTransform(head, adjustmentTransform(head, options), {
    doing,
    advice: adviceOnOverflow(options),
  });
  assertNoRowVanished(head, folded, doing);
  return folded;
}

/** A class whose weights have all become 0 would no longer be told from the features. */
function assertNoRowVanished(head: LinearHead, folded: LinearHead, doing: string): void {
  const [classes, dimensions] = headShape(head);
  const [before, after] = [denseData(head.weight), denseData(folded.weight)];
  for (let k = 0; k < classes; k++) {
    const row = (of: FloatArray) => of.subarray(k * dimensions, (k + 1) * dimensions);
    if (row(after).some((value) => value !== 0) || row(before).every((value) => value === 0)) continue;
    throw new TailorError(
      'HEAD_OVERFLOW',
      `${doing}: the new weights of class ${k} are so small that all of them are 0 in ${after instanceof Float32Array ? 'float32' : 'float64'}. ` +
        'Use a parameter nearer to the neutral one.',
    );
  }
}

/**
 * The per-class transform that an adjustment is. Only bias length and row norms of `head` are looked at, so candidates
 * can be scored on logits. Errors as `adjust`; an overflow of float64 is HEAD_OVERFLOW.
 *
 * @param norms - row norms of `head`, for callers that need many transforms of one head
 */
export function adjustmentTransform(
  head: LinearHead,
  options: Adjustment & AdjustContext,
  norms?: Float64Array,
): ClassTransform {
  const [classes] = headShape(head);
  const doing = `Adjusting the head (${describeAdjustment(options)})`;
  const identity = identityTransform(classes);
  let transform: ClassTransform;
  switch (options.method) {
    case 'none':
      return identity;
    case 'additive': {
      const tau = finite(options.tau, 'tau', doing);
      const ratio = priorRatio(options, classes, doing);
      // The same for all classes changes no probability: then no bit of the head changes.
      const constant = ratio.every((r) => r === ratio[0]);
      transform = constant ? identity : { ...identity, biasShift: ratio.map((r) => neutralZero(-tau * r)) };
      break;
    }
    case 'multiplicative':
      transform = { ...identity, ...multiplicativeScales(head, options, norms, doing) };
      break;
    case 'tau-norm': {
      const tau = finite(options.tau, 'tau', doing);
      const lengths = norms ?? rowNorms(head);
      transform = { ...identity, rowScale: lengths.map((n) => (n > 0 ? n ** -tau : 1)) };
      break;
    }
    case 'temperature': {
      const temperature = finite(options.temperature, 'temperature', doing);
      if (temperature <= 0) {
        throw new TailorError(
          'INVALID_ARGUMENT',
          `${doing}: the temperature is ${temperature}; it must be above 0.`,
        );
      }
      const factor = new Float64Array(classes).fill(1 / temperature);
      transform = { ...identity, rowScale: factor, biasScale: factor };
      break;
    }
    default:
      throw new TailorError(
        'INVALID_ARGUMENT',
        `Adjusting the head: there is no method '${(options as { method: string }).method}'; allowed are ${ADJUST_METHODS.join(', ')}.`,
      );
  }
  assertFiniteTransform(transform, doing, adviceOnOverflow(options));
  return transform;
}

/** φ_k and what it multiplies; see the table at the top of this file. */
function multiplicativeScales(
  head: LinearHead,
  options: Adjustment & { method: 'multiplicative' } & AdjustContext,
  norms: Float64Array | undefined,
  doing: string,
): Partial<ClassTransform> {
  const [classes] = headShape(head);
  const gamma = finite(options.gamma, 'gamma', doing);
  const { convention = 'published-code' } = options;
  const factor = priorRatio(options, classes, doing, Math.log(classes)).map((r) => Math.exp(-gamma * r));
  if (convention === 'published-code') return { rowScale: factor, biasScale: factor };
  if (convention === 'paper') {
    const lengths = norms ?? rowNorms(head);
    return { rowScale: factor.map((f, k) => (lengths[k] > 0 ? f / lengths[k] : 1)) };
  }
  throw new TailorError(
    'INVALID_ARGUMENT',
    `${doing}: the convention is '${String(convention)}'; allowed are 'published-code' and 'paper'.`,
  );
}

/** Method and parameter for people: 'multiplicative γ = 0.5, convention paper'. */
export function describeAdjustment(adjustment: Adjustment): string {
  switch (adjustment.method) {
    case 'additive':
    case 'tau-norm':
      return `${adjustment.method} τ = ${adjustment.tau}`;
    case 'multiplicative':
      return `multiplicative γ = ${adjustment.gamma}, convention ${adjustment.convention ?? 'published-code'}`;
    case 'temperature':
      return `temperature T = ${adjustment.temperature}`;
    default:
      return adjustment.method;
  }
}

/**
 * log π_k − log q_k − `shift`, or log π_k for a uniform target, [C]. The shift is log C where the ratio becomes a
 * factor, so that an explicit q_k = 1/C means the same as 'uniform'; in a bias the same for all it would change nothing.
 */
function priorRatio(
  { counts, targetPrior = 'uniform' }: AdjustContext,
  classes: number,
  doing: string,
  shift = 0,
): Float64Array {
  if (!counts) {
    throw new TailorError(
      'COUNTS_INVALID',
      `${doing}: this method needs the number of training samples of each class, and none were given. Pass counts, or use tau-norm.`,
    );
  }
  assertCounts(counts, classes, doing);
  const q = resolveTargetPrior(targetPrior, classes, doing);
  const ratio = prior(counts).map(Math.log);
  return q ? ratio.map((r, k) => r - shift - Math.log(q[k])) : ratio;
}

function assertFiniteTransform(
  { rowScale, biasScale, biasShift }: ClassTransform,
  doing: string,
  advice: string,
): void {
  for (let k = 0; k < rowScale.length; k++) {
    if (Number.isFinite(rowScale[k]) && Number.isFinite(biasScale[k]) && Number.isFinite(biasShift[k]))
      continue;
    throw new TailorError(
      'HEAD_OVERFLOW',
      `${doing}: the change of class ${k} (weights × ${rowScale[k]}, bias × ${biasScale[k]} + ${biasShift[k]}) is not finite. ${advice}`,
    );
  }
}

function adviceOnOverflow({ method }: Adjustment): string {
  return method === 'multiplicative'
    ? 'Use a smaller gamma, or raise the smallest counts.'
    : method === 'temperature'
      ? 'Use a higher temperature.'
      : 'Use a smaller tau.';
}

function finite(value: number, name: string, doing: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new TailorError('INVALID_ARGUMENT', `${doing}: ${name} is ${value}; give a finite number.`);
}

/** x + (−0) is x for every x, but −0 + 0 is 0: with −0 a tau of 0 changes no bit of the bias. */
function neutralZero(value: number): number {
  return value === 0 ? -0 : value;
}
