/** What `fit` hands over for each configuration, and how messages name it. */
import { TailorError } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import type { MethodParameters } from './candidates.js';
import type { FitEpoch } from './fit-options.js';
import type { FitMethod } from './recipes.js';

/** A head and how it was made. */
export interface FittedHead {
  /** As in the configuration. */
  readonly method: FitMethod;
  /** The recipe's settings and those given, as far as they have a say; and what the fit found (`scale`, `bestEpoch`). */
  readonly parameters: MethodParameters;
  /** [C, D]. */
  readonly head: LinearHead<Float32Array>;
  /** Of stochastic solvers; empty else. */
  readonly epochs: readonly FitEpoch[];
  /** Mean loss + λ/2 ‖θ‖² on the training set; null where nothing is minimised, or not to the end. */
  readonly objective: number | null;
  /** The largest entry of the gradient of `objective`; null where that is. */
  readonly gradientNorm: number | null;
  /** Wall time; configurations that were trained side by side share theirs equally. */
  readonly seconds: number;
  /** What to know and do where the fit ended short of its tolerance. */
  readonly warning?: string;
  /**
   * Only with `keepDiverged`: why the fit ended (epoch, step, what to change). `head` is then the last that was finite, and
   * not to be used.
   */
  readonly diverged?: TailorError;
}

/** 'wb (weightDecay 0.1, seed 2)': the method with the settings by which it differs from the other fits. */
export function nameFit(
  { method, parameters }: Pick<FittedHead, 'method' | 'parameters'>,
  among: readonly Pick<FittedHead, 'method' | 'parameters'>[],
): string {
  const same = among.filter((other) => other.method === method);
  const telling = Object.entries(parameters).filter(([name, value]) =>
    same.some((other) => other.parameters[name] !== value),
  );
  const settings = telling.map(([name, value]) => `${name} ${value}`);
  return settings.length > 0 ? `${method} (${settings.join(', ')})` : method;
}

/** A sentence for every fit that diverged: which, where, and what to change. */
export function noteDiverged(fits: readonly FittedHead[]): string[] {
  return fits.flatMap((fit) =>
    fit.diverged ? [`Left out: ${nameFit(fit, fits)}. ${fit.diverged.message}`] : [],
  );
}

/** Those that did not diverge; FIT_DIVERGED where all did. */
export function survivorsOf(fits: readonly FittedHead[]): FittedHead[] {
  const left = fits.filter(({ diverged }) => !diverged);
  const [first] = fits;
  if (left.length > 0 || !first?.diverged) return left;
  if (fits.length === 1) throw first.diverged;
  throw new TailorError(
    'FIT_DIVERGED',
    `Fitting ${fits.length} heads: all diverged. The first, ${nameFit(first, fits)}: ${first.diverged.message}`,
    { cause: first.diverged },
  );
}
