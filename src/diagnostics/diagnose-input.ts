/** What is diagnosed: features in one or several sets, or statistics; checked, and made into statistics. */
import { TailorError } from '../array/errors.js';
import { assertFiniteHead, headShape, type LinearHead } from '../array/linear-head.js';
import type { FeatureSet } from '../features/feature-set.js';
import type { FeatureStream } from '../features/feature-stream.js';
import type { SessionOptions } from '../runtime/session.js';
import { collectStatistics } from './collect-statistics.js';
import { type DiagnosedRows, diagnosedRows } from './diagnosed-rows.js';
import { headFingerprint } from './head-statistics.js';
import { mergeStatistics } from './merge-statistics.js';
import type { Miss } from './missing.js';
import { type FeatureStatistics, sampleCount } from './statistics.js';
import type { NamedStatistics } from './statistics-file.js';

/**
 * What `diagnose` takes: features in memory, or a stream of them that is read chunk by chunk (openFeatureStream); several of either
 * that are one set; or statistics of features that are not at hand.
 */
export type DiagnoseSource =
  | FeatureSet
  | FeatureStream
  | readonly (FeatureSet | FeatureStream)[]
  | FeatureStatistics
  | NamedStatistics;

/** What is diagnosed, checked. */
export interface DiagnoseInput {
  /** The features; absent when statistics were given. */
  readonly sets?: readonly DiagnosedRows[];
  /** When they were given. */
  readonly statistics?: FeatureStatistics;
  readonly classes: number;
  readonly name: string;
  readonly classNames: string[] | null;
  /** Every set has logits. */
  readonly logits: boolean;
}

/**
 * Checks that sets, names and head fit each other. INVALID_ARGUMENT, SHAPE_MISMATCH, LABELS_INVALID, NOT_FINITE.
 */
export function readSource(
  source: DiagnoseSource,
  { head, name, classNames }: { head?: LinearHead; name?: string; classNames?: readonly string[] },
): DiagnoseInput {
  const found =
    'features' in source || 'chunks' in source || Array.isArray(source)
      ? readSets(source as FeatureSet | FeatureStream | readonly (FeatureSet | FeatureStream)[], head)
      : readStatisticsOf(source as FeatureStatistics | NamedStatistics, head);
  const names = classNames ?? found.classNames;
  if (names && names.length !== found.classes) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `Diagnosing: there are ${found.classes} classes, but ${names.length} class names. Give one per class, in class order.`,
    );
  }
  return { ...found, name: name ?? found.name, classNames: names ? [...names] : null };
}

function readStatisticsOf(
  source: FeatureStatistics | NamedStatistics,
  head: LinearHead | undefined,
): DiagnoseInput {
  const { statistics, name, classNames } =
    'statistics' in source ? source : { statistics: source, name: 'statistics', classNames: undefined };
  if (sampleCount(statistics) === 0) {
    throw new TailorError('INVALID_ARGUMENT', 'Diagnosing: the statistics are of no sample at all.');
  }
  assertHeadFits(head, statistics.classes, statistics.dimensions, true);
  return {
    statistics,
    classes: statistics.classes,
    name,
    classNames: classNames ? [...classNames] : null,
    logits: false,
  };
}

function readSets(
  source: FeatureSet | FeatureStream | readonly (FeatureSet | FeatureStream)[],
  head: LinearHead | undefined,
): DiagnoseInput {
  const given = Array.isArray(source) ? (source as readonly (FeatureSet | FeatureStream)[]) : [source];
  const sets = (given as readonly (FeatureSet | FeatureStream)[]).map(diagnosedRows);
  if (sets.length === 0) throw new TailorError('INVALID_ARGUMENT', 'Diagnosing: no feature set was given.');
  const [first] = sets;
  for (const set of sets) {
    if (set.dimensions !== first.dimensions) {
      throw new TailorError(
        'SHAPE_MISMATCH',
        `Diagnosing: ${first.name} has ${first.dimensions} dimensions, ${set.name} has ${set.dimensions}. Sets that are diagnosed as one come from one model.`,
      );
    }
  }
  const named = sets.find((set) => set.classes);
  for (const set of sets) {
    if (named?.classes && set.classes && set.classes.join('\0') !== named.classes.join('\0')) {
      throw new TailorError(
        'SHAPE_MISMATCH',
        `Diagnosing: ${named.name} and ${set.name} have different class names, or in another order. Sets that are diagnosed as one share their classes.`,
      );
    }
  }
  const most = sets.reduce((classes, set) => Math.max(classes, set.classCount), 0);
  assertHeadFits(head, most, first.dimensions, false);
  const classes = head ? headShape(head)[0] : most;
  const logits = sets.every((set) => set.logitWidth === classes);
  const name = sets.map((set) => set.name).join(' + ');
  return { sets, classes, name, classNames: named?.classes ? [...named.classes] : null, logits };
}

/** A head may have classes of which a set without names has seen none; statistics know their number. */
function assertHeadFits(
  head: LinearHead | undefined,
  classes: number,
  dimensions: number,
  exactly: boolean,
): void {
  if (!head) return;
  assertFiniteHead(head, 'Diagnosing');
  const [c, d] = headShape(head);
  if (d === dimensions && (exactly ? c === classes : c >= classes)) return;
  throw new TailorError(
    'SHAPE_MISMATCH',
    `Diagnosing: the head is ${c} classes × ${d} dimensions, the features are ${classes} classes × ${dimensions} dimensions. Give the head of the model that the features come from.`,
  );
}

/**
 * One pass over all sets, chunk by chunk, and where there is a head or logits its answers; or the given statistics, without what they say of
 * another head than `head`.
 */
export async function statisticsOf(
  { sets, statistics: given, classes, logits }: DiagnoseInput,
  head: LinearHead | undefined,
  where: SessionOptions & { signal?: AbortSignal },
  onSamples: (samples: number) => void,
  miss: Miss,
): Promise<{ statistics: FeatureStatistics; answers?: Int32Array[] }> {
  if (given) {
    if (!head || !given.head || given.head.fingerprint === (await headFingerprint(head))) {
      return { statistics: given };
    }
    miss('head', 'the statistics were collected with another head: what they say of its answers is left out');
    return { statistics: { ...given, head: undefined } };
  }
  let total: FeatureStatistics | undefined;
  const answers = head || logits ? sets!.map((set) => new Int32Array(set.samples)) : undefined;
  for (const [s, set] of sets!.entries()) {
    let from = 0;
    for await (const chunk of set.chunks()) {
      const samples = chunk.labels.length;
      let done = 0;
      const statistics = await collectStatistics(chunk.features, chunk.labels, {
        classes,
        head,
        // Logits in a file may be those of another head.
        logits: head || !logits ? undefined : chunk.logits,
        answers: answers?.[s].subarray(from, from + samples),
        ...where,
        onProgress(progress) {
          onSamples(progress.done - done);
          done = progress.done;
        },
      });
      total = total ? await mergeStatistics(total, statistics, where) : statistics;
      from += samples;
    }
  }
  return { statistics: total!, answers };
}
