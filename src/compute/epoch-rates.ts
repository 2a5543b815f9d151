/**
 * Where the learning rate η of a step goes. SGD's velocity is held times η where η stays the same for the epoch: then η
 * multiplies the derivative by the logits, [K·C, batch], before the product, and not the velocity, [K·C, D], after it.
 */
import type { GraphBuilder, Value } from '../onnx/build.js';
import type { EpochGraphOptions } from './epoch-options.js';

/**
 * What a rate of 0 counts as where the velocity is held times the rate, since it must come back: a step of this size changes no
 * weight beyond its rounding.
 */
const SMALLEST_RATE = { float32: 1e-20, float64: 1e-100 };

/** Names of the decays: inputs λ of each head, [K, 1], and coefficients. */
export const DECAYS = ['decayWeight', 'decayBias'] as const;

/** Whether slopes and velocities are those of the loss times the learning rate. */
function carriesRate({ solver, ratesPerStep }: EpochGraphOptions): boolean {
  return solver.name === 'sgd' && !ratesPerStep;
}

/** The rate that velocities are held times in an epoch of learning rate `rate`; undefined where they are held as they are. */
export function carriedRate(options: EpochGraphOptions, rate: number): number | undefined {
  return carriesRate(options) ? Math.max(rate, SMALLEST_RATE[options.type]) : undefined;
}

/** What a step takes from the rates, by name. */
export interface Coefficients {
  /** η as slopes and velocities carry it, [1, K, 1] or [S, K, 1]; undefined where they do not. */
  readonly carried: Value | undefined;
  /** Those of the whole epoch, of each row: [K·C, 1], or [1, 1] for one head. */
  readonly fixed: ReadonlyMap<string, Value>;
  /** Those that change from step to step, of each head: [S, K, 1]. */
  readonly scanned: ReadonlyMap<string, Value>;
}

/**
 * Of rates [1 or S, K, 1] and the DECAYS [K, 1], if there are any. `rate`: η; with a decay λ of weight and bias, `decayWeight`
 * and `decayBias`: what the parameter is multiplied by before the step, 1 − ηλ (decoupled), or how much of it is added to
 * the slope, λ, or ηλ where the slope carries the rate.
 */
export function coefficientsOf(
  g: GraphBuilder,
  options: EpochGraphOptions,
  rates: Value,
  decays: readonly Value[],
): Coefficients {
  const { type, decay, heads, classes, ratesPerStep } = options;
  const fixed = new Map<string, Value>();
  const scanned = new Map<string, Value>();
  const add = (name: string, perHead: Value) => {
    if (ratesPerStep) scanned.set(name, perHead);
    else fixed.set(name, eachRow(g, g.op('Squeeze', [perHead, g.ints(0)]), heads, classes));
  };
  const carried = carriesRate(options)
    ? g.op('Max', [rates, g.scalar(SMALLEST_RATE[type], type)])
    : undefined;
  add('rate', carried ?? rates);
  for (const [i, lambda] of decays.entries()) {
    const name = DECAYS[i];
    if (decay === 'decoupled') add(name, g.sub(g.scalar(1, type), g.mul(rates, lambda)));
    else if (carried) add(name, g.mul(carried, lambda));
    else fixed.set(name, eachRow(g, lambda, heads, classes));
  }
  return { carried, fixed, scanned };
}

/** One number per head, [K, 1], as one per row: [K·C, 1], or [1, 1] for one head. */
export function eachRow(g: GraphBuilder, perHead: Value, heads: number, classes: number): Value {
  if (heads === 1) return perHead;
  const headOfRow = Int32Array.from({ length: heads * classes }, (_, row) => Math.floor(row / classes));
  return g.op('Gather', [perHead, g.constant(headOfRow, [headOfRow.length])]);
}
