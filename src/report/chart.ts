/** A plot: what it is, as a file and as a part of a page, and the lines and words that all are made of. */
import { type Content, digits, element, Markup } from './markup.js';
import { plotStyles } from './styles.js';
import { fitText, textWidth } from './words.js';

/** A drawing with its words. */
export interface Plot {
  /** Unique within a report; the file is `${name}.svg`. */
  readonly name: string;
  readonly title: string;
  /** What there is to see, in a sentence or two. */
  readonly caption: string;
  readonly width: number;
  readonly height: number;
  readonly body: Markup;
}

/** Width of all plots: two fit beside each other on a desk, and on a phone the letters can still be read. */
export const WIDTH = 460;

/** The font size that plots count in. */
export const FONT = 12;

/** Room for the title, which a page writes itself. */
const TITLE = 30;

/** A plot as a file of its own. */
export function standaloneSvg(plot: Plot): string {
  const { name, title, width, height } = plot;
  const lines = wrapTitle(title, width - 16);
  const room = TITLE + (lines.length - 1) * 18;
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 ${-room} ${digits(width)} ${digits(height + room)}`,
      width,
      height: height + room,
      class: 'plot',
      role: 'img',
      'aria-labelledby': `${name}-title ${name}-desc`,
    },
    ...described(plot),
    element('style', {}, new Markup(plotStyles())),
    element('rect', { class: 'paper', x: 0, y: -room, width, height: height + room }),
    ...lines.map((line, i) => text(line, 8, 20 - room + i * 18, { class: 'title' })),
    plot.body,
  ).source;
}

/** A plot inside of a page that has the styles. */
export function inlineSvg(plot: Plot): Markup {
  const { name, width, height } = plot;
  return element(
    'svg',
    {
      viewBox: `0 0 ${digits(width)} ${digits(height)}`,
      class: 'plot',
      role: 'img',
      'aria-labelledby': `${name}-title ${name}-desc`,
    },
    ...described(plot),
    plot.body,
  );
}

function described({ name, title, caption }: Plot): Markup[] {
  return [element('title', { id: `${name}-title` }, title), element('desc', { id: `${name}-desc` }, caption)];
}

function wrapTitle(title: string, width: number): string[] {
  const most = width / 15;
  const lines: string[] = [''];
  for (const word of title.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (textWidth(longer.slice(0, 200)) <= most || lines.at(-1) === '') lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.slice(0, 2).map((line) => fitText(line, most + 1));
}

/** Words at a place. */
export function text(
  words: Content,
  x: number,
  y: number,
  { class: style, anchor }: { class?: string; anchor?: 'middle' | 'end' } = {},
): Markup {
  return element('text', { class: style, x, y, 'text-anchor': anchor }, words);
}

/** A straight line. */
export function line(style: string, x1: number, y1: number, x2: number, y2: number): Markup {
  return element('path', { class: style, d: `M${digits(x1)} ${digits(y1)}L${digits(x2)} ${digits(y2)}` });
}

/** A line through points; nothing where there are fewer than two. */
export function polyline(style: string, points: readonly (readonly [number, number])[]): Content {
  return points.length > 1 && element('path', { class: style, d: `M${coordinates(points)}` });
}

/** The area between two lines over the same places. */
export function band(style: string, upper: [number, number][], lower: [number, number][]): Content {
  return (
    upper.length > 1 &&
    element('path', { class: style, d: `M${coordinates([...upper, ...lower.toReversed()])}z` })
  );
}

function coordinates(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y]) => `${digits(x)} ${digits(y)}`).join('L');
}
