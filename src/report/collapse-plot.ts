/** Distances from neural collapse (Papyan et al. 2020) on scales that all begin at 'collapsed'. */
import type { Diagnostics } from '../diagnostics/diagnostics.js';
import { line, type Plot, text, WIDTH } from './chart.js';
import { legend, mark } from './marks.js';
import { type Content, element, join } from './markup.js';
import { linearScale, logScale, type Scale } from './scales.js';
import { figure, shortNumber } from './words.js';

/** The metrics, with what they say in plain words. */
export const COLLAPSE: readonly {
  key: string;
  name: string;
  gloss: string;
  scale: 'log' | 1 | 2;
  value: (diagnostics: Diagnostics) => number | null;
}[] = [
  {
    key: 'collapse.nc1',
    name: 'NC1 spread within classes',
    gloss:
      'Spread within classes against the spread of the class means. 0: all samples of a class have one feature.',
    scale: 'log',
    value: ({ collapse }) => collapse.nc1,
  },
  {
    key: 'collapse.nc2.equinorm',
    name: 'NC2 equal lengths',
    gloss: 'How much the centred class means differ in length. 0: all are equally long.',
    scale: 1,
    value: ({ collapse }) => collapse.nc2.equinorm,
  },
  {
    key: 'collapse.nc2.equiangularity',
    name: 'NC2 equal angles',
    gloss:
      'How far the angles between class means are from the widest that all can have. 0: all are that wide.',
    scale: 1,
    value: ({ collapse }) => collapse.nc2.equiangularity,
  },
  {
    key: 'collapse.nc3',
    name: 'NC3 head and class means',
    gloss:
      'Distance between the rows of the head and the class means, both scaled to length 1. 0: the same directions and proportions.',
    scale: 2,
    value: ({ collapse }) => collapse.nc3,
  },
  {
    key: 'collapse.nc4',
    name: 'NC4 nearest class mean',
    gloss:
      'Share of samples that the nearest class mean would answer otherwise than the head. 0: the head adds nothing to it.',
    scale: 1,
    value: ({ collapse }) => collapse.nc4,
  },
];

const LEFT = 184;
const RIGHT = WIDTH - 112;
const ROW = 48;
const TOP = 38;

export function collapsePlot(
  sets: readonly { setName: string; diagnostics: Diagnostics }[],
  name: string,
): Plot | undefined {
  if (!sets.some(({ diagnostics }) => COLLAPSE.some(({ value }) => value(diagnostics) !== null)))
    return undefined;
  const keys = legend(
    sets.map(({ setName }, s) => ({
      draw: (x: number, y: number) => mark(undefined, x, y, { hollow: s > 0 }),
      words: setName,
    })),
    14,
  );
  return {
    name,
    title: 'How far from neural collapse',
    caption:
      'Left is collapsed: all features of a class are one point, and the points are as far apart as they can be. ' +
      'NC1 has a log scale, the others begin at 0. Collapse on train that is gone on test means that the features do not generalise.',
    width: WIDTH,
    height: TOP + COLLAPSE.length * ROW + 8,
    body: join(
      keys.body,
      ...COLLAPSE.map(({ name: words, scale, value }, i) => {
        const y = TOP + (i + 0.5) * ROW;
        const values = sets.map(({ diagnostics }) => value(diagnostics));
        const x = scaleOf(scale, values);
        return join(
          text(words, 8, y + 4),
          line('axis', LEFT, y, RIGHT, y),
          ...[x.domain[0], x.domain[1]].map((end) =>
            text(shortNumber(end), x(end), y + 20, { class: 'tick', anchor: 'middle' }),
          ),
          ...[x.domain[0], x.domain[1]].map((end) => line('axis', x(end), y - 4, x(end), y + 4)),
          ...values.map((found, s) => drawValue(found, s, x, y, sets[s].setName)),
          text(values.map(figure).join(' · '), WIDTH - 4, y + 4, { class: 'strong', anchor: 'end' }),
        );
      }),
    ),
  };
}

/** Whole decades about the values, or 0 … 1 or 2, and further where a value is. */
function scaleOf(scale: 'log' | 1 | 2, values: readonly (number | null)[]): Scale {
  const there = values.filter((value) => value !== null);
  if (scale !== 'log') return linearScale([0, Math.max(scale, ...there.map(Math.ceil))], [LEFT, RIGHT]);
  const positive = there.filter((value) => value > 0);
  const low = Math.min(0.01, ...positive.map((value) => 10 ** Math.floor(Math.log10(value))));
  const high = Math.max(10, ...positive.map((value) => 10 ** Math.ceil(Math.log10(value))));
  return logScale([low, high], [LEFT, RIGHT]);
}

function drawValue(value: number | null, index: number, x: Scale, y: number, setName: string): Content {
  if (value === null) return undefined;
  const at = value > 0 ? Math.max(LEFT, x(value)) : LEFT;
  const drawn = mark(undefined, at, y, { hollow: index > 0, title: `${setName}: ${figure(value)}` });
  return element('g', {}, drawn);
}
