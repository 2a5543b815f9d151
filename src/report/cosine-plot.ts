/** Mean cosine similarity of features between classes: figure 1 of Hasegawa & Sato (2024). */
import type { CosineFigures } from '../diagnostics/diagnostics.js';
import type { Group } from '../evaluation/groups.js';
import { line, type Plot, text, WIDTH } from './chart.js';
import type { Classes } from './content.js';
import { cosineCells, cosineStrip } from './cosine-cells.js';
import { type CosineRows, cosineRows, leastCosine } from './cosine-rows.js';
import { cosineScale } from './cosine-scale.js';
import { groupLegend, legend } from './marks.js';
import { type Content, element, join } from './markup.js';
import { groupRuns, prevailingGroup } from './order.js';
import { countOf, figure, fitText } from './words.js';

const LEFT = 98;
const TOP = 34;
const SIDE = WIDTH - LEFT - 12;

export function cosinePlot(
  cosine: CosineFigures,
  classes: Classes,
  { name, setName }: { name: string; setName: string },
): Plot | undefined {
  const rows = cosineRows(cosine, classes.order);
  if (!rows) return undefined;
  const { bins, same } = rows;
  const grid = { left: LEFT, top: TOP, size: SIDE / bins.length };
  const runs = groupRuns(bins, (bin) => prevailingGroup(bin, classes.groups));
  // Where a group is too narrow for its name, the colours are told below.
  const named = runs.every(({ group, from, to }) => isWide(group, (to - from) * grid.size));
  const bottom = TOP + SIDE + (same ? 22 : 0);
  return {
    name,
    title: `Cosine similarity of features, ${setName}`,
    caption: captionOf(rows, classes, cosine),
    width: WIDTH,
    height: bottom + (named ? 100 : 126),
    body: join(
      ...edges(runs, grid.size),
      ...labels(bins, classes, grid.size),
      cosineCells(rows, classes, grid),
      ...runs.slice(1).flatMap(({ from }) => {
        const at = from * grid.size;
        return [
          line('gap', LEFT + at, TOP, LEFT + at, TOP + SIDE),
          line('gap', LEFT, TOP + at, LEFT + SIDE, TOP + at),
        ];
      }),
      same && text('same class', LEFT - 14, TOP + SIDE + 19, { class: 'small', anchor: 'end' }),
      same &&
        cosineStrip(
          bins.map((_, i) => same(i)),
          grid,
          { y: TOP + SIDE + 8, height: 14 },
        ),
      cosineScale(cosine, {
        left: LEFT,
        right: LEFT + SIDE,
        y: bottom + 46,
        negative: leastCosine(rows) < -0.025,
      }),
      !named && legend(groupLegend(runs.map(({ group }) => group)), bottom + 112).body,
    ),
  };
}

function isWide(group: Group, length: number): boolean {
  return length > group.length * 7;
}

/** Groups as bars along the upper and the left edge, with their names above. */
function edges(runs: ReturnType<typeof groupRuns>, size: number): Content[] {
  return runs.flatMap(({ group, from, to }) => {
    const [at, length] = [from * size, (to - from) * size];
    const inset = Math.min(1, length / 4);
    const bar = (x: number, y: number, width: number, height: number) =>
      element('rect', { class: `${group} fill`, x, y, width, height });
    return [
      bar(LEFT + at + inset, TOP - 8, length - 2 * inset, 4),
      bar(LEFT - 8, TOP + at + inset, 4, length - 2 * inset),
      isWide(group, length) &&
        text(group, LEFT + at + length / 2, TOP - 15, { class: 'small', anchor: 'middle' }),
    ];
  });
}

/** Names of the rows, or their rank by count; thinned where they are closer than a line. */
function labels(bins: readonly number[][], classes: Classes, size: number): Content[] {
  const every = Math.ceil(13 / size);
  let rank = 1;
  return bins.map((bin, i) => {
    const start = rank;
    rank += bin.length;
    if (i % every !== 0) return undefined;
    const words = bin.length === 1 && every === 1 ? classes.name(bin[0]) : `${figure(start)}.`;
    const style = { class: 'small', anchor: 'end' as const };
    return text(fitText(words, (LEFT - 16) / 11.5), LEFT - 14, TOP + (i + 0.5) * size + 4, style);
  });
}

function captionOf({ bins, same }: CosineRows, { trainCounts }: Classes, cosine: CosineFigures): string {
  const most = Math.max(...bins.map((bin) => bin.length));
  const order = trainCounts
    ? 'Classes from most to fewest training samples, rows and columns alike'
    : 'Classes in their order';
  const blocks = same
    ? `; each cell is the mean of a block of up to ${most} × ${countOf(most, 'class', 'classes')}, different classes only`
    : '; the diagonal compares samples of one class';
  return (
    `${order}${blocks}. Means: same class ${figure(cosine.sameClass)}, different classes ${figure(cosine.differentClass)}. ` +
    'Classes are easy to separate where same-class pairs are near 1 and all others near 0; colour all over is the cone effect.'
  );
}
