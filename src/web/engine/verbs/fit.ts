/** Fits a head to the training features and judges it where there are data for it. */

import { TailorError } from '../../../array/errors.js';
import { float64Head, type LinearHead } from '../../../array/linear-head.js';
import { denseData, type Matrix } from '../../../array/matrix.js';
import { headLogits } from '../../../compute/head-logits.js';
import { type Evaluation, evaluate } from '../../../evaluation/evaluate.js';
import type { FeatureSet } from '../../../features/feature-set.js';
import type { Model } from '../../../features/model.js';
import { fit } from '../../../head/fit.js';
import type { FittedHead } from '../../../head/fitted-head.js';
import type { FitResult, Role, Verbs } from '../protocol.js';
import type { CallContext } from '../serve.js';
import type { Session } from '../session.js';

export async function fitVerb(
  session: Session,
  { configuration }: Verbs['fit']['request'],
  { signal, progress }: CallContext,
): Promise<FitResult> {
  const doing = `Fitting a head (${configuration.method})`;
  const model = session.requireModel(doing);
  const { set } = session.requireSet('train', doing);
  const [fitted] = await fit(set, configuration, {
    ...session.where,
    init: model.head,
    counts: session.counts?.counts,
    signal,
    onProgress: ({ epoch, epochs, loss }) => progress({ what: 'epochs', done: epoch, total: epochs, loss }),
  });
  const { method, parameters, head, epochs, objective, gradientNorm, seconds, warning } = fitted;
  const answer = async (role: Role) => {
    const held = session.sets.get(role)?.set;
    return held && { held, logits: await headLogits(head, held.features, { ...session.where, signal }) };
  };
  const [validation, test] = [await answer('validation'), await answer('test')];
  const assess = ({ held, logits }: { held: FeatureSet; logits: Matrix }): Evaluation =>
    evaluate({
      logits,
      labels: held.requireLabels(doing),
      counts: session.counts?.counts,
      thresholds: session.groupThresholds,
      classes: model.classes,
    });
  return {
    // Only now, so that a fit that was cancelled leaves nothing behind.
    id: session.addFit(fitted),
    ...{ method, parameters, epochs, objective, gradientNorm, seconds },
    ...(warning && { warning }),
    ...(validation && {
      validation: assess(validation),
      logits: Float32Array.from(denseData(validation.logits)),
    }),
    ...(test && { test: assess(test) }),
  };
}

/** The head under a number, or INVALID_ARGUMENT. */
export function requireFit(session: Session, id: number): FittedHead {
  const found = session.fits.get(id);
  if (found) return found;
  throw new TailorError(
    'INVALID_ARGUMENT',
    'Using a fitted head: it is no longer there, because the model, the training data or the counts have changed. Fit it again.',
  );
}

/** In the number type of the model's own head. */
export function asModels(head: LinearHead, model: Model): LinearHead {
  return model.head.weight.data instanceof Float64Array ? float64Head(head) : head;
}
