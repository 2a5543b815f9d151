/** The rows and columns of the cosine map: one class each, or neighbours by count put together. */
import type { CosineBlocks, CosineFigures } from '../diagnostics/diagnostics.js';
import { cutIntoBins } from '../evaluation/class-order.js';
import { meanOf } from './order.js';

/** Most rows: beyond, classes are put together, so that there are never more than 3,600 cells. */
export const MOST_ROWS = 60;

/** Rows of the map, which are its columns as well. */
export interface CosineRows {
  /** Class indices of each row. */
  readonly bins: readonly number[][];
  readonly cell: (row: number, column: number) => number | null;
  /** Mean same-class cosine of a row, where the diagonal does not show it. */
  readonly same?: (row: number) => number | null;
}

/** K in the order of the classes; of blocks, the mean over pairs of different classes. Undefined where there is neither. */
export function cosineRows(
  { matrix, blocks }: Pick<CosineFigures, 'matrix' | 'blocks'>,
  order: readonly number[],
  most: number = MOST_ROWS,
): CosineRows | undefined {
  if (!matrix) return blocks && blockRows(blocks);
  const bins = cutIntoBins(order, most);
  if (bins.length === order.length) return { bins, cell: (i, j) => matrix[order[i]][order[j]] };
  const means = bins.map((rows) => bins.map((columns) => differentClassMean(matrix, rows, columns)));
  const same = bins.map((rows) => meanOf(rows.map((k) => matrix[k][k])));
  return { bins, cell: (i, j) => means[i][j], same: (i) => same[i] };
}

/** Blocks as the diagnosis made them. */
function blockRows({ blocks, differentClass, sameClass }: CosineBlocks): CosineRows {
  return { bins: blocks, cell: (i, j) => differentClass[i][j], same: (i) => sameClass[i] };
}

function differentClassMean(
  matrix: NonNullable<CosineFigures['matrix']>,
  rows: readonly number[],
  columns: readonly number[],
): number | null {
  let sum = 0;
  let pairs = 0;
  for (const k of rows) {
    const row = matrix[k];
    for (const l of columns) {
      const value = row[l];
      if (value === null || k === l) continue;
      sum += value;
      pairs++;
    }
  }
  return pairs > 0 ? sum / pairs : null;
}

/** The smallest cosine in the map; 0 if none is below. */
export function leastCosine({ bins, cell }: CosineRows): number {
  let least = 0;
  for (let i = 0; i < bins.length; i++) {
    for (let j = 0; j < bins.length; j++) least = Math.min(least, cell(i, j) ?? 0);
  }
  return least;
}
