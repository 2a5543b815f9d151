/** What commands read besides data: the model, JSON and lists of names, from files or (written `-`) from standard input. */
import { platform } from '#platform';
import { formatOfName } from '../array/array-format.js';
import { TailorError } from '../array/errors.js';
import { assertJsonBytes } from '../array/json.js';
import { assertNameLengths } from '../array/names.js';
import { type PerClassOptions, readCounts } from '../data/read-counts.js';
import { readJson as parseJsonFile } from '../data/read-json.js';
import { readStdin, STDIN } from './stdin.js';

/** The bytes of a file, or of standard input. FILE_NOT_FOUND, FILE_UNREADABLE. */
export async function readBytes(path: string): Promise<Uint8Array> {
  return path === STDIN ? readStdin() : platform.readFile(path);
}

/** Parses JSON. FILE_NOT_FOUND, FORMAT_INVALID, LIMIT_EXCEEDED. */
export async function readJson(path: string, what: string): Promise<unknown> {
  return parseJsonFile(await readBytes(path), what, nameOf(path));
}

/** Class names in class order: a JSON array, or text with one name a line. FILE_NOT_FOUND, FORMAT_INVALID. */
export async function readClassNames(path: string): Promise<string[]> {
  const bytes = await readBytes(path);
  const doing = `Reading class names from ${nameOf(path)}`;
  assertJsonBytes(bytes.length, doing);
  const text = new TextDecoder().decode(bytes).trim();
  const names = text.startsWith('[') ? parseArray(text) : text.split(/\r?\n/).map((line) => line.trim());
  const wrong = names?.findIndex((name) => typeof name !== 'string' || name === '');
  if (names && names.length > 0 && wrong === -1) {
    assertNameLengths(names as string[], doing);
    return names as string[];
  }
  const found = names?.length ? `entry ${wrong} is ${JSON.stringify(names[wrong!])}` : 'there are none';
  throw new TailorError(
    'FORMAT_INVALID',
    `${doing}: ${found}; a JSON array of names is needed, or a text with one name a line, in class order.`,
  );
}

/** A JSON array, or undefined for what is none. */
function parseArray(text: string): unknown[] | undefined {
  try {
    return JSON.parse(text) as unknown[];
  } catch {
    return undefined;
  }
}

type Parser = (json: unknown, origin: string, options: PerClassOptions) => number[];

/**
 * One number per class from a file. Everything is checked at once, before any work, except an object by class names where
 * the model does not know its names: the function that is returned then takes those of the data.
 */
export async function readPerClass(
  path: string,
  what: string,
  parse: Parser,
  { classCount, classes }: PerClassOptions,
): Promise<(namesOfData: readonly string[] | undefined) => number[]> {
  if (formatOfName(path)) {
    const counts = await readCounts(path, { classCount, classes });
    return () => counts;
  }
  const json = await readJson(path, what);
  if (classes === undefined && typeof json === 'object' && json !== null && !Array.isArray(json)) {
    return (namesOfData) => parse(json, nameOf(path), { classCount, classes: namesOfData });
  }
  const numbers = parse(json, nameOf(path), { classCount, classes });
  return () => numbers;
}

/** A path as messages say it. */
export function nameOf(path: string): string {
  return path === STDIN ? 'standard input' : path;
}
