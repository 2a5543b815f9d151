/** What files of named arrays have in common, whatever their format. */

import type { NpyArray } from './npy.js';
import type { NpyRows, RowsOptions } from './npy-rows.js';
import { listNames } from './text.js';

/** A file, or a folder of files, with named arrays: names are known, arrays are read one at a time when asked for. */
export interface ArrayFile {
  /** For messages: the path, or what was given as name. */
  readonly name: string;
  /** Of the arrays, in file order. */
  readonly names: readonly string[];
  /** Whether there is an array of this name. */
  has(array: string): boolean;
  /** Reads one array; nothing is kept. FORMAT_INVALID when there is none of that name, and where the file is damaged. */
  read(array: string): Promise<NpyArray>;
  /**
   * Opens one array to be read by rows (first axis). Small and compressed ones are held in memory (npy-rows.ts). Throws as `read` does, FORMAT_INVALID also for
   * strings and for an array without axes.
   */
  rows(array: string, options?: RowsOptions): Promise<NpyRows>;
}

/** What there is instead of an array that was asked for, as the end of a message. */
export const listOf = (names: readonly string[]) => listNames(names, 20) || 'nothing';
