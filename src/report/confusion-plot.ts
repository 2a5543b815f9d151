/** Which group of classes the answers name, for each group of true classes. */

import type { GroupConfusion, GroupConfusionRow } from '../evaluation/group-confusion.js';
import { GROUPS, type Group } from '../evaluation/groups.js';
import { bottomAxis } from './axes.js';
import { type Plot, text, WIDTH } from './chart.js';
import { legend, mark } from './marks.js';
import { type Content, element, join } from './markup.js';
import { linearScale } from './scales.js';
import { countOf, percent } from './words.js';

const LEFT = 136;
const RIGHT = WIDTH - 22;
const BAR = 24;

export function confusionPlot(
  { before, after }: { before: GroupConfusion; after?: GroupConfusion },
  { name, setName }: { name: string; setName: string },
): Plot {
  const states = after ? [before, after] : [before];
  const groups = before.rows.map(({ group }) => group);
  const named = GROUPS.filter((group) => before.rows.some(({ predicted }) => predicted[group] !== undefined));
  const keys = legend(
    [
      {
        draw: (x, y) => element('rect', { class: 'accent fill', x: x - 6, y: y - 6, width: 12, height: 12 }),
        words: 'right',
      },
      ...named.map((group) => ({
        draw: (x: number, y: number) =>
          element('rect', { class: `${group}-soft`, x: x - 6, y: y - 6, width: 12, height: 12 }),
        words: `wrong, a class of ${group}`,
      })),
    ],
    14,
  );
  const top = 14 + keys.height + 8;
  const block = states.length * (BAR + 4) + 26;
  const x = linearScale([0, 1], [LEFT, RIGHT]);
  const bottom = top + groups.length * block - 10;
  return {
    name,
    title: `Which group the answers name, ${setName}`,
    caption: captionOf(before, after),
    width: WIDTH,
    height: bottom + 44,
    body: join(
      bottomAxis(
        x,
        { left: LEFT, right: RIGHT, top, bottom },
        {
          label: 'share of the samples, averaged over the classes',
          write: (share) => `${Math.round(share * 100)} %`,
        },
      ),
      ...groups.map((group, g) => {
        const y = top + g * block;
        const row = before.rows[g];
        return join(
          mark(group, 14, y + 9),
          text(group, 26, y + 13, { class: 'strong' }),
          text(countOf(row.classes, 'class', 'classes'), 26, y + 29, { class: 'small' }),
          ...states.map((state, s) => {
            const found = state.rows.find((other) => other.group === group);
            const at = y + s * (BAR + 4);
            return join(
              after &&
                text(s === 0 ? 'before' : 'after', LEFT - 8, at + 16, { class: 'small', anchor: 'end' }),
              found && bar(found, at, x),
            );
          }),
        );
      }),
      keys.body,
    ),
  };
}

/** Right answers solid, then wrong ones of the own group, then those of the others. */
function bar(
  { group, right, wrongWithin, predicted }: GroupConfusionRow,
  y: number,
  x: (share: number) => number,
): Content {
  const parts: { style: string; share: number; on?: string; words: string }[] = [
    { style: `${group} fill`, share: right, on: 'on-fill', words: 'right' },
    { style: `${group}-soft`, share: wrongWithin, words: `wrong, within ${group}` },
    ...GROUPS.filter((other) => other !== group && predicted[other] !== undefined).map((other) => ({
      style: `${other}-soft`,
      share: predicted[other] ?? 0,
      words: `taken for ${other}`,
    })),
  ];
  let from = 0;
  return join(
    ...parts.map(({ style, share, on, words }) => {
      const [start, width] = [x(from), x(from + share) - x(from)];
      from += share;
      if (width <= 0) return undefined;
      return element(
        'g',
        {},
        element('title', {}, `${group}: ${words}, ${percent(share)}`),
        element('rect', { class: style, x: start, y, width: Math.max(width - 1, 0.5), height: BAR }),
        width > 24 &&
          text(`${Math.round(share * 100)}`, start + width / 2, y + 16, {
            class: on ? `${on} strong` : undefined,
            anchor: 'middle',
          }),
      );
    }),
  );
}

function captionOf(before: GroupConfusion, after: GroupConfusion | undefined): string {
  const found = (state: GroupConfusion | undefined, group: Group) =>
    state?.rows.find((row) => row.group === group);
  const rarest = GROUPS.toReversed().find((group) => found(before, group));
  const most = GROUPS.find((group) => found(before, group)?.predicted[group] !== undefined);
  const lead =
    'Solid: right. Faint: wrong, in the colour of the group that the answer belongs to; first the own group.';
  if (!rarest || !most || rarest === most) return lead;
  const share = (state: GroupConfusion) => percent(found(state, rarest)?.predicted[most]);
  return `${lead} Samples of ${rarest} classes taken for ${most} ones: ${share(before)}${after ? ` before, ${share(after)} after` : ''}.`;
}
