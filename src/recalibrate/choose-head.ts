/** Which head goes into the model: searched on validation, or made with the parameter that the user named. */
import type { ClassCounts } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import type { Matrix } from '../array/matrix.js';
import { alignLabels } from '../data/class-names.js';
import type { Model } from '../features/model.js';
import { type Adjustment, adjust } from '../head/adjust.js';
import type { MethodParameters } from '../head/candidates.js';
import { FIT_METHODS, type FitMethod } from '../head/recipes.js';
import { select } from '../head/select.js';
import type { Selection, SelectOptions } from '../head/selection.js';
import type { TargetPrior } from '../head/target-prior.js';
import { largestOf } from '../onnx/dtypes.js';
import type { ChosenHead } from './chosen-head.js';
import type { fitCandidates } from './fit-candidates.js';
import type { RecalibrateMethod, RecalibrateOptions } from './recalibrate-options.js';
import { takeHead } from './take-head.js';

interface ChooseOptions extends RecalibrateOptions {
  readonly model: Model;
  readonly counts: ClassCounts;
  readonly labels: Int32Array;
  readonly targetPrior: TargetPrior;
}

export function chooseHead(options: ChooseOptions): Promise<ChosenHead> {
  const { model, head, parameter, method = 'auto', convention, counts, targetPrior } = options;
  if (head) {
    if (parameter !== undefined || method !== 'auto') {
      throw new TailorError(
        'INVALID_ARGUMENT',
        'Recalibrating with a head that is given: nothing is searched or adjusted, so leave method and parameter out.',
      );
    }
    return takeHead(head, { ...options, why: 'you gave the head' });
  }
  if (parameter === undefined) return searchHead(options);
  const adjustment = namedAdjustment(method, parameter, convention);
  searchedMethods(options);
  const { method: name, ...parameters } = adjustment;
  const named = {
    method: name,
    parameters: parameters as MethodParameters,
    head: adjust(model.head, { ...adjustment, counts, targetPrior }),
  };
  return takeHead(named, { ...options, why: 'you named the parameter' });
}

function namedAdjustment(
  method: RecalibrateMethod,
  value: number,
  convention: RecalibrateOptions['convention'],
): Exclude<Adjustment, { method: 'none' | 'temperature' }> {
  if (method === 'auto' || isFitted(method)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      'Recalibrating with a fixed parameter: name the method that it belongs to (additive, multiplicative or tau-norm).',
    );
  }
  if (method === 'multiplicative')
    return { method, gamma: value, convention: convention ?? 'published-code' };
  return { method, tau: value };
}

async function searchHead(options: ChooseOptions): Promise<ChosenHead> {
  const { model, validation, labels, apply = 'significant' } = options;
  const fitted = await fittedHeads(options);
  const selection = await select({
    head: model.head,
    logits: validation.logits as Matrix,
    labels,
    counts: options.counts,
    ...searchedMethods(options),
    candidates: fitted.candidates,
    largestNumber: largestOf[model.location.dtype],
    targetPrior: options.targetPrior,
    folds: options.folds,
    seed: options.seed,
    bootstrap: options.bootstrap,
    thresholds: options.thresholds,
    missing: options.missing,
    signal: options.signal,
    onProgress: ({ done, total }) => options.onProgress?.({ what: 'candidates', done, total }),
  });
  const { chosen, candidate, beyondNoise, improvement, warnings } = selection;
  const { head, ...choice } = apply === 'always' ? candidate : chosen;
  const kept = choice.method === 'none';
  const notes = [...fitted.notes, ...warnings];
  if (!beyondNoise) notes.push(describeNoise(selection, kept));
  return { ...choice, head, kept, improvement, selection, notes };
}

/** The heads that are fitted to the training features, where there are any. */
async function fittedHeads(options: ChooseOptions): ReturnType<typeof fitCandidates> {
  const { model, train, method = 'auto', validation, counts, device, threads, signal } = options;
  const wanted = method === 'auto' || isFitted(method);
  if (!train && isFitted(method)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Recalibrating with ${method}: a head is fitted to features of the training set, and none were given (--train).`,
    );
  }
  if (!train || !wanted) return { candidates: [], notes: [] };
  // Its logits are of no use here, so they are not computed for a large set.
  const labelled = alignLabels(train, model.classes, model.location.classes, 'Using the training features');
  // Loaded when needed: pages without training features do not wait for it.
  const { fitCandidates } = await import('./fit-candidates.js');
  return fitCandidates({
    model,
    train: train.with({ ...labelled, logits: undefined, classCount: model.location.classes }),
    validation,
    method,
    counts,
    where: { device, threads, signal },
    onProgress: options.onProgress,
  });
}

/** tau-norm is searched over a grid as an adjustment, so here it is none of the fitted ones. */
function isFitted(method: RecalibrateMethod): method is Exclude<FitMethod, 'tau-norm'> {
  return method !== 'tau-norm' && FIT_METHODS.some((name) => name === method);
}

/**
 * What `select` searches. Where only the logits can be scaled and shifted there are no weight rows to be normalised:
 * neither tau-norm nor the paper's convention is possible. That of the published code scales weights and bias alike,
 * which is what scaling the logits does.
 */
function searchedMethods({
  model,
  method = 'auto',
  convention,
}: ChooseOptions): Required<Pick<SelectOptions, 'methods' | 'conventions'>> {
  const onLogits = model.location.kind === 'logits';
  if (isFitted(method)) return { methods: [], conventions: ['published-code'] };
  if (onLogits && (method === 'tau-norm' || convention === 'paper')) {
    throw new TailorError(
      'HEAD_UNSUPPORTED',
      `Recalibrating with ${method === 'tau-norm' ? method : "multiplicative in the paper's convention"}: only the logits of this model can be changed (${model.location.note}), ` +
        'and they have no weights to normalise. Use additive, or multiplicative in the convention published-code.',
    );
  }
  if (onLogits)
    return {
      methods: method === 'auto' ? ['additive', 'multiplicative'] : [method],
      conventions: ['published-code'],
    };
  return {
    methods: method === 'auto' ? ['additive', 'multiplicative', 'tau-norm'] : [method],
    conventions: convention ? [convention] : ['published-code', 'paper'],
  };
}

function describeNoise({ improvement, candidate }: Selection, kept: boolean): string {
  const [low, high] = improvement.interval.map((value) => `${(value * 100).toFixed(1)}`);
  const found = `the average changes by ${(improvement.average * 100).toFixed(1)} points (95 % interval ${low} … ${high})`;
  if (candidate.method === 'none')
    return `No adjustment does better on validation than the original head: ${found}.`;
  const name = `${candidate.method} ${JSON.stringify(candidate.parameters)}`;
  return kept
    ? `Not beyond noise: with what validation proposes (${name}), ${found}. The original head is kept; more validation samples would tell, or force it (--apply always).`
    : `Not beyond noise: ${found}. ${name} was applied because you asked for it.`;
}
