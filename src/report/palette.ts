/**
 * Colours, light and dark. Groups of classes have those of Okabe & Ito (2008), which people with any colour vision tell
 * apart, lightened for the dark page; each group has a shape of its own as well. Cosines have a diverging map whose
 * lightness changes evenly (in OKLab, Ottosson 2020) from the page's own colour at 0.
 */

/** What a drawing needs, for one of the two pages. */
export interface Palette {
  readonly paper: string;
  readonly panel: string;
  readonly ink: string;
  readonly muted: string;
  readonly axis: string;
  readonly grid: string;
  /** Bars that stand behind something. */
  readonly back: string;
  readonly many: string;
  readonly medium: string;
  readonly few: string;
  /** A line or bar that belongs to no group. */
  readonly accent: string;
  /** Colours of cosines −1, 0 and 1. */
  readonly opposite: string;
  readonly neutral: string;
  readonly same: string;
}

export const LIGHT: Palette = {
  paper: '#ffffff',
  panel: '#f5f6f8',
  ink: '#1a1f26',
  muted: '#59636f',
  axis: '#98a1ab',
  grid: '#e4e7eb',
  back: '#dde2e8',
  many: '#0072b2',
  medium: '#008f68',
  few: '#d55e00',
  accent: '#3d4a5c',
  opposite: '#0b3c6f',
  neutral: '#f3f4f6',
  same: '#7a2a00',
};

export const DARK: Palette = {
  paper: '#12151a',
  panel: '#1a1e25',
  ink: '#e6e9ed',
  muted: '#9ba6b2',
  axis: '#5b6672',
  grid: '#272d36',
  back: '#303844',
  many: '#56b4e9',
  medium: '#2fc59a',
  few: '#ff8f4d',
  accent: '#c3ccd8',
  opposite: '#a9d6ff',
  neutral: '#1e232b',
  same: '#ffd9a8',
};

/** Between `neutral` and the ends the map passes through these hues at half way, the same on both pages. */
const HALF_SAME = '#d9791f';
const HALF_OPPOSITE = '#3d87c9';

/** Steps of the map on each side of 0: 0.05 of a cosine each, finer than can be read off. */
export const COSINE_STEPS = 20;

/** The step of a cosine, −COSINE_STEPS … COSINE_STEPS. */
export function cosineStep(cosine: number): number {
  const step = Math.round(cosine * COSINE_STEPS);
  return Math.max(-COSINE_STEPS, Math.min(COSINE_STEPS, step)) + 0;
}

/** Name of the step's style: 'p7' is 0.35, 'n7' −0.35. */
export function cosineClass(step: number): string {
  return step < 0 ? `n${-step}` : `p${step}`;
}

/** The colour of a step on a page. */
export function cosineColour(step: number, { neutral, same, opposite }: Palette): string {
  const [half, end] = step < 0 ? [HALF_OPPOSITE, opposite] : [HALF_SAME, same];
  const at = (2 * Math.abs(step)) / COSINE_STEPS;
  return at <= 1 ? mix(neutral, half, at) : mix(half, end, at - 1);
}

/** A colour between two, `share` of the way from `a` to `b` in OKLab. */
export function mix(a: string, b: string, share: number): string {
  const [x, y] = [toLab(a), toLab(b)];
  return fromLab(x.map((value, i) => value + share * (y[i] - value)));
}

function toLab(hex: string): number[] {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromLab([light, a, b]: readonly number[]): string {
  const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (light - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const rgb = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  const bytes = rgb.map((value) => {
    const encoded = value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
    return Math.round(255 * Math.max(0, Math.min(1, encoded)));
  });
  return `#${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
