/**
 * The proof: the changed file is run by onnxruntime on real inputs, and what comes out is compared with what the new
 * head promises on the features of the original model. Structure is checked as well: the head that is found in the new
 * file must be the one that was meant.
 */
import { TailorError } from '../array/errors.js';
import { headShape, type LinearHead } from '../array/linear-head.js';
import { denseData, type FloatArray, type Matrix, matrix } from '../array/matrix.js';
import { headLogitsReference } from '../compute/head-logits.js';
import type { DataSource } from '../data/sample.js';
import { argmaxRows } from '../evaluation/argmax.js';
import type { VerificationInputs } from '../features/feature-set.js';
import { inputsSource } from '../features/inputs-source.js';
import type { Model } from '../features/model.js';
import { runModel } from '../features/run-model.js';
import { cutExtractor } from '../onnx/cut.js';
import { dtypeOf } from '../onnx/dtypes.js';
import { chooseHead, findHeads } from '../onnx/find-heads.js';
import { headTolerance } from '../onnx/graft.js';
import { graphView } from '../onnx/graph-view.js';
import type { HeadLocation } from '../onnx/head-location.js';
import type { ModelFile } from '../onnx/model-file.js';
import { readHead } from '../onnx/read-head.js';
import { makeRunnable, type RunnableOptions } from '../onnx/runnable.js';
import type { SessionOptions } from '../runtime/session.js';
import type { DeviceTensor } from '../runtime/tensors.js';
import { compareOutputs, type OutputComparison, type RunResults } from './compare-outputs.js';

/** What was compared and how far it was apart. */
export interface Verification {
  /** Samples that both models were run on. */
  readonly samples: number;
  /** Where the inputs came from: name of a data set, or 'random numbers'. */
  readonly inputs: string;
  /** Largest |logit of the new model − logit that the new head gives on the original's features|. */
  readonly maxAbsLogitDifference: number;
  /** What is allowed, by the head's number type and the largest logit; see headTolerance. */
  readonly tolerance: number;
  /** Share of samples, 0 … 1, where both have the same class on top; classes within the tolerance count as one. */
  readonly argmaxAgreement: number;
  /** The outputs of the file as a user gets them. */
  readonly outputs: readonly OutputComparison[];
}

/** What `verify` looks at. */
export interface VerifyOptions extends SessionOptions, RunnableOptions {
  /** The original. */
  readonly model: Model;
  /** The changed file. */
  readonly changed: ModelFile;
  /** The head that the changed file should have, rounded to its number type. */
  readonly head: LinearHead;
  /** Inputs to run both on. */
  readonly inputs: VerificationInputs;
  /** Where the inputs came from, for the report. */
  readonly inputsName: string;
}

/**
 * Runs both models and compares. Returns the figures when the file keeps its promise; throws VERIFICATION_FAILED with
 * them when it does not.
 */
export async function verify(options: VerifyOptions): Promise<Verification> {
  const { model, changed, head, inputs, inputsName, device, threads, referAbove } = options;
  const where = { device, threads };
  const { location } = model;
  const found = chooseHead(findHeads(changed), { output: location.output });
  assertSameHead(await readHead(changed, found), head);

  const source = inputsSource(inputs, inputsName);
  const original = await cutExtractor(model.file, location, { referAbove });
  const features = (await runModel(original, source, where))[original.features];
  const promised = headLogitsReference(head, rows(features, location.dimensions));
  const after = await runModel(await makeRunnable(changed, { referAbove }), source, where);
  const logits =
    logitsAmong(after, found, promised.shape) ??
    rows(await logitsOf(changed, found, source, { ...where, referAbove }), location.classes);
  const most = largest(promised);
  const tolerance = headTolerance(location.dtype, most);
  const { types } = graphView(changed);
  const isBehindHead = (name: string) => location.outputs.some((output) => output.name === name);
  const verification = {
    samples: source.length,
    inputs: inputsName,
    maxAbsLogitDifference: largestDifference(promised, logits),
    tolerance,
    argmaxAgreement: agreement(promised, logits, tolerance),
    outputs: compareOutputs({
      location,
      promised,
      // What is behind the head is held against the promise, not against what the original says.
      before: Object.keys(after).every(isBehindHead)
        ? {}
        : await runModel(await makeRunnable(model.file, { referAbove }), source, where),
      after,
      largest: most,
      typeOf: (output) => dtypeOf(types.get(output)?.elementType ?? 0),
    }),
  };
  assertPassed(verification);
  return verification;
}

