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

export function cosineCells(rows: CosineRows, classes: Classes, grid: CosineGrid): Markup {
  const n = rows.bins.length;
  if (n <= CELLS_WITH_WORDS) return tellingCells(rows, classes, grid);
  const lines = rows.bins.map((_, i) => ({
    y: grid.top + i * grid.size,
    // A little over the edge, or the page shines through between neighbours.
    height: grid.size + 0.2,
    values: Array.from({ length: n }, (_unused, j) => rows.cell(i, j)),
  }));
  return colourPaths(lines, grid);
}

/** One line of cells, such as the same-class cosines that blocks have no diagonal for. */
export function cosineStrip(
  values: readonly (number | null)[],
  { left, size }: Omit<CosineGrid, 'top'>,
  { y, height }: { y: number; height: number },
): Markup {
  return colourPaths([{ y, height, values }], { left, size });
}

/** All cells of a colour in one path: a whole map in a few dozen elements. */
function colourPaths(
  lines: readonly { y: number; height: number; values: readonly (number | null)[] }[],
  { left, size }: Omit<CosineGrid, 'top'>,
): Markup {
  const byStyle = new Map<string, string>();
  for (const { y, height, values } of lines) {
    const styles = values.map(styleOf);
    let to = 0;
    for (let j = 0; j < styles.length; j = to) {
      to = j + 1;
      while (to < styles.length && styles[to] === styles[j]) to++;
      const over = to < styles.length ? 0.2 : 0;
      const d = `M${digits(left + j * size)} ${digits(y)}h${digits((to - j) * size + over)}v${digits(height)}H${digits(left + j * size)}z`;
      byStyle.set(styles[j], (byStyle.get(styles[j]) ?? '') + d);
    }
  }
  return join(...Array.from(byStyle, ([style, d]) => element('path', { class: style, d })));
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
