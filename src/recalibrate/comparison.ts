/** Before and after side by side. */
import type { Evaluation } from '../evaluation/evaluate.js';

/** One line; accuracies in per cent with one decimal, null where a group has no class. */
export interface ComparisonRow {
  /** Name of the set. */
  readonly set: string;
  /** The original head, or the one in the file. */
  readonly head: 'before' | 'after';
  /** Mean accuracy of the classes with many training samples, in per cent; null where there are none. */
  readonly many: number | null;
  /** The same of those between. */
  readonly medium: number | null;
  /** The same of those with few. */
  readonly few: number | null;
  /** Mean of the per-class accuracies, in per cent. */
  readonly average: number;
  /** Accuracy of the worst class, in per cent. */
  readonly worst: number;
}

interface Compared {
  readonly before: Evaluation;
  readonly after: Evaluation;
  readonly test?: { readonly before: Evaluation; readonly after: Evaluation };
}

export function compareEvaluations({ before, after, test }: Compared): ComparisonRow[] {
  return [
    row('validation', 'before', before),
    row('validation', 'after', after),
    ...(test ? [row('test', 'before', test.before), row('test', 'after', test.after)] : []),
  ];
}

function row(
  set: string,
  head: ComparisonRow['head'],
  { many, medium, few, average, worst }: Evaluation,
): ComparisonRow {
  const percent = (share: number | null | undefined) =>
    share == null ? null : Math.round(share * 1000) / 10;
  return {
    set,
    head,
    many: percent(many),
    medium: percent(medium),
    few: percent(few),
    average: Math.round(average * 1000) / 10,
    worst: Math.round(worst * 1000) / 10,
  };
}
