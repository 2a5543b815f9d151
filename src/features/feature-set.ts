/** Features, labels and logits of a data source: extracted once, computed with ever after. */
import { assertLabels, countLabels } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { assertFiniteRows, denseData, type Matrix } from '../array/matrix.js';
import type { NpyContent } from '../array/npy.js';
import { encodeNpz } from '../array/npz.js';
import type { Preprocess } from '../data/preprocess.js';
import type { RefusedDevice } from '../runtime/devices.js';
import type { Feed } from '../runtime/session.js';
import { writeArrays } from './write-arrays.js';

/** What features were made of and by. Written into the file as JSON under `origin`. */
export interface Origin {
  /** The model. */
  readonly model: {
    /** Of the file, in lower-case hexadecimal. */
    readonly sha256: string;
    /** File name, where the model came from a file. */
    readonly name?: string;
    /** Output whose head takes the features. */
    readonly output: string;
  };
  /** Name of the data source. */
  readonly source: string;
  /** How pictures were turned into inputs; absent where inputs were fed as they are. */
  readonly preprocess?: Preprocess;
  /** Where it ran. */
  readonly device: string;
  /** Version of this package. */
  readonly version: string;
}

/** How an extraction went; not kept in the file. */
export interface ExtractionReport {
  /** Where the model ran; where there were several sessions, the first of them. */
  readonly device: string;
  /** What `auto` passed over, and why. */
  readonly refusedDevices: readonly RefusedDevice[];
  /** The device had no kernel for some operators; the processor ran those. */
  readonly partlyOnCpu: boolean;
  /** From the first read to the last result. */
  readonly seconds: number;
  /** Samples over `seconds`. */
  readonly samplesPerSecond: number;
  /** Samples that were run at once. */
  readonly batch: number;
  /** What `batch: 'auto'` tried, in order. */
  readonly batchTrials?: readonly BatchTrial[];
}

/** A batch size that was tried. */
export interface BatchTrial {
  /** Samples that were run at once. */
  readonly batch: number;
  /** Of the model alone: nothing is read meanwhile. */
  readonly samplesPerSecond: number;
}

/** A few inputs as they were fed to the model, so that a changed model can be run on real data later. */
export interface VerificationInputs {
  /** Which samples of the set these are, ascending, [n]. */
  readonly rows: Int32Array;
  /** By input name; dims[0] = n. */
  readonly inputs: Readonly<Record<string, Feed>>;
}

/** What a FeatureSet is made of. */
export interface FeatureSetContent {
  /** [N, D]. */
  readonly features: Matrix<Float32Array>;
  /** [N], 0 … classCount − 1. */
  readonly labels?: Int32Array;
  /** [N, C]. */
  readonly logits?: Matrix<Float32Array>;
  /** Class names in class order. */
  readonly classes?: readonly string[];
  /** C; default: width of the logits, number of names, or highest label + 1, whichever is known first. */
  readonly classCount?: number;
  /** For messages and provenance. Default 'features'. */
  readonly name?: string;
  /** What the features were computed from and by. */
  readonly origin?: Origin;
  /** A few inputs of the model, for the proof of `recalibrate`. */
  readonly verificationInputs?: VerificationInputs;
  /** How they were computed. */
  readonly extraction?: ExtractionReport;
}

/** Features [N, D] of N samples with what belongs to them. Checked on creation and then only read. */
export class FeatureSet {
  /** [N, D]; every number finite. */
  readonly features: Matrix<Float32Array>;
  /** [N], 0 … classCount − 1; undefined where the source has none. */
  readonly labels?: Int32Array;
  /** [N, C] of the model that the features came from. */
  readonly logits?: Matrix<Float32Array>;
  /** Class names in class order. */
  readonly classes?: readonly string[];
  /** C; 0 when nothing tells. */
  readonly classCount: number;
  /** For messages and provenance. */
  readonly name: string;
  /** What the features were computed from and by; undefined where the file does not say. */
  readonly origin?: Origin;
  /** A few inputs of the model that `recalibrate` proves its result with. */
  readonly verificationInputs?: VerificationInputs;
  /** Only on a set that was just extracted. */
  readonly extraction?: ExtractionReport;

