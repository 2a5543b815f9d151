/**
 * What the page and its worker say to each other. Plain data: everything here survives structured cloning. The names are
 * those of the library's verbs, and so is what they mean; shares are 0 … 1, classes are in the model's order.
 *
 * A conversation: the page posts a `Request`, the worker answers any number of `Progress` and then exactly one `Reply`.
 * Requests are worked on one after another, in their order; `cancel` reaches the one that is being worked on as well.
 */
import type { ErrorCode } from '../../array/errors.js';
import type { Preprocess } from '../../data/preprocess.js';
import type { Advice, Diagnostics } from '../../diagnostics/diagnostics.js';
import type { Evaluation } from '../../evaluation/evaluate.js';
import type { GroupConfusion } from '../../evaluation/group-confusion.js';
import type { Group, GroupThresholds } from '../../evaluation/groups.js';
import type { ModelDescription } from '../../features/describe-model.js';
import type { MultiplicativeConvention } from '../../head/adjust.js';
import type { GridMethod, MethodParameters } from '../../head/candidates.js';
import type { FitConfiguration } from '../../head/fit-configuration.js';
import type { FitEpoch } from '../../head/fit-options.js';
import type { Improvement } from '../../head/improvement.js';
import type { CandidateRow, Choice as MethodChoice, MethodSummary } from '../../head/selection.js';
import type { ComparisonRow } from '../../recalibrate/comparison.js';
import type { Verification } from '../../recalibrate/verify.js';
import type { Device, DeviceReport } from '../../runtime/devices.js';

/** What a set of features is used for. */
export type Role = 'validation' | 'train' | 'test';

/** A file as a page gets it: a `File` is a `Blob`; it is read in the worker, never in the page. */
export interface FileInput {
  /** File name: for messages, and what the new model says it was chosen on. */
  readonly name: string;
  readonly data: Blob | Uint8Array;
}

/** One picture of a folder. */
export interface PictureInput {
  /** Path below the chosen folder, that one included, with `/`: 'val/cat/01.png' (a File's webkitRelativePath). */
  readonly path: string;
  readonly data: Blob | Uint8Array;
}

/** Class frequencies to tailor for: 'uniform', or one number above 0 per class, of any sum. */
export type TargetPrior = 'uniform' | readonly number[];

/** What can be set by hand: the command's `--method`, `--tau` or `--gamma`, `--convention`, `--temperature`, `--target-prior`. */
export interface AdjustChoice {
  readonly kind: 'adjust';
  /** tau-norm and the convention 'paper' need weights: not where `HeadFacts.onLogits`. */
  readonly method: GridMethod;
  /** τ of additive and tau-norm, γ of multiplicative: any finite number, usual 0 … 2. 0 changes nothing, but for the convention 'paper'. */
  readonly parameter: number;
  /** Of multiplicative. Default 'published-code'. */
  readonly convention?: MultiplicativeConvention;
  /** Divide all logits by T > 0 afterwards, or fit T on validation. Default: as they are. */
  readonly temperature?: number | 'fit';
  /** Default 'uniform'. */
  readonly targetPrior?: TargetPrior;
}

/** "Choose for me": the command's `--method auto`, or one method whose parameter is searched. */
export interface SearchChoice {
  readonly kind: 'search';
  /** Default 'auto': all adjustments and, where there are training features, fitted heads. */
  readonly method?: 'auto' | GridMethod;
  readonly convention?: MultiplicativeConvention;
  readonly temperature?: number | 'fit';
  readonly targetPrior?: TargetPrior;
  /** 'significant' (default) keeps the original head where the gain is not beyond noise. */
  readonly apply?: 'significant' | 'always';
  /** Whether fitted heads compete, where there are training features. Default true. */
  readonly fitted?: boolean;
}

/** A head that `fit` made. */
export interface FittedChoice {
  readonly kind: 'fitted';
  /** `FitResult.id`. */
  readonly fit: number;
  readonly temperature?: number | 'fit';
  readonly targetPrior?: TargetPrior;
}

/** Which head goes into the model. */
export type Choice = AdjustChoice | SearchChoice | FittedChoice;

/** Where and with what the worker computes. */
export interface EngineFacts {
  /** By name: onnx-tailor, onnxruntime-web, browser. */
  readonly versions: Readonly<Record<string, string>>;
  readonly devices: readonly DeviceReport[];
  /** Threads of WebAssembly; 1 where the page is not cross-origin isolated. */
  readonly threads: number;
  readonly crossOriginIsolated: boolean;
}

/** The head that is to be changed. */
export interface HeadFacts {
  readonly output: string;
  /** C and D. */
  readonly classes: number;
  readonly dimensions: number;
  /** Only the logits can be scaled and shifted: no tau-norm, no convention 'paper', no fitted heads. */
  readonly onLogits: boolean;
  /** ‖w_k‖ and b_k, [C]. */
  readonly norms: Float64Array;
  readonly bias: Float64Array;
}

