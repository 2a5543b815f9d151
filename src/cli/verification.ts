/** The proof on the command line: where its inputs come from, and its figures in words. */
import { TailorError } from '../array/errors.js';
import type { VerificationInputs } from '../features/feature-set.js';
import type { Model } from '../features/model.js';
import { openFeatures } from '../features/open-features.js';
import type { Verification } from '../recalibrate/verify.js';
import { type DataOptions, extractionOf } from './options.js';
import type { Terminal } from './terminal.js';

/** The inputs that a feature file has kept, or some of a data source. */
export async function verificationInputs(
  spec: string,
  model: Model,
  options: DataOptions,
  terminal: Terminal,
): Promise<{ inputs: VerificationInputs; name: string }> {
  const set = await openFeatures(spec, model, {
    ...extractionOf(options, terminal, 'Reading inputs'),
    labels: false,
  });
  if (set.verificationInputs) return { inputs: set.verificationInputs, name: set.name };
  throw new TailorError(
    'INVALID_ARGUMENT',
    `Verifying on ${spec}: the feature file has no inputs of the model in it (files written by extract have). Give a data source.`,
  );
}

export function describeVerification(verification: Verification): string {
  const { samples, inputs, maxAbsLogitDifference, tolerance, argmaxAgreement } = verification;
  return (
    `Verified by running both models on ${samples} samples (${inputs}): largest logit difference ` +
    `${maxAbsLogitDifference.toExponential(1)} (allowed ${tolerance.toExponential(1)}), same class on ${argmaxAgreement * 100} %`
  );
}
