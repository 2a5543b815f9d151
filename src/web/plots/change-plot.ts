/** Accuracy of each class as the sliders stand: the report's own plot. */
import { byCount } from '../../evaluation/class-order.js';
import { accuracyPlot } from '../../report/accuracy-plot.js';
import type { Plot } from '../../report/chart.js';
import { oneLine } from '../../report/words.js';
import type { CountsFacts } from '../engine/protocol.js';
import type { LiveAccuracies } from '../live/evaluator.js';

export function changePlot(
  before: LiveAccuracies,
  after: LiveAccuracies,
  { counts, groups, thresholds }: CountsFacts,
  names: readonly string[] | undefined,
): Plot {
  const name = (k: number) => oneLine(names?.[k] ?? '') || `${k}`;
  const classes = {
    count: counts.length,
    trainCounts: counts,
    groups,
    thresholds,
    order: byCount(counts),
    name,
  };
  return accuracyPlot({ before, after }, classes, { name: 'live', setName: 'validation' });
}