/** A failure in words. `code` is a TailorError's, or INTERNAL for what should not happen. */
export interface ErrorFacts {
  readonly code: ErrorCode | 'INTERNAL';
  readonly message: string;
}

/** What was found in a model file. A file that is no model rejects; a model without a usable head does not. */
export interface ModelFacts {
  readonly name: string;
  /** The inspect document. */
  readonly description: ModelDescription;
  /** Null where the head cannot be used; `problem` then says why (HEAD_AMBIGUOUS: open again with `output`). */
  readonly head: HeadFacts | null;
  readonly problem?: ErrorFacts;
  /** Names in class order, where the model or the user says them. */
  readonly classNames?: readonly string[];
  /** From the model's metadata; they are in use until `setCounts` sets others. */
  readonly counts?: CountsFacts;
  /** How pictures become inputs; without it folders of pictures cannot be used. */
  readonly preprocess?: Preprocess;
  /** Worth telling: metadata that cannot be used, an earlier change of this model. */
  readonly notes: readonly string[];
}

/** Training samples per class. */
export interface CountsFacts {
  /** [C]. */
  readonly counts: readonly number[];
  readonly groups: readonly Group[];
  readonly thresholds: GroupThresholds;
  /** Largest count / smallest count. */
  readonly imbalanceFactor: number;
  /** Where they came from, in words: 'the model', 'typed', a file name, 'labels of train.npz'. */
  readonly from: string;
}

/** A set that is held. */
export interface DataFacts {
  readonly role: Role;
  readonly name: string;
  readonly samples: number;
  readonly dimensions: number;
  /** Names in the model's order, where known. */
  readonly classNames?: readonly string[];
  /** Samples per class, [C]. */
  readonly counts: readonly number[];
  /** Features came in the file, or were computed from pictures or inputs. */
  readonly from: 'features' | 'pictures' | 'inputs';
  /** Of an extraction. */
  readonly device?: string;
  readonly seconds?: number;
  /** Worth telling: classes without a sample, an order of classes that was taken for granted. */
  readonly notes: readonly string[];
}

/** Everything that `live/` needs. Numbers are copies: the page may keep them. */
export interface LiveData {
  readonly role: Role;
  readonly name: string;
  /** Of the original head, row-major [N, C]. */
  readonly logits: Float32Array;
  /** [N]. */
  readonly labels: Int32Array;
  readonly samples: number;
  readonly classes: number;
  /** ‖w_k‖ and b_k of the original head, [C]. */
  readonly norms: Float64Array;
  readonly bias: Float64Array;
}

/** One plot as a complete SVG document. */
export interface PlotFacts {
  /** 'cosine', 'class-mean-norms', …: the name of the command's .svg file. */
  readonly name: string;
  readonly svg: string;
}

/** What imbalance did, of one set or of two side by side. */
export interface DiagnosisResult {
  readonly diagnostics: Diagnostics;
  readonly second?: Diagnostics;
  /** Findings, the most important first. */
  readonly advice: readonly Advice[];
  /** Answers of the original head on the second set, or else on the only one. */
  readonly evaluation: Evaluation;
  readonly confusion: GroupConfusion;
  readonly plots: readonly PlotFacts[];
}

/** A fitted head. It stays in the worker under `id` until the model, the training features or the counts change. */
export interface FitResult {
  readonly id: number;
  readonly method: string;
  readonly parameters: MethodParameters;
  /** Of stochastic solvers; empty else. */
  readonly epochs: readonly FitEpoch[];
  /** Mean loss and largest entry of its gradient, where something is minimised to the end. */
  readonly objective: number | null;
  readonly gradientNorm: number | null;
  readonly seconds: number;
  readonly warning?: string;
  /** On validation, and on test where there is one. */
  readonly validation?: Evaluation;
  readonly test?: Evaluation;
  /** Of the fitted head on validation, [N, C]; absent without validation. */
  readonly logits?: Float32Array;
}

/** What was tried. */
export interface SelectionFacts {
  readonly folds: number;
  readonly methods: readonly MethodSummary[];
  readonly foldChoices: readonly MethodChoice[];
  readonly table: readonly CandidateRow[];
}

/** A file to be downloaded. */
export interface FileOutput {
  readonly name: string;
  readonly data: Blob;
}

/** A model that was made and proven. */
export interface MadeModel {
  /** The complete .onnx. */
  readonly file: FileOutput;
  /** External data that belongs beside it; mostly none. */
  readonly sideFiles: readonly FileOutput[];
  readonly sha256: string;
  readonly bytes: number;
  /** The method in the file; 'none' where the original head was kept. */
  readonly method: string;
  readonly parameters: MethodParameters;
  readonly kept: boolean;
  /** The original head and the head in the file, on validation: optimistic, since it was chosen there. */
  readonly before: Evaluation;
  readonly after: Evaluation;
  /** Of the average; out-of-fold where something was searched. */
  readonly improvement: Improvement;
  readonly selectedOn: string;
  readonly test?: { readonly name: string; readonly before: Evaluation; readonly after: Evaluation };
  readonly comparison: readonly ComparisonRow[];
  readonly selection?: SelectionFacts;
  readonly verification: Verification;
  readonly notes: readonly string[];
  /** Plots of the recalibration: accuracy, confusion, reliability. */
  readonly plots: readonly PlotFacts[];
  /**
   * The command that writes the same bytes, from the files' folder; absent for fitted heads, and for a search or a fitted T on
   * features that were computed here: their last digits are the browser's own.
   */
  readonly command?: string;
  /** Small files that the command reads beside those that the page was given: counts.json, target-prior.json, classes.json. */
  readonly commandFiles: readonly FileOutput[];
}

