/**
 * Statistics of features in an .npz that numpy reads: the arrays of FeatureStatistics under their own names, `normMax` and
 * HeadStatistics in snake case, and `format`, `version`, `name`, `classes`; `pieces` (JSON) where they are of feature stores.
 */
import { TailorError } from '../array/errors.js';
import { firstNonFinite } from '../array/matrix.js';
import type { NpyContent } from '../array/npy.js';
import { type Npz, openNpz, writeNpz } from '../array/npz.js';
import { readClasses } from '../data/read-classes.js';
import type { StorePiece } from '../features/store/piece.js';
import { DOUBT_BINS, histogramLength, NORM_BINS } from './log-histogram.js';
import { parsePieces } from './pieces.js';
import type { FeatureStatistics, HeadStatistics } from './statistics.js';

/** What `format` says. */
const FORMAT = 'onnx-tailor feature statistics';

/** Raised when an array that is needed is added, or means something else. Files of other versions are refused. */
export const STATISTICS_VERSION = 1;

/** Statistics with the names that belong to them. */
export interface NamedStatistics {
  /** The sums themselves. */
  readonly statistics: FeatureStatistics;
  /** Of the set: what was given on writing, else the file. */
  readonly name: string;
  /** In class order. */
  readonly classNames?: readonly string[];
  /** Which samples of which feature stores are in them; absent where none are. */
  readonly pieces?: readonly StorePiece[];
}

/** Options of `writeStatistics`. */
export interface WriteStatisticsOptions {
  /** Replace an existing file; default false. */
  readonly overwrite?: boolean;
  /** Of the set, for messages and reports. */
  readonly name?: string;
  /** In class order, [C]. */
  readonly classNames?: readonly string[];
  /** Which samples of which feature stores are in them. */
  readonly pieces?: readonly StorePiece[];
}

/**
 * Writes statistics. Same statistics, same bytes. 8 (D² + 2 C D) bytes and a little more: 66 MB at D = 2048, C = 1000.
 *
 * Throws SHAPE_MISMATCH (class names that are not one per class), FILE_EXISTS unless `overwrite`, FILE_UNWRITABLE.
 */
export async function writeStatistics(
  path: string,
  statistics: FeatureStatistics,
  { overwrite, name, classNames, pieces }: WriteStatisticsOptions = {},
): Promise<void> {
  if (classNames && classNames.length !== statistics.classes) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `Writing statistics to ${path}: there are ${statistics.classes} classes, but ${classNames.length} class names; one each is needed.`,
    );
  }
  const entries: Record<string, NpyContent> = {
    format: { shape: [], strings: [FORMAT] },
    version: { shape: [], data: Int32Array.of(STATISTICS_VERSION) },
  };
  if (name !== undefined) entries.name = { shape: [], strings: [name] };
  if (classNames) entries.classes = { strings: classNames };
  if (pieces) entries.pieces = { shape: [], strings: [JSON.stringify(pieces)] };
  const { head } = statistics;
  for (const { entry, shape, from } of layout(statistics.classes, statistics.dimensions)) {
    entries[entry] = { shape, data: from(statistics) };
  }
  if (head) {
    entries.head_fingerprint = { shape: [], strings: [head.fingerprint] };
    for (const { entry, shape, from } of headLayout(statistics.classes)) {
      entries[entry] = { shape, data: from(head) };
    }
  }
  await writeNpz(path, entries, { overwrite });
}

/**
 * Reads statistics by path or bytes.
 * @param name what to call the file in messages; default the path.
 * @throws FORMAT_INVALID (no statistics, damaged, an array missing or impossible), FORMAT_UNSUPPORTED (another version),
 * SHAPE_MISMATCH, NOT_FINITE, FILE_NOT_FOUND, and the errors of npz files.
 */
