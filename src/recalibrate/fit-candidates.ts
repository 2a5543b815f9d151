/** Heads fitted to training features, as candidates beside the adjustments. */
import type { ClassCounts } from '../array/class-counts.js';
import { type ErrorCode, TailorError } from '../array/errors.js';
import { float64Head } from '../array/linear-head.js';
import type { FeatureSet } from '../features/feature-set.js';
import type { Model } from '../features/model.js';
import type { ExtraCandidate } from '../head/candidates.js';
import { fittedCandidates } from '../head/choose-fit.js';
import { type FitVerbRun, fit } from '../head/fit.js';
import { type FitConfiguration, parametersOf } from '../head/fit-configuration.js';
import { type FittedHead, nameFit, noteDiverged, survivorsOf } from '../head/fitted-head.js';
import type { FitMethod } from '../head/recipes.js';
import type { SessionOptions } from '../runtime/session.js';
import type { RecalibrateOptions } from './recalibrate-options.js';

/**
 * What `auto` fits: the recipes, and logistic regression with the losses for the tail. A class-balanced loss and the
 * published one bring different heads with few or many classes, so both compete. Each list is fitted at once.
 */
const AUTO: readonly (readonly FitConfiguration[])[] = [
  [{ method: 'wb' }, { method: 'wb', beta: 1 }],
  [{ method: 'lws' }],
  [{ method: 'linear', loss: 'cb', beta: 1, weightDecay: 1e-3 }],
  [{ method: 'linear', loss: 'balanced-softmax', weightDecay: 1e-3 }],
  [{ method: 'ncm' }],
  [{ method: 'etf' }],
];

/**
 * Reasons for which `auto` goes on without a method: too few dimensions for an ETF, a class without samples, a head of
 * zeros to start from, numbers that grow beyond bounds, a device that lacks operators. What is wrong with the data is
 * none of them: it concerns every method, and is told.
 */
const LEFT_OUT: readonly ErrorCode[] = [
  'INVALID_ARGUMENT',
  'CLASS_MISSING',
  'FIT_DIVERGED',
  'HEAD_OVERFLOW',
  'DEVICE_UNAVAILABLE',
];

interface FitCandidatesOptions {
  readonly model: Model;
  /** Features of the training set, with labels. */
  readonly train: FeatureSet;
  /** Where the candidates are scored. */
  readonly validation: FeatureSet;
  readonly method: 'auto' | FitMethod;
  readonly counts: ClassCounts;
  readonly where: SessionOptions & { readonly signal?: AbortSignal };
  readonly onProgress?: RecalibrateOptions['onProgress'];
}

/** Fits and wraps. Methods that cannot be fitted here, and fits that diverge, are left out of `auto`, with a note. */
export async function fitCandidates({
  model,
  train,
  validation,
  method,
  counts,
  where,
  onProgress,
}: FitCandidatesOptions): Promise<{ candidates: ExtraCandidate[]; notes: string[] }> {
  if (model.location.kind === 'logits') {
    const reason = `only the logits of this model can be changed (${model.location.note ?? 'no linear head'})`;
    if (method === 'auto') return { candidates: [], notes: [`Left out: fitted heads, since ${reason}.`] };
    throw new TailorError(
      'HEAD_UNSUPPORTED',
      `Recalibrating with ${method}: ${reason}, so a fitted head has no place. Use additive or multiplicative.`,
    );
  }
  const run = { ...where, init: model.head, counts };
  const { fits, notes } = await fitLists(train, method === 'auto' ? AUTO : [[{ method }]], {
    ...run,
    alone: method !== 'auto',
    report: (done, total) => onProgress?.({ what: 'fits', done, total }),
  });
  const candidates = fittedCandidates(fits, validation, where);
  // A float64 model takes a float64 head.
  const double = model.head.weight.data instanceof Float64Array;
  return {
    candidates: double ? candidates.map((one) => ({ ...one, head: float64Head(one.head) })) : candidates,
    notes,
  };
}

interface FitLists extends FitVerbRun {
  /** Nothing to go on with: what stops this fit stops all. */
  readonly alone: boolean;
  readonly report: (done: number, total: number) => void;
}

async function fitLists(
  train: FeatureSet,
  lists: typeof AUTO,
  { alone, report, ...run }: FitLists,
): Promise<{ fits: FittedHead[]; notes: string[] }> {
  const fits: FittedHead[] = [];
  const notes: string[] = [];
  for (const [index, configurations] of lists.entries()) {
    report(index, lists.length);
    try {
      const made = await fit(train, configurations, {
        ...run,
        keepDiverged: !alone,
        onProgress: ({ epoch, epochs }) => report(index + epoch / epochs, lists.length),
      });
      fits.push(...survivorsOf(made));
      notes.push(...noteDiverged(made));
    } catch (error) {
      if (alone || !(error instanceof TailorError) || !LEFT_OUT.includes(error.code)) throw error;
      const named = configurations.map((one) => ({ method: one.method, parameters: parametersOf(one) }));
      const names = named.map((one) => nameFit(one, named));
      notes.push(`Left out: ${names.join(' and ')}. ${error.message}`);
    }
  }
  report(lists.length, lists.length);
  return { fits, notes };
}
