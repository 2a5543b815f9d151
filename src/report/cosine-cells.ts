/** The cells of the cosine map: elements that tell their value where they are few, a path per colour where they are many. */
import { text } from './chart.js';
import type { Classes } from './content.js';
import type { CosineRows } from './cosine-rows.js';
import { digits, element, join, type Markup } from './markup.js';
import { COSINE_STEPS, cosineClass, cosineStep } from './palette.js';
import { figure, fitText } from './words.js';

/** Up to so many rows each cell is an element that tells its value when pointed at. */
const CELLS_WITH_WORDS = 30;
/** Up to so many rows the value is written into the cell. */
const CELLS_WITH_NUMBERS = 12;

/** Where the map lies and how large a cell is. */
export interface CosineGrid {
  readonly left: number;
  readonly top: number;
  readonly size: number;
}

/** The map; with `quiet` nothing is written into the cells however few they are. */
export function cosineCells(
  rows: CosineRows,
  classes: Classes,
  grid: CosineGrid,
  { quiet = false }: { quiet?: boolean } = {},
): Markup {
  const n = rows.bins.length;
  if (n <= CELLS_WITH_WORDS && !quiet) return tellingCells(rows, classes, grid);
  const values = rows.bins.map((_, i) => Array.from({ length: n }, (_unused, j) => rows.cell(i, j)));
  return colourPaths(values, { ...grid, height: grid.size });
}

/** One line of cells, such as the same-class cosines that blocks have no diagonal for. */
export function cosineStrip(
  values: readonly (number | null)[],
  { left, size }: Omit<CosineGrid, 'top'>,
  { y, height }: { y: number; height: number },
): Markup {
  return colourPaths([values], { left, top: y, size, height });
}

/**
 * All cells of a colour in one path: a whole map in a few dozen elements. A cell is a unit, which saves most digits; edges are
 * not smoothed, or the page would shine through between neighbours.
 */
function colourPaths(
  lines: readonly (readonly (number | null)[])[],
  { left, top, size, height }: CosineGrid & { height: number },
): Markup {
  const byStyle = new Map<string, string>();
  for (const [y, values] of lines.entries()) {
    const styles = values.map(styleOf);
    let to = 0;
    for (let x = 0; x < styles.length; x = to) {
      to = x + 1;
      while (to < styles.length && styles[to] === styles[x]) to++;
      byStyle.set(styles[x], `${byStyle.get(styles[x]) ?? ''}M${x} ${y}h${to - x}v1H${x}z`);
    }
  }
  const paths = Array.from(byStyle, ([style, d]) => element('path', { class: style, d }));
  // Four decimals: two would be a third of a unit off at the end of a wide map.
  const transform = `translate(${digits(left)} ${digits(top)}) scale(${+size.toFixed(4)} ${+height.toFixed(4)})`;
  return element('g', { transform, 'shape-rendering': 'crispEdges' }, ...paths);
}

function tellingCells({ bins, cell }: CosineRows, classes: Classes, { left, top, size }: CosineGrid): Markup {
  const names = bins.map(([k]) => fitText(classes.name(k), 24));
  const pieces: Markup[] = [];
  for (let i = 0; i < bins.length; i++) {
    for (let j = 0; j < bins.length; j++) {
      const value = cell(i, j);
      const [x, y] = [left + j * size, top + i * size];
      const words = `${names[i]}, ${names[j]}: ${figure(value)}`;
      const cut = { class: styleOf(value), x, y, width: size, height: size };
      pieces.push(element('g', {}, element('title', {}, words), element('rect', cut)));
      if (bins.length > CELLS_WITH_NUMBERS) continue;
      const style = { class: `cell ${textOn(value)}`, anchor: 'middle' as const };
      pieces.push(text(value === null ? '–' : shortCosine(value), x + size / 2, y + size / 2 + 4, style));
    }
  }
  return join(...pieces);
}

function styleOf(value: number | null): string {
  return value === null ? 'back' : cosineClass(cosineStep(value));
}

/** Letters that can be read on the colour: those of the page, of the half-way colours, or of the far ends. */
function textOn(value: number | null): string {
  const step = value === null ? 0 : Math.abs(cosineStep(value)) / COSINE_STEPS;
  return step < 0.4 ? 'on-near' : step < 0.7 ? 'on-half' : 'on-far';
}

/** '.42', as there is no room for the zero. */
function shortCosine(value: number): string {
  const words = Math.abs(value).toFixed(2).replace('0.', '.');
  return value < 0 && words !== '.00' ? `−${words}` : words;
}
