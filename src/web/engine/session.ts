/** What the worker holds between requests. */
import { TailorError } from '../../array/errors.js';
import type { Preprocess } from '../../data/preprocess.js';
import type { Diagnostics } from '../../diagnostics/diagnostics.js';
import { defaultThresholds, type GroupThresholds, groupClasses } from '../../evaluation/groups.js';
import type { FeatureSet } from '../../features/feature-set.js';
import type { Model } from '../../features/model.js';
import type { FittedHead } from '../../head/fitted-head.js';
import type { Recalibration } from '../../recalibrate/recalibrate.js';
import type { SessionOptions } from '../../runtime/session.js';
import type { CountsFacts, DataFacts, Role, TargetPrior } from './protocol.js';

/** A set in the model's class order, with logits of its head. */
export interface HeldSet {
  readonly set: FeatureSet;
  readonly from: DataFacts['from'];
  /** What the command line calls it, from the folder that it is in. */
  readonly spec: string;
}

/** A model that was made, and what it was made with. */
export interface Made {
  readonly result: Recalibration;
  readonly targetPrior: TargetPrior;
}

/** Training samples per class and where they came from. */
export interface HeldCounts {
  readonly counts: readonly number[];
  readonly from: string;
  /** Whether they are those of the model's metadata. */
  readonly own: boolean;
}

/** One user's work on one model. */
export class Session {
  /** With a usable head. */
  model?: Model;
  /** How it was opened, for the command that does the same. */
  opened: {
    readonly output?: string;
    readonly classNames?: readonly string[];
    readonly preprocess?: Partial<Preprocess>;
  } = {};
  counts?: HeldCounts;
  /** Undefined: by the number of classes. */
  thresholds?: GroupThresholds;
  readonly sets = new Map<Role, HeldSet>();
  readonly fits = new Map<number, FittedHead>();
  /** Of the original head, by set. */
  readonly diagnoses = new Map<Role, Diagnostics>();
  lastDiagnosed: readonly Role[] = [];
  made?: Made;
  /** Never used twice, so that a head of an earlier model is not taken for one of this. */
  #lastFit = 0;

  /** Where everything is computed. WebAssembly: float64 works there, and results do not depend on a graphics card. */
  readonly where: SessionOptions;

  constructor(where: SessionOptions) {
    this.where = where;
  }

  /** Forgets everything: another model comes. */
  reset(): void {
    this.model = undefined;
    this.opened = {};
    this.counts = undefined;
    this.thresholds = undefined;
    this.sets.clear();
    this.forgetResults();
    this.fits.clear();
  }

  /** Forgets what was computed from counts, thresholds or sets that have changed. Fitted heads were given counts, no thresholds. */
  forgetResults(role?: Role): void {
    if (role) this.diagnoses.delete(role);
    else this.diagnoses.clear();
    this.lastDiagnosed = this.lastDiagnosed.filter((one) => this.diagnoses.has(one));
    this.made = undefined;
  }

  /** Keeps a head; returns its number. */
  addFit(fit: FittedHead): number {
    this.#lastFit += 1;
    this.fits.set(this.#lastFit, fit);
    return this.#lastFit;
  }

  /** The model, or INVALID_ARGUMENT; `doing` begins the message. */
  requireModel(doing: string): Model {
    if (this.model) return this.model;
    throw new TailorError('INVALID_ARGUMENT', `${doing}: there is no model yet. Give an .onnx file first.`);
  }

  /** The set, or INVALID_ARGUMENT. */
  requireSet(role: Role, doing: string): HeldSet {
    const held = this.sets.get(role);
    if (held) return held;
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: there are no ${ROLE_WORDS[role]} yet. Give them first.`,
    );
  }

  /** The counts, or COUNTS_INVALID. */
  requireCounts(doing: string): readonly number[] {
    if (this.counts) return this.counts.counts;
    throw new TailorError(
      'COUNTS_INVALID',
      `${doing}: how many samples of each class the model was trained on is not known. Type, paste or drop the class counts first.`,
    );
  }

  /** Bounds of the groups in use. */
  get groupThresholds(): GroupThresholds {
    return this.thresholds ?? defaultThresholds(this.requireModel('Grouping the classes').location.classes);
  }

  /** The counts as the page shows them; undefined without. */
  countsFacts(): CountsFacts | undefined {
    if (!this.counts) return undefined;
    const { counts, from } = this.counts;
    const thresholds = this.groupThresholds;
    const [least, most] = counts.reduce(([a, b], n) => [Math.min(a, n), Math.max(b, n)], [Infinity, 0]);
    return {
      counts,
      groups: groupClasses(counts, thresholds),
      thresholds,
      imbalanceFactor: most / least,
      from,
    };
  }
}

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  validation: 'validation data',
  train: 'training data',
  test: 'test data',
};
