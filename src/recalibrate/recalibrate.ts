/** The verb `recalibrate`, the whole loop: choose on validation, adjust, put into the model, prove. */
import type { ClassCounts } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import { denseData, type Matrix } from '../array/matrix.js';
import { headLogits } from '../compute/head-logits.js';
import { type Evaluation, evaluate } from '../evaluation/evaluate.js';
import { type GroupConfusion, groupConfusion } from '../evaluation/group-confusion.js';
import { defaultThresholds, type GroupThresholds, groupClasses } from '../evaluation/groups.js';
import type { FeatureSet } from '../features/feature-set.js';
import type { Model } from '../features/model.js';
import { fitFeatures } from '../features/open-features.js';
import type { MethodParameters } from '../head/candidates.js';
import type { Improvement } from '../head/improvement.js';
import type { Selection } from '../head/selection.js';
import { type ChangedModel, changeModel, type SavedModel } from './changed-model.js';
import { chooseHead } from './choose-head.js';
import { type ComparisonRow, compareEvaluations } from './comparison.js';
import { adjustedBefore, provenance } from './provenance.js';
import type { RecalibrateOptions } from './recalibrate-options.js';
import { sharedSamples } from './shared-samples.js';
import { addTemperature } from './temperature.js';
import { trainCountsOf } from './train-counts.js';

/** The same of the original head and of the head in the file. */
export interface BeforeAndAfter<T> {
  /** Of the original head. */
  readonly before: T;
  /** Of the head in the file. */
  readonly after: T;
}

/** What `recalibrate` found and made. */
export interface Recalibration {
  /** The method in the file; 'none' when the original head was kept. */
  readonly method: string;
  /** Of the method; empty where it has none. */
  readonly parameters: MethodParameters;
  /** True when the original head was kept because nothing was better beyond noise. */
  readonly kept: boolean;
  /** The head in the file. */
  readonly head: LinearHead;
  /** The original head on validation. */
  readonly before: Evaluation;
  /** The head in the file on validation: optimistic, since it was chosen there. `improvement` is not. */
  readonly after: Evaluation;
  /** Gain of the choice over the original head, from out-of-fold answers (in-sample for a fixed parameter, which nothing was chosen for). */
  readonly improvement: Improvement;
  /** What was tried; absent for a fixed parameter. */
  readonly selection?: Selection;
  /** Name of the set that the choice was made on. */
  readonly selectedOn: string;
  /** Training samples per class, [C], and where many, medium and few were cut. */
  readonly trainCounts: ClassCounts;
  /** Where many, medium and few were cut. */
  readonly thresholds: GroupThresholds;
  /** Which groups wrong answers on validation go to. */
  readonly confusion: BeforeAndAfter<GroupConfusion>;
  /** On the test set, where one was given. */
  readonly test?: BeforeAndAfter<Evaluation> & {
    /** Name of the set. */
    readonly name: string;
    /** Which groups wrong answers on it go to. */
    readonly confusion: BeforeAndAfter<GroupConfusion>;
  };
  /** Before and after in per cent, for console.table. */
  readonly comparison: ComparisonRow[];
  /** What a user should know about the choice and the file, in sentences. */
  readonly notes: readonly string[];
  /** The proven model. */
  readonly changed: ChangedModel;
  /** Writes the proven model; see ChangedModel.save. FILE_EXISTS, FILE_BUSY, FILE_CHANGED, FILE_UNWRITABLE. */
  save(path: string, options?: { overwrite?: boolean }): Promise<SavedModel>;
}

/**
 * Finds the head that treats the classes as the target prior wants, by post-hoc adjustment chosen on validation, and
 * puts it into a copy of the model. Nothing is written until `save`.
 *
 * Errors: COUNTS_INVALID, CLASS_MISSING, LABELS_INVALID, SHAPE_MISMATCH, NOT_FINITE, INVALID_ARGUMENT (also when the
 * test set is the validation set), VERIFICATION_FAILED, ABORTED.
 */
