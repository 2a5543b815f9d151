/** The proof on the command line: where its inputs come from, and its figures in words. */
import { TailorError } from '../array/errors.js';
import { listNames } from '../array/text.js';
import { openSource } from '../data/open-source.js';
import { featureArrays } from '../features/feature-arrays.js';
import type { VerificationInputs } from '../features/feature-set.js';
import type { Model } from '../features/model.js';
import { featuresOf } from '../features/read-features.js';
import { readInputs } from '../features/read-inputs.js';
import type { Verification } from '../recalibrate/verify.js';
import type { Terminal } from './terminal.js';

/** The inputs that a feature file has kept, or some of a data source. */
export async function verificationInputs(
  spec: string,
  model: Model,
  { signal }: Terminal,
): Promise<{ inputs: VerificationInputs; name: string }> {
  const file = await featureArrays(spec);
  if (file) {
    const { verificationInputs: inputs, name } = await featuresOf(file);
    if (inputs) return { inputs, name };
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Verifying on ${spec}: the feature file has no inputs of the model in it (.npz and .safetensors files written by extract have). Give a data source.`,
    );
  }
  const source = await openSource(spec, model);
  try {
    return { inputs: await readInputs(model, source, { signal }), name: source.name };
  } finally {
    await source.close?.();
  }
}

/** External data of a model that was replaced is left: only the user knows whether another one needs it. */
export function noteUnused(
  { unused = [] }: { readonly unused?: readonly string[] },
  terminal: Terminal,
): void {
  if (unused.length === 0) return;
  terminal.note(
    `Note: ${listNames(unused, 6)} ${unused.length > 1 ? 'are' : 'is'} of models that this one has replaced. Remove what no other model refers to.`,
  );
}

export function describeVerification(verification: Verification): string {
  const { samples, inputs, maxAbsLogitDifference, tolerance, argmaxAgreement } = verification;
  return (
    `Verified by running both models on ${samples} samples (${inputs}): largest logit difference ` +
    `${maxAbsLogitDifference.toExponential(1)} (allowed ${tolerance.toExponential(1)}), same class on ${argmaxAgreement * 100} %`
  );
}
