/** What a report is made of. It is also the report's JSON: plain data, nothing is computed that is not in here. */
import type { ClassCounts } from '../array/class-counts.js';
import type { Advice, Diagnostics } from '../diagnostics/diagnostics.js';
import { byCount } from '../evaluation/class-order.js';
import type { Evaluation } from '../evaluation/evaluate.js';
import type { GroupConfusion } from '../evaluation/group-confusion.js';
import { defaultThresholds, type Group, type GroupThresholds, groupClasses } from '../evaluation/groups.js';
import type { Improvement } from '../head/improvement.js';
import type { Verification } from '../recalibrate/verify.js';
import { fitText, oneLine } from './words.js';

/** The answers of one head, or of two on the same samples. */
export interface ReportEvaluation {
  /** Name of the set, e.g. 'test'. */
  readonly setName: string;
  /** Of the original head, or of the only one. */
  readonly before: Evaluation;
  /** Of the new head on the same samples. */
  readonly after?: Evaluation;
  /** groupConfusion of the same answers. */
  readonly confusion?: {
    /** Of `before`. */
    readonly before: GroupConfusion;
    /** Of `after`, where there is one. */
    readonly after?: GroupConfusion;
  };
  /** A sentence on how the figures may be read, e.g. that the head was chosen on this set. */
  readonly note?: string;
}

/** What was done to the head. A Recalibration has all of it. */
export interface ReportRecalibration {
  /** Name of the method; 'none' where the original head was kept. */
  readonly method: string;
  /** Of the method. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** True when the original head was kept. */
  readonly kept: boolean;
  /** Gain of the choice over the original head, with its interval. */
  readonly improvement: Improvement;
  /** Name of the set that the choice was made on. */
  readonly selectedOn: string;
  /** Whether `improvement` is from out-of-fold answers: true where something was searched. */
  readonly outOfFold?: boolean;
  /** What a user should know, in sentences. */
  readonly notes: readonly string[];
  /** The proof of the file, where one was written. */
  readonly verification?: Verification;
}

/** Everything that a report shows; each part is left out where it is absent. */
export interface ReportContent {
  /** Title of the page. */
  readonly title: string;
  /** One, or two to be shown side by side, e.g. train and test. */
  readonly diagnostics?: readonly Diagnostics[];
  /** Short names of `diagnostics`, e.g. ['train', 'test']; default their `name`. */
  readonly setNames?: readonly string[];
  /** The first is drawn, the others are given in the table. */
  readonly evaluations?: readonly ReportEvaluation[];
  /** Training samples per class, [C]; default those of the first diagnostics. Order and groups of the classes follow them. */
  readonly trainCounts?: ClassCounts;
  /** Default: those of the diagnostics or the evaluation. */
  readonly thresholds?: GroupThresholds;
  /** What was done to the head. */
  readonly recalibration?: ReportRecalibration;
  /** Findings beside those of the diagnostics, e.g. of adviseTogether. */
  readonly advice?: readonly Advice[];
  /** Where everything came from: pairs of what and which. */
  readonly provenance: readonly (readonly [what: string, which: string])[];
}

/** The classes of a report, the same for all of its plots. */
export interface Classes {
  readonly count: number;
  /** Training samples, [C]; undefined where they are not known. */
  readonly trainCounts?: readonly number[];
  /** Undefined where the training samples are not known. */
  readonly groups?: readonly Group[];
  readonly thresholds?: GroupThresholds;
  /** Indices, most training samples first; class order where the counts are not known. */
  readonly order: readonly number[];
  /** The name, or the number of a class without one. */
  name(k: number): string;
}

/** The classes that a content speaks of; undefined where it speaks of none. */
export function classesOf({
  diagnostics,
  evaluations,
  trainCounts,
  thresholds,
}: ReportContent): Classes | undefined {
  const first = diagnostics?.[0];
  const evaluation = evaluations?.[0]?.before;
  const count = first?.classes ?? evaluation?.classes ?? trainCounts?.length;
  if (count === undefined) return undefined;
  const counts = trainCounts ? Array.from(trainCounts) : first?.trainCounts;
  const names = first?.classNames ?? evaluation?.classNames;
  const limits = thresholds ?? first?.thresholds ?? evaluation?.thresholds ?? defaultThresholds(count);
  const own = !trainCounts && !thresholds && first ? first.groups : undefined;
  return {
    count,
    trainCounts: counts,
    groups: own ?? (counts && groupClasses(counts, limits)),
    thresholds: counts && limits,
    order: counts ? byCount(counts) : Array.from({ length: count }, (_, k) => k),
    name: (k) => (names?.[k] === undefined || oneLine(names[k]) === '' ? `${k}` : oneLine(names[k])),
  };
}

/** The sets of diagnostics with their short names. */
export function setsOf(content: ReportContent): { setName: string; diagnostics: Diagnostics }[] {
  return (content.diagnostics ?? []).map((diagnostics, i) => ({
    setName: setNameOf(content, i),
    diagnostics,
  }));
}

/** The short name of a set of diagnostics. */
export function setNameOf({ diagnostics, setNames }: ReportContent, index: number): string {
  const given = fitText(setNames?.[index] ?? '', 24);
  return given || shortSource(diagnostics?.[index]?.name ?? '') || `set ${index + 1}`;
}

/** The end of a path, where the telling part of a data source is. */
export function shortSource(name: string): string {
  return fitText(name.replace(/^.*[/\\](?=[^/\\])/s, ''), 24);
}
