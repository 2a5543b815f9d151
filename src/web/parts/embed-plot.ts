/** Plots that come as files, made parts of the page: its styles are there already, and its ids must stay apart. */
import type { PlotFacts } from '../engine/protocol.js';

/** A plot without title and style of its own. */
export interface EmbeddedPlot {
  readonly title: string;
  readonly caption: string;
  readonly svg: string;
  readonly height: number;
}

const known = new WeakMap<PlotFacts, Map<string, EmbeddedPlot>>();

/** Takes a standalone plot of src/report/chart.ts apart. The same object is taken apart once. */
export function embedPlot(plot: PlotFacts, place: string): EmbeddedPlot {
  const places = known.get(plot) ?? new Map<string, EmbeddedPlot>();
  known.set(plot, places);
  const found = places.get(place) ?? takeApart(plot, place);
  places.set(place, found);
  return found;
}

function takeApart({ name, svg }: PlotFacts, place: string): EmbeddedPlot {
  const [, top = '0', width = '0', whole = '0'] = /viewBox="0 (\S+) (\S+) (\S+)"/.exec(svg) ?? [];
  // The title stands above 0; the page writes it itself.
  const height = Number(whole) + Number(top);
  return {
    title: textOf(svg, 'title'),
    caption: textOf(svg, 'desc'),
    height,
    svg: svg
      .replace(/<style>.*?<\/style>/s, '')
      .replace(/viewBox="[^"]*" width="[^"]*" height="[^"]*"/, `viewBox="0 0 ${width} ${height}"`)
      .replaceAll(`"${name}-title`, `"${place}-${name}-title`)
      .replaceAll(`${name}-desc"`, `${place}-${name}-desc"`),
  };
}

const CHARACTERS: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

/** The text of the first element of a name. */
function textOf(svg: string, element: string): string {
  const escaped = new RegExp(`<${element}[^>]*>([^<]*)<`).exec(svg)?.[1] ?? '';
  return escaped.replace(/&(?:amp|lt|gt|quot|#39);/g, (reference) => CHARACTERS[reference]);
}
