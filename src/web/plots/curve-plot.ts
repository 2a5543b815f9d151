/** What every place of the slider would give. */
import { GROUPS, type Group } from '../../evaluation/groups.js';
import { bottomAxis, type Frame, leftAxis } from '../../report/axes.js';
import { line, type Plot, polyline, WIDTH } from '../../report/chart.js';
import { type LegendEntry, legend, mark } from '../../report/marks.js';
import { element, join, type Markup } from '../../report/markup.js';
import { linearScale } from '../../report/scales.js';
import { percent, shortNumber } from '../../report/words.js';
import type { LiveAccuracies } from '../live/evaluator.js';
import type { Curve } from '../state.js';

type Line = Group | 'average';

/** `symbol`: τ or γ; `at` and `now`: where the slider stands, and what that gives. */
export function curvePlot(
  { points }: Curve,
  { symbol, at, now }: { symbol: string; at: number; now: LiveAccuracies },
): Plot {
  const lines = (['average', ...GROUPS] as const).filter((name) => points[0]?.figures[name] !== undefined);
  const style = (name: Line) => (name === 'average' ? 'accent' : name);
  const keys = legend(
    lines.map(
      (name): LegendEntry => ({
        draw: (x, y) => mark(name === 'average' ? undefined : name, x, y),
        words: name,
      }),
    ),
    14,
  );
  const top = 14 + keys.height + 24;
  const frame: Frame = { left: 52, right: WIDTH - 12, top, bottom: top + 170 };
  const last = points.at(-1)?.parameter ?? 2;
  const x = linearScale([0, Math.max(last, 0.1)], [frame.left, frame.right]);
  const y = linearScale(
    domainOf(points.flatMap(({ figures }) => lines.map((name) => figures[name] ?? 0))),
    [frame.bottom, frame.top],
    { round: true },
  );
  const isInside = at >= 0 && at <= last;
  return {
    name: 'curve',
    title: 'What every value would give, validation',
    caption: `The line stands at ${symbol} = ${shortNumber(at)}: average ${percent(now.average)}.`,
    width: WIDTH,
    height: frame.bottom + 44,
    body: join(
      keys.body,
      leftAxis(y, frame, { label: 'accuracy', write: (value) => `${Math.round(value * 100)} %` }),
      bottomAxis(x, frame, { label: symbol, write: shortNumber }),
      isInside && line('axis', x(at), frame.top, x(at), frame.bottom),
      ...lines.map((name) =>
        element(
          'g',
          { class: style(name) },
          polyline(
            'stroke',
            points.flatMap(({ parameter, figures }) =>
              figures[name] === undefined ? [] : [[x(parameter), y(figures[name])] as const],
            ),
          ),
        ),
      ),
      ...(isInside ? lines.map((name) => marked(name, x(at), y(now[name] ?? 0), now)) : []),
    ),
  };
}

/** No closer than so many points, or noise would look like a landscape. */
const LEAST_SPAN = 0.3;

/** The range of the values, widened to a span that they deserve, within 0 … 1. */
function domainOf(values: readonly number[]): [low: number, high: number] {
  const low = values.reduce((a, b) => Math.min(a, b), 1);
  const high = values.reduce((a, b) => Math.max(a, b), 0);
  const room = Math.max(0, LEAST_SPAN - (high - low)) / 2;
  const from = Math.max(0, Math.min(low - room, 1 - LEAST_SPAN));
  return [from, Math.min(1, Math.max(high + room, from + LEAST_SPAN))];
}

function marked(name: Line, x: number, y: number, now: LiveAccuracies): Markup {
  return mark(name === 'average' ? undefined : name, x, y, { title: `${name}: ${percent(now[name])}` });
}
