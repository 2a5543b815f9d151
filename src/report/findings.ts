/** The advice of a report: what both sets say is said once. */
import type { Advice } from '../diagnostics/diagnostics.js';
import { type ReportContent, setsOf } from './content.js';

/** One piece of advice with all evidence for it. */
export interface Finding extends Omit<Advice, 'evidence'> {
  /** With the set in front where several sets do not say the same. */
  readonly evidence: readonly string[];
}

const KINDS: readonly Advice['kind'][] = ['problem', 'caution', 'good'];

/** Problems first, then cautions, then what is good. */
export function findingsOf(content: ReportContent): Finding[] {
  const sets = setsOf(content);
  const all = [
    ...(content.advice ?? []).map((advice) => ({ advice, setName: undefined })),
    ...sets.flatMap(({ setName, diagnostics }) => diagnostics.advice.map((advice) => ({ advice, setName }))),
  ];
  const merged = new Map<string, typeof all>();
  for (const one of all) {
    const key = JSON.stringify([one.advice.rule, one.advice.kind, one.advice.action]);
    merged.set(key, [...(merged.get(key) ?? []), one]);
  }
  const found = Array.from(merged.values(), (same): Finding => {
    const sentences = new Set(same.map(({ advice }) => advice.evidence));
    const evidence =
      sets.length > 1 && !(sentences.size === 1 && same.length > 1)
        ? same.map(({ advice, setName }) =>
            setName === undefined ? advice.evidence : `${setName}: ${advice.evidence}`,
          )
        : [...sentences];
    return { ...same[0].advice, evidence };
  });
  return KINDS.flatMap((kind) => found.filter((finding) => finding.kind === kind));
}