export async function readStatistics(source: string | Uint8Array, name?: string): Promise<NamedStatistics> {
  const npz = await openNpz(source, name);
  await assertFormat(npz);
  const counts = await readArray(npz, 'counts', undefined);
  const [, dimensions] = (await npz.read('means')).shape;
  const classes = counts.length;
  if (classes === 0 || !(dimensions > 0)) {
    throw invalid(npz, `counts of ${classes} classes and means of ${dimensions ?? 'no'} dimensions`);
  }
  const read: Record<string, Float64Array> = {};
  for (const { entry, shape } of layout(classes, dimensions))
    read[entry] = await readArray(npz, entry, shape);
  const statistics: FeatureStatistics = {
    classes,
    dimensions,
    counts: read.counts,
    means: read.means,
    scatter: read.scatter,
    unitSums: read.unit_sums,
    unitCounts: read.unit_counts,
    normSums: read.norm_sums,
    normSquareSums: read.norm_square_sums,
    normMax: read.norm_max[0],
    normHistogram: read.norm_histogram,
    sparsitySums: read.sparsity_sums,
    minimum: read.minimum,
    maximum: read.maximum,
    head: await readHead(npz, classes),
  };
  assertPossible(npz, statistics);
  const classNames = await readClasses(npz);
  if (classNames && classNames.length !== classes) {
    throw invalid(npz, `${classNames.length} class names for ${classes} classes`);
  }
  const given = npz.has('name') ? (await npz.read('name')).strings?.[0] : undefined;
  return { statistics, name: given ?? npz.name, classNames, ...(await readPieces(npz)) };
}

async function readPieces(npz: Npz): Promise<{ pieces?: readonly StorePiece[] }> {
  if (!npz.has('pieces')) return {};
  const pieces = parsePieces((await npz.read('pieces')).strings?.[0]);
  if (!pieces) throw invalid(npz, 'pieces that say nothing of parts of feature stores');
  return { pieces };
}

/** Whether an .npz says that it holds statistics. */
export async function holdsStatistics(npz: Npz): Promise<boolean> {
  return npz.has('format') && (await npz.read('format')).strings?.[0] === FORMAT;
}

/** An array of the file. */
interface Entry<T> {
  readonly entry: string;
  readonly shape: number[];
  readonly from: (statistics: T) => Float64Array;
}

function layout(c: number, d: number): Entry<FeatureStatistics>[] {
  return [
    { entry: 'counts', shape: [c], from: (s) => s.counts },
    { entry: 'means', shape: [c, d], from: (s) => s.means },
    { entry: 'scatter', shape: [d, d], from: (s) => s.scatter },
    { entry: 'unit_sums', shape: [c, d], from: (s) => s.unitSums },
    { entry: 'unit_counts', shape: [c], from: (s) => s.unitCounts },
    { entry: 'norm_sums', shape: [c], from: (s) => s.normSums },
    { entry: 'norm_square_sums', shape: [c], from: (s) => s.normSquareSums },
    { entry: 'norm_max', shape: [], from: (s) => Float64Array.of(s.normMax) },
    { entry: 'norm_histogram', shape: [histogramLength(NORM_BINS)], from: (s) => s.normHistogram },
    { entry: 'sparsity_sums', shape: [c], from: (s) => s.sparsitySums },
    { entry: 'minimum', shape: [d], from: (s) => s.minimum },
    { entry: 'maximum', shape: [d], from: (s) => s.maximum },
  ];
}

function headLayout(c: number): Entry<HeadStatistics>[] {
  return [
    { entry: 'head_correct', shape: [c], from: (h) => h.correct },
    {
      entry: 'head_doubt_histogram',
      shape: [histogramLength(DOUBT_BINS)],
      from: (h) => h.doubtHistogram,
    },
    { entry: 'head_doubt_max', shape: [], from: (h) => Float64Array.of(h.doubtMax) },
  ];
}

async function readHead(npz: Npz, classes: number): Promise<HeadStatistics | undefined> {
  if (!npz.has('head_fingerprint')) return undefined;
  const fingerprint = (await npz.read('head_fingerprint')).strings?.[0];
  if (fingerprint === undefined) throw invalid(npz, 'a head_fingerprint that is no string');
  const read: Record<string, Float64Array> = {};
  for (const { entry, shape } of headLayout(classes)) read[entry] = await readArray(npz, entry, shape);
  return {
    fingerprint,
    correct: read.head_correct,
    doubtHistogram: read.head_doubt_histogram,
    doubtMax: read.head_doubt_max[0],
  };
}

