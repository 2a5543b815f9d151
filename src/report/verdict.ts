/** The report in one line, and the key figures below it. */
import type { Diagnostics } from '../diagnostics/diagnostics.js';
import type { Evaluation } from '../evaluation/evaluate.js';
import { GROUPS } from '../evaluation/groups.js';
import {
  type ReportContent,
  type ReportEvaluation,
  type ReportRecalibration,
  setsOf,
  shortSource,
} from './content.js';
import { findingsOf } from './findings.js';
import { countOf, figure, oneLine, percent, percentRange, points, range, shortNumber } from './words.js';

/** The head-line, and what has to be said with it. */
export interface Verdict {
  readonly line: string;
  readonly lead: string;
}

/** What a reader should take away who reads nothing else. */
export function verdictOf(content: ReportContent): Verdict {
  const evaluation = content.evaluations?.[0];
  if (content.recalibration?.kept) return keptVerdict(content.recalibration, evaluation);
  if (evaluation) return answersVerdict(evaluation, content.recalibration);
  if (content.diagnostics?.[0]) return findingVerdict(content);
  return { line: 'Nothing was measured', lead: '' };
}

function keptVerdict(recalibration: ReportRecalibration, evaluation: ReportEvaluation | undefined): Verdict {
  const average =
    evaluation && `Average accuracy on ${evaluation.setName}: ${percent(evaluation.before.average)}. `;
  return {
    line: 'The original head was kept: nothing did better beyond noise',
    lead: `${average ?? ''}${improvementSentence(recalibration)}`,
  };
}

function answersVerdict(
  { setName, before, after, note }: ReportEvaluation,
  recalibration: ReportRecalibration | undefined,
): Verdict {
  const group = rarestGroup(before);
  const change = (a: number, b: number | undefined) =>
    b === undefined ? percent(a) : `${percent(a)} → ${percent(b)}`;
  const rare =
    group && `Classes with few training samples (${group}): ${change(before[group]!, after?.[group])}. `;
  return {
    line: `Average accuracy on ${setName}: ${change(before.average, after?.average)}`,
    lead: [
      `${rare ?? ''}Worst class: ${change(before.worst, after?.worst)}.`,
      recalibration && `Chosen: ${describeMethod(recalibration)}. ${improvementSentence(recalibration)}`,
      note,
    ]
      .filter(Boolean)
      .join(' '),
  };
}

/** 'multiplicative, gamma 0.2'. */
export function describeMethod({
  method,
  parameters,
}: Pick<ReportRecalibration, 'method' | 'parameters'>): string {
  const list = Object.entries(parameters).map(
    ([name, value]) => `${name} ${typeof value === 'number' ? shortNumber(value) : String(value)}`,
  );
  return [method, ...list].join(', ');
}

function improvementSentence({ improvement, selectedOn, outOfFold }: ReportRecalibration): string {
  return `Improvement on ${shortSource(selectedOn)}${outOfFold ? ', out of fold' : ''}: ${points(improvement.average)} points (95 % interval ${range(improvement.interval, points)}).`;
}

function rarestGroup(evaluation: Evaluation) {
  return GROUPS.toReversed().find((group) => group !== 'many' && evaluation[group] !== undefined);
}

/** A head-line of more letters is no head-line. */
const LONGEST_LINE = 150;

function findingVerdict(content: ReportContent): Verdict {
  const [first] = findingsOf(content);
  const sizes = setsOf(content).map(({ setName, diagnostics }) => `${setName}: ${sizeOf(diagnostics)}`);
  const lead = `${sizes.join('; ')}.`;
  if (!first) return { line: 'No finding', lead };
  // Of several sets the last is the one that was not trained on.
  const evidence = oneLine(first.evidence.at(-1)!).replace(/\.$/, '');
  if (evidence.length <= LONGEST_LINE) return { line: evidence, lead };
  // What stands behind the last colon explains; the whole sentence comes again as advice.
  const finding = evidence.replace(/: [^:]*$/, '');
  return { line: finding.length <= LONGEST_LINE ? finding : `${finding.slice(0, LONGEST_LINE)}…`, lead };
}

function sizeOf({ samples, classes, dimensions }: Diagnostics): string {
  return `${countOf(samples, 'sample')}, ${countOf(classes, 'class', 'classes')}, ${countOf(dimensions, 'dimension')}`;
}

/** A key figure. */
export interface Tile {
  readonly name: string;
  /** What it was, where there is a before and an after. */
  readonly from?: string;
  readonly value: string;
  /** An interval, or which value is which. */
  readonly more?: string;
  readonly gloss: string;
}

export function tilesOf(content: ReportContent): Tile[] {
  const evaluation = content.evaluations?.[0];
  return [...(evaluation ? answerTiles(evaluation) : []), ...diagnosticTiles(content)];
}

function answerTiles({ before, after }: ReportEvaluation): Tile[] {
  const last = after ?? before;
  const group = rarestGroup(before);
  const of = (key: 'average' | 'worst' | 'ece' | 'many' | 'medium' | 'few') => ({
    ...(after && { from: percent(before[key]) }),
    value: percent(last[key]),
  });
  const interval = (found: readonly [number, number] | undefined) =>
    found && { more: `95 % interval ${percentRange(found)}` };
  return [
    {
      name: 'Average accuracy',
      ...of('average'),
      ...interval(last.intervals?.average),
      gloss: 'Mean over the classes: each counts the same, however rare.',
    },
    ...(group
      ? [
          {
            name: `Accuracy, ${group}`,
            ...of(group),
            ...interval(last.intervals?.[group]),
            gloss: `Mean over the ${countOf(last.groupSizes?.[group] ?? 0, 'class', 'classes')} with the fewest training samples.`,
          },
        ]
      : []),
    { name: 'Worst class', ...of('worst'), gloss: 'The class that is recognised least often.' },
    {
      name: 'Calibration error',
      ...of('ece'),
      gloss: 'How far the stated probabilities are from the truth on average. 0: honest.',
    },
  ];
}

function diagnosticTiles(content: ReportContent): Tile[] {
  const sets = content.diagnostics ?? [];
  if (sets.length === 0) return [];
  const names = setsOf(content).map(({ setName }) => setName);
  const tile = (
    name: string,
    gloss: string,
    of: (diagnostics: Diagnostics) => number | null | undefined,
    path: string,
  ): Tile[] => {
    const values = sets.map(of);
    if (values.every((value) => value == null)) return [];
    const interval = sets.length === 1 ? sets[0].intervals?.[path] : undefined;
    return [
      {
        name,
        value: values.map(figure).join(' · '),
        more: sets.length > 1 ? names.join(' · ') : interval && `95 % interval ${range(interval)}`,
        gloss,
      },
    ];
  };
  return [
    ...tile(
      'Separability (FDR)',
      'Distance between classes against the spread within them. Higher is easier.',
      ({ fdr }) => fdr.value,
      'fdr.value',
    ),
    ...tile(
      'Cosine, different classes',
      'Near 0: classes point in directions of their own. Towards 1: all crowd into a cone.',
      ({ cosine }) => cosine.differentClass,
      'cosine.differentClass',
    ),
    ...tile(
      'Class means against counts',
      'Rank correlation of their lengths, −1 to 1. Below 0: rare classes have the longer ones.',
      ({ correlations }) => correlations.classMeanNorms,
      'correlations.classMeanNorms',
    ),
    ...tile(
      'Collapse (NC1)',
      'Spread within classes against that between them. 0: each class is one point.',
      ({ collapse }) => collapse.nc1,
      'collapse.nc1',
    ),
  ];
}
