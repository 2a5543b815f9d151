/** The manifest of a feature store: what its shards hold, what they were made of, and which of them are there. */
import { TailorError } from '../../array/errors.js';
import { assertJsonBytes, parseJson } from '../../array/json.js';
import { assertNameLengths } from '../../array/names.js';
import { readFound } from '../../array/read-found.js';
import type { Preprocess } from '../../data/preprocess.js';

/** What `format` says. */
export const STORE_FORMAT = 'onnx-tailor-features';

/** Raised when a key means something else. Stores of other versions are refused. */
export const STORE_VERSION = 1;

/** A file of a store. */
export interface StoreFile {
  /** In the store's folder. */
  readonly file: string;
  readonly samples: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** A file of features: an .npz as FeatureSet.save writes it. */
export interface StoreShard extends StoreFile {
  /** Its first sample in the whole set. */
  readonly start: number;
}

/** Which part of the shards: 1 ≤ index ≤ count. */
export interface StorePart {
  /** Number of the part, from 1. */
  readonly index: number;
  /** How many parts there are. */
  readonly count: number;
}

/** What the features are of and by: two stores that agree in it hold the same. */
export interface StoreIdentity {
  readonly model: {
    readonly sha256: string;
    /** File name; null where the model was given as bytes. */
    readonly name: string | null;
    /** The output whose head takes the features. */
    readonly output: string;
    /** D. */
    readonly dimensions: number;
    /** C. */
    readonly classCount: number;
  };
  /** How pictures were turned into inputs; null where inputs were fed as they are. */
  readonly preprocess: Preprocess | null;
  /** Of the preprocessing as JSON. */
  readonly preprocessSha256: string | null;
  readonly source: {
    readonly name: string;
    /** In the source; the store may have fewer (`limit`). */
    readonly samples: number;
    /** Over names and sizes of its files and over the labels; null for a source that is not in files. */
    readonly sha256: string | null;
    /** When the newest of its files was written (ISO 8601). */
    readonly modified: string | null;
    readonly labels: boolean;
  };
  /** Class names in class order. */
  readonly classes: readonly string[] | null;
  readonly limit: number | null;
  /** N of the whole set. */
  readonly samples: number;
}

/** How the features were computed: what the last bits of the numbers depend on. */
export interface StoreMaking {
  readonly batch: number;
  /** Where the model ran; null in a part without samples. */
  readonly device: string | null;
  /** Samples of a shard, a multiple of the batch; the last one has what is left. */
  readonly shardRows: number;
}

/** A manifest, in JSON. Nothing in it tells when or how fast it was made: the same work leaves the same bytes. */
export interface StoreManifest extends StoreIdentity, StoreMaking {
  readonly format: typeof STORE_FORMAT;
  readonly version: number;
  /** Version of this package. */
  readonly writer: string;
  readonly part: StorePart;
  /** Samples in the shards that are listed. */
  readonly rows: number;
  readonly shards: readonly StoreShard[];
  /** A few inputs as they were fed, for verify; null before the end. */
  readonly inputs: StoreFile | null;
  readonly complete: boolean;
}

/** The text of a manifest. */
export function encodeManifest(manifest: StoreManifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * Reads a manifest. A file that names files outside of the store's folder, or says impossible things, is refused.
 * @throws FILE_NOT_FOUND, FORMAT_INVALID, FORMAT_UNSUPPORTED (another version), LIMIT_EXCEEDED.
 */
export async function readManifest(path: string): Promise<StoreManifest> {
  const bytes = await readFound(path);
  assertJsonBytes(bytes.length, `Reading the feature store ${path}`);
  const text = new TextDecoder().decode(bytes);
  let found: Partial<StoreManifest> | null;
  try {
    found = parseJson(text, `Reading the feature store ${path}`) as Partial<StoreManifest> | null;
  } catch (cause) {
    if (cause instanceof TailorError) throw cause;
    throw new TailorError('FORMAT_INVALID', `Reading the feature store ${path}: it is no JSON. ${AGAIN}`, {
      cause,
    });
  }
  const invalid = (what: string) =>
    new TailorError('FORMAT_INVALID', `Reading the feature store ${path}: ${what}. ${AGAIN}`);
  if (found?.format !== STORE_FORMAT) throw invalid(`its format is not "${STORE_FORMAT}"`);
  if (found.version !== STORE_VERSION) {
    throw new TailorError(
      'FORMAT_UNSUPPORTED',
      `Reading the feature store ${path}: it has version ${String(found.version)}; version ${STORE_VERSION} is read here. ` +
        'Use the version of this package that wrote it, or extract again.',
    );
  }
  const problem = problemOf(found);
  if (problem) throw invalid(problem);
  assertNameLengths(found.classes ?? [], `Reading the feature store ${path}`);
  return found as StoreManifest;
}

const AGAIN = 'Extract the features again (--force).';
const FILE_NAME = /^[\w-][\w.-]*$/;

/** What cannot be in a manifest that was written here. */
function problemOf({ model, source, part, shards, inputs, ...rest }: Partial<StoreManifest>): string {
  const { samples, rows, shardRows, batch, classes, complete } = rest;
  const sizes = [model?.dimensions, model?.classCount, source?.samples, samples, shardRows, batch];
  if (!sizes.every((size) => isWhole(size, 1))) return 'a size is not a whole number above 0';
  if (typeof model!.sha256 !== 'string' || typeof model!.output !== 'string') return 'it names no model';
  if (typeof source!.name !== 'string') return 'it names no source';
  if (!(isWhole(part?.index, 1) && isWhole(part.count, 1) && part.index <= part.count))
    return 'its part is none';
  if (typeof complete !== 'boolean' || !Array.isArray(shards)) return 'it lists no shards';
  const names =
    classes === null || (Array.isArray(classes) && classes.every((name) => typeof name === 'string'));
  if (!names || (classes && classes.length !== model!.classCount))
    return 'its class names are not one per class';
  const files: readonly unknown[] = inputs ? [...shards, inputs] : shards;
  if (!files.every(isFile)) return 'a file that it lists has no name, size or checksum';
  let sum = 0;
  for (const { start, samples: count } of shards as readonly StoreShard[]) {
    const fits = isWhole(start, 0) && start % shardRows! === 0 && start + count <= samples!;
    const whole = count === shardRows || start + count === samples;
    if (!fits || !whole) return `a shard is said to hold ${count} samples from ${start} on`;
    sum += count;
  }
  return sum === rows ? '' : `${sum} samples are in its shards, and ${String(rows)} are said to be`;
}

function isFile(file: unknown): file is StoreFile {
  const { file: name, samples, bytes, sha256 } = (file ?? {}) as Partial<StoreFile>;
  const named = typeof name === 'string' && FILE_NAME.test(name);
  return named && isWhole(samples, 1) && isWhole(bytes, 1) && typeof sha256 === 'string';
}

const isWhole = (value: unknown, least: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least;