async function assertFormat(npz: Npz): Promise<void> {
  if (!(await holdsStatistics(npz))) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading statistics from ${npz.name}: it holds ${npz.names.join(', ') || 'nothing'}, and no format "${FORMAT}". ` +
        'Make the file with diagnose --save-statistics, or with writeStatistics.',
    );
  }
  const version = npz.has('version') ? Number((await npz.read('version')).data[0]) : undefined;
  if (version === STATISTICS_VERSION) return;
  throw new TailorError(
    'FORMAT_UNSUPPORTED',
    `Reading statistics from ${npz.name}: the file has version ${version ?? 'none'}; version ${STATISTICS_VERSION} is read here. ` +
      'Collect the statistics again, or use the version of this package that wrote them.',
  );
}

async function readArray(
  npz: Npz,
  entry: string,
  shape: readonly number[] | undefined,
): Promise<Float64Array> {
  const found = await npz.read(entry);
  if (found.strings || !(found.data instanceof Float64Array)) {
    throw invalid(npz, `${entry} of type ${found.dtype} where float64 is needed`);
  }
  const fits = shape
    ? shape.length === found.shape.length && shape.every((size, axis) => size === found.shape[axis])
    : found.shape.length === 1;
  if (fits) return found.data;
  throw new TailorError(
    'SHAPE_MISMATCH',
    `Reading statistics from ${npz.name}: ${entry} is [${found.shape.join(', ')}]; [${shape?.join(', ') ?? 'classes'}] is needed. ` +
      'The file is damaged: collect the statistics again.',
  );
}

/** A file is not trusted: what could not have come from samples is told here rather than by a strange figure later. */
function assertPossible(npz: Npz, statistics: FeatureStatistics): void {
  const { classes, dimensions, counts, unitCounts, minimum, maximum, head } = statistics;
  const samples = counts.reduce((sum, count) => sum + count, 0);
  for (const { entry, from } of layout(classes, dimensions)) {
    if (samples === 0 && (entry === 'minimum' || entry === 'maximum')) continue;
    assertFinite(npz, entry, from(statistics));
  }
  if (head) for (const { entry, from } of headLayout(classes)) assertFinite(npz, entry, from(head));
  for (let k = 0; k < classes; k++) {
    if (!(Number.isSafeInteger(counts[k]) && counts[k] >= 0)) throw invalid(npz, `a count of ${counts[k]}`);
    if (!(unitCounts[k] >= 0 && unitCounts[k] <= counts[k])) {
      throw invalid(npz, `${unitCounts[k]} features that are not zero among ${counts[k]} of class ${k}`);
    }
    if (head && !(head.correct[k] >= 0 && head.correct[k] <= counts[k])) {
      throw invalid(npz, `${head.correct[k]} right answers for ${counts[k]} samples of class ${k}`);
    }
  }
  for (let d = 0; d < dimensions; d++) {
    if (samples > 0 && !(minimum[d] <= maximum[d])) {
      throw invalid(npz, `a minimum of ${minimum[d]} above the maximum of ${maximum[d]} in dimension ${d}`);
    }
    for (let e = 0; e < d; e++) {
      if (statistics.scatter[d * dimensions + e] === statistics.scatter[e * dimensions + d]) continue;
      throw invalid(npz, `a scatter that is not symmetric at ${d}, ${e}`);
    }
    if (statistics.scatter[d * dimensions + d] < 0) throw invalid(npz, `a scatter below 0 in dimension ${d}`);
  }
}

function assertFinite(npz: Npz, entry: string, data: Float64Array): void {
  const at = firstNonFinite(data);
  if (at < 0) return;
  throw new TailorError(
    'NOT_FINITE',
    `Reading statistics from ${npz.name}: number ${at} of ${entry} is ${data[at]}; every number must be finite. Collect them again.`,
  );
}

function invalid(npz: Npz, found: string): TailorError {
  return new TailorError(
    'FORMAT_INVALID',
    `Reading statistics from ${npz.name}: it holds ${found}. The file is damaged: collect the statistics again.`,
  );
}
