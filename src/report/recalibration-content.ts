/** The report of a recalibration: what the head did before and does now. */
import { adviseTogether } from '../diagnostics/advice.js';
import type { Diagnostics } from '../diagnostics/diagnostics.js';
import type { Recalibration } from '../recalibrate/recalibrate.js';
import type { ReportContent, ReportEvaluation } from './content.js';

/** What a report of a recalibration shows beside its result. */
export interface RecalibrationReportOptions {
  /** Default 'Recalibration'. */
  readonly title?: string;
  /** Diagnostics of the training features, as far as they were made. */
  readonly train?: Diagnostics;
  /** Diagnostics of the validation features, as far as they were made. */
  readonly validation?: Diagnostics;
  /** Where everything came from: pairs of what and which. Default none. */
  readonly provenance?: ReportContent['provenance'];
}

/** Rules of advice that say "recalibrate": they speak of the original head, and have been followed. */
const ANSWERED: readonly string[] = ['tail-left-behind', 'head-follows-counts'];

function withoutAnswered(diagnostics: Diagnostics): Diagnostics {
  return { ...diagnostics, advice: diagnostics.advice.filter(({ rule }) => !ANSWERED.includes(rule)) };
}

/** The content of a report: answers on test where there is one, then on validation, the diagnostics, the proof. */
export function recalibrationContent(
  result: Recalibration,
  { title = 'Recalibration', train, validation, provenance = [] }: RecalibrationReportOptions = {},
): ReportContent {
  const { before, after, confusion, test, selectedOn, changed, trainCounts, thresholds } = result;
  const evaluations: ReportEvaluation[] = [
    ...(test ? [{ setName: 'test', ...test, note: `Nothing was chosen on this set (${test.name}).` }] : []),
    {
      setName: 'validation',
      ...{ before, after, confusion },
      note: `The head was chosen on this set (${selectedOn}): its figures afterwards are optimistic.`,
    },
  ];
  const sets = [
    { setName: 'train', diagnostics: train },
    { setName: 'validation', diagnostics: validation },
  ].flatMap(({ setName, diagnostics }) =>
    diagnostics ? [{ setName, diagnostics: result.kept ? diagnostics : withoutAnswered(diagnostics) }] : [],
  );
  return {
    title,
    diagnostics: sets.map(({ diagnostics }) => diagnostics),
    setNames: sets.map(({ setName }) => setName),
    evaluations,
    trainCounts: Array.from(trainCounts),
    thresholds,
    recalibration: {
      method: result.method,
      parameters: result.parameters,
      kept: result.kept,
      improvement: result.improvement,
      outOfFold: result.selection !== undefined,
      selectedOn,
      notes: result.notes,
      verification: changed.verification,
    },
    advice: train && validation ? adviseTogether(train, validation, { name: 'the validation set' }) : [],
    provenance,
  };
}
