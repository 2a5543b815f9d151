/** Tables of accuracies, calibration and confused groups. */
import type { Evaluation } from '../evaluation/evaluate.js';
import type { GroupConfusion } from '../evaluation/group-confusion.js';
import { GROUPS } from '../evaluation/groups.js';
import type { ReportContent } from './content.js';
import type { Table } from './table.js';
import { countOf, figure, percent, percentRange, points } from './words.js';

/** Accuracies and calibration of each evaluation. */
export function evaluationTables({ evaluations = [] }: ReportContent): Table[] {
  return evaluations.map(({ setName, before, after, note }) => {
    const share = (
      name: string,
      key: keyof Evaluation & ('average' | 'many' | 'medium' | 'few' | 'worst' | 'overall' | 'harmonicMean'),
    ) => {
      const [a, b] = [before[key], after?.[key]];
      if (a === undefined) return [];
      const intervals = after?.intervals ?? before.intervals;
      const interval = intervals?.[key as keyof typeof intervals];
      return [
        [
          name,
          percent(a),
          ...(after ? [percent(b), b === undefined ? '–' : points(b - a)] : []),
          interval ? percentRange(interval) : '',
        ],
      ];
    };
    const number = (name: string, a: number, b: number | undefined, write: (value: number) => string) => [
      name,
      write(a),
      ...(after ? [b === undefined ? '–' : write(b), ''] : []),
      '',
    ];
    const sizes = before.groupSizes;
    const groupName = (group: 'many' | 'medium' | 'few') =>
      `${group} (${countOf(sizes?.[group] ?? 0, 'class', 'classes')})`;
    return {
      title: `Accuracy on ${setName}, ${countOf(before.samples, 'sample')}`,
      header: [
        '',
        ...(after ? ['before', 'after', 'points'] : ['accuracy']),
        after ? '95 % interval, after' : '95 % interval',
      ],
      rows: [
        ...share('average over classes', 'average'),
        ...share(groupName('many'), 'many'),
        ...share(groupName('medium'), 'medium'),
        ...share(groupName('few'), 'few'),
        ...share('worst class', 'worst'),
        ...share('harmonic mean', 'harmonicMean'),
        ...share('over samples', 'overall'),
        number('calibration error', before.ece, after?.ece, percent),
        number('negative log-likelihood', before.nll, after?.nll, figure),
      ],
      note,
    };
  });
}

/** Confusion of groups, a table per state. */
export function confusionTables({ evaluations = [] }: ReportContent): Table[] {
  return evaluations.flatMap(({ setName, confusion, after }) => {
    if (!confusion) return [];
    const state = (words: string, found: typeof confusion.before | undefined): Table[] =>
      found ? [{ title: `Groups named on ${setName}${words}`, ...confusionRows(found) }] : [];
    return [...state(after ? ', before' : '', confusion.before), ...state(', after', confusion.after)];
  });
}

/** Rows true, columns predicted. */
function confusionRows({ rows }: GroupConfusion): Pick<Table, 'header' | 'rows'> {
  const columns = GROUPS.filter((group) => rows.some(({ predicted }) => predicted[group] !== undefined));
  return {
    header: ['true group', 'right', 'wrong within', ...columns.map((group) => `as ${group}`)],
    rows: rows.map(({ group, right, wrongWithin, predicted }) => [
      group,
      percent(right),
      percent(wrongWithin),
      ...columns.map((column) => percent(predicted[column])),
    ]),
  };
}
