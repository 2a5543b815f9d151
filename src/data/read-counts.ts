/** Class counts and target priors that come in files. */
import { formatOfBytes, formatOfName } from '../array/array-format.js';
import { nameOf } from '../array/byte-source.js';
import { assertCounts, countLabels, LEAST_COUNT, MOST_COUNT } from '../array/class-counts.js';
import { type ErrorCode, TailorError } from '../array/errors.js';
import { toLabels } from '../array/npy.js';
import { openArrays } from '../array/open-arrays.js';
import { listNames } from '../array/text.js';
import { alignLabels } from './class-names.js';
import { readClasses } from './read-classes.js';
import { readJson } from './read-json.js';

/** What is known of the classes. */
export interface PerClassOptions {
  /** C, the number of classes of the head. */
  readonly classCount: number;
  /** Class names in class order: needed for a JSON object by names. */
  readonly classes?: readonly string[];
}

/**
 * Training samples per class, by path or bytes: JSON, an array in class order or an object of name → count (without class
 * names: index → count), or a file whose `labels` are counted (.npz, .safetensors, .parquet); where it has `classes` and `classes` are given, labels are
 * mapped by name. `name` is what messages call it, default the path.
 * @throws COUNTS_INVALID (wrong length, zero, negative, not a number, missing, unknown or repeated names), LABELS_INVALID,
 * FORMAT_INVALID (not JSON), FILE_NOT_FOUND.
 */
export async function readCounts(
  source: string | Uint8Array,
  { classCount, classes, name = nameOf(source) }: PerClassOptions & { readonly name?: string },
): Promise<number[]> {
  const hasLabels = typeof source === 'string' ? formatOfName(source) : formatOfBytes(source);
  if (!hasLabels) {
    return parseCounts(await readJson(source, 'class counts', name), name, { classCount, classes });
  }
  const doing = `Counting the labels of ${name}`;
  const file = await openArrays(source, name);
  const named = {
    labels: toLabels(await file.read('labels'), `labels of ${name}`),
    classes: await readClasses(file),
  };
  const { labels } = alignLabels(named, classes, classCount, doing);
  // alignLabels gives labels where it was given labels.
  const counts = countLabels(labels!, classCount);
  assertCounts(counts, classCount, doing);
  return counts;
}

/** As readCounts, of JSON that is parsed already; `origin` is for messages. @throws COUNTS_INVALID. */
export function parseCounts(
  json: unknown,
  origin: string,
  { classCount, classes }: PerClassOptions,
): number[] {
  const counts = perClass(json, origin, 'COUNTS_INVALID', 'class counts', { classCount, classes });
  assertCounts(counts, classCount, `Reading class counts from ${origin}`);
  return counts;
}

/**
 * The class distribution to tailor for: 'uniform', or JSON by path or bytes, an array in class order or an object of
 * name → share. Shares are > 0 and need not sum to 1; they are divided by their sum. `name` is what messages call it.
 * @returns C numbers > 0 that sum to 1.
 * @throws INVALID_ARGUMENT, FORMAT_INVALID, FILE_NOT_FOUND.
 */
export async function readPrior(
  prior: string | Uint8Array,
  { classCount, classes, name = nameOf(prior) }: PerClassOptions & { readonly name?: string },
): Promise<number[]> {
  if (prior === 'uniform') return new Array<number>(classCount).fill(1 / classCount);
  return parsePrior(await readJson(prior, 'the target prior', name), name, { classCount, classes });
}

/** As readPrior, of JSON that is parsed already; `origin` is for messages. @throws INVALID_ARGUMENT. */
export function parsePrior(
  json: unknown,
  origin: string,
  { classCount, classes }: PerClassOptions,
): number[] {
  const shares = perClass(json, origin, 'INVALID_ARGUMENT', 'the target prior', { classCount, classes });
  const wrong = shares.findIndex((share) => !(share >= LEAST_COUNT && share <= MOST_COUNT));
  const doing = `Reading the target prior from ${origin}`;
  if (shares.length !== classCount) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: ${shares.length} shares for ${classCount} classes; give one per class, in class order.`,
    );
  }
  if (wrong >= 0) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the share of class ${wrong} is ${shares[wrong]}; every share must be a finite number above 0 (${LEAST_COUNT} … ${MOST_COUNT}).`,
    );
  }
  const total = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => share / total);
}

/** Numbers in class order out of an array or an object; what is not a number becomes NaN, for the caller to refuse. */
function perClass(
  json: unknown,
  origin: string,
  code: ErrorCode,
  what: string,
  { classCount, classes }: PerClassOptions,
): number[] {
  const number = (value: unknown) => (typeof value === 'number' ? value : Number.NaN);
  if (Array.isArray(json)) return json.map(number);
  if (typeof json !== 'object' || json === null) {
    throw new TailorError(
      code,
      `Reading ${what} from ${origin}: a JSON array in class order or an object by class names is needed.`,
    );
  }
  // A Map: a class may be called __proto__ or constructor.
  const given = new Map<string, unknown>(Object.entries(json));
  const indices = Array.from({ length: classCount }, (_, k) => `${k}`);
  const names = classes ?? indices;
  const known = new Set(names);
  if (known.size < names.length) {
    const twice = names.filter((name, k) => names.indexOf(name) !== k);
    throw new TailorError(
      code,
      `Reading ${what} from ${origin}: the model has several classes named ${listNames(twice)}, so that names do not ` +
        'tell which is meant. Give an array in class order.',
    );
  }
  const missing = names.filter((name) => !given.has(name));
  const unknown = [...given.keys()].filter((name) => !known.has(name));
  if (missing.length === 0 && unknown.length === 0) return names.map((name) => number(given.get(name)));
  throw new TailorError(
    code,
    `Reading ${what} from ${origin}: the names do not fit the ${classCount} classes` +
      `${classes ? '' : ' (whose names are not known, so that 0, 1, … are meant)'}.` +
      `${missing.length > 0 ? ` Missing: ${listNames(missing)}.` : ''}${unknown.length > 0 ? ` Unknown: ${listNames(unknown)}.` : ''} ` +
      'Give each class once, or an array in class order.',
  );
}
