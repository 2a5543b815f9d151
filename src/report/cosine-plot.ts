/** Mean cosine similarity of features between classes: figure 1 of Hasegawa & Sato (2024). */
import type { CosineFigures } from '../diagnostics/diagnostics.js';
import { type Plot, WIDTH } from './chart.js';
import type { Classes } from './content.js';
import { cosineMap, STRIP } from './cosine-map.js';
import { type CosineRows, cosineRows, leastCosine } from './cosine-rows.js';
import { cosineScale } from './cosine-scale.js';
import { groupLegend, legend } from './marks.js';
import { join } from './markup.js';
import { countOf, figure } from './words.js';

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
  const { body, unnamed } = cosineMap(rows, classes, { left: LEFT, top: TOP, side: SIDE });
  const bottom = TOP + SIDE + (rows.same ? STRIP : 0);
  return {
    name,
    title: `Cosine similarity of features, ${setName}`,
    caption: captionOf(rows, classes, cosine),
    width: WIDTH,
    // Where a group is too narrow for its name, the colours are told below.
    height: bottom + (unnamed.length > 0 ? 126 : 100),
    body: join(
      body,
      cosineScale(cosine, {
        left: LEFT,
        right: LEFT + SIDE,
        y: bottom + 46,
        negative: leastCosine(rows) < -0.025,
      }),
      unnamed.length > 0 && legend(groupLegend(unnamed), bottom + 112).body,
    ),
  };
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
