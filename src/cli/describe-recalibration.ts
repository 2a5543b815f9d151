/** What `recalibrate` found, in words and tables. */
import type { Evaluation } from '../evaluation/evaluate.js';
import type { Recalibration } from '../recalibrate/recalibrate.js';
import { percent, points, textTable } from './text.js';
import { describeVerification } from './verification.js';

/** `targetPrior` is what the user gave: 'uniform' or the name of a file. */
export function describeRecalibration(
  result: Recalibration,
  saved: { out: string; sha256: string },
  targetPrior: string,
): string {
  const { before, after, test, improvement, selectedOn, changed, selection, kept } = result;
  const [low, high] = improvement.interval;
  const origin = selection ? 'out-of-fold on validation' : 'on validation';
  const average = targetPrior === 'uniform' ? 'average' : `average weighted by ${targetPrior}`;
  const optimistic = selection && !kept ? '; chosen here, so "after" is optimistic' : '';
  return [
    headline(result),
    '',
    `Validation: ${before.samples} samples of ${selectedOn}${optimistic}`,
    comparisonTable(before, after),
    ...(test
      ? ['', `Test: ${test.before.samples} samples of ${test.name}`, comparisonTable(test.before, test.after)]
      : []),
    '',
    `Improvement of the ${average}, ${origin}: ${points(improvement.average)} points, 95 % interval ${points(low)} … ${points(high)}`,
    describeVerification(changed.verification),
    `Written to ${saved.out} (sha256 ${saved.sha256})`,
  ].join('\n');
}

function headline({ kept, method, parameters }: Recalibration): string {
  const list = Object.entries(parameters).map(([name, value]) => {
    return `${name} ${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`;
  });
  if (kept) return `The original head was kept${list.length > 0 ? ` (${list.join(', ')})` : ''}.`;
  return `Chosen: ${method}${list.length > 0 ? `, ${list.join(', ')}` : ''}`;
}

/** Groups, average and what else moves when heads are balanced. */
export function comparisonTable(before: Evaluation, after: Evaluation): string {
  const share = (name: string, a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? [] : [[name, percent(a), percent(b), points(b - a)]];
  const number = (name: string, a: number, b: number) => [name, a.toFixed(3), b.toFixed(3), ''];
  return textTable(
    ['', 'before', 'after', 'points'],
    [
      ...share('many', before.many, after.many),
      ...share('medium', before.medium, after.medium),
      ...share('few', before.few, after.few),
      ...share('average', before.average, after.average),
      ...share('worst class', before.worst, after.worst),
      ...share('over samples', before.overall, after.overall),
      number('calibration error', before.ece, after.ece),
    ],
  );
}