/** A report in all its forms. */
export interface ReportResult {
  /** One page that needs nothing else. */
  readonly html: FileOutput;
  readonly markdown: FileOutput;
}

/** Where counts come from. */
export type CountsSource =
  /** JSON, or numbers or `name number` pairs separated by commas, blanks or line ends. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'numbers'; readonly counts: readonly number[] }
  /** .json (array or object), .npz whose `labels` are counted, or text as above. */
  | { readonly kind: 'file'; readonly file: FileInput }
  /** The labels of a set that is held. */
  | { readonly kind: 'set'; readonly role: Role }
  /** Those of the model's metadata again. */
  | { readonly kind: 'model' };

/** What a set comes as. */
export type DataInput =
  /** An .npz with `features`, or with `images` or `inputs`, which are run through the model. */
  | { readonly kind: 'npz'; readonly file: FileInput }
  /** A folder with one subfolder per class, as the files that are in it. */
  | {
      readonly kind: 'pictures';
      readonly files: readonly PictureInput[];
      /** Where folders are numbers that sort differently by name: 0, 1, 10, 2 or 0, 1, 2, 10. */
      readonly order?: 'name' | 'number';
    };

/** The verbs: what each is asked and what it answers. */
export interface Verbs {
  /**
   * Loads onnxruntime's WebAssembly; after it nothing is asked of the network any more, but for the build with WebGPU, which
   * comes from the page's own server when `addData` first names that device.
   */
  start: { request: Record<never, never>; result: EngineFacts };
  /** Opens a model and forgets everything that belonged to the one before. */
  openModel: {
    request: {
      readonly file: FileInput;
      /** External data of the model, by file name. */
      readonly sideFiles?: readonly FileInput[];
      /** Output whose head is meant, where there are several. */
      readonly output?: string;
      /** Names in class order, instead of the model's own. */
      readonly classNames?: readonly string[];
      /** Instead of the model's own. */
      readonly preprocess?: Partial<Preprocess>;
    };
    result: ModelFacts;
  };
  setCounts: { request: { readonly source: CountsSource }; result: CountsFacts };
  /** Bounds of many, medium and few; null: those by the number of classes. */
  setThresholds: { request: { readonly thresholds: GroupThresholds | null }; result: CountsFacts };
  /** Takes the place of the set of the same role. Progress: samples. */
  addData: {
    request: {
      readonly role: Role;
      readonly input: DataInput;
      readonly device?: Device;
      readonly batch?: number;
    };
    result: DataFacts;
  };
  removeData: { request: { readonly role: Role }; result: null };
  /** The set as a feature file that `addData` and the command line read. */
  saveData: { request: { readonly role: Role }; result: FileOutput };
  logits: { request: { readonly role: Role }; result: LiveData };
  /** Progress: samples of all passes. */
  diagnose: {
    request: {
      readonly role: Role;
      /** Shown beside it. */
      readonly second?: Role;
      /** Halves of the samples behind 95 % intervals. Default 0: none. */
      readonly intervals?: number;
    };
    result: DiagnosisResult;
  };
  /** Needs training features. Progress: epochs. */
  fit: { request: { readonly configuration: FitConfiguration }; result: FitResult };
  /** The T that `make` would fit for this choice. */
  temperature: { request: { readonly choice: AdjustChoice | FittedChoice }; result: number };
  /** Needs validation and counts. */
  make: { request: { readonly choice: Choice; readonly missing?: 'error' | 'skip' }; result: MadeModel };
  /** Of the last `make`, with the diagnoses made so far; without one of the last diagnosis. */
  report: { request: { readonly title?: string }; result: ReportResult };
}

/** Name of a verb. */
export type Verb = keyof Verbs;

/** Page → worker. */
export type Request =
  | { [V in Verb]: { readonly id: number; readonly verb: V; readonly request: Verbs[V]['request'] } }[Verb]
  | { readonly cancel: number };

/** How far the work on a request is. `total` is an estimate that may fall; 0 where it is not known. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** What is counted or being done, for people: 'samples', 'epochs', 'fitting wb'. */
  readonly what: string;
  /** Estimate. */
  readonly secondsLeft?: number;
  /** Mean loss of the last epoch, where something is trained. */
  readonly loss?: number;
}

/** Worker → page. */
export type Reply =
  | { readonly id: number; readonly result: Verbs[Verb]['result'] }
  | { readonly id: number; readonly error: ErrorFacts }
  | { readonly id: number; readonly progress: Progress };
