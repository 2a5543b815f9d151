/** Heads fitted to training features, as candidates beside the adjustments. */
import type { ClassCounts } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { type LinearHead, linearHead } from '../array/linear-head.js';
import { denseData } from '../array/matrix.js';
import { headLogits } from '../compute/head-logits.js';
import type { FeatureSet } from '../features/feature-set.js';
import type { Model } from '../features/model.js';
import type { ExtraCandidate } from '../head/candidates.js';
import { type FitConfiguration, type FittedHead, fit } from '../head/fit.js';
import type { FitMethod } from '../head/recipes.js';
import type { SessionOptions } from '../runtime/session.js';

/**
 * What `auto` fits: the recipes, and logistic regression with the losses for the tail. A class-balanced loss and the
 * published one bring different heads with few or many classes, so both compete.
 */
const AUTO: readonly FitConfiguration[] = [
  { method: 'wb' },
  { method: 'wb', beta: 1 },
  { method: 'lws' },
  { method: 'linear', loss: 'cb', beta: 1, weightDecay: 1e-3 },
  { method: 'linear', loss: 'balanced-softmax', weightDecay: 1e-3 },
  { method: 'ncm' },
  { method: 'etf' },
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
}

/** Fits and wraps. Methods that cannot be fitted here (an ETF in too few dimensions) are left out of `auto`, with a note. */
export async function fitCandidates({
  model,
  train,
  validation,
  method,
  counts,
  where,
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
  const notes: string[] = [];
  const fits: FittedHead[] = [];
  if (method === 'auto') {
    for (const configuration of AUTO) {
      try {
        fits.push(...(await fit(train, configuration, run)));
      } catch (error) {
        if (!(error instanceof TailorError) || error.code === 'ABORTED') throw error;
        notes.push(`Left out: ${configuration.method}. ${error.message}`);
      }
    }
  } else fits.push(...(await fit(train, { method }, run)));
  const double = model.head.weight.data instanceof Float64Array;
  const candidates = fits.map(({ method: name, parameters, head }, index) => ({
    method: name,
    parameters,
    head: double ? float64Head(head) : head,
    logits: () => headLogits(head, validation.features, where),
    strength: index,
  }));
  return { candidates, notes };
}

/** A float64 model takes a float64 head. */
function float64Head(head: LinearHead): LinearHead {
  const [classes, dimensions] = head.weight.shape;
  return linearHead(
    Float64Array.from(denseData(head.weight)),
    Float64Array.from(denseData(head.bias)),
    classes,
    dimensions,
  );
}
