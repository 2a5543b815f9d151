/** A classifier that is opened: its head, and the way from data to features. */
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import { type Preprocess, parsePreprocess } from '../data/preprocess.js';
import type { DataSource } from '../data/sample.js';
import { cutExtractor } from '../onnx/cut.js';
import { chooseHead, type FoundHeads, findHeads } from '../onnx/find-heads.js';
import type { HeadLocation } from '../onnx/head-location.js';
import { readMetadata } from '../onnx/metadata.js';
import { type ModelFile, readModelFile } from '../onnx/model-file.js';
import { readHead } from '../onnx/read-head.js';
import { numbersPerSample } from './default-batch.js';
import { describeModel, type ModelDescription } from './describe-model.js';
import { type ExtractOptions, extractFeatures } from './extract.js';
import type { Extractor } from './extract-rows.js';
import type { FeatureSet } from './feature-set.js';
import { PREPROCESS_KEY, readFacts } from './model-metadata.js';
import { modelValues, pictureDefaults } from './model-values.js';

/** A preprocessing as people give it: any key may be left out (see `Preprocess` for the defaults). */
export type PreprocessOption = Partial<Preprocess>;

/** Options of `openModel`. */
export interface OpenModelOptions {
  /** Output whose head is meant; needed where a model has several heads. */
  readonly output?: string;
  /** How pictures become inputs, instead of what the model's metadata says. */
  readonly preprocess?: PreprocessOption;
  /** Class names in class order, instead of what the model's metadata says. */
  readonly classes?: readonly string[];
}

/**
 * Opens a classifier by path, by bytes, or as a file that was read already (readModelFile, which takes external data as bytes
 * too), and finds its head.
 *
 * Throws MODEL_INVALID, FILE_NOT_FOUND; HEAD_NOT_FOUND, HEAD_AMBIGUOUS, HEAD_UNSUPPORTED with the reasons;
 * INVALID_ARGUMENT for options that do not fit. Metadata that cannot be used stops nobody: it is in `problems`.
 */
export async function openModel(
  source: string | Uint8Array | ModelFile,
  { output, preprocess, classes }: OpenModelOptions = {},
): Promise<Model> {
  const file =
    typeof source === 'string' || source instanceof Uint8Array ? await readModelFile(source) : source;
  const found = findHeads(file);
  const location = chooseHead(found, { output });
  const defaults = pictureDefaults(modelValues(file).inputs);
  const metadata = readMetadata(file);
  const facts = readFacts(metadata, location, defaults);
  if (classes && classes.length !== location.classes) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Opening the model: ${classes.length} class names were given, but the head has ${location.classes} classes.`,
    );
  }
  return new Model({
    file,
    found,
    location,
    head: await readHead(file, location),
    metadata,
    classes: classes ?? facts.classes,
    trainCounts: facts.trainCounts,
    preprocess: preprocess
      ? parsePreprocess(preprocess, 'the option preprocess', defaults)
      : facts.preprocess,
    columns: facts.columns,
    problems: facts.problems,
    sha256: file.checksum?.sha256 ?? (await platform.sha256(file.bytes)),
  });
}

interface ModelParts {
  readonly file: ModelFile;
  readonly found: FoundHeads;
  readonly location: HeadLocation;
  readonly head: LinearHead;
  readonly metadata: ReadonlyMap<string, string>;
  readonly classes?: readonly string[];
  readonly trainCounts?: readonly number[];
  readonly preprocess?: Preprocess;
  readonly columns?: readonly string[];
  readonly problems: readonly string[];
  readonly sha256: string;
}

/** A classifier with the head that is meant. Made by `openModel`; holds the file's bytes, no session. */
export class Model {
  /** The file: its bytes, and what they decode to. */
  readonly file: ModelFile;
  /** All heads, and the outputs without one. */
  readonly found: FoundHeads;
  /** Where the head is. */
  readonly location: HeadLocation;
  /** Weight [C, D] and bias [C]. */
  readonly head: LinearHead;
  /** What stands in the file under `metadata_props`, by key. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Class names in class order, [C]: given, of the metadata, or of a LinearClassifier. */
  readonly classes?: readonly string[];
  /** Training samples per class, [C], of the metadata. */
  readonly trainCounts?: readonly number[];
  /** How pictures become inputs. */
  readonly preprocess?: Preprocess;
  /** Names of the inputs of a row of a table, [D], of the metadata; openSource finds a table's columns by them. */
  readonly columns?: readonly string[];
  /** What of the metadata onnx_tailor.* could not be used, and why. */
  readonly problems: readonly string[];
  /** Of the file, in lower-case hexadecimal. */
  readonly sha256: string;

  /** @internal */
  constructor(parts: ModelParts) {
    this.file = parts.file;
    this.found = parts.found;
    this.location = parts.location;
    this.head = parts.head;
    this.metadata = parts.metadata;
    this.classes = parts.classes;
    this.trainCounts = parts.trainCounts;
    this.preprocess = parts.preprocess;
    this.columns = parts.columns;
    this.problems = parts.problems;
    this.sha256 = parts.sha256;
  }

  /** File name, where the model came from a file. */
  get name(): string | undefined {
    return this.file.path === undefined ? undefined : platform.baseName(this.file.path);
  }

  /**
   * Runs every sample of `source` up to the head and returns its features, logits and labels (in the class order of
   * this model, see alignLabels). Memory: the results and two batches. The next batch is decoded while one runs.
   *
   * Throws SHAPE_MISMATCH when samples do not fit the inputs, INVALID_ARGUMENT when pictures come and no preprocessing
   * is known, LABELS_INVALID, NOT_FINITE naming the sample, DEVICE_UNAVAILABLE, ABORTED, and what the source throws.
   */
  async extract(
    source: DataSource | Promise<DataSource>,
    options: ExtractOptions & { preprocess?: PreprocessOption } = {},
  ): Promise<FeatureSet> {
    const { preprocess, ...rest } = options;
    return extractFeatures(await this.extractor(preprocess), await source, rest);
  }

  /**
   * The part of the model in front of its head, and how its inputs are made; see pictureReading for `option`.
   *
   * @internal
   */
  async extractor(option?: PreprocessOption): Promise<Extractor> {
    const cut = await cutExtractor(this.file, this.location);
    const reading = this.pictureReading(option);
    return {
      ...cut,
      location: this.location,
      sha256: this.sha256,
      name: this.name,
      classes: this.classes,
      ...reading,
      sampleNumbers: numbersPerSample(modelValues(this.file).inputs, reading.preprocess),
    };
  }

  /**
   * How pictures are read for this model: by `option`, else as its metadata says; `preprocessProblem` is why that cannot be
   * used. INVALID_ARGUMENT for an option that is wrong.
   *
   * @internal
   */
  pictureReading(option?: PreprocessOption): { preprocess?: Preprocess; preprocessProblem?: string } {
    const defaults = pictureDefaults(modelValues(this.file).inputs);
    return {
      preprocess: option ? parsePreprocess(option, 'the option preprocess', defaults) : this.preprocess,
      preprocessProblem: this.problems.find((problem) => problem.includes(PREPROCESS_KEY)),
    };
  }

  /** The inspect document of this model. Weights that cannot be read are no error: the note of their head says why. */
  describe(): Promise<ModelDescription> {
    return describeModel(this.file, this.found, this.sha256);
  }
}