export async function recalibrate(model: Model, options: RecalibrateOptions): Promise<Recalibration> {
  const { targetPrior = 'uniform', temperature, seed, device, threads, signal } = options;
  const doing = 'Recalibrating';
  const where = { device, threads, signal };
  const counts = trainCountsOf(model, options.counts);
  const { thresholds = defaultThresholds(counts.length) } = options;
  const validation = await fitFeatures(options.validation, model, where);
  const labels = validation.requireLabels(doing);
  const test = options.test && (await fitFeatures(options.test, model, where));
  if (test) assertOtherData(validation, test);

  const chosen = await chooseHead({ ...options, model, counts, validation, labels, targetPrior });
  const tempered = await addTemperature(chosen, { temperature, targetPrior, validation, labels, where });
  const { parameters } = tempered;
  const changed = await changeModel(model, tempered.head, {
    metadata: provenance({
      method: chosen.method,
      parameters,
      counts,
      targetPrior,
      selectedOn: validation.name,
      sourceSha256: model.sha256,
      sourceMetadata: model.metadata,
    }),
    inputs: options.inputs ?? validation.verificationInputs,
    inputsName: options.inputs ? options.inputsName : validation.name,
    outName: options.outName,
    device,
    threads,
  });

  // As it is in the file: rounding to half precision is part of what the user gets.
  const { head } = changed;
  const assess = (logits: Matrix, set: FeatureSet) =>
    evaluate({ logits, labels: set.requireLabels(doing), counts, thresholds, seed, classes: model.classes });
  const groups = groupClasses(counts, thresholds);
  const compare = async (set: FeatureSet) => {
    const [old, now] = [set.logits as Matrix, await headLogits(head, set.features, where)];
    const confuse = (logits: Matrix) => groupConfusion({ logits, labels: set.requireLabels(doing), groups });
    return {
      before: assess(old, set),
      after: assess(now, set),
      confusion: { before: confuse(old), after: confuse(now) },
    };
  };
  const { before, after, confusion } = await compare(validation);
  const onTest = test && { name: test.name, ...(await compare(test)) };
  return {
    method: chosen.method,
    parameters,
    kept: chosen.kept,
    head,
    before,
    after,
    improvement: chosen.improvement,
    selection: chosen.selection,
    selectedOn: validation.name,
    trainCounts: counts,
    thresholds,
    confusion,
    test: onTest,
    comparison: compareEvaluations({ before, after, test: onTest }),
    notes: [
      ...adjustedBefore(model.metadata),
      ...(model.location.note ? [model.location.note] : []),
      ...guessingNote(before),
      ...(test ? overlapNote(validation, test) : []),
      ...(options.train ? trainingNote(options.train, validation) : []),
      ...chosen.notes,
      ...calibrationNote(before, after, temperature),
      ...changed.notes,
    ],
    changed,
    save: (path, saving) => changed.save(path, saving),
  };
}

/** Choosing and testing on the same samples gives figures that will not hold. */
function assertOtherData(validation: FeatureSet, test: FeatureSet): void {
  const [a, b] = [denseData(validation.features), denseData(test.features)];
  if (a.length !== b.length || a.some((value, i) => value !== b[i])) return;
  throw new TailorError(
    'INVALID_ARGUMENT',
    `Recalibrating: the test set (${test.name}) holds the same samples as the validation set (${validation.name}). ` +
      'A test set must not be used for choosing: give other samples, or none.',
  );
}

/** A few samples in both sets are no reason to refuse: data have duplicates. */
function overlapNote(validation: FeatureSet, test: FeatureSet): string[] {
  const shared = sharedSamples(validation.features, test.features);
  if (shared === 0) return [];
  return [
    `${shared} of the ${test.samples} test samples (${test.name}) are in the validation set as well (${validation.name}). ` +
      'Figures of samples that the choice was made on are too good: test on others.',
  ];
}

/** Heads look better on what they were fitted to than they are. */
function trainingNote(train: FeatureSet, validation: FeatureSet): string[] {
  const shared = sharedSamples(train.features, validation.features);
  if (shared === 0) return [];
  return [
    `${shared} of the ${validation.samples} validation samples (${validation.name}) are in the training set as well (${train.name}): ` +
      'fitted heads look better on them than they are. Validate on samples that nothing was trained on.',
  ];
}

/** An average accuracy of less than so many times that of guessing means that something does not fit. */
const GUESSING_FACTOR = 1.2;

function guessingNote({ average, classes }: Evaluation): string[] {
  if (average * classes >= GUESSING_FACTOR) return [];
  const percent = (share: number) => `${Number((share * 100).toPrecision(2))} %`;
  return [
    `On validation the original model is right on ${percent(average)} of a class on average, and guessing on ${percent(1 / classes)}. ` +
      'Look whether the labels are in the class order of the model, and whether the preprocessing is the one it was trained with.',
  ];
}

/** A calibration error that grows by more than this many points is worth a word. */
const CALIBRATION_LOSS = 0.02;

function calibrationNote(
  before: Evaluation,
  after: Evaluation,
  temperature: number | 'fit' | undefined,
): string[] {
  if (temperature !== undefined || after.ece - before.ece < CALIBRATION_LOSS) return [];
  return [
    `The probabilities got less honest: expected calibration error ${before.ece.toFixed(3)} → ${after.ece.toFixed(3)} on validation. ` +
      'If you use them (not only the top class), fit a temperature too (--temperature fit).',
  ];
}
