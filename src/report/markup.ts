/**
 * HTML and SVG as strings that cannot be broken by what stands in them: text becomes markup only through `element` and
 * `escapeText`, and everything else is escaped. What comes out is well-formed XML, also where it is HTML.
 */

/** A piece of finished markup. Plain strings are text, this is not. */
export class Markup {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
  toString(): string {
    return this.source;
  }
}

/** What may stand inside an element: text, markup, or nothing. */
export type Content = Markup | string | undefined | false;

/** Values of attributes; undefined and false leave the attribute out. */
export type Attributes = Readonly<Record<string, string | number | undefined | false>>;

/** Elements that HTML wants without an end tag, and SVG shapes, which are shorter without one. */
const EMPTY = new Set('br col hr link meta circle line path polygon polyline rect stop use'.split(' '));

/** One element. Numbers are rounded to two decimals: a hundredth of a unit is not seen, and its digits cost a megabyte. */
export function element(tag: string, attributes: Attributes = {}, ...content: Content[]): Markup {
  let start = tag;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    start += ` ${name}="${typeof value === 'number' ? digits(value) : escapeText(value)}"`;
  }
  if (EMPTY.has(tag)) return new Markup(`<${start}/>`);
  return new Markup(`<${start}>${join(...content).source}</${tag}>`);
}

/** Pieces one after the other. */
export function join(...content: Content[]): Markup {
  let source = '';
  for (const piece of content) {
    if (piece instanceof Markup) source += piece.source;
    else if (piece) source += escapeText(piece);
  }
  return new Markup(source);
}

/** A number for an attribute or a path: two decimals at most, never an exponent, 'NaN' never. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`A report was about to draw the number ${value}.`);
  const rounded = Math.round(value * 100) / 100;
  return Object.is(rounded, -0) ? '0' : `${rounded}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for an element or a quoted attribute, of HTML and XML alike. */
export function escapeText(text: string): string {
  return cleanText(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

// XML 1.0 allows none of these, not even as references; the controls after 0x7f it allows, but they do no good.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/gu;

// Marks that turn the direction of all that follows: in a name they could swap the columns of a table.
const OVERRIDES = /[\u202a-\u202e]/gu;

/**
 * Text with every character that XML cannot carry (controls, halves of surrogate pairs) replaced by '�', and without the
 * marks that override the direction of writing.
 */
export function cleanText(text: string): string {
  return text.replace(FORBIDDEN, '\ufffd').replace(OVERRIDES, '');
}
