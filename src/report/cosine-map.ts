/** A cosine map at its place: cells, groups along the edges, names of the rows. */
import type { Group } from '../evaluation/groups.js';
import { line, text } from './chart.js';
import type { Classes } from './content.js';
import { cosineCells, cosineStrip } from './cosine-cells.js';
import type { CosineRows } from './cosine-rows.js';
import { type Content, element, join, type Markup } from './markup.js';
import { groupRuns, prevailingGroup } from './order.js';
import { figure, fitText } from './words.js';

/** The square of the cells. Beside and above it 8 units are taken by the groups, 24 with their names. */
export interface CosineMapPlace {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

/** What of a map is left out where several stand beside each other. */
export interface CosineMapOptions {
  /** Names of the rows, default true. */
  readonly names?: boolean;
  /** Nothing is written into the cells, default false. */
  readonly quiet?: boolean;
}

/** How far a strip of same-class cosines reaches below the map, where there is one. */
export const STRIP = 22;

/** The map, and its groups for a legend where some were too narrow to be named on it. */
export function cosineMap(
  rows: CosineRows,
  classes: Classes,
  { left, top, side }: CosineMapPlace,
  { names = true, quiet = false }: CosineMapOptions = {},
): { body: Markup; unnamed: Group[] } {
  const { bins, same } = rows;
  const grid = { left, top, size: side / bins.length };
  const runs = groupRuns(bins, (bin) => prevailingGroup(bin, classes.groups));
  const body = join(
    ...edges(runs, grid),
    ...(names ? rowNames(bins, classes, grid) : []),
    cosineCells(rows, classes, grid, { quiet }),
    ...runs.slice(1).flatMap(({ from }) => {
      const at = from * grid.size;
      return [
        line('gap', left + at, top, left + at, top + side),
        line('gap', left, top + at, left + side, top + at),
      ];
    }),
    same && names && text('same class', left - 14, top + side + 19, { class: 'small', anchor: 'end' }),
    same &&
      cosineStrip(
        bins.map((_, i) => same(i)),
        grid,
        { y: top + side + 8, height: 14 },
      ),
  );
  const named = runs.every((run) => isWide(run, grid.size));
  return { body, unnamed: named ? [] : runs.map(({ group }) => group) };
}

type Run = ReturnType<typeof groupRuns>[number];
type Grid = { readonly left: number; readonly top: number; readonly size: number };

function isWide({ group, from, to }: Run, size: number): boolean {
  return (to - from) * size > group.length * 7;
}

/** Groups as bars along the upper and the left edge, with their names above. */
function edges(runs: readonly Run[], { left, top, size }: Grid): Content[] {
  return runs.flatMap((run) => {
    const { group, from, to } = run;
    const [at, length] = [from * size, (to - from) * size];
    const inset = Math.min(1, length / 4);
    const bar = (x: number, y: number, width: number, height: number) =>
      element('rect', { class: `${group} fill`, x, y, width, height });
    return [
      bar(left + at + inset, top - 8, length - 2 * inset, 4),
      bar(left - 8, top + at + inset, 4, length - 2 * inset),
      isWide(run, size) &&
        text(group, left + at + length / 2, top - 15, { class: 'small', anchor: 'middle' }),
    ];
  });
}

/** Names of the rows, or their rank by count; thinned where they are closer than a line. */
function rowNames(bins: readonly number[][], classes: Classes, { left, top, size }: Grid): Content[] {
  const every = Math.ceil(13 / size);
  let rank = 1;
  return bins.map((bin, i) => {
    const start = rank;
    rank += bin.length;
    if (i % every !== 0) return undefined;
    const words = bin.length === 1 && every === 1 ? classes.name(bin[0]) : `${figure(start)}.`;
    const style = { class: 'small', anchor: 'end' as const };
    return text(fitText(words, (left - 16) / 11.5), left - 14, top + (i + 0.5) * size + 4, style);
  });
}
