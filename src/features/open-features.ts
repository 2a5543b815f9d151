/** Features for a head, from a feature file or, through the model, from a data source: the command line's F.npz|SRC. */
import { TailorError } from '../array/errors.js';
import { headShape, type LinearHead } from '../array/linear-head.js';
import { type Matrix, matrix } from '../array/matrix.js';
import { headLogits } from '../compute/head-logits.js';
import { alignLabels } from '../data/class-names.js';
import { openSource } from '../data/open-source.js';
import type { ExtractOptions } from './extract.js';
import { featureArrays } from './feature-arrays.js';
import type { FeatureSet } from './feature-set.js';
import { Model, type PreprocessOption } from './model.js';
import { featuresOf } from './read-features.js';

/** Options of `openFeatures`. */
export interface OpenFeaturesOptions extends ExtractOptions {
  /** How pictures become inputs, in place of what the model's metadata say. */
  readonly preprocess?: PreprocessOption;
  /** Refuse data without labels. Default true. */
  readonly labels?: boolean;
}

/** Options of `fitFeatures`. */
export interface FitFeaturesOptions extends ExtractOptions {
  /** Refuse a set without labels. Default true. */
  readonly labels?: boolean;
}

/**
 * Features, labels and logits for `target`. `spec` is a file that has `features`, a feature store, or else a data source as openSource
 * takes it, which is run through the model; a head alone cannot extract.
 *
 * Throws SHAPE_MISMATCH when the features have another width than the head, LABELS_INVALID, NOT_FINITE, INVALID_ARGUMENT,
 * and what readFeatures, openSource and Model.extract throw.
 */
export async function openFeatures(
  spec: string,
  target: Model | LinearHead,
  options: OpenFeaturesOptions = {},
): Promise<FeatureSet> {
  const { labels = true, preprocess, ...extraction } = options;
  const file = await featureArrays(spec);
  if (file) return fitFeatures(await featuresOf(file), target, { labels, ...extraction });
  if (!(target instanceof Model)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Opening ${spec}: it has no features, and a head alone cannot extract them. Give the model, or a file made by extract.`,
    );
  }
  const source = await openSource(spec, target);
  try {
    // Before hours of extraction, not after.
    if (labels && !source.labels) throw missingLabels(source.name);
    return await target.extract(source, { preprocess, ...extraction });
  } finally {
    await source.close?.();
  }
}

/**
 * Checks a set against a head and completes it: labels into the model's class order, logits of this head (those in the
 * file are kept only when they were made by this very model and output).
 *
 * Throws SHAPE_MISMATCH (another width than the head takes), LABELS_INVALID, DEVICE_UNAVAILABLE, ABORTED.
 */
export async function fitFeatures(
  set: FeatureSet,
  target: Model | LinearHead,
  { labels = true, ...options }: FitFeaturesOptions = {},
): Promise<FeatureSet> {
  const model = target instanceof Model ? target : undefined;
  const head = target instanceof Model ? target.head : target;
  const [classCount, dimensions] = headShape(head);
  const doing = `Using the features of ${set.name}`;
  if (set.dimensions !== dimensions) {
    const owner = set.origin
      ? `, made by ${set.origin.model.name ?? 'a model'} (${set.origin.model.output})`
      : '';
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: they have ${set.dimensions} dimensions${owner}, the head takes ${dimensions}. Extract them with this model.`,
    );
  }
  if (labels && !set.labels) throw missingLabels(set.name);
  const named = alignLabels(set, model?.classes, classCount, doing);
  const made = set.origin?.model;
  const own = model && made?.sha256 === model.sha256 && made.output === model.location.output;
  const logits =
    own && set.logits?.shape[1] === classCount ? set.logits : await logitsOf(head, set.features, options);
  return set.with({ ...named, logits, classCount });
}

/** Logits in float32, as feature sets hold them. */
async function logitsOf(
  head: LinearHead,
  features: Matrix,
  { device, threads, signal }: ExtractOptions,
): Promise<Matrix<Float32Array>> {
  const logits = await headLogits(head, features, { device, threads, signal });
  return matrix(Float32Array.from(logits.data), logits.shape[0], logits.shape[1]);
}

function missingLabels(name: string): TailorError {
  return new TailorError(
    'LABELS_INVALID',
    `Opening ${name}: labels are needed, and it has none. Add an integer array "labels" [N] to the file, use folders named by class, or say which column of a table it is (target=COLUMN).`,
  );
}
