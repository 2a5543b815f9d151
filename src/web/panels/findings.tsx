/** Advice as in the report: what was found, what to do about it, where the rule comes from. */

import { adviseTogether } from '../../diagnostics/advice.js';
import type { Advice } from '../../diagnostics/diagnostics.js';
import { type Finding, findingsOf } from '../../report/findings.js';
import { isolate } from '../../report/words.js';
import type { DiagnosisResult } from '../engine/protocol.js';

/** Findings of one set, or of both together; what both say is said once. */
export function findingsIn({ diagnostics, second }: DiagnosisResult): Finding[] {
  return findingsOf({
    title: '',
    diagnostics: second ? [diagnostics, second] : [diagnostics],
    ...(second && { setNames: ['training', 'validation'] }),
    advice: second ? adviseTogether(diagnostics, second, { name: 'the validation set' }) : [],
    provenance: [],
  });
}

const SORTS: Readonly<Record<Advice['kind'], string>> = {
  problem: 'Problem',
  caution: 'Caution',
  good: 'Good',
};

export function Findings({ list }: { readonly list: readonly Finding[] }) {
  return (
    <ul class="advice">
      {list.map(({ rule, kind, evidence, action, source }) => (
        <li key={`${rule} ${evidence[0]}`}>
          <span class={`sort ${kind}`}>{SORTS[kind]}</span>
          <div>
            {evidence.map((sentence) => (
              <p key={sentence}>
                <strong>{isolate(sentence)}</strong>
              </p>
            ))}
            <p>{withCode(action)}</p>
            <p class="source">{isolate(source)}</p>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Commands stand between backticks. */
function withCode(words: string) {
  return isolate(words)
    .split(/`([a-z][a-z0-9 -]*)`/)
    .map((part, i) => (i % 2 === 1 ? <code key={part}>{part}</code> : part));
}
