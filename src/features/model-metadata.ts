/** What a model says about itself under onnx_tailor.*: class names, training counts, preprocessing or columns (JSON each). */
import { TailorError } from '../array/errors.js';
import { parseJson } from '../array/json.js';
import { assertNameLengths } from '../array/names.js';
import { type Preprocess, type PreprocessDefaults, parsePreprocess } from '../data/preprocess.js';
import type { HeadLocation } from '../onnx/head-location.js';

/** Key of the class names. */
export const CLASSES_KEY = 'onnx_tailor.classes';
/** Key of the training samples per class. */
export const COUNTS_KEY = 'onnx_tailor.counts';
/** Key of the preprocessing. */
export const PREPROCESS_KEY = 'onnx_tailor.preprocess';
/** Key of the names of a table's inputs. */
export const COLUMNS_KEY = 'onnx_tailor.columns';

/** The metadata that could be read; `problems` says what could not, and why. */
export interface ModelFacts {
  /** Class names in class order, [C]. */
  readonly classes?: readonly string[];
  /** Training samples per class, [C]. */
  readonly trainCounts?: readonly number[];
  readonly preprocess?: Preprocess;
  /** Names of the inputs of a row of a table, in order (see tableSource). */
  readonly columns?: readonly string[];
  readonly problems: readonly string[];
}

/** Reads the facts that fit a head of `location.classes` classes; a model with several heads has facts of one of them. */
export function readFacts(
  metadata: ReadonlyMap<string, string>,
  location: Pick<HeadLocation, 'classes' | 'classNames'> | undefined,
  defaults: PreprocessDefaults,
): ModelFacts {
  const problems: string[] = [];
  const read = <T>(key: string, parse: (value: unknown) => T): T | undefined => {
    const text = metadata.get(key);
    if (text === undefined) return undefined;
    try {
      return parse(parseJson(text, 'Reading it'));
    } catch (error) {
      problems.push(
        `metadata ${key}: ${error instanceof TailorError ? error.message : 'it is not valid JSON'}`,
      );
      return undefined;
    }
  };
  const list = <T>(is: (item: unknown) => item is T, wanted: string) => {
    return (value: unknown): readonly T[] => {
      if (!Array.isArray(value) || !value.every(is)) throw invalid(`a JSON array of ${wanted} is needed`);
      return value;
    };
  };
  const perClass = <T>(is: (item: unknown) => item is T, wanted: string) => {
    return (value: unknown): readonly T[] => {
      const items = list(is, wanted)(value);
      if (!location || items.length === location.classes) return items;
      throw invalid(`it has ${items.length} entries, the head has ${location.classes} classes`);
    };
  };
  const isName = (item: unknown): item is string => typeof item === 'string';
  const names = (value: unknown) => {
    const found = perClass(isName, 'names')(value);
    assertNameLengths(found, 'Reading it');
    return found;
  };
  const isCount = (item: unknown): item is number =>
    typeof item === 'number' && Number.isFinite(item) && item > 0;
  return {
    classes: read(CLASSES_KEY, names) ?? location?.classNames,
    trainCounts: read(COUNTS_KEY, perClass(isCount, 'numbers above 0')),
    preprocess: read(PREPROCESS_KEY, (value) => parsePreprocess(value, 'the model', defaults)),
    columns: read(COLUMNS_KEY, list(isName, 'names')),
    problems,
  };
}

function invalid(message: string): TailorError {
  return new TailorError('INVALID_ARGUMENT', message);
}