  /**
   * Throws SHAPE_MISMATCH when lengths differ, LABELS_INVALID for a label out of range, NOT_FINITE naming sample and
   * dimension, INVALID_ARGUMENT for a set without samples.
   */
  constructor(content: FeatureSetContent) {
    const { features, labels, logits, classes, name = 'features' } = content;
    const [samples] = features.shape;
    if (samples === 0)
      throw new TailorError('INVALID_ARGUMENT', `Making a feature set of ${name}: it has no samples.`);
    assertFiniteRows(features, `Making a feature set of ${name}`, 'feature', 'dimension');
    if (logits) assertFiniteRows(logits, `Making a feature set of ${name}`, 'logit', 'class');
    assertLength(name, 'labels', labels?.length, samples);
    assertLength(name, 'rows of logits', logits?.shape[0], samples);
    this.features = features;
    this.labels = labels;
    this.logits = logits;
    this.classes = classes;
    this.classCount = content.classCount ?? logits?.shape[1] ?? classes?.length ?? highest(labels) + 1;
    this.name = name;
    this.origin = content.origin;
    this.verificationInputs = content.verificationInputs;
    this.extraction = content.extraction;
    assertWidth(name, 'logits', logits?.shape[1], this.classCount);
    assertWidth(name, 'class names', classes?.length, this.classCount);
    if (labels) assertLabels(labels, this.classCount, `Making a feature set of ${name}`);
  }

  /** N. */
  get samples(): number {
    return this.features.shape[0];
  }

  /** D. */
  get dimensions(): number {
    return this.features.shape[1];
  }

  /** Samples per class, [C]; 0 for a class without one. LABELS_INVALID without labels. */
  get counts(): number[] {
    return countLabels(this.requireLabels('Counting the samples of each class'), this.classCount);
  }

  /** The labels, or LABELS_INVALID: `doing` begins the message ('Evaluating'). */
  requireLabels(doing: string): Int32Array {
    if (this.labels) return this.labels;
    throw new TailorError(
      'LABELS_INVALID',
      `${doing}: ${this.name} has no labels. Add an integer array "labels" [N] to the file, or use a source that has labels.`,
    );
  }

  /** A set with some things replaced. Throws as the constructor does: SHAPE_MISMATCH, LABELS_INVALID, NOT_FINITE, INVALID_ARGUMENT. */
  with(changes: Partial<FeatureSetContent>): FeatureSet {
    return new FeatureSet({ ...this, ...changes });
  }

  /**
   * Writes the set to a file: .npz, .safetensors or .parquet, by the ending of its name. It has features, labels, logits, classes,
   * origin (JSON), input_rows and input:NAME; the last two not in Parquet, which has a row per sample. Same set, same bytes.
   * FORMAT_UNSUPPORTED for another ending, FILE_EXISTS unless `overwrite`, FILE_UNWRITABLE.
   */
  async save(path: string, options: { overwrite?: boolean } = {}): Promise<void> {
    await writeArrays(path, this.#entries(), options);
  }

  /** The bytes of an .npz, as `save` writes it, for where there are no files. INVALID_ARGUMENT for a name that numpy cannot hold. */
  encode(): Uint8Array<ArrayBuffer> {
    return encodeNpz(this.#entries());
  }

  #entries(): Record<string, NpyContent> {
    const entries: Record<string, NpyContent> = { features: content(this.features) };
    if (this.labels) entries.labels = { shape: [this.samples], data: this.labels };
    if (this.logits) entries.logits = content(this.logits);
    if (this.classes) entries.classes = { strings: this.classes };
    if (this.origin) entries.origin = { shape: [], strings: [JSON.stringify(this.origin)] };
    if (this.verificationInputs) Object.assign(entries, inputEntries(this.verificationInputs));
    return entries;
  }
}

/** Kept inputs as arrays of a file: input_rows and input:NAME. */
export function inputEntries({ rows, inputs }: VerificationInputs): Record<string, NpyContent> {
  const entries: Record<string, NpyContent> = { input_rows: { shape: [rows.length], data: rows } };
  for (const [name, { data, dims }] of Object.entries(inputs)) {
    entries[`input:${name}`] = Array.isArray(data) ? { shape: dims, strings: data } : { shape: dims, data };
  }
  return entries;
}

function content(rows: Matrix<Float32Array>): NpyContent {
  return { shape: [...rows.shape], data: denseData(rows) };
}

function highest(labels: Int32Array | undefined): number {
  let top = -1;
  for (let i = 0; labels && i < labels.length; i++) if (labels[i] > top) top = labels[i];
  return top;
}

function assertLength(name: string, what: string, found: number | undefined, samples: number): void {
  if (found === undefined || found === samples) return;
  throw new TailorError(
    'SHAPE_MISMATCH',
    `Making a feature set of ${name}: there are ${samples} samples, but ${found} ${what}; one per sample is needed.`,
  );
}

function assertWidth(name: string, what: string, found: number | undefined, classes: number): void {
  if (found === undefined || found === classes) return;
  throw new TailorError(
    'SHAPE_MISMATCH',
    `Making a feature set of ${name}: there are ${classes} classes, but ${found} ${what}; one per class is needed.`,
  );
}
