/** What `diagnose` reads: features or statistics, the head that goes with them, and counts. */
import type { ClassCounts } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { headShape, type LinearHead } from '../array/linear-head.js';
import { headLogits } from '../compute/head-logits.js';
import { alignLabels } from '../data/class-names.js';
import { parseCounts } from '../data/read-counts.js';
import type { Diagnostics } from '../diagnostics/diagnostics.js';
import type { PassOptions } from '../diagnostics/pass-options.js';
import type { NamedStatistics } from '../diagnostics/statistics-file.js';
import { evaluationSum } from '../evaluation/evaluate.js';
import { groupConfusion } from '../evaluation/group-confusion.js';
import { FeatureSet } from '../features/feature-set.js';
import type { FeatureStream } from '../features/feature-stream.js';
import { inClasses } from '../features/fit-stream.js';
import type { Model } from '../features/model.js';
import type { StorePiece } from '../features/store/piece.js';
import { isStore, openStore } from '../features/store/read-store.js';
import { readHeadFile } from '../head/head-file.js';
import type { ReportEvaluation } from '../report/content.js';
import { noteClassOrder } from './class-order.js';
import type { DiagnoseCommandOptions } from './diagnose-options.js';
import { readDiagnosed } from './diagnosed-features.js';
import { readClassNames, readPerClass } from './input.js';
import { readAllStatistics } from './merged-statistics.js';
import { extractionOf, openModelArgument } from './options.js';
import type { Terminal } from './terminal.js';

/** One set to diagnose: its features, or statistics of features that are not at hand. */
export interface DiagnosedSet {
  /** Whether it is the set whose statistics may be saved. */
  readonly first: boolean;
  readonly sets?: readonly (FeatureSet | FeatureStream)[];
  readonly statistics?: NamedStatistics;
  readonly classes: number;
  readonly name: string;
  /** Which samples of which feature stores are in it. */
  readonly pieces?: readonly StorePiece[];
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
    const sets: (FeatureSet | FeatureStream)[] = [];
    for (const spec of specs) {
      const set = await readDiagnosed(spec, model ?? head, {
        ...extractionOf(options, terminal, 'Extracting'),
        // Random layers go over the features several times.
        whole: first && options.randomLayers !== undefined,
      });
      if (model) noteClassOrder(set, model, terminal);
      sets.push(set);
    }
    const classes = head ? headShape(head)[0] : Math.max(...sets.map((set) => set.classCount));
    const name = sets.map((set) => set.name).join(' + ');
    return { first, sets, classes, name, pieces: first ? await piecesOf(specs) : undefined };
  };
  const first = options.fromStatistics
    ? statisticsSet(await readAllStatistics(options.fromStatistics, options, terminal))
    : await read(features, true);
  const classNames = given ?? first.sets?.find((set) => set.classes)?.classes ?? first.statistics?.classNames;
  const test =
    options.test === undefined
      ? undefined
      : besideFirst(await read([options.test], false), first, classNames, head);
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

const statisticsSet = (statistics: NamedStatistics): DiagnosedSet => ({
  first: true,
  statistics,
  classes: statistics.statistics.classes,
  name: statistics.name,
  pieces: statistics.pieces,
});

async function piecesOf(specs: readonly string[]): Promise<readonly StorePiece[] | undefined> {
  const pieces: StorePiece[] = [];
  for (const spec of specs) if (await isStore(spec)) pieces.push((await openStore(spec)).piece);
  return pieces.length > 0 ? pieces : undefined;
}

/** The second set in the classes of the first: figures of two sets stand side by side class by class. */
function besideFirst(
  test: DiagnosedSet,
  { sets = [], statistics, classes, name }: DiagnosedSet,
  classNames: readonly string[] | undefined,
  head: LinearHead | undefined,
): DiagnosedSet {
  const dimensions = sets[0]?.dimensions ?? statistics?.statistics.dimensions;
  const aligned = test.sets?.map((set) => {
    const doing = `Diagnosing ${set.name} beside ${name}`;
    if (set.dimensions !== dimensions) {
      throw new TailorError(
        'SHAPE_MISMATCH',
        `${doing}: the features have ${set.dimensions} and ${dimensions} dimensions. Extract both with the same model.`,
      );
    }
    if (!(set instanceof FeatureSet)) return inClasses(set, classNames, classes, doing);
    // A set without names knows of no class beyond its highest label.
    const { labels, classes: names } = alignLabels(set, classNames, classes, doing);
    // Logits of the head are in its order already, those of a file alone in that of the file's names.
    const reordered = !head && set.classes !== undefined && names !== set.classes;
    return set.with({ labels, classes: names, classCount: classes, ...(reordered && { logits: undefined }) });
  });
  return { ...test, sets: aligned, classes };
}

/** Of the set that was trained on, where every class has a sample. */
function countsOfSet({ sets, statistics, classes }: DiagnosedSet): number[] | undefined {
  const counts = new Array<number>(classes).fill(0);
  for (const set of sets ?? []) for (const label of set.labels ?? []) counts[label]++;
  if (statistics) for (const [k, n] of statistics.statistics.counts.entries()) counts[k] += n;
  return counts.every((n) => n > 0) ? counts : undefined;
}

/** Answers of the head on the test set, or else on the only set, for the report; those of a stream chunk by chunk. */
export async function evaluationOf(
  { first, test, head }: DiagnoseInputs,
  { trainCounts, thresholds, groups, classNames, classes }: Diagnostics,
  where: PassOptions,
): Promise<ReportEvaluation[] | undefined> {
  const { sets = [] } = test ?? first;
  const [set] = sets;
  if (sets.length !== 1) return undefined;
  const inMemory = set instanceof FeatureSet;
  const width = inMemory ? set.logits?.shape[1] : head ? classes : set.logitWidth;
  if (width !== classes) return undefined;
  const pieces = evaluationSum(classes, {
    thresholds,
    // Groups need a training sample of every class.
    ...(trainCounts.every((n) => n > 0) && { counts: trainCounts }),
    ...(classNames && { classes: classNames }),
  });
  const labels = inMemory ? set.requireLabels('Evaluating') : set.labels;
  if (inMemory) pieces.add(set.logits!, labels);
  else {
    for await (const chunk of set.chunks()) {
      pieces.add(head ? await headLogits(head, chunk.features, where) : chunk.logits!, chunk.labels);
    }
  }
  return [
    {
      setName: test ? 'test' : set.name,
      before: pieces.result(),
      confusion: { before: groupConfusion({ predictions: pieces.predictions(), labels, groups }) },
      ...(!test && { note: 'If the model was trained on this set, its figures say nothing of new data.' }),
    },
  ];
}
