/** Points in the colour and shape of their group of classes, and the legends that explain them. */
import type { Group } from '../evaluation/groups.js';
import { FONT, text, WIDTH } from './chart.js';
import { digits, element, join, Markup } from './markup.js';
import { textWidth } from './words.js';

/** Half the size of a mark. */
const RADIUS = 4.5;

/** A point in the colour and shape of its group; `hollow` for 'before'. Hovering shows `title`. */
export function mark(
  group: Group | undefined,
  x: number,
  y: number,
  { hollow, radius = RADIUS, title }: { hollow?: boolean; radius?: number; title?: string } = {},
): Markup {
  const shape = group === 'medium' ? 'square' : group === 'few' ? 'triangle' : 'circle';
  const attributes = {
    class: `${group ?? 'accent'} ${hollow ? 'ring' : 'dot'}`,
    d: outline(shape, x, y, radius),
  };
  if (title === undefined) return element('path', attributes);
  // Not through `element`: a path that says something has content.
  const { source } = element('path', attributes);
  return new Markup(`${source.slice(0, -2)}>${element('title', {}, title)}</path>`);
}

/** What a mark may look like. */
export type Shape = 'circle' | 'square' | 'triangle' | 'diamond';

/** The path of a mark about (x, y); all shapes have about the area of a circle of radius `r`. */
export function outline(shape: Shape, x: number, y: number, r: number): string {
  if (shape === 'square') {
    const side = 1.76 * r;
    return `M${digits(x - side / 2)} ${digits(y - side / 2)}h${digits(side)}v${digits(side)}h${digits(-side)}z`;
  }
  if (shape === 'triangle') {
    const half = 1.2 * r;
    return `M${digits(x)} ${digits(y - 1.3 * r)}l${digits(half)} ${digits(2.1 * r)}h${digits(-2 * half)}z`;
  }
  if (shape === 'diamond') {
    const half = digits(1.3 * r);
    return `M${digits(x)} ${digits(y - 1.3 * r)}l${half} ${half}l-${half} ${half}l-${half} -${half}z`;
  }
  return `M${digits(x - r)} ${digits(y)}a${digits(r)} ${digits(r)} 0 1 0 ${digits(2 * r)} 0a${digits(r)} ${digits(r)} 0 1 0 ${digits(-2 * r)} 0z`;
}

/** One entry of a legend: a drawing at (x, y) and its words. */
export interface LegendEntry {
  readonly draw: (x: number, y: number) => Markup;
  readonly words: string;
}

/** Entries in lines that do not exceed the width; gives the drawing and the height that it takes. */
export function legend(
  entries: readonly LegendEntry[],
  y: number,
  { left = 8, width = WIDTH }: { left?: number; width?: number } = {},
): { body: Markup; height: number } {
  const pieces: Markup[] = [];
  let x = left;
  let row = 0;
  for (const { draw, words } of entries) {
    const length = 20 + textWidth(words) * FONT + 14;
    if (x > left && x + length - 14 > width) {
      x = left;
      row++;
    }
    const at = y + row * 19;
    pieces.push(draw(x + 6, at), text(words, x + 18, at + 4));
    x += length;
  }
  return { body: join(...pieces), height: (row + 1) * 19 };
}

/** Legend entries of the groups that occur. */
export function groupLegend(
  groups: readonly Group[],
  note: (group: Group) => string = (group) => group,
): LegendEntry[] {
  return (['many', 'medium', 'few'] as const)
    .filter((group) => groups.includes(group))
    .map((group) => ({ draw: (x, y) => mark(group, x, y), words: note(group) }));
}
