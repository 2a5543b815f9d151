/** Discriminant ratios along a network: figure 6 of Hasegawa & Sato (2024). */
import type { LayerFigures } from '../diagnostics/layers.js';
import { bottomAxis, type Frame } from './axes.js';
import { line, type Plot, polyline, text, WIDTH } from './chart.js';
import { legend } from './marks.js';
import { element, join } from './markup.js';
import { logScale } from './scales.js';
import { figure, fitText, shortNumber } from './words.js';

const LEFT = 150;
/** Rows get closer with their number, so that the plot stays on a page. */
const MOST_HEIGHT = 560;
/** Rows closer than this have lines only: marks would run into each other. */
const CLOSE = 9;

const SERIES = [
  { words: 'FDR', hollow: false, style: 'many', of: ({ fdr }: LayerFigures) => fdr.value },
  {
    words: 'FDR behind a ReLU',
    hollow: true,
    style: 'few',
    of: ({ reluFdr }: LayerFigures) => reluFdr.value,
  },
];

export function layersPlot(
  layers: readonly LayerFigures[],
  { name, setName }: { name: string; setName: string },
): Plot | undefined {
  const values = SERIES.flatMap(({ of }) => layers.map(of)).filter((value) => value !== null && value > 0);
  if (values.length === 0) return undefined;
  const positive = values as number[];
  const row = Math.min(20, Math.max(3, MOST_HEIGHT / layers.length));
  const frame: Frame = { left: LEFT, right: WIDTH - 16, top: 40, bottom: 40 + layers.length * row };
  const x = logScale([Math.min(...positive) / 1.3, Math.max(...positive) * 1.3], [frame.left, frame.right]);
  const y = (i: number) => frame.top + (i + 0.5) * row;
  const every = Math.ceil(13 / row);
  const dot = (x0: number, y0: number, hollow: boolean) =>
    element('circle', { class: hollow ? 'ring' : 'dot', cx: x0, cy: y0, r: 4 });
  return {
    name,
    title: `Separability layer by layer, ${setName}`,
    caption:
      'From the input (top) to the features (bottom): how well a linear rule could separate the classes at each layer, on a log scale. ' +
      'It should grow towards the bottom; where it falls, the layer mixes classes that were apart.',
    width: WIDTH,
    height: frame.bottom + 44,
    body: join(
      legend(
        SERIES.map(({ words, hollow, style }) => ({
          draw: (at, to) => element('g', { class: style }, dot(at, to, hollow)),
          words,
        })),
        14,
      ).body,
      bottomAxis(x, frame, { label: 'Fisher’s discriminant ratio', write: shortNumber }),
      line('axis', LEFT, frame.top, LEFT, frame.bottom),
      ...layers.map(
        ({ tensor }, i) =>
          i % every === 0 &&
          text(shortPath(tensor, (LEFT - 14) / 11.5), LEFT - 8, y(i) + 4, { class: 'small', anchor: 'end' }),
      ),
      ...SERIES.map(({ words, hollow, style, of }) => {
        const points = layers.flatMap((layer, i) => {
          const value = of(layer);
          return value !== null && value > 0 ? [{ layer, value, place: [x(value), y(i)] as const }] : [];
        });
        return element(
          'g',
          { class: style },
          polyline(
            hollow ? 'stroke dash' : 'stroke',
            points.map(({ place }) => place),
          ),
          ...points.map(
            ({ layer, value, place }) =>
              row >= CLOSE &&
              element(
                'g',
                {},
                element('title', {}, `${fitText(layer.tensor, 60)}: ${words} ${figure(value)}`),
                dot(place[0], place[1], hollow),
              ),
          ),
        );
      }),
    ),
  };
}

/** Names of tensors tell the most in front, what exporters put behind tells nothing. */
function shortPath(name: string, width: number): string {
  return fitText(name.replace(/^\/+/, '').replace(/_output_\d+$/, ''), width);
}
