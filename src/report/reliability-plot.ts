/** Do the probabilities mean what they say? Reliability diagram (Guo et al. 2017, figure 1) with the samples behind it. */
import type { ReliabilityBin } from '../evaluation/calibration.js';
import type { Evaluation } from '../evaluation/evaluate.js';
import { bottomAxis, type Frame, leftAxis } from './axes.js';
import { line, type Plot, polyline, text, WIDTH } from './chart.js';
import { legend } from './marks.js';
import { type Content, element, join } from './markup.js';
import { linearScale, type Scale } from './scales.js';
import { figure, percent } from './words.js';

const FRAME: Frame = { left: 48, right: WIDTH - 24, top: 54, bottom: 330 };
/** Height of the bars of samples below. */
const BARS = 54;

type FullBin = ReliabilityBin & { confidence: number; accuracy: number };

export function reliabilityPlot(
  { before, after }: { before: Evaluation; after?: Evaluation },
  { name, setName }: { name: string; setName: string },
): Plot {
  const x = linearScale([0, 1], [FRAME.left, FRAME.right]);
  const y = linearScale([0, 1], [FRAME.bottom, FRAME.top]);
  const states = after
    ? [
        { evaluation: before, words: 'before', style: 'muted', hollow: true },
        { evaluation: after, words: 'after', style: 'many', hollow: false },
      ]
    : [{ evaluation: before, words: 'the head', style: 'many', hollow: false }];
  const keys = legend(
    [
      ...states.map(({ evaluation, words, style, hollow }) => ({
        draw: (at: number, to: number) => element('g', { class: style }, dot(at, to, 4.5, hollow)),
        words: `${words}, error ${percent(evaluation.ece)}`,
      })),
      { draw: (at: number, to: number) => line('axis dash', at - 7, to, at + 7, to), words: 'honest' },
    ],
    14,
  );
  const base = FRAME.bottom + 48 + BARS;
  return {
    name,
    title: `Reliability, ${setName}`,
    caption: captionOf(before, after),
    width: WIDTH,
    height: base + 10,
    body: join(
      keys.body,
      leftAxis(y, FRAME, { label: 'share right', write: share }),
      bottomAxis(x, FRAME, { label: 'probability of the answer', write: share }),
      line('axis dash', x(0), y(0), x(1), y(1)),
      ...states.map(({ evaluation, words, style, hollow }) => curve(evaluation, words, style, hollow, x, y)),
      text('samples', 8, base - BARS + 12, { class: 'small' }),
      ...states.map(({ evaluation, style }, s) => samples(evaluation, style, s, states.length, x, base)),
      line('axis', FRAME.left, base, FRAME.right, base),
    ),
  };
}

const share = (value: number) => `${Math.round(value * 100)} %`;

function dot(x: number, y: number, r: number, hollow: boolean): Content {
  return element('circle', { class: hollow ? 'ring' : 'dot', cx: x, cy: y, r });
}

function full({ reliability }: Evaluation): FullBin[] {
  return reliability.filter((bin): bin is FullBin => bin.confidence !== null && bin.accuracy !== null);
}

/** A sample of a hundred more or less is not seen in the size, but a bin of three among thousands is. */
function curve(
  evaluation: Evaluation,
  words: string,
  style: string,
  hollow: boolean,
  x: Scale,
  y: Scale,
): Content {
  const bins = full(evaluation);
  return element(
    'g',
    { class: style },
    ...bins.map(({ confidence, accuracy }) =>
      line('thin stroke', x(confidence), y(confidence), x(confidence), y(accuracy)),
    ),
    polyline(
      'stroke',
      bins.map(({ confidence, accuracy }) => [x(confidence), y(accuracy)] as const),
    ),
    ...bins.map(({ from, to, confidence, accuracy, samples: n }) =>
      element(
        'g',
        {},
        element(
          'title',
          {},
          `${words}, probabilities ${share(from)} to ${share(to)}: ${percent(confidence)} said, ${percent(accuracy)} right, ${figure(n)} samples`,
        ),
        dot(x(confidence), y(accuracy), 2.5 + 3 * Math.sqrt(n / evaluation.samples), hollow),
      ),
    ),
  );
}

function samples(
  { reliability, samples: all }: Evaluation,
  style: string,
  at: number,
  of: number,
  x: Scale,
  base: number,
): Content {
  const most = Math.max(...reliability.map((bin) => bin.samples), 1);
  return element(
    'g',
    { class: style },
    ...reliability.map(({ from, to, samples: n }) => {
      const width = (x(to) - x(from) - 3) / of;
      return (
        n > 0 &&
        element(
          'g',
          {},
          element('title', {}, `${figure(n)} samples, ${percent(n / all)}`),
          element('rect', {
            class: 'fill',
            x: x(from) + 1.5 + at * width,
            y: base - (BARS * n) / most,
            width: Math.max(width - 0.5, 0.5),
            height: (BARS * n) / most,
          }),
        )
      );
    }),
  );
}

function captionOf(before: Evaluation, after: Evaluation | undefined): string {
  const last = after ?? before;
  const bins = full(last);
  const gap =
    bins.reduce((sum, { confidence, accuracy, samples: n }) => sum + n * (confidence - accuracy), 0) /
    last.samples;
  const verdict =
    Math.abs(gap) < 0.02
      ? 'on average the probabilities are about right'
      : gap > 0
        ? `on average the answers claim ${percent(gap)} too much`
        : `on average the answers claim ${percent(-gap)} too little`;
  return (
    `Below the dashed line the head is surer than it is right. Expected calibration error ${after ? `${percent(before.ece)} before, ${percent(after.ece)} after` : percent(before.ece)}; ` +
    `${verdict}${after ? ' after' : ''}. Marks grow with the samples of the bin; the bars below count them.`
  );
}
