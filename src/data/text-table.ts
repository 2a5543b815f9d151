/** Tables as text, whatever format they came in. */
import { TailorError } from '../array/errors.js';
import { limit, limitExceeded } from '../array/limits.js';
import { trimCell } from './table-cells.js';

/** A column; a value that occurs often is held once. */
export interface TextColumn {
  readonly name: string;
  /** Its different values, in the order of their first rows. */
  readonly values: readonly string[];
  /** For each row the place of its value in `values`. */
  readonly codes: Int32Array;
}

/** Columns of the same number of rows, at least one of each, all with different names. */
export interface TextTable {
  readonly rows: number;
  readonly columns: readonly TextColumn[];
}

/** Collects the lines of a table. Spaces around names and values are dropped. */
export class TextTableBuilder {
  readonly #doing: string;
  #columns: { name: string; places: Map<string, number>; codes: number[] }[] | undefined;
  #rows = 0;
  #mostRows = 0;

  /** `doing` starts messages. */
  constructor(doing: string) {
    this.#doing = doing;
  }

  /** What the next line is called in messages. */
  get next(): string {
    return this.#columns ? `row ${this.#rows + 1}` : 'the line of names';
  }

  /** The names first, then the rows. FORMAT_INVALID for a name that is there twice, and for too many or too few values; LIMIT_EXCEEDED. */
  add(line: readonly string[]): void {
    if (!this.#columns) {
      if (line.length > limit('tableColumns')) {
        throw limitExceeded('tableColumns', `${this.#doing}: it has ${line.length} columns`);
      }
      this.#columns = this.#named(line.map(trimCell));
      this.#mostRows = limit('tableCells') / line.length;
      return;
    }
    if (line.length !== this.#columns.length) {
      throw this.#invalid(`${this.next} has ${line.length} values for ${this.#columns.length} columns`);
    }
    if (this.#rows + 1 > this.#mostRows) {
      throw limitExceeded('tableCells', `${this.#doing}: it has more values in its ${line.length} columns`);
    }
    this.#columns.forEach(({ places, codes }, column) => {
      const value = trimCell(line[column]);
      const place = places.get(value) ?? places.size;
      if (place === places.size) places.set(value, place);
      codes.push(place);
    });
    this.#rows++;
  }

  /** FORMAT_INVALID for a table without a row. */
  finish(): TextTable {
    const columns = this.#columns ?? [];
    if (this.#rows === 0) throw this.#invalid(`it has no rows, and ${columns.length} columns`);
    return {
      rows: this.#rows,
      columns: columns.map(({ name, places, codes }) => ({
        name,
        values: [...places.keys()],
        codes: Int32Array.from(codes),
      })),
    };
  }

  #named(names: readonly string[]) {
    const twice = repeated(names);
    if (twice !== undefined)
      throw this.#invalid(`two columns are named "${twice}"; rename one or leave it out`);
    return names.map((name) => ({ name, places: new Map<string, number>(), codes: [] }));
  }

  #invalid(found: string): TailorError {
    return new TailorError('FORMAT_INVALID', `${this.#doing}: ${found}.`);
  }
}

/** The first name that stands in a list for the second time. */
export function repeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}
