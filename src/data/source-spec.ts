/** The grammar of a data source on the command line. */
import { TailorError } from '../array/errors.js';

/** What can stand before the colon. */
export const SOURCE_KINDS = [
  'folder',
  'npz',
  'npy',
  'idx',
  'cifar',
  'cifar10',
  'cifar100',
  'cifar100-coarse',
  'table',
  'list',
] as const;
/** One of them. */
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** The parts that samples of each class can be drawn for. */
export type SourcePart = 'train' | 'validation' | 'test';

/** A parsed SRC; see openSource for the meaning of the options. */
export interface SourceSpec {
  readonly kind?: SourceKind;
  readonly path: string;
  readonly split?: 'train' | 'test';
  readonly labels?: string;
  readonly order?: 'name' | 'number';
  readonly target?: string;
  readonly root?: string;
  readonly longtail?: number;
  readonly validation?: number;
  readonly test?: number;
  readonly part?: SourcePart;
  readonly seed?: number;
}

const KEYS = ['split', 'labels', 'order', 'target', 'root', 'longtail', 'validation', 'test', 'part', 'seed'];

/** Parses `[KIND:]PATH[?KEY=VALUE[&KEY=VALUE…]]`. @throws INVALID_ARGUMENT naming what is wrong and what is allowed. */
export function parseSourceSpec(spec: string): SourceSpec {
  const invalid = (found: string) =>
    new TailorError('INVALID_ARGUMENT', `Reading the data source "${spec}": ${found}.`);
  const colon = spec.indexOf(':');
  const kind = SOURCE_KINDS.find((name) => name === spec.slice(0, colon));
  const rest = kind ? spec.slice(colon + 1) : spec;
  const mark = rest.lastIndexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  if (path === '') throw invalid('the path is missing; [KIND:]PATH[?KEY=VALUE&…] is needed');
  const given = new Map<string, string>();
  const options = mark < 0 ? '' : rest.slice(mark + 1);
  for (const pair of options === '' ? [] : options.split('&')) {
    const equals = pair.indexOf('=');
    const key = equals < 0 ? pair : pair.slice(0, equals);
    if (!KEYS.includes(key))
      throw invalid(`the option "${key}" is not known; allowed are ${KEYS.join(', ')}`);
    if (equals < 0 || equals === pair.length - 1) throw invalid(`${key} has no value; write ${key}=VALUE`);
    if (given.has(key)) throw invalid(`${key} is given twice`);
    given.set(key, pair.slice(equals + 1));
  }
  const choice = <T extends string>(key: string, ...allowed: T[]): T | undefined => {
    const value = given.get(key);
    if (value === undefined) return undefined;
    const found = allowed.find((item) => item === value);
    if (!found) throw invalid(`${key} is ${value}; allowed are ${allowed.join(', ')}`);
    return found;
  };
  const number = (key: string): number | undefined => {
    const value = given.get(key);
    if (value === undefined) return undefined;
    if (!/^\d+(\.\d+)?$/.test(value)) throw invalid(`${key} is ${value}; a number is needed`);
    return Number(value);
  };
  return {
    kind,
    path,
    split: choice('split', 'train', 'test'),
    labels: given.get('labels'),
    order: choice('order', 'name', 'number'),
    target: given.get('target'),
    root: given.get('root'),
    longtail: number('longtail'),
    validation: number('validation'),
    test: number('test'),
    part: choice('part', 'train', 'validation', 'test'),
    seed: number('seed'),
  };
}
