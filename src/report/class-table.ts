/** One row per class: everything that a report knows about it. */
import { type Classes, classesOf, type ReportContent, setNameOf } from './content.js';
import type { Table } from './table.js';
import { columnFigure, figure, fitText, percent } from './words.js';

/** Up to so many classes all are in the table. */
const MOST_ROWS = 1000;
/** Of more, so many of the weakest. */
const WEAKEST = 200;

export function classTable(content: ReportContent): Table | undefined {
  const classes = classesOf(content);
  if (!classes) return undefined;
  const shown = shownClasses(content, classes);
  const columns = columnsOf(content, classes);
  return {
    title:
      shown.length < classes.count
        ? `The ${figure(shown.length)} weakest of ${figure(classes.count)} classes`
        : 'All classes',
    header: columns.map(({ name }) => name),
    rows: shown.map((k) => columns.map(({ cell }) => cell(k))),
    note: shown.length < classes.count ? 'All classes are in the JSON.' : undefined,
  };
}

/** All in the order of the report, or those with the lowest accuracy; without accuracies, the fewest training samples. */
function shownClasses({ evaluations }: ReportContent, { order, count }: Classes): readonly number[] {
  if (count <= MOST_ROWS) return order;
  const evaluation = evaluations?.[0];
  if (!evaluation) return order.slice(-WEAKEST);
  const { perClass } = evaluation.after ?? evaluation.before;
  const measured = order.filter((k) => perClass[k] != null);
  return measured.sort((a, b) => perClass[a]! - perClass[b]!).slice(0, WEAKEST);
}

interface Column {
  readonly name: string;
  readonly cell: (k: number) => string;
}

function columnsOf(content: ReportContent, classes: Classes): Column[] {
  const { evaluations, diagnostics = [] } = content;
  const evaluation = evaluations?.[0];
  const many = diagnostics.length > 1;
  const bySet = (
    name: string,
    of: (index: number) => readonly (number | null)[] | null | undefined,
  ): Column[] =>
    diagnostics.flatMap((_, i) => {
      const values = of(i);
      const own = many ? `, ${setNameOf(content, i)}` : '';
      if (!values) return [];
      const write = columnFigure(values);
      return [{ name: `${name}${own}`, cell: (k: number) => write(values[k]) }];
    });
  const { trainCounts, groups } = classes;
  return [
    { name: 'class', cell: (k) => fitText(classes.name(k), 40) },
    ...(trainCounts ? [{ name: 'trained on', cell: (k: number) => figure(trainCounts[k]) }] : []),
    ...(groups ? [{ name: 'group', cell: (k: number) => groups[k] }] : []),
    ...(evaluation
      ? [
          {
            name: `samples, ${fitText(evaluation.setName, 16)}`,
            cell: (k: number) => figure(evaluation.before.perClassSamples[k]),
          },
          {
            name: evaluation.after ? 'before' : 'accuracy',
            cell: (k: number) => percent(evaluation.before.perClass[k]),
          },
        ]
      : []),
    ...(evaluation?.after
      ? [{ name: 'after', cell: (k: number) => percent(evaluation.after!.perClass[k]) }]
      : []),
    ...(evaluation ? [] : bySet('accuracy', (i) => diagnostics[i].accuracy?.perClass.map((a) => a))),
    ...bySet('‖μ‖', (i) => diagnostics[i].classMeanNorms),
    ...bySet('mean ‖f‖', (i) => diagnostics[i].featureNorms),
    ...bySet('‖w‖', (i) => (i === 0 ? diagnostics[i].weightNorms : null)),
    ...bySet('same-class cosine', (i) => diagnostics[i].cosine.matrix?.map((row, k) => row[k])),
  ];
}