/** The logits where the model gives them out as they are: a large model need not be run once more for them. */
function logitsAmong(
  outputs: RunResults,
  { logits, binary }: HeadLocation,
  [samples, classes]: readonly number[],
): Matrix | undefined {
  // Two classes in one number are no logits yet.
  const found = logits === undefined || binary ? undefined : outputs[logits];
  if (!(found?.data instanceof Float32Array || found?.data instanceof Float64Array)) return undefined;
  return found.data.length === samples * classes ? matrix(found.data, samples, classes) : undefined;
}

/** The logits of a model that keeps them to itself. */
async function logitsOf(
  file: ModelFile,
  location: HeadLocation,
  source: DataSource,
  { referAbove, ...where }: SessionOptions & RunnableOptions,
): Promise<DeviceTensor> {
  const cut = await cutExtractor(file, location, { referAbove });
  return (await runModel(cut, source, where))[cut.logits];
}

function rows({ data, dims }: DeviceTensor, columns: number): Matrix {
  return matrix(data as FloatArray, dims[0], columns);
}

/** The head that is found in the new file must be the promised one, bit for bit (0 and −0 are the same). */
function assertSameHead(found: LinearHead, promised: LinearHead): void {
  const [wanted, got] = [headShape(promised), headShape(found)].map((shape) => shape.join(' × '));
  const equal = (a: FloatArray, b: FloatArray) =>
    a.length === b.length && a.every((value, i) => value === b[i]);
  const same =
    wanted === got &&
    equal(denseData(found.weight), denseData(promised.weight)) &&
    equal(denseData(found.bias), denseData(promised.bias));
  if (same) return;
  throw new TailorError(
    'VERIFICATION_FAILED',
    `Verifying the changed model: the head found in it (${got}) is not the one that was put in (${wanted}). No file was left. ` +
      'This should not happen: report the model, please.',
  );
}

function assertPassed({
  maxAbsLogitDifference,
  tolerance,
  argmaxAgreement,
  outputs,
  samples,
}: Verification): void {
  const wrong = outputs.filter(({ passed }) => !passed);
  // NaN compares false, so the condition asks for success.
  if (maxAbsLogitDifference <= tolerance && argmaxAgreement === 1 && wrong.length === 0) return;
  const details = [
    `largest logit difference ${maxAbsLogitDifference.toExponential(2)} (allowed ${tolerance.toExponential(2)})`,
    `same class on ${(argmaxAgreement * 100).toFixed(2)} % of ${samples} samples`,
    ...wrong.map(
      ({ name, compared, maxAbsDifference }) =>
        `output ${name} (${compared}) off by ${maxAbsDifference?.toExponential(2)}`,
    ),
  ];
  throw new TailorError(
    'VERIFICATION_FAILED',
    `Verifying the changed model: it does not compute what the new head promises (${details.join('; ')}). No file was left. ` +
      'If the model has random layers or runs on cuda with TF32, verify on cpu (--device cpu).',
  );
}

function largest(logits: Matrix<Float64Array>): number {
  return denseData(logits).reduce((most, z) => Math.max(most, Math.abs(z)), 0);
}

function largestDifference(a: Matrix, b: Matrix): number {
  const [x, y] = [denseData(a), denseData(b)];
  let most = 0;
  for (let i = 0; i < x.length; i++) {
    const difference = Math.abs(x[i] - y[i]);
    // Not Math.max: a NaN must come through.
    if (!(difference <= most)) most = difference;
  }
  return most;
}

/** Rounding may swap classes whose logits are equal up to it: that is no disagreement. */
function agreement(promised: Matrix, found: Matrix, tolerance: number): number {
  const [samples, classes] = promised.shape;
  const logits = denseData(promised);
  const [wanted, got] = [argmaxRows(promised), argmaxRows(found)];
  let agreed = 0;
  for (let i = 0; i < samples; i++) {
    const gap = logits[i * classes + wanted[i]] - logits[i * classes + got[i]];
    if (gap <= 2 * tolerance) agreed++;
  }
  return agreed / samples;
}
