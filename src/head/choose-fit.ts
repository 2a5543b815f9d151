/** Chooses among fitted heads on validation, by the rule of `select`. */
import type { ClassCounts } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { headLogits } from '../compute/head-logits.js';
import type { GroupThresholds } from '../evaluation/groups.js';
import type { FeatureSet } from '../features/feature-set.js';
import type { SessionOptions } from '../runtime/session.js';
import type { ExtraCandidate } from './candidates.js';
import { type FittedHead, noteDiverged, survivorsOf } from './fitted-head.js';
import { select } from './select.js';
import type { Selection } from './selection.js';
import type { TargetPrior } from './target-prior.js';

/** Options of `chooseFit`. */
export interface ChooseFitOptions extends SessionOptions {
  /** Training samples per class, [C]. */
  readonly counts: ClassCounts;
  /** As those of `select`, with its defaults. */
  readonly targetPrior?: TargetPrior;
  /** Of many, medium and few in the table; default defaultThresholds(C). */
  readonly thresholds?: GroupThresholds;
  /** Folds of the cross-validation, a whole number ≥ 2, default 5. */
  readonly folds?: number;
  /** Of folds and bootstrap, a whole number, default 0. */
  readonly seed?: number;
  /** Replicates behind interval and p, 100 … 1,000,000, default 2000. */
  readonly bootstrap?: number;
  /** Stops between fits with ABORTED. */
  readonly signal?: AbortSignal;
}

/** What `chooseFit` gives. */
export interface FitChoice {
  /** The fit to use. */
  readonly fit: FittedHead;
  /** How it was chosen. Its `table` has a row for each fit, in their order. */
  readonly selection: Selection<Float32Array>;
}

/** Fitted heads as candidates of `select`, with logits on `validation` computed when asked for. */
export function fittedCandidates(
  fits: readonly FittedHead[],
  validation: FeatureSet,
  where: SessionOptions & { signal?: AbortSignal } = {},
): ExtraCandidate<Float32Array>[] {
  return fits.map(({ method, parameters, head }, index) => ({
    method,
    parameters,
    head,
    logits: () => headLogits(head, validation.features, where),
    strength: index,
  }));
}

/**
 * The fit with the best average per-class accuracy on validation; within one standard error of it, the one that changes
 * the fewest predictions of the first fit: list what you trust most first. `selection.improvement` is the out-of-fold gain
 * of choosing over the first fit, and `selection.table` has a row for each, in their order. Fits that diverged
 * (`keepDiverged` of `fit`) are left out, with a sentence in `selection.warnings`.
 *
 * Errors as `select`; INVALID_ARGUMENT without a fit, FIT_DIVERGED where all diverged.
 */
export async function chooseFit(
  fits: readonly FittedHead[],
  validation: FeatureSet,
  { counts, device, threads, signal, ...options }: ChooseFitOptions,
): Promise<FitChoice> {
  const left = survivorsOf(fits);
  if (left.length === 0)
    throw new TailorError('INVALID_ARGUMENT', 'Choosing a fit: there is none to choose from.');
  const where = { device, threads, signal };
  const [first, ...others] = left;
  const selection = await select<Float32Array>({
    ...options,
    head: first.head,
    logits: await headLogits(first.head, validation.features, where),
    labels: validation.requireLabels('Choosing a fit'),
    counts,
    methods: [],
    candidates: fittedCandidates(others, validation, where),
    signal,
  });
  const warnings = [...noteDiverged(fits), ...selection.warnings];
  // The table has the first fit as the original head, then the candidates.
  return { fit: left[selection.row], selection: { ...selection, warnings } };
}
