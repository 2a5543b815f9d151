/** The report of a diagnosis, of one set or of a training set beside another. */
import { adviseTogether } from '../diagnostics/advice.js';
import type { Diagnostics } from '../diagnostics/diagnostics.js';
import type { ReportContent, ReportEvaluation } from './content.js';

/** What a report of a diagnosis shows. */
export interface DiagnosisReportOptions {
  /** Default 'Diagnosis'. */
  readonly title?: string;
  /** A second set of the same model, shown beside the first. */
  readonly test?: Diagnostics;
  /** Answers of the head on a set that it was not trained on. */
  readonly evaluations?: readonly ReportEvaluation[];
  /** Where everything came from: pairs of what and which. Default none. */
  readonly provenance?: ReportContent['provenance'];
}

/** The content of a report. Order and groups of the classes follow the training counts of `diagnostics`. */
export function diagnosisContent(
  diagnostics: Diagnostics,
  { title = 'Diagnosis', test, evaluations, provenance = [] }: DiagnosisReportOptions = {},
): ReportContent {
  return {
    title,
    diagnostics: test ? [diagnostics, test] : [diagnostics],
    ...(test && { setNames: ['train', 'test'] }),
    ...(evaluations && { evaluations }),
    trainCounts: diagnostics.trainCounts,
    thresholds: diagnostics.thresholds,
    advice: test ? adviseTogether(diagnostics, test) : [],
    provenance,
  };
}
