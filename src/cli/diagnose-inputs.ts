/** What `diagnose` reads: features or statistics, the head that goes with them, and counts. */
import type { ClassCounts } from '../array/class-counts.js';
import { headShape, type LinearHead } from '../array/linear-head.js';
import { parseCounts } from '../data/read-counts.js';
import type { Diagnostics } from '../diagnostics/diagnostics.js';
import { mergeStatistics } from '../diagnostics/merge-statistics.js';
import { type NamedStatistics, readStatistics } from '../diagnostics/statistics-file.js';
import { evaluate } from '../evaluation/evaluate.js';
import { groupConfusion } from '../evaluation/group-confusion.js';
import type { FeatureSet } from '../features/feature-set.js';
import type { Model } from '../features/model.js';
import { openFeatures } from '../features/open-features.js';
import { readFeatures } from '../features/read-features.js';
import { readHeadFile } from '../head/head-file.js';
import type { ReportEvaluation } from '../report/content.js';
import { noteClassOrder } from './class-order.js';
import type { DiagnoseCommandOptions } from './diagnose-options.js';
import { readClassNames, readPerClass } from './input.js';
import { extractionOf, openModelArgument } from './options.js';
import type { Terminal } from './terminal.js';

/** One set to diagnose: its features, or statistics of features that are not at hand. */
export interface DiagnosedSet {
  /** Whether it is the set whose statistics may be saved. */
  readonly first: boolean;
  readonly sets?: readonly FeatureSet[];
  readonly statistics?: NamedStatistics;
  readonly classes: number;
  readonly name: string;
}

/** Everything that was read. */
export interface DiagnoseInputs {
  readonly model?: Model;
  readonly head?: LinearHead;
  /** [C]. */
  readonly counts?: ClassCounts;
  /** [C], where the command line or the model names them. */
  readonly classNames?: readonly string[];
  readonly first: DiagnosedSet;
  readonly test?: DiagnosedSet;
}

export async function readDiagnoseInputs(
  features: readonly string[],
  options: DiagnoseCommandOptions,
  terminal: Terminal,
): Promise<DiagnoseInputs> {
  const model = options.model === undefined ? undefined : await openModelArgument(options.model, options);
  const head = model ? model.head : options.head === undefined ? undefined : await readHeadFile(options.head);
  const given =
    options.classes === undefined || model ? model?.classes : await readClassNames(options.classes);
  const read = async (specs: readonly string[], first: boolean): Promise<DiagnosedSet> => {
    const sets: FeatureSet[] = [];
    for (const spec of specs) {
      const target = model ?? head;
      const set = target
        ? await openFeatures(spec, target, extractionOf(options, terminal, 'Extracting'))
        : await readFeatures(spec);
      if (model) noteClassOrder(set, model, terminal);
      sets.push(set);
    }
    const classes = head ? headShape(head)[0] : Math.max(...sets.map((set) => set.classCount));
    return { first, sets, classes, name: sets.map((set) => set.name).join(' + ') };
  };
  const first = options.fromStatistics
    ? await readAllStatistics(options.fromStatistics)
    : await read(features, true);
  const test = options.test === undefined ? undefined : await read([options.test], false);
  const classNames = given ?? first.sets?.find((set) => set.classes)?.classes ?? first.statistics?.classNames;
  const countsOf =
    options.counts === undefined
      ? () => model?.trainCounts
      : await readPerClass(options.counts, 'class counts', parseCounts, {
          classCount: first.classes,
          classes: classNames,
        });
  // The second set is read by the counts of the first: what was trained on.
  const counts = countsOf(classNames) ?? (test ? countsOfSet(first) : undefined);
  return { model, head, counts, classNames, first, test };
}

/** Of the set that was trained on, where every class has a sample. */
function countsOfSet({ sets, statistics, classes }: DiagnosedSet): number[] | undefined {
  const counts = new Array<number>(classes).fill(0);
  for (const set of sets ?? []) for (const label of set.labels ?? []) counts[label]++;
  if (statistics) for (const [k, n] of statistics.statistics.counts.entries()) counts[k] += n;
  return counts.every((n) => n > 0) ? counts : undefined;
}

async function readAllStatistics(paths: readonly string[]): Promise<DiagnosedSet> {
  let all: NamedStatistics | undefined;
  for (const path of paths) {
    const next = await readStatistics(path);
    all = all
      ? {
          statistics: await mergeStatistics(all.statistics, next.statistics),
          name: `${all.name} + ${next.name}`,
          classNames: all.classNames ?? next.classNames,
        }
      : next;
  }
  return { first: true, statistics: all!, classes: all!.statistics.classes, name: all!.name };
}

/** Answers of the head on the test set, or else on the only set, for the report. */
export function evaluationOf(
  { first, test }: DiagnoseInputs,
  { trainCounts, thresholds, groups, classNames }: Diagnostics,
): ReportEvaluation[] | undefined {
  const { sets = [] } = test ?? first;
  const [set] = sets;
  if (sets.length !== 1 || !set.logits) return undefined;
  const labels = set.requireLabels('Evaluating');
  const { logits } = set;
  return [
    {
      setName: test ? 'test' : set.name,
      before: evaluate({
        ...{ logits, labels, thresholds },
        // Groups need a training sample of every class.
        ...(trainCounts.every((n) => n > 0) && { counts: trainCounts }),
        ...(classNames && { classes: classNames }),
      }),
      confusion: { before: groupConfusion({ logits, labels, groups }) },
      ...(!test && { note: 'If the model was trained on this set, its figures say nothing of new data.' }),
    },
  ];
}
